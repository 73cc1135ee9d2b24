//! The tenant: every call goes through here, one at a time, in the order of its arrival.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use hyper::{Request, Response};
use serde_json::{Value, json};

use super::arrival::Arrival;
use super::clock::TenantClock;
use super::control;
use super::directory::SimulatedUser;
use super::faults::{Damage, Fault, FaultRule};
use super::reply::set;
use super::routing::{Endpoint, Route};
use super::service::Service;
use super::settings::{JobState, Settings};
use crate::error::Error;
use crate::time::{Clock, Random, Timestamp};

/// A simulated tenant. Share it freely between threads; what it tells is a copy of that moment.
pub struct Tenant {
    settings: Settings,
    clock: TenantClock,
    random: Random,
    state: Mutex<State>,
}

struct State {
    service: Service,
    calls: Vec<Call>,
    refusals: BTreeMap<String, u64>,
}

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

/// The answer did not arrive, or not whole. Whether the call was processed cannot be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectionLost;

impl fmt::Display for ConnectionLost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection was lost before the whole answer had arrived")
    }
}

impl std::error::Error for ConnectionLost {}

/// An answer, and what becomes of it on the way.
#[derive(Debug)]
pub(super) struct Delivery {
    pub(super) response: Response<Bytes>,
    pub(super) damage: Option<Damage>,
}

impl Tenant {
    /// A tenant with these settings that lives by `clock`.
    pub fn new(
        settings: Settings,
        clock: Arc<dyn Clock>,
        random: Random,
    ) -> Result<Arc<Tenant>, Error> {
        settings.validate()?;
        let state = State {
            service: Service::new(&settings),
            calls: Vec::new(),
            refusals: BTreeMap::new(),
        };
        let state = Mutex::new(state);
        Ok(Arc::new(Tenant { settings, clock: TenantClock::new(clock), random, state }))
    }

    /// Answers one request, as over the network: with latency, limits and faults. Call it inside a
    /// Tokio runtime. A caller that stops waiting does not stop the call, as with the real service.
    pub async fn handle(
        self: &Arc<Self>,
        request: Request<Bytes>,
    ) -> Result<Response<Bytes>, ConnectionLost> {
        match self.deliver(request).await {
            Some(Delivery { response, damage: None }) => Ok(response),
            _ => Err(ConnectionLost),
        }
    }

    /// As [`Self::handle`], leaving the damage to the caller. `None` if the runtime is going down.
    pub(super) async fn deliver(self: &Arc<Self>, request: Request<Bytes>) -> Option<Delivery> {
        let tenant = Arc::clone(self);
        tokio::spawn(async move { tenant.answer(request).await }).await.ok()
    }

    async fn answer(&self, request: Request<Bytes>) -> Delivery {
        let route = Route::of(request.uri().path());
        if let Route::Control { path } = &route {
            return Delivery { response: control::answer(self, path, &request), damage: None };
        }
        self.clock.sleep(self.latency(self.settings.latency.before_ms)).await;
        let (number, delivery, delay) = self.receive(&route, &request);
        self.clock.sleep(delay + self.latency(self.settings.latency.after_ms)).await;
        if let Some(call) = self.lock().calls.get_mut(number) {
            call.departed = Some(self.clock.now());
        }
        delivery
    }

    fn latency(&self, fixed_ms: u64) -> Duration {
        let jitter =
            self.random.bits() % (self.settings.latency.jitter_ms.saturating_add(1)).max(1);
        Duration::from_millis(fixed_ms.saturating_add(jitter))
    }

