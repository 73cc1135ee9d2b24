//! The tenant: every call goes through here, one at a time, in the order of its arrival.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use hyper::{Request, Response};
use serde_json::{Value, json};

use super::clock::TenantClock;
use super::control;
use super::directory::SimulatedUser;
use super::faults::FaultRule;
use super::routing::Route;
use super::service::{Call, Delivery, Service, StagedUser};
use super::settings::{JobState, Settings};
use crate::error::Error;
use crate::time::{Clock, Random, Timestamp};

/// A simulated tenant. Share it freely between threads; what it tells is a copy of that moment.
pub struct Tenant {
    settings: Arc<Settings>,
    clock: Arc<TenantClock>,
    service: Mutex<Service>,
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

impl Tenant {
    /// A tenant with these settings that lives by `clock`.
    pub fn new(
        settings: Settings,
        clock: Arc<dyn Clock>,
        random: Random,
    ) -> Result<Arc<Tenant>, Error> {
        settings.validate()?;
        let (settings, clock) = (Arc::new(settings), Arc::new(TenantClock::new(clock)));
        let service = Service::new(Arc::clone(&settings), Arc::clone(&clock), random);
        Ok(Arc::new(Tenant { settings, clock, service: Mutex::new(service) }))
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
            let response = self.service(|service| control::answer(service, path, &request));
            return Delivery { response, damage: None };
        }
        let way_here = self.lock().latency(self.settings.latency.before_ms);
        self.clock.sleep(way_here).await;
        let (number, delivery, way_back) = self.lock().receive(&route, &request);
        self.clock.sleep(way_back).await;
        if let Some(call) = self.lock().calls.get_mut(number) {
            call.departed = Some(self.clock.now());
        }
        delivery
    }

    fn lock(&self) -> MutexGuard<'_, Service> {
        self.service.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The service, caught up with the clock.
    fn service<T>(&self, look: impl FnOnce(&mut Service) -> T) -> T {
        let mut service = self.lock();
        service.catch_up();
        look(&mut service)
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
        self.service(|service| service.directory.users().clone())
    }

    /// The users that accepted calls held, by externalId, whatever became of them.
    pub fn staged(&self) -> BTreeMap<String, StagedUser> {
        self.service(|service| service.staged.clone())
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
        self.service(|service| service.limits.busiest())
    }

    /// A token for the first app, without a call.
    pub fn issue_token(&self) -> String {
        self.lock().issue_token()
    }

    /// Adds rules for what goes wrong, after those in force.
    pub fn add_faults(&self, rules: impl IntoIterator<Item = FaultRule>) {
        self.lock().faults.add(rules);
    }

    /// From now on nothing goes wrong.
    pub fn clear_faults(&self) {
        self.lock().faults.clear();
    }

    /// Puts the job into a state.
    pub fn set_job_state(&self, job_state: JobState) {
        self.service(|service| service.set_job_state(job_state));
    }

    /// A summary of everything, as `GET /simulator/state` gives it.
    pub fn state(&self) -> Value {
        self.service(|service| service.state())
    }

    /// What a client needs to know to call this tenant at `url`. It holds the simulated secret.
    pub fn describe(&self, url: &str) -> Value {
        let app = self.settings.apps.first().cloned().unwrap_or_default();
        json!({
            "url": url,
            "tokenUrl": format!("{url}/{}/oauth2/v2.0/token", self.settings.tenant_id),
            "tenantId": self.settings.tenant_id,
            "domains": self.settings.domains,
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
