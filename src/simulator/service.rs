//! What stands behind the addresses: which call leads where, and what it is refused for.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hyper::{Method, Request, Response};
use serde_json::{Value, json};

use super::arrival::Arrival;
use super::bulk_upload;
use super::clock::TenantClock;
use super::directory::{Directory, Status};
use super::faults::{Damage, Fault, Faults, Strike, bucket_full};
use super::jobs;
use super::limits::{SlidingWindow, UploadLimits, too_many};
use super::logs::Logs;
use super::queue::Job;
use super::reply::{Refusal, empty_response, json_response, set};
use super::routing::{Endpoint, JobAction, Route, percent_encode};
use super::settings::{AcceptedBody, JobState, LocationVersion, Settings};
use super::token::{self, Caller, Tokens};
use crate::time::{Random, Timestamp};

const READ_JOB: &[&str] = &["Synchronization.Read.All", "Synchronization.ReadWrite.All"];
const WRITE_JOB: &[&str] = &["Synchronization.ReadWrite.All"];

/// One call that arrived.
#[derive(Debug, Clone)]
pub struct Call {
    /// What it was for.
    pub endpoint: Endpoint,
    /// When it arrived and was counted.
    pub arrived: Timestamp,
    /// When its answer left; `None` while it has not.
    pub departed: Option<Timestamp>,
    /// The status it was answered; `None` if the connection was reset instead.
    pub status: Option<u16>,
    /// How the connection was damaged, if it was.
    pub damage: Option<Damage>,
    /// The word its refusal is counted under.
    pub refusal: Option<String>,
    /// xxh3-128 of the body, 32 hexadecimal digits.
    pub body_hash: String,
    /// The id it was given.
    pub request_id: String,
    /// The id it came with, or the request id.
    pub client_request_id: String,
}

/// How one user was staged, by all accepted calls together.
#[derive(Debug, Clone, Default)]
pub struct StagedUser {
    /// How many accepted calls held the user.
    pub times: u64,
    /// When the first of them was.
    pub first: Option<Timestamp>,
    /// xxh3-128 of the last `data`, byte for byte as it came; 32 hexadecimal digits.
    pub hash: String,
    /// The hashes of all of them, the first one first.
    pub hashes: Vec<String>,
    /// The last `data`.
    pub data: Bytes,
}

/// An answer, and what becomes of it on the way.
#[derive(Debug)]
pub(super) struct Delivery {
    pub(super) response: Response<Bytes>,
    pub(super) damage: Option<Damage>,
}

/// The service, and all that it remembers.
pub(super) struct Service {
    pub(super) settings: Arc<Settings>,
    pub(super) clock: Arc<TenantClock>,
    random: Random,
    /// Every call but those to the control endpoints, in the order of arrival.
    pub(super) calls: Vec<Call>,
    /// How often calls were refused, by reason.
    pub(super) refusals: BTreeMap<String, u64>,
    tokens: Tokens,
    pub(super) faults: Faults,
    pub(super) limits: UploadLimits,
    job: Job,
    pub(super) directory: Directory,
    logs: Logs,
    pub(super) staged: BTreeMap<String, StagedUser>,
    log_calls: SlidingWindow,
}

impl Service {
    pub(super) fn new(settings: Arc<Settings>, clock: Arc<TenantClock>, random: Random) -> Self {
        let mut faults = Faults::default();
        faults.add(settings.faults.iter().cloned());
        Service {
            calls: Vec::new(),
            refusals: BTreeMap::new(),
            tokens: Tokens::default(),
            faults,
            limits: UploadLimits::new(&settings.limits),
            job: Job::new(&settings.job),
            directory: Directory::new(Arc::clone(&settings)),
            logs: Logs::default(),
            staged: BTreeMap::new(),
            log_calls: SlidingWindow::new(Duration::from_millis(settings.logs.window_ms)),
            settings,
            clock,
            random,
        }
    }

    /// Lets the job do what it had time for, until now.
    pub(super) fn catch_up(&mut self) -> Timestamp {
        let now = self.clock.now();
        while let Some((operation, done)) = self.job.next_done(now) {
            let outcome = self.directory.process(&operation, &self.random);
            let failed = outcome.status == Status::Failure;
            self.job.note_result(&operation.external_id, failed);
            self.logs.write(operation.external_id, outcome, done, &self.settings, &self.random);
        }
        now
    }

    /// How long a way takes this time that takes `fixed_ms` at least.
    pub(super) fn latency(&self, fixed_ms: u64) -> Duration {
        let jitter =
            self.random.bits() % (self.settings.latency.jitter_ms.saturating_add(1)).max(1);
        Duration::from_millis(fixed_ms.saturating_add(jitter))
    }