    /// The moment of arrival: the call is counted, processed and recorded at once.
    fn receive(&self, route: &Route, request: &Request<Bytes>) -> (usize, Delivery, Duration) {
        let mut state = self.lock();
        // Read under the lock, so that calls are in the order of their times.
        let arrival = Arrival::new(request, self.clock.now(), &self.random);
        let (settings, random) = (&self.settings, &self.random);
        state.service.catch_up(arrival.now, settings, random);
        let strike = state.service.faults.strike(route.endpoint(), arrival.now, random);
        if strike.is_some_and(|strike| strike.fault == Fault::ExpireTokens) {
            state.service.tokens.expire_all();
        }
        let damage = strike.and_then(|strike| strike.damage());
        let delay = strike.map_or(Duration::ZERO, |strike| strike.delay);
        let result = state.service.take(route, &arrival, strike, settings, random);
        let mut refusal = None;
        let mut response = result.unwrap_or_else(|refused| {
            let reason = refused.reason.to_string();
            *state.refusals.entry(reason.clone()).or_default() += 1;
            refusal = Some(reason);
            refused.into_response(&arrival)
        });
        set(&mut response, "request-id", &arrival.request_id);
        set(&mut response, "client-request-id", &arrival.client_request_id);
        let reset = damage == Some(Damage::Reset);
        state.calls.push(Call {
            endpoint: route.endpoint(),
            arrived: arrival.now,
            departed: None,
            status: (!reset).then(|| response.status().as_u16()),
            damage,
            refusal,
            body_hash: hash(request.body()),
            request_id: arrival.request_id,
            client_request_id: arrival.client_request_id,
        });
        (state.calls.len() - 1, Delivery { response, damage }, delay)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The service, caught up with the clock.
    fn service<T>(&self, look: impl FnOnce(&mut Service, Timestamp) -> T) -> T {
        let mut state = self.lock();
        let now = self.clock.now();
        state.service.catch_up(now, &self.settings, &self.random);
        look(&mut state.service, now)
    }

    /// The settings it was made with.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The tenant's time.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Lets the tenant's clock jump forward; answers that wait for their latency are due sooner.
    pub fn advance(&self, time: Duration) {
        self.clock.skip(time);
    }

    /// The users of the directory, by externalId.
    pub fn users(&self) -> BTreeMap<String, SimulatedUser> {
        self.service(|service, _| service.directory.users().clone())
    }

    /// The users that accepted calls held, by externalId, whatever became of them.
    pub fn staged(&self) -> BTreeMap<String, StagedUser> {
        self.service(|service, _| service.staged.clone())
    }

    /// Every call but those to the control endpoints, in the order of arrival.
    pub fn calls(&self) -> Vec<Call> {
        self.lock().calls.clone()
    }

    /// How often calls were refused, by reason.
    pub fn refusals(&self) -> BTreeMap<String, u64> {
        self.lock().refusals.clone()
    }

    /// The most bulkUpload calls that ever arrived within one window of the rate limit.
    pub fn worst_window(&self) -> usize {
        self.service(|service, _| service.limits.busiest())
    }

    /// A token for the first app, without a call.
    pub fn issue_token(&self) -> String {
        self.service(|service, now| {
            let app = self.settings.apps.first().cloned().unwrap_or_default();
            service.tokens.issue(&app, &self.settings, now, &self.random)
        })
    }

    /// Adds rules for what goes wrong, after those in force.
    pub fn add_faults(&self, rules: impl IntoIterator<Item = FaultRule>) {
        self.lock().service.faults.add(rules);
    }

    /// From now on nothing goes wrong.
    pub fn clear_faults(&self) {
        self.lock().service.faults.clear();
    }

    /// Puts the job into a state.
    pub fn set_job_state(&self, job_state: JobState) {
        self.service(|service, now| service.job.set_state(job_state, now));
    }

    /// A summary of everything, as `GET /simulator/state` gives it.
    pub fn state(&self) -> Value {
        let refusals = self.refusals();
        let calls = self.calls();
        let to = |endpoint| calls.iter().filter(|call| call.endpoint == endpoint).count();
        let (uploads, sign_ins) = (to(Endpoint::BulkUpload), to(Endpoint::Token));
        self.service(|service, now| {
            json!({
                "now": now.to_string(),
                "users": service.directory.users().len(),
                "usersStaged": service.staged.len(),
                "usersWaiting": service.job.waiting(),
                "usersFailed": service.job.failed(),
                "jobState": service.job.state(),
                "logEntries": service.logs.len(),
                "calls": uploads,
                "signIns": sign_ins,
                "worstWindow": service.limits.busiest(),
                "callsInLastDay": service.limits.in_last_day(now),
                "refusals": refusals,
            })
        })
    }

    /// What a client needs to know to call this tenant at `url`. It holds the simulated secret.
    pub fn describe(&self, url: &str) -> Value {
        let app = self.settings.apps.first().cloned().unwrap_or_default();
        json!({
            "url": url,
            "tokenUrl": format!("{url}/{}/oauth2/v2.0/token", self.settings.tenant_id),
            "tenantId": self.settings.tenant_id,
            "clientId": app.client_id,
            "clientSecret": app.client_secret,
            "servicePrincipalId": self.settings.service_principal_id,
            "jobId": self.settings.job_id,
        })
    }
}

impl fmt::Debug for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tenant").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// xxh3-128, 32 hexadecimal digits.
pub(super) fn hash(bytes: &[u8]) -> String {
    format!("{:032x}", xxhash_rust::xxh3::xxh3_128(bytes))
}
