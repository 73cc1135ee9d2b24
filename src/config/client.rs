//! The client configuration: which target, and how carefully.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::reader::{Reader, read_document};
use crate::error::{Error, ErrorKind};
use crate::graph::cloud::Cloud;
use crate::scim::bulk::{BatchLimits, DEFAULT_MAX_BYTES, MAX_OPERATIONS};
use crate::store::{CallLimits, Keep, TargetKey};

/// Microsoft's limit: bulkUpload calls in any 5 seconds ("API-driven inbound provisioning concepts").
const MAX_CALLS_PER_5S: u64 = 40;
/// The most calls that may be under way at once; enough to hide a latency of 2 s at full pace.
const MAX_IN_FLIGHT: u64 = 16;
/// Hundredths of the day's calls kept for disabling users.
const DEFAULT_RESERVE: u64 = 5;

/// One synchronization job of one service principal of one tenant in one cloud.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The cloud, which fixes the hosts that may see a token.
    pub cloud: Cloud,
    /// The tenant, wanted for sign-in.
    pub tenant_id: Option<String>,
    /// The application that signs in.
    pub client_id: Option<String>,
    /// Object id of the enterprise application.
    pub service_principal_id: String,
    /// The synchronization job.
    pub job_id: String,
    /// Base address of a simulated tenant on loopback, without a trailing slash, instead of the cloud.
    pub simulator: Option<String>,
}

/// The licence that fixes the daily quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Licence {
    /// Entra ID P1 or P2: 2,000 calls a day.
    Premium,
    /// Entra ID Governance: 6,000 calls a day.
    Governance,
}

impl Licence {
    /// Calls in any 24 hours.
    pub const fn calls_per_day(self) -> u64 {
        match self {
            Licence::Premium => 2_000,
            Licence::Governance => 6_000,
        }
    }
}

/// The service's limits, or lower ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Size of a batch.
    pub batch: BatchLimits,
    /// Calls in any 5 seconds.
    pub calls_per_5s: usize,
    /// Calls in any 24 hours.
    pub calls_per_day: usize,
    /// Hundredths of the daily calls that are kept for disabling users.
    pub reserve_percent: u8,
    /// Calls under way at once.
    pub in_flight: usize,
}

/// How often and how long a call is repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Tries of one call, the first included.
    pub attempts: u32,
    /// Repeats that all calls of a run together may spend of the day's quota.
    pub extra_calls: u64,
    /// How long one try may take.
    pub request_timeout: Duration,
    /// How long one call may take with all its tries and waits.
    pub total_timeout: Duration,
}

/// Where baseline, plans, journal and ledger are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// Whether anything was said of it: then an upload is planned first, and kept.
    pub given: bool,
    /// The file; `None` for the platform's own place.
    pub path: Option<PathBuf>,
    /// Whether users are kept or only their hashes; `None` for what the file keeps already.
    pub keep: Option<Keep>,
    /// After this long, what old plans and runs hold of users is let go.
    pub retention: Duration,
}

/// Validated settings of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientConfig {
    /// Where to send.
    pub target: Target,
    /// How many times as fast as real time the simulator's time passes; 1 with a real tenant.
    pub clock_speed: u32,
    /// Pace and size.
    pub limits: Limits,
    /// Persistence.
    pub retry: RetryPolicy,
    /// The state.
    pub state: State,
}

impl ClientConfig {
    /// What names the target in the state.
    ///
    /// # Errors
    /// `ConfigInvalid` without a tenant, for the quota is the tenant's.
    pub fn target_key(&self) -> Result<TargetKey, Error> {
        let target = &self.target;
        let simulator = target.simulator.clone().unwrap_or_default();
        let tenant = match &target.tenant_id {
            Some(tenant) => tenant.clone(),
            None if !simulator.is_empty() => "simulator".into(),
            None => {
                return Err(Error::new(
                    ErrorKind::ConfigInvalid,
                    "The configuration names no tenant, and what was sent is remembered by tenant.",
                    "Give tenantId.",
                ));
            }
        };
        Ok(TargetKey {
            simulator,
            cloud: target.cloud.name().into(),
            tenant,
            service_principal: target.service_principal_id.clone(),
            job: target.job_id.clone(),
        })
    }

