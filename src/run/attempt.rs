//! A batch on its way, and one try to deliver it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::journal::{Entry, Journal};
use super::pace::Permit;
use super::retry::{Outcome, Patience, told};
use super::supply::{Load, cancelled};
use crate::client::Parts;
use crate::crash::Step;
use crate::graph::bulk_upload;
use crate::graph::target::Target;
use crate::graph::transport::{HttpRequest, Token, TransportError, TransportFault};
use crate::time::Timestamp;

/// A batch and what it has been through.
pub(super) struct Parcel {
    pub(super) load: Load,
    /// The client-request-id of its first try.
    pub(super) client_request_id: Option<String>,
    pub(super) patience: Patience,
    /// Tries that left this machine.
    pub(super) calls: u32,
    /// When the first one started.
    pub(super) since: Option<Timestamp>,
    /// A try was never answered: the batch may have arrived.
    pub(super) doubtful: bool,
    /// The last try was refused for its token.
    pub(super) renewed: bool,
    /// The gate of its last try.
    pub(super) gate: Gate,
}

/// What a try leaves through. Whoever closes it first decides: the try by leaving, or the run by giving
/// the try up.
#[derive(Debug, Clone, Default)]
pub(super) struct Gate(Arc<AtomicBool>);

impl Gate {
    /// Closes it, and says whether it was closed before.
    pub(super) fn close(&self) -> bool {
        self.0.swap(true, Ordering::SeqCst)
    }
}

impl Parcel {
    pub(super) fn new(load: Load, client_request_id: String) -> Self {
        Parcel {
            client_request_id: Some(client_request_id),
            patience: Patience::default(),
            calls: u32::try_from(load.attempts).unwrap_or(u32::MAX),
            since: None,
            doubtful: load.doubtful,
            renewed: false,
            gate: Gate::default(),
            load,
        }
    }

    pub(super) fn number(&self) -> u64 {
        self.load.batch.number
    }

    pub(super) fn users(&self) -> u64 {
        self.load.batch.users.len() as u64
    }

    /// Its entry in the journal.
    pub(super) fn entry(&self) -> Entry {
        Entry { number: self.number(), body_hash: self.load.body_hash }
    }

    /// The next try.
    pub(super) fn call(&mut self, client_request_id: String, journal: Journal) -> Call {
        self.patience.tries += 1;
        self.gate = Gate::default();
        Call {
            client_request_id,
            body: self.load.batch.body.clone(),
            journal,
            entry: self.entry(),
            doubtful: self.doubtful,
            gate: self.gate.clone(),
        }
    }
}

/// How one try ended.
pub(super) struct Ended {
    pub(super) batch: u64,
    pub(super) client_request_id: String,
    pub(super) outcome: Outcome,
}

/// One try.
pub(super) struct Call {
    pub(super) client_request_id: String,
    body: bytes::Bytes,
    journal: Journal,
    entry: Entry,
    /// An earlier try may have arrived.
    doubtful: bool,
    gate: Gate,
}

impl Call {
    /// A token, one exchange, its meaning. The permit ends with the exchange.
    pub(super) async fn make(&self, parts: &Parts, permit: Permit) -> Outcome {
        let outcome = match self.prepare(parts).await {
            Ok(_) if self.gate.close() => Outcome::Failed(cancelled()),
            Ok((token, request)) => self.exchange(parts, token, request).await,
            Err(outcome) => outcome,
        };
        match &outcome {
            Outcome::Unanswered(TransportError { fault: TransportFault::Timeout, .. }) => {
                drop(permit);
            }
            ended => permit.over(ended.status().unwrap_or_default()).await,
        }
        outcome
    }

    /// All that comes before the first byte.
    async fn prepare(&self, parts: &Parts) -> Result<(Token, HttpRequest), Outcome> {
        let token = parts.sign_in.token().await.map_err(Outcome::SignIn)?;
        let target = &parts.config.target;
        let id = &self.client_request_id;
        let request = bulk_upload::request(target, token.clone(), id, self.body.clone())
            .map_err(Outcome::Failed)?;
        self.journal.sent(self.entry, id).await.map_err(Outcome::Failed)?;
        Ok((token, request))
    }

    async fn exchange(&self, parts: &Parts, token: Token, request: HttpRequest) -> Outcome {
        let limit = parts.config.retry.request_timeout;
        let answer = tokio::select! {
            answer = parts.transport.send(request) => answer,
            () = parts.clock.sleep_until(parts.clock.now().after(limit)) => Err(TransportError {
                fault: TransportFault::Timeout,
                detail: format!("no answer after {} ms", limit.as_millis()),
            }),
        };
        Step::Answered.reached();
        let outcome = match answer {
            Ok(response) => {
                tracing::debug!(status = response.status, "answered");
                match bulk_upload::read(&response, parts.clock.now()) {
                    Ok(receipt) => Outcome::Accepted(receipt),
                    Err(refusal) => Outcome::Answered { refusal, token },
                }
            }
            Err(error) => {
                tracing::debug!(fault = ?error.fault, detail = %error.detail, "not answered");
                Outcome::Unanswered(error)
            }
        };
        self.record(outcome, &parts.config.target).await
    }

    /// Writes down how a try ended, as far as that is certain. A refusal is judged first.
    async fn record(&self, outcome: Outcome, target: &Target) -> Outcome {
        let (journal, entry) = (&self.journal, self.entry);
        match &outcome {
            Outcome::Accepted(receipt) => {
                let request_id = receipt.request_id.clone().unwrap_or_default();
                if let Err(error) = journal.accepted(entry, request_id).await {
                    return Outcome::Unrecorded(error);
                }
            }
            Outcome::Unanswered(error) if outcome.leaves_doubt() => {
                journal.in_doubt(entry.number, &told(error, target)).await;
            }
            _ if !outcome.leaves_doubt() && !outcome.is_refusal() && !self.doubtful => {
                journal.not_staged(entry.number, outcome.was_sent()).await;
            }
            _ => {}
        }
        outcome
    }
}
