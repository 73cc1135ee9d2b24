//! What stands behind the addresses: which call leads where, and what it is refused for.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use hyper::{Method, Response};
use serde_json::{Value, json};

use super::arrival::Arrival;
use super::bulk_upload;
use super::directory::{Directory, Status};
use super::faults::{Faults, Strike, bucket_full};
use super::jobs;
use super::limits::SlidingWindow;
use super::logs::Logs;
use super::queue::Job;
use super::reply::{Refusal, empty_response, json_response, set};
use super::routing::{Endpoint, JobAction, Route, percent_encode};
use super::settings::{AcceptedBody, LimitSettings, LocationVersion, Settings};
use super::tenant::{StagedUser, hash};
use super::token::{self, Caller, Tokens};
use crate::time::{Random, Timestamp};

const READ_JOB: &[&str] = &["Synchronization.Read.All", "Synchronization.ReadWrite.All"];
const WRITE_JOB: &[&str] = &["Synchronization.ReadWrite.All"];

pub(super) struct Service {
    pub(super) tokens: Tokens,
    pub(super) faults: Faults,
    pub(super) limits: UploadLimits,
    pub(super) job: Job,
    pub(super) directory: Directory,
    pub(super) logs: Logs,
    pub(super) staged: BTreeMap<String, StagedUser>,
    log_calls: SlidingWindow,
}

impl Service {
    pub(super) fn new(settings: &Settings) -> Self {
        let mut faults = Faults::default();
        faults.add(settings.faults.iter().cloned());
        Service {
            tokens: Tokens::default(),
            faults,
            limits: UploadLimits::new(&settings.limits),
            job: Job::new(&settings.job),
            directory: Directory::new(settings.directory.clone()),
            logs: Logs::default(),
            staged: BTreeMap::new(),
            log_calls: SlidingWindow::new(Duration::from_millis(settings.logs.window_ms)),
        }
    }

    /// Lets the job do what it had time for.
    pub(super) fn catch_up(&mut self, now: Timestamp, settings: &Settings, random: &Random) {
        while let Some((operation, done)) = self.job.next_done(now) {
            let outcome = self.directory.process(&operation, random);
            let failed = outcome.status == Status::Failure;
            self.job.note_result(&operation.external_id, failed);
            self.logs.write(operation.external_id, outcome, done, settings, random);
        }
    }

    /// Counts a call and answers it.
    pub(super) fn take(
        &mut self,
        route: &Route,
        arrival: &Arrival<'_>,
        strike: Option<Strike>,
        settings: &Settings,
        random: &Random,
    ) -> Result<Response<Bytes>, Refusal> {
        let limited = match route.endpoint() {
            Endpoint::BulkUpload => self.limits.refusal(arrival.now, &settings.limits),
            Endpoint::Logs => {
                let wait = self.log_calls.wait(arrival.now, settings.logs.calls_per_window);
                self.log_calls.count(arrival.now);
                wait.map(|wait| too_many("logRate", wait, true))
            }
            _ => None,
        };
        let refused = strike.and_then(|strike| strike.refusal()).or(limited);
        let result = match refused {
            Some(refusal) => Err(refusal),
            None => self.serve(route, arrival, settings, random),
        };
        if route.endpoint() == Endpoint::BulkUpload {
            let counts = result.is_ok() || settings.limits.refused_calls_count;
            self.limits.count(arrival.now, counts);
        }
        match strike.and_then(|strike| strike.late_refusal()) {
            Some(late) if result.is_ok() => Err(late),
            _ => result,
        }
    }

