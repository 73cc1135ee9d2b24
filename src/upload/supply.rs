//! The run's source: checked whole on a blocking thread, then asked for one batch ahead.

use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::{JoinHandle, spawn_blocking};

use super::event::{Event, Warning};
use super::queue::EventQueue;
use crate::clock::Clock;
use crate::config::Conversion;
use crate::error::{Error, ErrorKind, Severity};
use crate::prepare::{Prepared, Spool, Totals};
use crate::scim::bulk::Batch;

/// Batches on demand.
pub(super) type Batches = Box<dyn Iterator<Item = Result<Batch, Error>> + Send>;

/// The whole check of a source; it may block and take its time.
pub(super) type Check = Box<dyn FnOnce(&Listener) -> Result<(Totals, Batches), Error> + Send>;

/// Checks a conversion's source and opens its batches.
pub(super) fn check(conversion: Conversion, pushed: Option<Spool>) -> Check {
    Box::new(move |listener| {
        let opened = Prepared::open(conversion, pushed);
        let source = opened.as_ref().ok().map(|prepared| prepared.facts().clone());
        listener.tell(Event::Started { run: listener.run.clone(), source })?;
        let checked = opened?.check(&mut |severity, finding| {
            listener.tell(match severity {
                Severity::Error => Event::Rejected(finding),
                Severity::Warning => Event::Warning(Warning::Record(finding)),
            })
        })?;
        Ok((checked.totals(), Box::new(checked.batches()?)))
    })
}

/// Whom a check tells of its findings. It waits while the host is behind.
pub(super) struct Listener {
    pub(super) run: String,
    pub(super) events: Arc<EventQueue>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) cancelled: watch::Receiver<bool>,
}

impl Listener {
    /// Passes an event on; fails when the run is cancelled, which ends the check.
    pub(super) fn tell(&self, event: Event) -> Result<(), Error> {
        if *self.cancelled.borrow() {
            return Err(cancelled());
        }
        self.events.push_blocking(event, self.clock.now());
        Ok(())
    }
}

/// An iterator and what it gave.
type Step = (Batches, Option<Result<Batch, Error>>);

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
    pub(super) async fn next(&mut self) -> Result<Option<Batch>, Error> {
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
            Err(_) => Err(panicked()),
        }
    }
}

/// Completes when the host cancels the run.
pub(super) async fn cancellation(flag: &mut watch::Receiver<bool>) {
    // A flag without its run was raised when the run was dropped.
    let _ = flag.wait_for(|raised| *raised).await;
}

/// The error of a run that its host cancelled.
pub(super) fn cancelled() -> Error {
    Error::new(
        ErrorKind::Cancelled,
        "The host cancelled the run.",
        "Start it again to send the rest; users sent twice are the same.",
    )
}

/// The error of a run one of whose parts panicked.
pub(super) fn panicked() -> Error {
    Error::new(
        ErrorKind::Panic,
        "A part of the run panicked; the run ended there.",
        "Please report it, with the log of this run.",
    )
}
