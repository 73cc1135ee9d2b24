//! The producer's side of a run: findings become events, batches go into a bounded channel.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use tokio::sync::watch;
use tokio::task::{JoinHandle, spawn_blocking};

use super::event::{Event, Warning};
use super::queue::EventQueue;
use crate::clock::Clock;
use crate::error::{Error, ErrorKind, Severity};
use crate::prepare::Totals;
use crate::rejection::Finding;
use crate::scim::bulk::Batch;

/// Batches made ahead of the calls.
const AHEAD: usize = 4;

/// What a run gets from its source, in this order: the totals, batches, the end.
#[derive(Debug)]
pub(super) enum Delivery {
    Checked(Totals),
    Batch(Batch),
    End(Result<(), Error>),
}

/// What a source does on its thread: report findings, the totals, then the batches.
pub(super) type Work = Box<dyn FnOnce(&mut Feed) -> Result<(), Error> + Send>;

/// Where the work delivers to. Blocks while the host or the service is behind; fails with `Cancelled`
/// when the run needs nothing more.
pub(super) struct Feed {
    pub(super) events: Arc<EventQueue>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) stopped: watch::Receiver<bool>,
    channel: SyncSender<Delivery>,
}

impl Feed {
    fn event(&self, event: Event) -> Result<(), Error> {
        if *self.stopped.borrow() {
            return Err(stopped());
        }
        self.events.push_blocking(event, self.clock.now());
        Ok(())
    }

    pub(super) fn finding(&mut self, severity: Severity, finding: Finding) -> Result<(), Error> {
        self.event(match severity {
            Severity::Error => Event::Rejected(finding),
            Severity::Warning => Event::Warning(Warning::Record(finding)),
        })
    }

    pub(super) fn checked(&mut self, totals: Totals) -> Result<(), Error> {
        self.event(Event::Checked(totals))?;
        self.deliver(Delivery::Checked(totals))
    }

    pub(super) fn batch(&mut self, batch: Batch) -> Result<(), Error> {
        self.deliver(Delivery::Batch(batch))
    }

    fn deliver(&self, delivery: Delivery) -> Result<(), Error> {
        self.channel.send(delivery).map_err(|_| stopped())
    }
}

fn stopped() -> Error {
    Error::new(ErrorKind::Cancelled, "The run ended before its source did.", "")
}

/// The run's side: deliveries, one after the other.
pub(super) struct Deliveries {
    receiver: Option<Receiver<Delivery>>,
    asked: Option<JoinHandle<(Receiver<Delivery>, Delivery)>>,
}

impl Deliveries {
    /// Starts the work on a thread of its own.
    pub(super) fn start(
        work: Work,
        events: Arc<EventQueue>,
        clock: Arc<dyn Clock>,
        stopped: watch::Receiver<bool>,
    ) -> Result<Self, Error> {
        let (channel, receiver) = sync_channel(AHEAD);
        let mut feed = Feed { events, clock, stopped, channel };
        thread::Builder::new()
            .name("entrabulk-source".to_owned())
            .spawn(move || {
                let result = work(&mut feed);
                // Nobody listens any more if the run ended first.
                let _ = feed.deliver(Delivery::End(result));
            })
            .map_err(|error| Error::internal(format!("No thread could be started: {error}.")))?;
        Ok(Deliveries { receiver: Some(receiver), asked: None })
    }

    /// The next delivery. May be dropped and called again: nothing is lost.
    ///
    /// It waits on a blocking thread, which stops virtual time for as long as the source computes.
    pub(super) async fn next(&mut self) -> Delivery {
        if let Some(receiver) = self.receiver.take() {
            self.asked = Some(spawn_blocking(move || {
                // Without an end before it, a closed channel means that the work panicked.
                let delivery = receiver.recv().unwrap_or_else(|_| Delivery::End(Err(panicked())));
                (receiver, delivery)
            }));
        }
        let Some(asked) = &mut self.asked else { return Delivery::End(Err(panicked())) };
        let answer = asked.await;
        self.asked = None;
        match answer {
            Ok((receiver, delivery)) => {
                self.receiver = Some(receiver);
                delivery
            }
            Err(_) => Delivery::End(Err(panicked())),
        }
    }
}

/// The error of a run one of whose parts panicked.
pub(super) fn panicked() -> Error {
    Error::new(
        ErrorKind::Panic,
        "A part of the run panicked; the run ended there.",
        "Please report it, with the log of this run.",
    )
}