    fn serve(
        &mut self,
        route: &Route,
        arrival: &Arrival<'_>,
        settings: &Settings,
        random: &Random,
    ) -> Result<Response<Bytes>, Refusal> {
        if arrival.request.body().len() > settings.max_body_bytes {
            let message = "The request body is too large.";
            return Err(Refusal::new(413, "tooLarge", "RequestEntityTooLarge", message));
        }
        match route {
            Route::Token { tenant } => {
                token::sign_in(arrival, tenant, &mut self.tokens, settings, random)
            }
            Route::OpenId { tenant } => {
                method(arrival, Method::GET)?;
                Ok(json_response(200, &token::open_id(&arrival.base(), tenant)))
            }
            Route::Instance => {
                method(arrival, Method::GET)?;
                let body = token::instance(&arrival.base(), &settings.tenant_id);
                Ok(json_response(200, &body))
            }
            Route::BulkUpload { principal, job } => {
                method(arrival, Method::POST)?;
                let caller = self.tokens.caller(arrival)?;
                self.upload_allowed(caller, settings)?;
                find_principal(principal, settings)?;
                find_job(job, settings)?;
                self.upload(arrival, settings)
            }
            Route::Jobs { principal } => {
                method(arrival, Method::GET)?;
                self.tokens.caller(arrival)?.needs_any(READ_JOB)?;
                find_principal(principal, settings)?;
                Ok(json_response(200, &json!({"value": [self.describe_job(settings)]})))
            }
            Route::Job { principal, job } => {
                method(arrival, Method::GET)?;
                self.tokens.caller(arrival)?.needs_any(READ_JOB)?;
                find_principal(principal, settings)?;
                find_job(job, settings)?;
                Ok(json_response(200, &self.describe_job(settings)))
            }
            Route::JobAction { principal, job, action } => {
                method(arrival, Method::POST)?;
                self.tokens.caller(arrival)?.needs_any(WRITE_JOB)?;
                find_principal(principal, settings)?;
                find_job(job, settings)?;
                self.act(*action, arrival)
            }
            Route::Logs { version } => {
                method(arrival, Method::GET)?;
                self.tokens.caller(arrival)?.needs_all(&settings.log_permissions)?;
                self.logs.query(arrival, *version, settings)
            }
            Route::Control { .. } | Route::Nowhere => {
                let message = "The tenant has nothing at this address.";
                Err(Refusal::new(404, "noSuchAddress", "ResourceNotFound", message))
            }
        }
    }

    fn upload_allowed(&self, caller: Caller<'_>, settings: &Settings) -> Result<(), Refusal> {
        let mut enough = vec!["SynchronizationData-User.Upload"];
        if settings.apps_own_service_principal {
            enough.push("SynchronizationData-User.Upload.OwnedBy");
        }
        caller.needs_any(&enough)
    }

    fn upload(
        &mut self,
        arrival: &Arrival<'_>,
        settings: &Settings,
    ) -> Result<Response<Bytes>, Refusal> {
        let operations = bulk_upload::read(arrival.request, settings)?;
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
        Ok(accepted(arrival, settings))
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

    fn describe_job(&self, settings: &Settings) -> Value {
        jobs::describe(&self.job, self.directory.users().len(), settings)
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

fn too_many(reason: &'static str, wait: Duration, say: bool) -> Refusal {
    // Whole seconds, rounded up: earlier would be too early.
    let seconds = u64::try_from(wait.as_micros().div_ceil(1_000_000)).unwrap_or(u64::MAX);
    Refusal::throttled(reason, "Too many requests.", say.then_some(seconds))
}

/// The limits on bulkUpload.
#[derive(Debug)]
pub(super) struct UploadLimits {
    /// Every arrival, whether it counts or not.
    arrivals: SlidingWindow,
    window: SlidingWindow,
    day: SlidingWindow,
}

impl UploadLimits {
    fn new(settings: &LimitSettings) -> Self {
        UploadLimits {
            arrivals: SlidingWindow::new(settings.window()),
            window: SlidingWindow::new(settings.window()),
            day: SlidingWindow::new(Duration::from_secs(24 * 60 * 60)),
        }
    }

    fn refusal(&mut self, now: Timestamp, settings: &LimitSettings) -> Option<Refusal> {
        if let Some(wait) = self.day.wait(now, settings.calls_per_day) {
            return Some(too_many("quota", wait, settings.retry_after));
        }
        let wait = self.window.wait(now, settings.calls_per_window)?;
        Some(too_many("rate", wait, settings.retry_after))
    }

    fn count(&mut self, now: Timestamp, counts: bool) {
        self.arrivals.count(now);
        if counts {
            self.window.count(now);
            self.day.count(now);
        }
    }

    pub(super) fn busiest(&self) -> usize {
        self.arrivals.busiest()
    }

    pub(super) fn in_last_day(&mut self, now: Timestamp) -> usize {
        self.day.holds(now)
    }
}
