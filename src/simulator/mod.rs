//! A tenant on loopback that is stricter than the real one.
//!
//! It takes sign-ins, uploads, job commands and log queries as Microsoft Graph documents them, keeps
//! the documented limits by its own clock, and breaks down when told to. It shares no code with the
//! library it checks, so that neither can hide the other's mistake. `docs/simulator.md` lists what it
//! does, every setting, and the control endpoints under `/simulator/`.
//!
//! ```
//! use std::sync::Arc;
//! use entrabulk::time::{Random, TokioClock};
//! use entrabulk::simulator::{Settings, Simulator};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), entrabulk::error::Error> {
//! let clock = Arc::new(TokioClock::new());
//! let running = Simulator::start(Settings::default(), clock, Random::from_system())?;
//! assert!(running.url().starts_with("http://127.0.0.1:"));
//! assert_eq!(running.tenant().worst_window(), 0);
//! # Ok(())
//! # }
//! ```

mod arrival;
mod bulk_upload;
mod clock;
mod control;
mod directory;
mod faults;
mod jobs;
mod json;
mod limits;
mod log_filter;
mod logs;
mod queue;
mod reply;
mod routing;
mod server;
mod service;
mod settings;
mod tenant;
#[cfg(test)]
mod tests;
mod token;
mod user_schema;

use std::net::SocketAddr;
use std::sync::Arc;

use serde_json::Value;
use tokio::task::AbortHandle;

pub use directory::SimulatedUser;
pub use faults::{Damage, Fault, FaultRule};
pub use routing::Endpoint;
pub use service::{Call, StagedUser};
pub use settings::{
    AcceptedBody, AcceptedSettings, AllowSettings, AppSettings, DirectorySettings, JobSettings,
    JobState, LatencySettings, LimitSettings, LocationVersion, LogSettings, Settings,
};
pub use tenant::{ConnectionLost, Tenant};

use crate::error::Error;
use crate::time::{Clock, Random};

/// Starts tenants.
#[derive(Debug)]
pub struct Simulator;

impl Simulator {
    /// A tenant that listens where `settings` says, on loopback only. Call it inside a Tokio runtime,
    /// which does the work from then on.
    pub fn start(
        settings: Settings,
        clock: Arc<dyn Clock>,
        random: Random,
    ) -> Result<RunningSimulator, Error> {
        let tenant = Tenant::new(settings, clock, random)?;
        let (address, accepting) = server::serve(Arc::clone(&tenant))?;
        Ok(RunningSimulator { tenant, address, accepting })
    }
}

/// A tenant that listens. Dropping it ends every connection; the tenant itself can be looked at for
/// as long as somebody holds it.
#[derive(Debug)]
pub struct RunningSimulator {
    tenant: Arc<Tenant>,
    address: SocketAddr,
    accepting: AbortHandle,
}

impl RunningSimulator {
    /// Where it listens, for instance `http://127.0.0.1:49152`: login host and Graph host in one.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The tenant, to look at.
    pub fn tenant(&self) -> Arc<Tenant> {
        Arc::clone(&self.tenant)
    }

    /// What a client needs to know: `url`, `tokenUrl`, `tenantId`, `domains` (a list: the tenant's
    /// other names), `clientId`, `clientSecret` (the simulated one), `servicePrincipalId`, `jobId`.
    pub fn describe(&self) -> Value {
        self.tenant.describe(&self.url())
    }

    /// Stops listening and ends every connection, as dropping it does.
    pub fn stop(self) {}
}

impl Drop for RunningSimulator {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}
