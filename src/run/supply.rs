//! The run's batches, always one ahead; and how the parts of a run end.

use std::ops::Range;
use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::{JoinError, JoinHandle, spawn_blocking};

use super::events::Event;
use super::queue::EventQueue;
use super::sentences;
use crate::error::Error;
use crate::scim::bulk::Batch;
use crate::time::Clock;

/// A batch to send: its place in the plan and in the journal.
#[derive(Debug)]
pub(super) struct Load {
    pub(super) batch: Batch,
    /// The items it covers.
    pub(super) ordinals: Range<u64>,
    /// XXH3-128 of the body.
    pub(super) body_hash: u128,
    /// It waits until no batch up to this number is open.
    pub(super) after: u64,
    /// Whether it disables someone, and may use the reserve.
    pub(super) urgent: bool,
    /// Tries that left before the run went on here.
    pub(super) attempts: u64,
    /// Whether one of them may have arrived.
    pub(super) doubtful: bool,
}

/// Batches on demand.
pub(super) type Batches = Box<dyn Iterator<Item = Result<Load, Error>> + Send>;

/// Whom a check tells of its findings. It waits while the host is behind.
#[derive(Clone)]
pub(super) struct Listener {
    pub(super) run: String,
    /// The name under which the run holds its lease.
    pub(super) holder: String,
    pub(super) events: Arc<EventQueue>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) cancelled: watch::Receiver<bool>,
}

impl Listener {
    /// Passes an event on; fails when the run is cancelled, which ends the check.
    pub(super) fn tell(&self, event: Event) -> Result<(), Error> {
        self.still_wanted()?;
        self.events.push_patiently(event, self.clock.now());
        Ok(())
    }

    /// Fails when the run is cancelled.
    pub(super) fn still_wanted(&self) -> Result<(), Error> {
        if *self.cancelled.borrow() { Err(sentences::cancelled()) } else { Ok(()) }
    }
}

/// An iterator and what it gave.
type Step = (Batches, Option<Result<Load, Error>>);

/// The batches, the next of which is always in the making.
pub(super) struct Supply {
    idle: Option<Batches>,
    asked: Option<JoinHandle<Step>>,
}

impl Supply {
    pub(super) fn new(batches: Batches) -> Self {
        let mut supply = Supply { idle: Some(batches), asked: None };
        supply.ask();
        supply
    }

    fn ask(&mut self) {
        if let Some(mut batches) = self.idle.take() {
            self.asked = Some(spawn_blocking(move || {
                let next = batches.next();
                (batches, next)
            }));
        }
    }

    /// Whether there may be more.
    pub(super) fn is_open(&self) -> bool {
        self.asked.is_some()
    }

    /// The next batch. May be dropped and called again: none is lost.
    pub(super) async fn next(&mut self) -> Result<Option<Load>, Error> {
        let Some(asked) = &mut self.asked else { return Ok(None) };
        let answer = asked.await;
        self.asked = None;
        match answer {
            Ok((_, None)) => Ok(None),
            Ok((_, Some(Err(error)))) => Err(error),
            Ok((batches, Some(Ok(batch)))) => {
                self.idle = Some(batches);
                self.ask();
                Ok(Some(batch))
            }
            Err(lost) => Err(ended(&lost)),
        }
    }
}

/// Does `work`, which may block, on a thread for that.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    spawn_blocking(work).await.unwrap_or_else(|lost| Err(ended(&lost)))
}

/// As [`blocking`], unless the run is cancelled first. The work itself then goes on until it looks.
pub(super) async fn blocking_unless<T: Send + 'static>(
    flag: &watch::Receiver<bool>,
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let mut flag = flag.clone();
    tokio::select! {
        done = blocking(work) => done,
        () = cancellation(&mut flag) => Err(sentences::cancelled()),
    }
}

/// Completes when the host cancels the run.
pub(super) async fn cancellation(flag: &mut watch::Receiver<bool>) {
    // A flag without its run was raised when the run was dropped.
    let _ = flag.wait_for(|raised| *raised).await;
}

/// The error of a run one of whose parts came to no end of its own.
pub(super) fn ended(lost: &JoinError) -> Error {
    if lost.is_panic() { sentences::panicked() } else { sentences::shut_down() }
}