    /// How the ledger counts calls.
    pub fn call_limits(&self) -> CallLimits {
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        CallLimits {
            calls_per_5s: count(self.limits.calls_per_5s),
            calls_per_day: count(self.limits.calls_per_day),
            reserve_percent: self.limits.reserve_percent,
            request_timeout: self.retry.request_timeout,
        }
    }

    /// Reads a client configuration (`docs/documents.md`).
    ///
    /// # Errors
    /// `ConfigInvalid`, with every problem and its JSON path.
    pub fn parse(json: &[u8]) -> Result<Self, Error> {
        read_document("client configuration", json, |doc| {
            let target = read_target(doc);
            let clock_speed = doc.integer("clockSpeed", 1, 1..=1_000);
            if doc.value("clockSpeed").is_some() && doc.value("simulator").is_none() {
                doc.problem("clockSpeed", "goes only with simulator");
            }
            let licence = doc.choice(
                "licence",
                &[
                    ("p1", Licence::Premium),
                    ("p2", Licence::Premium),
                    ("governance", Licence::Governance),
                ],
            );
            let quota = licence.unwrap_or(Licence::Premium).calls_per_day();
            let limits = doc.object("limits", |limits| read_limits(limits, quota));
            let retry = doc.object("retry", read_retry);
            let given = doc.value("state").is_some();
            let state = doc.object("state", |state| read_state(state, given));
            Some(ClientConfig {
                target: target?,
                clock_speed: u32::try_from(clock_speed?).ok()?,
                limits: limits?,
                retry: retry?,
                state: state?,
            })
        })
    }
}

fn read_target(doc: &mut Reader<'_>) -> Option<Target> {
    let cloud = doc.choice(
        "cloud",
        &[
            ("global", Cloud::Global),
            ("usGov", Cloud::UsGov),
            ("usGovDod", Cloud::UsGovDod),
            ("china", Cloud::China),
        ],
    );
    let tenant_id = doc.text("tenantId");
    let client_id = doc.text("clientId");
    let service_principal_id = doc.required_text("servicePrincipalId");
    let job_id = doc.required_text("jobId");
    for (key, id) in [
        ("tenantId", &tenant_id),
        ("clientId", &client_id),
        ("servicePrincipalId", &service_principal_id),
        ("jobId", &job_id),
    ] {
        // Ids become part of an address; anything else in them would change the address.
        if let Some(id) = id
            && !id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'))
        {
            doc.problem(key, "may hold only letters, digits, '-', '.' and '_'");
        }
    }
    let simulator = read_simulator(doc);
    Some(Target {
        cloud: cloud?,
        tenant_id,
        client_id,
        service_principal_id: service_principal_id?,
        job_id: job_id?,
        simulator: simulator?,
    })
}

/// The simulator's address: plain HTTP, and loopback by number, so that no name can lead elsewhere.
fn read_simulator(doc: &mut Reader<'_>) -> Option<Option<String>> {
    if doc.value("simulator").is_none() {
        return Some(None);
    }
    let text = doc.text("simulator")?;
    let loopback = reqwest::Url::parse(&text).ok().filter(|url| {
        let host = url.host_str().unwrap_or_default();
        let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
        url.scheme() == "http"
            && address.is_ok_and(|address| address.is_loopback())
            && url.path() == "/"
            && url.query().is_none()
    });
    match loopback {
        Some(url) => Some(Some(url.as_str().trim_end_matches('/').to_owned())),
        None => {
            doc.problem(
                "simulator",
                "must be a loopback address such as http://127.0.0.1:8080, without a path",
            );
            None
        }
    }
}

fn read_limits(limits: &mut Reader<'_>, quota: u64) -> Option<Limits> {
    let batch = read_batch_limits(limits);
    let calls_per_5s = limits.integer("callsPer5s", MAX_CALLS_PER_5S, 1..=MAX_CALLS_PER_5S);
    let calls_per_day = limits.integer("callsPerDay", quota, 1..=quota);
    let reserve = limits.integer("reservePercent", DEFAULT_RESERVE, 0..=50);
    let in_flight = limits.integer("inFlight", MAX_IN_FLIGHT, 1..=MAX_IN_FLIGHT);
    Some(Limits {
        batch: batch?,
        calls_per_5s: usize::try_from(calls_per_5s?).ok()?,
        calls_per_day: usize::try_from(calls_per_day?).ok()?,
        reserve_percent: u8::try_from(reserve?).ok()?,
        in_flight: usize::try_from(in_flight?).ok()?,
    })
}

