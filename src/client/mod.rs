//! The client: one target, its secrets, its pace. Every run starts from one.

mod sentences;
mod settings;
mod state;
mod tenant;

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::runtime::Handle;

use crate::error::Error;
use crate::graph::call::Graph;
use crate::graph::transport::{ReqwestTransport, Transport};
use crate::runtime;
use crate::store::Store;
use crate::time::{Clock, Random, TokioClock};

pub use settings::{ClientConfig, State};
pub use state::{Ledger, Workspace};

/// A target with what it takes to send to it: limits, sign-in, transport.
///
/// Cheap to clone and free to share between threads. All runs of one client, and of its clones, share
/// one pace, one daily quota and one token.
#[derive(Clone)]
pub struct Client(Arc<Parts>);

pub(crate) struct Parts {
    pub(crate) config: ClientConfig,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<Random>,
    pub(crate) graph: Graph,
    /// The kept state, or the one whose ledger counts where none is kept, from the first time it is asked
    /// for.
    kept: Mutex<Option<Arc<dyn Store>>>,
    /// Whether what is sent is remembered.
    keeps: AtomicBool,
    /// The runtime of the thread that made the client, where it had one.
    home: Option<Handle>,
}

impl Client {
    /// A client for the target that `config_json` names (`docs/documents.md`, "Client configuration").
    /// Opens no connection.
    ///
    /// # Errors
    /// `ConfigInvalid` with every problem; `TlsFailed` if the system's certificates cannot be read.
    pub fn new(config_json: &[u8]) -> Result<Client, Error> {
        let config = ClientConfig::parse(config_json)?;
        let transport = if config.target.simulator.is_some() {
            ReqwestTransport::for_loopback()?
        } else {
            ReqwestTransport::new()?
        };
        let clock = TokioClock::with_speed(config.clock_speed);
        Ok(Self::assemble(
            config,
            Arc::new(clock),
            Random::from_system(),
            Arc::new(transport),
            None,
        ))
    }

    /// A client of given parts: another clock, seeded chance, a transport without a network.
    ///
    /// Made on a thread of a Tokio runtime, its runs are tasks of that runtime, so that they share its
    /// (perhaps paused) time; elsewhere they are tasks of the library's own runtime.
    pub fn with_parts(
        config: ClientConfig,
        clock: Arc<dyn Clock>,
        random: Random,
        transport: Arc<dyn Transport>,
    ) -> Client {
        Self::assemble(config, clock, random, transport, Handle::try_current().ok())
    }

    fn assemble(
        config: ClientConfig,
        clock: Arc<dyn Clock>,
        random: Random,
        transport: Arc<dyn Transport>,
        home: Option<Handle>,
    ) -> Client {
        let random = Arc::new(random);
        let graph = Graph::new(
            config.target.clone(),
            config.retry,
            Arc::clone(&clock),
            Arc::clone(&random),
            transport,
        );
        let keeps = AtomicBool::new(config.state.kept);
        Client(Arc::new(Parts {
            config,
            clock,
            random,
            graph,
            kept: Mutex::default(),
            keeps,
            home,
        }))
    }

    /// Hands in a secret: `clientSecret` (then the configuration must hold `tenantId` and `clientId`),
    /// or `accessToken`, a token the host got itself. UTF-8. The copy kept is wiped after use; the
    /// caller wipes its own.
    ///
    /// # Errors
    /// `InvalidArgument` for another name or a value that cannot be a secret, `InvalidUtf8`,
    /// `ConfigInvalid` where `tenantId` or `clientId` is missing.
    pub fn set_secret(&self, name: &str, secret: &[u8]) -> Result<(), Error> {
        match name {
            "clientSecret" => self.0.graph.sign_in.set_client_secret(secret),
            "accessToken" => self.0.graph.sign_in.set_token(secret, None),
            _ => Err(sentences::unknown_secret(name)),
        }
    }

    /// Uses `store` instead of the one that the configuration names.
    pub fn set_store(&self, store: Arc<dyn Store>) {
        *self.0.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(store);
        self.0.keeps.store(true, Ordering::Relaxed);
    }

    /// Whether what is sent is remembered: unless the configuration says `"state": "none"`.
    pub fn keeps_state(&self) -> bool {
        self.0.keeps.load(Ordering::Relaxed)
    }

    /// The validated configuration.
    pub fn config(&self) -> &ClientConfig {
        &self.0.config
    }

    pub(crate) fn parts(&self) -> &Arc<Parts> {
        &self.0
    }

    /// Where this client's runs are driven.
    pub(crate) fn runtime(&self) -> Result<Handle, Error> {
        match &self.0.home {
            Some(handle) => Ok(handle.clone()),
            None => runtime::handle(),
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("target", &self.0.config.target).finish_non_exhaustive()
    }
}
