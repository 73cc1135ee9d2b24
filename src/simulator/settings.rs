//! How strict the tenant is, who may call it, how fast it works. `docs/simulator.md` is the table of it all.
//!
//! The defaults are the strictest reading of Microsoft's pages. Where two pages contradict each other
//! the key that chooses between them carries the conflict's number (C1, C2, …) in that table.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::faults::FaultRule;
use crate::error::{Error, ErrorKind, Problem};

/// Everything about a simulated tenant that can be chosen. Unknown keys are refused.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Settings {
    /// Where to listen: a loopback address; port 0 takes any free one.
    pub listen: SocketAddr,
    /// The tenant's id, a GUID.
    pub tenant_id: String,
    /// The tenant's verified domains, each of them a name for it wherever its id is one.
    pub domains: Vec<String>,
    /// The object id of the provisioning app's service principal.
    pub service_principal_id: String,
    /// The provisioning app's own (client) id, which callers confuse with the object id.
    pub app_id: String,
    /// The synchronization job's id, which holds the tenant's without hyphens. Set both together: the
    /// default holds the default tenant's.
    pub job_id: String,
    /// Ids of further jobs; their uploads go to the same job and count for the same limits.
    pub other_job_ids: Vec<String>,
    /// Who may sign in. The first one is what [`super::RunningSimulator::describe`] tells.
    pub apps: Vec<AppSettings>,
    /// Whether the calling apps own the provisioning app, which makes `…OwnedBy` permissions count.
    pub apps_own_service_principal: bool,
    /// The permissions a caller needs, all of them, to read the provisioning logs (C5).
    pub log_permissions: Vec<String>,
    /// How long a token is good for.
    pub token_lifetime_seconds: u64,
    /// The largest body taken; a larger one is answered 413.
    pub max_body_bytes: usize,
    /// The limits on calls to bulkUpload.
    pub limits: LimitSettings,
    /// How long the way to and from the service takes.
    pub latency: LatencySettings,
    /// What an accepted call is answered (C3).
    pub accepted: AcceptedSettings,
    /// What the real service may let pass and this one does not, unless told to.
    pub allow: AllowSettings,
    /// The synchronization job.
    pub job: JobSettings,
    /// The directory that users land in.
    pub directory: DirectorySettings,
    /// The provisioning logs.
    pub logs: LogSettings,
    /// What goes wrong, and when.
    pub faults: Vec<FaultRule>,
}

/// An application that may sign in.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AppSettings {
    /// Its client id.
    pub client_id: String,
    /// Its secret. Made up, yet never part of `Debug`.
    pub client_secret: String,
    /// The application permissions it was granted.
    pub roles: Vec<String>,
}

/// The limits on calls to bulkUpload.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct LimitSettings {
    /// Calls in any window (C1).
    pub calls_per_window: usize,
    /// The window's length (C1: 5000, or 1000).
    pub window_ms: u64,
    /// Calls in any 24 hours (C2: 2000, or 6000).
    pub calls_per_day: usize,
    /// Whether calls that were refused, for whatever reason, count as well.
    pub refused_calls_count: bool,
    /// Whether a 429 says how long to wait.
    pub retry_after: bool,
}

/// How long the way to and from the service takes. Both ways get the same jitter, drawn each time.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct LatencySettings {
    /// Before the call arrives and is counted.
    pub before_ms: u64,
    /// After it was counted and processed, before the answer is given.
    pub after_ms: u64,
    /// Up to this much more, each way.
    pub jitter_ms: u64,
}

/// What an accepted call is answered (C3).
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct AcceptedSettings {
    /// The version of the log query in `Location`.
    pub location: LocationVersion,
    /// Where ids and location are found.
    pub body: AcceptedBody,
}

/// The version of the log query that `Location` names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum LocationVersion {
    /// As the newer pages print it.
    #[default]
    #[serde(rename = "beta")]
    Beta,
    /// As the older pages print it.
    #[serde(rename = "v1.0")]
    V1,
}

/// The body of a 202.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum AcceptedBody {
    /// Empty; the location is a header.
    #[default]
    Empty,
    /// A JSON object that repeats the headers; the location is found there alone.
    Json,
}