/// `operations` and `bytes`, as the client configuration and the conversion both have them.
pub(super) fn read_batch_limits(limits: &mut Reader<'_>) -> Option<BatchLimits> {
    let operations = limits.integer("operations", MAX_OPERATIONS as u64, 1..=MAX_OPERATIONS as u64);
    let most = DEFAULT_MAX_BYTES as u64;
    let bytes = limits.integer("bytes", most, 1_024..=most);
    Some(BatchLimits {
        operations: usize::try_from(operations?).ok()?,
        bytes: usize::try_from(bytes?).ok()?,
    })
}

fn read_state(state: &mut Reader<'_>, given: bool) -> Option<State> {
    let path = state.text("path").map(PathBuf::from);
    let keep = state.choice(
        "keep",
        &[("auto", None), ("users", Some(Keep::Users)), ("hashes", Some(Keep::Hashes))],
    );
    let days = state.integer("retentionDays", 30, 1..=3_650);
    Some(State { given, path, keep: keep?, retention: Duration::from_secs(days? * 86_400) })
}

fn read_retry(retry: &mut Reader<'_>) -> Option<RetryPolicy> {
    let attempts = retry.integer("attempts", 8, 1..=100);
    let extra_calls = retry.integer("extraCalls", 200, 0..=6_000);
    let request = retry.integer("requestTimeoutMs", 100_000, 1..=600_000);
    let total = retry.integer("totalTimeoutMs", 3_600_000, 1..=86_400_000);
    Some(RetryPolicy {
        attempts: u32::try_from(attempts?).ok()?,
        extra_calls: extra_calls?,
        request_timeout: Duration::from_millis(request?),
        total_timeout: Duration::from_millis(total?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(json: &str) -> Vec<String> {
        let error = ClientConfig::parse(json.as_bytes()).unwrap_err();
        error.problems.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_least_configuration_gets_the_services_own_limits() {
        let json = r#"{"version":1,"servicePrincipalId":"sp","jobId":"API2AAD.a.b"}"#;
        let config = ClientConfig::parse(json.as_bytes()).unwrap();
        assert_eq!(config.limits.calls_per_5s, 40);
        assert_eq!(config.limits.calls_per_day, 2_000);
        assert_eq!(config.limits.batch, BatchLimits::default());
        assert_eq!(config.target.cloud, Cloud::Global);
    }

    #[test]
    fn every_problem_is_named_with_its_path() {
        let found = problems(
            r#"{"version":2,"cluod":"global","jobId":"a/../b","simulator":"http://example.com",
                "limits":{"callsPer5s":41,"operations":"many"},"retry":[],"clockSpeed":"fast"}"#,
        );
        for wanted in [
            "version: is 2",
            "cluod: is not known; did you mean \"cloud\"?",
            "servicePrincipalId: is missing",
            "jobId: may hold only",
            "simulator: must be a loopback address",
            "limits.callsPer5s: is 41; it must be a whole number from 1 to 40",
            "limits.operations: is \"many\"",
            "retry: must be an object",
            "clockSpeed: is \"fast\"",
        ] {
            assert!(found.iter().any(|p| p.starts_with(wanted)), "{wanted} not in {found:#?}");
        }
        assert_eq!(found.len(), 9, "{found:#?}");
    }

    #[test]
    fn a_name_that_resolves_to_loopback_is_not_loopback() {
        for address in ["http://localhost:1", "https://127.0.0.1:1", "http://127.0.0.1:1/x", "x"] {
            let json = format!(
                r#"{{"version":1,"servicePrincipalId":"s","jobId":"j","simulator":"{address}"}}"#
            );
            assert_eq!(problems(&json).len(), 1, "{address}");
        }
        let json =
            r#"{"version":1,"servicePrincipalId":"s","jobId":"j","simulator":"http://[::1]:9/"}"#;
        let config = ClientConfig::parse(json.as_bytes()).unwrap();
        assert_eq!(config.target.simulator.as_deref(), Some("http://[::1]:9"));
    }
}
