//! The client configuration: which target, and how carefully.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

use crate::document::{Reader, read_document};
use crate::error::Error;
use crate::graph::limits::{Licence, Limits, RetryPolicy, read_limits, read_retry};
use crate::graph::target::Target;
use crate::store::{CallLimits, Keep};
use crate::time::DAY;

/// Where baseline, plans, journal and ledger are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// Whether what is sent is remembered. If not, only the ledger of the file is used.
    pub kept: bool,
    /// The file, absolute; `None` for the platform's own place.
    pub path: Option<PathBuf>,
    /// Whether users are kept or only their hashes; `None` for what the file keeps already.
    pub keep: Option<Keep>,
    /// After this long, what old plans and runs hold of users is deleted.
    pub retention: Duration,
}

/// Days after which what old plans and runs hold of users is deleted.
const RETENTION_DAYS: u64 = 30;

/// The platform's file, kept.
impl Default for State {
    fn default() -> Self {
        State { kept: true, path: None, keep: None, retention: DAY * RETENTION_DAYS as u32 }
    }
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
            let target = Target::read(doc);
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
            let state = match doc.value("state") {
                Some(Value::String(none)) if none == "none" => {
                    Some(State { kept: false, ..State::default() })
                }
                _ => doc.object("state", read_state),
            };
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

fn read_state(state: &mut Reader<'_>) -> Option<State> {
    let kept = state.flag_or("kept", true);
    let path = state.path("path");
    let keep = state.choice(
        "keep",
        &[("auto", None), ("users", Some(Keep::Users)), ("hashes", Some(Keep::Hashes))],
    );
    let days = state.integer("retentionDays", RETENTION_DAYS, 1..=3_650);
    Some(State { kept: kept?, path, keep: keep?, retention: DAY * u32::try_from(days?).ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::cloud::Cloud;
    use crate::scim::bulk::BatchLimits;

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
