//! The journal of a run that is kept: each step durable before the next one.

use std::sync::Arc;

use super::supply::{Load, blocking};
use crate::crash::Step;
use crate::error::Error;
use crate::store::{NewBatch, RunState, Store};
use crate::time::{Clock, Timestamp};

/// Writes down what happens to the batches of one run.
#[derive(Debug, Clone)]
pub(super) struct Journal {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    run: Arc<str>,
}

/// A batch as the journal knows it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub(super) number: u64,
    pub(super) body_hash: u128,
}

impl Journal {
    pub(super) fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>, run: &str) -> Self {
        Journal { store, clock, run: run.into() }
    }

    async fn write<T: Send + 'static>(
        &self,
        step: Step,
        work: impl FnOnce(&dyn Store, &str, Timestamp) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let Journal { store, clock, run } = self.clone();
        let written = blocking(move || work(&*store, &run, clock.now())).await?;
        step.reached();
        Ok(written)
    }

    /// Before a batch of a plan is ever sent.
    pub(super) async fn intend(&self, load: &Load, client_request_id: String) -> Result<(), Error> {
        let number = load.batch.number;
        let (body_hash, ordinals) = (load.body_hash, load.ordinals.clone());
        self.write(Step::Intended, move |store, run, now| {
            let client_request_id = &client_request_id;
            store.intend(run, &NewBatch { number, ordinals, body_hash, client_request_id }, now)
        })
        .await
    }

    /// Before the first byte of a try.
    pub(super) async fn sent(&self, entry: Entry, client_request_id: &str) -> Result<(), Error> {
        let id = client_request_id.to_owned();
        self.write(Step::MarkedSent, move |store, run, now| {
            store.mark_sent(run, entry.number, &id, now)
        })
        .await
    }

    /// After a try that nobody staged: it did not leave, or was answered so.
    pub(super) async fn not_staged(&self, number: u64, left: bool) {
        let written = self
            .write(Step::Unsent, move |store, run, _| store.unmark_sent(run, number, left))
            .await;
        if let Err(error) = written {
            // "Sent" asks for more than is needed: it is settled before anything newer.
            tracing::warn!(%error, "a try that came to nothing was not recorded");
        }
    }

    /// After a 202.
    pub(super) async fn accepted(&self, entry: Entry, request_id: String) -> Result<(), Error> {
        self.write(Step::Accepted, move |store, run, now| {
            store.accept(run, entry.number, entry.body_hash, &request_id, now).map(|_| ())
        })
        .await
    }

    /// After a try that nobody answered.
    pub(super) async fn in_doubt(&self, number: u64, error: &Error) {
        let error = serde_json::to_string(error).unwrap_or_default();
        let written = self
            .write(Step::Doubted, move |store, run, _| store.mark_in_doubt(run, number, &error))
            .await;
        if let Err(error) = written {
            // "Sent" says as much: it is settled before anything newer.
            tracing::warn!(%error, "a doubt was not recorded");
        }
    }

    /// After a refusal.
    pub(super) async fn refused(&self, entry: Entry, error: &Error) -> Result<(), Error> {
        let error = serde_json::to_string(error).unwrap_or_default();
        self.write(Step::Refused, move |store, run, now| {
            store.refuse(run, entry.number, entry.body_hash, &error, now)
        })
        .await
    }

    /// After the last answer, before the run's terminal event.
    pub(super) async fn ended(&self, state: RunState, summary: String) -> Result<(), Error> {
        self.write(Step::RunEnded, move |store, run, now| {
            store.set_run_state(run, state, Some(&summary), now)
        })
        .await
    }
}
