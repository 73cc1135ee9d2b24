//! A batch on its way, and one try to deliver it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::journal::{Entry, Journal};
use super::pace::Permit;
use super::supply::{Load, cancelled};
use crate::client::Parts;
use crate::crash::Step;
use crate::graph::answer::{Failure, Judgement, Reach};
use crate::graph::bulk_upload::{self, Receipt};
use crate::graph::call::Ready;
use crate::graph::patience::Patience;
use crate::time::Timestamp;

/// A batch and what it has been through.
pub(super) struct Parcel {
    pub(super) load: Load,
    /// The client-request-id of its first try.
    pub(super) client_request_id: Option<String>,
    pub(super) patience: Patience,
    /// Tries that left this machine.
    pub(super) calls: u32,
    /// A try was never answered: the batch may have arrived.
    pub(super) doubtful: bool,
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
            doubtful: load.doubtful,
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

    /// The next try, which begins now.
    pub(super) fn call(
        &mut self,
        client_request_id: String,
        journal: Journal,
        now: Timestamp,
    ) -> Call {
        self.patience.begin(now);
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

/// How one try ended: the service staged the batch, or not for certain.
pub(super) type Outcome = Result<Receipt, Failure>;

/// The end of one try.
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
            Ok(_) if self.gate.close() => Err(cancelled().into()),
            Ok(ready) => self.exchange(parts, ready).await,
            Err(failure) => Err(failure),
        };
        match &outcome {
            // It may be under way still, and counts until it no longer can be.
            Err(failure) if failure.reach == Reach::NoAnswer => drop(permit),
            Err(failure) if !failure.reach.was_sent() => permit.over(0).await,
            Err(failure) => permit.over(failure.error.http_status.unwrap_or_default()).await,
            Ok(receipt) => permit.over(receipt.http_status).await,
        }
        outcome
    }

    /// All that comes before the first byte.
    async fn prepare(&self, parts: &Parts) -> Result<Ready, Failure> {
        let ask = bulk_upload::ask(&parts.config.target, self.body.clone())?;
        let ready = parts.graph.ready(&ask, &self.client_request_id).await?;
        self.journal.sent(self.entry, &self.client_request_id).await?;
        Ok(ready)
    }

    async fn exchange(&self, parts: &Parts, ready: Ready) -> Outcome {
        let answer = parts.graph.exchange(ready).await;
        Step::Answered.reached();
        let outcome = answer.map(|answer| Receipt::read(&answer));
        self.record(outcome).await
    }

    /// Writes down how a try ended, as far as that is certain. A refusal is judged first.
    async fn record(&self, outcome: Outcome) -> Outcome {
        let (journal, entry) = (&self.journal, self.entry);
        match &outcome {
            Ok(receipt) => {
                let request_id = receipt.request_id.clone().unwrap_or_default();
                if let Err(error) = journal.accepted(entry, request_id).await {
                    // Staged, and whoever goes on with this run cannot know it.
                    let (judgement, reach) = (Judgement::Stop, Reach::Unknown);
                    return Err(Failure { judgement, reach, error });
                }
            }
            Err(failure) if failure.reach.leaves_doubt() => {
                journal.in_doubt(entry.number, &failure.error).await;
            }
            Err(failure) if failure.judgement != Judgement::Refuse && !self.doubtful => {
                journal.not_staged(entry.number, failure.reach.was_sent()).await;
            }
            Err(_) => {}
        }
        outcome
    }
}
