//! A batch on its way, and one try to deliver it: what [`Delivery`] says, done.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::delivery::{Delivery, Event, Record, Then};
use super::journal::{Entry, Journal};
use super::pace::Permit;
use super::sentences;
use super::supply::Load;
use crate::client::Parts;
use crate::crash::Step;
use crate::error::Error;
use crate::graph::answer::{Failure, Reach};
use crate::graph::bulk_upload::{self, Receipt};
use crate::graph::call::Ready;

/// A batch and where its delivery stands.
pub(super) struct Parcel {
    pub(super) load: Load,
    /// The client-request-id of its first try.
    pub(super) client_request_id: Option<String>,
    pub(super) delivery: Delivery,
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
            delivery: Delivery::new(load.attempts, load.doubtful),
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

    /// The next try.
    pub(super) fn call(&mut self, client_request_id: String, journal: Journal) -> Call {
        self.gate = Gate::default();
        Call {
            client_request_id,
            body: self.load.batch.body.clone(),
            journal,
            entry: Entry { number: self.number(), body_hash: self.load.body_hash },
            delivery: self.delivery.clone(),
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
    /// Where the delivery stands now.
    pub(super) delivery: Delivery,
    pub(super) then: Then,
    /// Why the journal lacks what whoever goes on with this run has to know.
    pub(super) unrecorded: Option<Error>,
}

/// One try.
pub(super) struct Call {
    client_request_id: String,
    body: bytes::Bytes,
    journal: Journal,
    entry: Entry,
    delivery: Delivery,
    gate: Gate,
}

impl Call {
    /// A token, one exchange, its meaning, put on record. The permit ends with the exchange.
    pub(super) async fn make(mut self, parts: &Parts, permit: Permit) -> Ended {
        let policy = &parts.config.retry;
        let (event, outcome) = self.attempt(parts).await;
        let (mut delivery, effects) = self.delivery.step(event, policy);
        let unrecorded = match effects.record {
            Some(record) => self.record(record, &outcome).await.err(),
            None => None,
        };
        if unrecorded.is_some() {
            delivery = delivery.step(Event::Unrecorded, policy).0;
        }
        match &outcome {
            // It may be under way still, and counts until it no longer can be.
            Err(failure) if failure.reach == Reach::NoAnswer => drop(permit),
            Err(failure) if !failure.reach.was_sent() => permit.over(0).await,
            Err(failure) => permit.over(failure.error.http_status.unwrap_or_default()).await,
            Ok(receipt) => permit.over(receipt.http_status).await,
        }
        Ended {
            batch: self.entry.number,
            client_request_id: self.client_request_id,
            outcome,
            delivery,
            then: effects.then,
            unrecorded,
        }
    }

    /// The try itself, and what it means to the delivery.
    async fn attempt(&mut self, parts: &Parts) -> (Event, Outcome) {
        let outcome = match self.prepare(parts).await {
            Ok(_) if self.gate.close() => {
                // Whoever gave it up has counted it, and another run may have the journal by now.
                return (Event::Abandoned { left: false }, Err(sentences::cancelled().into()));
            }
            Ok(ready) => {
                let answer = parts.graph.exchange(ready).await;
                Step::Answered.reached();
                answer.map(|answer| Receipt::read(&answer))
            }
            Err(failure) => Err(failure),
        };
        let event = match &outcome {
            Ok(_) => Event::Accepted,
            Err(Failure { judgement, reach, .. }) => Event::Failed {
                judgement: *judgement,
                reach: *reach,
                now: parts.clock.now(),
                chance: parts.random.bits(),
            },
        };
        (event, outcome)
    }

    /// All that comes before the first byte.
    async fn prepare(&mut self, parts: &Parts) -> Result<Ready, Failure> {
        let ask = bulk_upload::ask(&parts.config.target, self.body.clone())?;
        let ready = parts.graph.ready(&ask, &self.client_request_id).await?;
        self.journal.sent(self.entry, &self.client_request_id).await?;
        self.delivery = self.delivery.step(Event::Marked, &parts.config.retry).0;
        Ok(ready)
    }

    async fn record(&self, record: Record, outcome: &Outcome) -> Result<(), Error> {
        let (journal, entry) = (&self.journal, self.entry);
        match (record, outcome) {
            (Record::NotStaged { left }, _) => journal.not_staged(entry.number, left).await,
            (Record::InDoubt, Err(failure)) => journal.in_doubt(entry.number, &failure.error).await,
            (Record::Refused, Err(failure)) => return journal.refused(entry, &failure.error).await,
            (Record::Accepted, Ok(receipt)) => {
                let request_id = receipt.request_id.clone().unwrap_or_default();
                return journal.accepted(entry, request_id).await;
            }
            _ => {}
        }
        Ok(())
    }
}