    /// The moment of arrival: the call is counted, processed and recorded at once. Gives its number
    /// among `calls`, the answer, and how long that is on its way.
    pub(super) fn receive(
        &mut self,
        route: &Route,
        request: &Request<Bytes>,
    ) -> (usize, Delivery, Duration) {
        // The tenant lets one call in at a time, so calls are in the order of their times.
        let now = self.catch_up();
        let arrival = Arrival::new(request, now, &self.random);
        let strike = self.faults.strike(route.endpoint(), now, &self.random);
        if strike.is_some_and(|strike| strike.fault == Fault::ExpireTokens) {
            self.tokens.expire_all();
        }
        let damage = strike.and_then(|strike| strike.damage());
        let mut refusal = None;
        let mut response = self.take(route, &arrival, strike).unwrap_or_else(|refused| {
            let reason = refused.reason.to_string();
            *self.refusals.entry(reason.clone()).or_default() += 1;
            refusal = Some(reason);
            refused.into_response(&arrival)
        });
        set(&mut response, "request-id", &arrival.request_id);
        set(&mut response, "client-request-id", &arrival.client_request_id);
        let reset = damage == Some(Damage::Reset);
        self.calls.push(Call {
            endpoint: route.endpoint(),
            arrived: now,
            departed: None,
            status: (!reset).then(|| response.status().as_u16()),
            damage,
            refusal,
            body_hash: hash(request.body()),
            request_id: arrival.request_id,
            client_request_id: arrival.client_request_id,
        });
        let way_back = strike.map_or(Duration::ZERO, |strike| strike.delay)
            + self.latency(self.settings.latency.after_ms);
        (self.calls.len() - 1, Delivery { response, damage }, way_back)
    }

    /// A token for the first app, without a call.
    pub(super) fn issue_token(&mut self) -> String {
        let app = self.settings.apps.first().cloned().unwrap_or_default();
        self.tokens.issue(&app, &self.settings, self.clock.now(), &self.random)
    }

    /// Puts the job into a state.
    pub(super) fn set_job_state(&mut self, state: JobState) {
        self.job.set_state(state, self.clock.now());
    }

    /// A summary of everything.
    pub(super) fn state(&mut self) -> Value {
        let now = self.clock.now();
        let to = |endpoint| self.calls.iter().filter(|call| call.endpoint == endpoint).count();
        json!({
            "now": now.to_string(),
            "users": self.directory.users().len(),
            "usersStaged": self.staged.len(),
            "usersWaiting": self.job.waiting(),
            "usersFailed": self.job.failed(),
            "jobState": self.job.state(),
            "logEntries": self.logs.len(),
            "calls": to(Endpoint::BulkUpload),
            "signIns": to(Endpoint::Token),
            "worstWindow": self.limits.busiest(),
            "callsInLastDay": self.limits.in_last_day(now),
            "refusals": self.refusals,
        })
    }

    /// Counts a call and answers it.
    fn take(
        &mut self,
        route: &Route,
        arrival: &Arrival<'_>,
        strike: Option<Strike>,
    ) -> Result<Response<Bytes>, Refusal> {
        let limited = match route.endpoint() {
            Endpoint::BulkUpload => self.limits.refusal(arrival.now, &self.settings.limits),
            Endpoint::Logs => {
                let wait = self.log_calls.wait(arrival.now, self.settings.logs.calls_per_window);
                self.log_calls.count(arrival.now);
                wait.map(|wait| too_many("logRate", wait, true))
            }
            _ => None,
        };
        let refused = strike.and_then(|strike| strike.refusal()).or(limited);
        let result = match refused {
            Some(refusal) => Err(refusal),
            None => self.serve(route, arrival),
        };
        if route.endpoint() == Endpoint::BulkUpload {
            let counts = result.is_ok() || self.settings.limits.refused_calls_count;
            self.limits.count(arrival.now, counts);
        }
        match strike.and_then(|strike| strike.late_refusal()) {
            Some(late) if result.is_ok() => Err(late),
            _ => result,
        }
    }

    fn serve(&mut self, route: &Route, arrival: &Arrival<'_>) -> Result<Response<Bytes>, Refusal> {
        if arrival.request.body().len() > self.settings.max_body_bytes {
            let message = "The request body is too large.";
            return Err(Refusal::new(413, "tooLarge", "RequestEntityTooLarge", message));
        }
        match route {
            Route::Token { tenant } => {
                token::sign_in(arrival, tenant, &mut self.tokens, &self.settings, &self.random)
            }
            Route::OpenId { tenant } => {
                method(arrival, Method::GET)?;
                let body = token::open_id(arrival, tenant, &self.settings, &self.random)?;
                Ok(json_response(200, &body))
            }
            Route::Instance => {
                method(arrival, Method::GET)?;
                let body = token::instance(&arrival.base(), &self.settings.tenant_id);
                Ok(json_response(200, &body))
            }
            Route::BulkUpload { principal, job } => {
                method(arrival, Method::POST)?;
                let caller = self.tokens.caller(arrival)?;
                self.upload_allowed(caller)?;
                find_principal(principal, &self.settings)?;
                find_job(job, &self.settings)?;
                self.upload(arrival)
            }
            Route::Jobs { principal } => {
                method(arrival, Method::GET)?;
                self.tokens.caller(arrival)?.needs_any(READ_JOB)?;
                find_principal(principal, &self.settings)?;
                Ok(json_response(200, &json!({"value": [self.describe_job()]})))
            }
            Route::Job { principal, job } => {
                method(arrival, Method::GET)?;
                self.tokens.caller(arrival)?.needs_any(READ_JOB)?;
                find_principal(principal, &self.settings)?;
                find_job(job, &self.settings)?;
                Ok(json_response(200, &self.describe_job()))
            }
            Route::JobAction { principal, job, action } => {
                method(arrival, Method::POST)?;
                self.tokens.caller(arrival)?.needs_any(WRITE_JOB)?;
                find_principal(principal, &self.settings)?;
                find_job(job, &self.settings)?;
                self.act(*action, arrival)
            }
            Route::Logs { version } => {
                method(arrival, Method::GET)?;
                self.tokens.caller(arrival)?.needs_all(&self.settings.log_permissions)?;
                self.logs.query(arrival, *version, &self.settings)
            }
            Route::Control { .. } | Route::Nowhere => {
                let message = "The tenant has nothing at this address.";
                Err(Refusal::new(404, "noSuchAddress", "ResourceNotFound", message))
            }
        }
    }