/// What the real service may let pass and this one does not, unless told to. All false by default.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct AllowSettings {
    /// `application/scim+json; charset=utf-8` and the like.
    pub content_type_parameters: bool,
    /// Two operations with one bulkId (C9).
    pub repeated_bulk_ids: bool,
    /// Two operations with one externalId.
    pub repeated_external_ids: bool,
    /// A request without `failOnErrors`.
    pub fail_on_errors_absent: bool,
    /// A user without `userName` (C6).
    pub partial_users: bool,
    /// Custom namespaces outside `urn:ietf:params:scim:schemas:extension:` (C17).
    pub any_custom_urn: bool,
    /// `ge`, `le` and `ne` in a filter of the logs (C8).
    pub undocumented_filter_operators: bool,
}

/// The synchronization job.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct JobSettings {
    /// Its state at the start.
    pub state: JobState,
    /// How many users its bucket holds, waiting and failed ones together.
    pub bucket_capacity: usize,
    /// How many users it processes each second.
    pub users_per_second: u32,
    /// The length of a cycle; 0: staged users are processed as they come (C7).
    pub cycle_minutes: u64,
}

/// The job's state, as Graph's synchronizationStatusCode names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum JobState {
    /// Created, never started.
    NotConfigured,
    /// It works.
    Active,
    /// It takes users and leaves them where they are.
    Paused,
    /// Too much went wrong: as paused, until it is started or restarted.
    Quarantine,
}

/// The directory that users land in.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct DirectorySettings {
    /// A userPrincipalName must be in one of the tenant's domains; otherwise any domain will do.
    pub only_verified_domains: bool,
    /// What the job's mapping puts after a `userName` that holds no `@`.
    pub user_name_domain: Option<String>,
    /// Attributes of custom namespaces that the job knows: `<urn>:<name>`. Others are not processed.
    pub custom_attributes: Vec<String>,
    /// Null, empty and omitted values clear an attribute (C14).
    pub clear_attributes: bool,
    /// An empty string is written as it is; otherwise the user fails, as in Active Directory.
    pub write_empty_strings: bool,
    /// Mobile and fax numbers are processed, not entries of type `work` alone (C11).
    pub other_phone_types: bool,
}

/// The provisioning logs.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct LogSettings {
    /// The shortest time from processing to being visible.
    pub lag_min_seconds: u64,
    /// The longest.
    pub lag_max_seconds: u64,
    /// The most entries of a page.
    pub page_size: usize,
    /// Calls in any window.
    pub calls_per_window: usize,
    /// The window's length.
    pub window_ms: u64,
}

impl Default for Settings {
    fn default() -> Self {
        let tenant_id = "7e7a0000-5afe-4000-8000-00000000c0de";
        let job = "9d0b0000-5afe-4000-8000-00000000c0de";
        Settings {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            tenant_id: tenant_id.to_owned(),
            domains: ["contoso.onmicrosoft.com", "contoso.com"].map(str::to_owned).to_vec(),
            service_principal_id: "5e0b0000-5afe-4000-8000-00000000c0de".to_owned(),
            app_id: "a99a0000-5afe-4000-8000-00000000c0de".to_owned(),
            job_id: format!("API2AAD.{}.{job}", tenant_id.replace('-', "")),
            other_job_ids: Vec::new(),
            apps: vec![AppSettings::default()],
            apps_own_service_principal: false,
            log_permissions: [
                "AuditLog.Read.All",
                "Directory.Read.All",
                "ProvisioningLog.Read.All",
            ]
            .map(str::to_owned)
            .to_vec(),
            token_lifetime_seconds: 3599,
            max_body_bytes: 4 << 20,
            limits: LimitSettings::default(),
            latency: LatencySettings::default(),
            accepted: AcceptedSettings::default(),
            allow: AllowSettings::default(),
            job: JobSettings::default(),
            directory: DirectorySettings::default(),
            logs: LogSettings::default(),
            faults: Vec::new(),
        }
    }
}