    fn upload_allowed(&self, caller: Caller<'_>) -> Result<(), Refusal> {
        let mut enough = vec!["SynchronizationData-User.Upload"];
        if self.settings.apps_own_service_principal {
            enough.push("SynchronizationData-User.Upload.OwnedBy");
        }
        caller.needs_any(&enough)
    }

    fn upload(&mut self, arrival: &Arrival<'_>) -> Result<Response<Bytes>, Refusal> {
        let operations = bulk_upload::read(arrival.request, &self.settings)?;
        if !self.job.has_room_for(operations.len()) {
            return Err(bucket_full());
        }
        for operation in &operations {
            let staged = self.staged.entry(operation.external_id.clone()).or_default();
            staged.times += 1;
            staged.first.get_or_insert(arrival.now);
            staged.hash = hash(&operation.bytes);
            staged.hashes.push(staged.hash.clone());
            staged.data = operation.bytes.clone();
        }
        self.job.stage(operations, arrival.now);
        Ok(accepted(arrival, &self.settings))
    }

    fn act(
        &mut self,
        action: JobAction,
        arrival: &Arrival<'_>,
    ) -> Result<Response<Bytes>, Refusal> {
        match action {
            JobAction::Start => self.job.start(arrival.now),
            JobAction::Pause => self.job.pause(),
            JobAction::Restart => {
                jobs::check_restart(arrival.request)?;
                self.job.restart(arrival.now);
                self.directory.resolve_managers();
            }
        }
        Ok(empty_response(204))
    }

    fn describe_job(&self) -> Value {
        jobs::describe(&self.job, self.directory.users().len(), &self.settings)
    }
}

/// The 202 of a staged request.
fn accepted(arrival: &Arrival<'_>, settings: &Settings) -> Response<Bytes> {
    let version = match settings.accepted.location {
        LocationVersion::Beta => "beta",
        LocationVersion::V1 => "v1.0",
    };
    let filter = percent_encode(&format!("jobid eq '{}'", settings.job_id));
    let base = arrival.base();
    let location = format!("{base}/{version}/auditLogs/provisioning/?$filter={filter}");
    match settings.accepted.body {
        AcceptedBody::Empty => {
            let mut response = empty_response(202);
            set(&mut response, "content-type", "application/scim+json");
            set(&mut response, "location", &location);
            response
        }
        AcceptedBody::Json => {
            let body = json!({
                "client-request-id": arrival.client_request_id,
                "content-length": 0,
                "location": location,
                "request-id": arrival.request_id,
            });
            json_response(202, &body)
        }
    }
}

fn method(arrival: &Arrival<'_>, wanted: Method) -> Result<(), Refusal> {
    if arrival.request.method() == wanted {
        return Ok(());
    }
    let message = format!("Only {wanted} is accepted here.");
    Err(Refusal::new(405, "method", "MethodNotAllowed", message))
}

fn find_principal(principal: &str, settings: &Settings) -> Result<(), Refusal> {
    if principal.eq_ignore_ascii_case(&settings.service_principal_id) {
        return Ok(());
    }
    let hint = if principal.eq_ignore_ascii_case(&settings.app_id) {
        " It is the app's own id; the object id of its service principal is wanted."
    } else {
        ""
    };
    let message = format!("Resource '{principal}' does not exist.{hint}");
    Err(Refusal::new(404, "noSuchServicePrincipal", "Request_ResourceNotFound", message))
}

fn find_job(job: &str, settings: &Settings) -> Result<(), Refusal> {
    if job == settings.job_id || settings.other_job_ids.iter().any(|other| other == job) {
        return Ok(());
    }
    let message = format!("The synchronization job '{job}' does not exist.");
    Err(Refusal::new(404, "noSuchJob", "SynchronizationJobNotFound", message))
}

/// xxh3-128, 32 hexadecimal digits.
fn hash(bytes: &[u8]) -> String {
    format!("{:032x}", xxhash_rust::xxh3::xxh3_128(bytes))
}