impl Default for AppSettings {
    fn default() -> Self {
        AppSettings {
            client_id: "c11e0000-5afe-4000-8000-00000000c0de".to_owned(),
            client_secret: "simulated~secret.not-a-real-one".to_owned(),
            roles: [
                "SynchronizationData-User.Upload",
                "Synchronization.ReadWrite.All",
                "ProvisioningLog.Read.All",
                "AuditLog.Read.All",
                "Directory.Read.All",
            ]
            .map(str::to_owned)
            .to_vec(),
        }
    }
}

impl fmt::Debug for AppSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AppSettings")
            .field("client_id", &self.client_id)
            .field("roles", &self.roles)
            .finish_non_exhaustive()
    }
}

impl Default for LimitSettings {
    fn default() -> Self {
        LimitSettings {
            calls_per_window: 40,
            window_ms: 5000,
            calls_per_day: 2000,
            refused_calls_count: true,
            retry_after: true,
        }
    }
}

impl Default for JobSettings {
    fn default() -> Self {
        JobSettings {
            state: JobState::Active,
            bucket_capacity: 100_000,
            users_per_second: 1000,
            cycle_minutes: 0,
        }
    }
}

impl Default for LogSettings {
    fn default() -> Self {
        LogSettings {
            lag_min_seconds: 300,
            lag_max_seconds: 600,
            page_size: 1000,
            calls_per_window: 5,
            window_ms: 10_000,
        }
    }
}

impl LimitSettings {
    /// The window's length.
    pub fn window(&self) -> Duration {
        Duration::from_millis(self.window_ms)
    }
}

impl Settings {
    /// Whether `name` is that of a verified domain.
    pub(super) fn is_domain(&self, name: &str) -> bool {
        self.domains.iter().any(|domain| domain.eq_ignore_ascii_case(name))
    }

    /// Whether `name` names this tenant.
    pub(super) fn is_tenant(&self, name: &str) -> bool {
        name.eq_ignore_ascii_case(&self.tenant_id) || self.is_domain(name)
    }

    /// Whether these settings make a tenant; every problem is reported at once.
    pub fn validate(&self) -> Result<(), Error> {
        let mut problems = Vec::new();
        let mut wrong = |bad: bool, path: &str, message: &str| {
            if bad {
                problems.push(Problem::error(path, message));
            }
        };
        wrong(
            !self.listen.ip().is_loopback(),
            "listen",
            "the simulator listens on loopback only: 127.0.0.1 or [::1]",
        );
        for (path, id) in [
            ("tenantId", &self.tenant_id),
            ("servicePrincipalId", &self.service_principal_id),
            ("appId", &self.app_id),
        ] {
            wrong(uuid::Uuid::try_parse(id).is_err(), path, "must be a GUID");
        }
        let of_domain = |c: char| c.is_ascii_alphanumeric() || ".-".contains(c);
        let is_domain = |name: &String| name.contains('.') && name.chars().all(of_domain);
        wrong(
            !self.domains.iter().all(is_domain),
            "domains",
            "each must be a domain name, for instance contoso.com",
        );
        let known = self.job_id.starts_with("API2AAD.") || self.job_id.starts_with("API2AD.");
        wrong(!known, "jobId", "must begin with API2AAD. or API2AD.");
        wrong(self.apps.is_empty(), "apps", "somebody must be able to sign in");
        wrong(self.limits.window_ms == 0, "limits.windowMs", "must be more than 0");
        wrong(self.logs.window_ms == 0, "logs.windowMs", "must be more than 0");
        wrong(self.logs.page_size == 0, "logs.pageSize", "must be more than 0");
        wrong(
            self.logs.lag_min_seconds > self.logs.lag_max_seconds,
            "logs.lagMinSeconds",
            "must not be more than lagMaxSeconds",
        );
        wrong(self.job.users_per_second == 0, "job.usersPerSecond", "must be more than 0");
        let unlikely = |rule: &FaultRule| !(0.0..=1.0).contains(&rule.probability);
        wrong(
            self.faults.iter().any(unlikely),
            "faults",
            "each probability must be between 0 and 1",
        );
        if problems.is_empty() {
            return Ok(());
        }
        Err(Error::from_problems(ErrorKind::ConfigInvalid, "simulator's settings", problems))
    }
}
