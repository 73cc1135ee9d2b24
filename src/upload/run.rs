//! A run: started, fed, watched, cancelled; it ends exactly once.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use tokio::sync::{oneshot, watch};
use tokio::task::spawn_blocking;
use tracing::Instrument;

use super::event::{Event, Numbered, Warning};
use super::queue::{EventQueue, Over};
use super::sending::Sending;
use super::summary::{End, Progress, Stage, Summary, Tally};
use super::supply::{Check, Listener, Supply, cancellation, cancelled, check, panicked};
use crate::client::Client;
use crate::clock::Timestamp;
use crate::config::Conversion;
use crate::error::{Error, ErrorKind};
use crate::prepare::Spool;

/// One upload: a source checked, then sent batch by batch.
///
/// It works on threads of the library; the methods here may be called from any thread, at the same
/// time. Events wait in a bounded queue, and when that is full the run waits for its host: take them
/// with [`Run::next_event`], or throw them away with [`Run::wait`]. Dropping a run cancels it and does
/// not wait for it.
pub struct Run {
    shared: Arc<Shared>,
    input: Mutex<Option<Input>>,
    cancel: watch::Sender<bool>,
}

/// Records are still being pushed.
struct Input {
    conversion: Conversion,
    spool: Spool,
    ready: oneshot::Sender<Check>,
}

/// What the run's task and its host have in common.
struct Shared {
    id: String,
    client: Client,
    events: Arc<EventQueue>,
    tally: Arc<Mutex<Tally>>,
    began: Timestamp,
}

impl Run {
    /// Starts a run with `arguments_json` (`docs/documents.md`, "Run"). Without `source.path` it waits
    /// for records: [`Run::push`] them, then [`Run::finish_input`]. What is wrong with the source or
    /// the mapping is told by the terminal event.
    ///
    /// # Errors
    /// `ConfigInvalid` with every problem; `OutputFailed` if pushed records cannot be kept;
    /// `ShuttingDown`.
    pub fn start(client: &Client, arguments_json: &[u8]) -> Result<Run, Error> {
        let mut conversion = Conversion::parse_run_arguments(arguments_json)?;
        let most = client.config().limits.batch;
        conversion.limits.operations = conversion.limits.operations.min(most.operations);
        conversion.limits.bytes = conversion.limits.bytes.min(most.bytes);
        let (ready, input) = oneshot::channel();
        if conversion.path.is_some() {
            // The receiver is right here.
            let _ = ready.send(check(conversion, None));
            return Self::launch(client, input, None);
        }
        let spool = Spool::new()?;
        Self::launch(client, input, Some(Input { conversion, spool, ready }))
    }

    /// Starts a run whose source comes through `input`.
    fn launch(
        client: &Client,
        input: oneshot::Receiver<Check>,
        pushed: Option<Input>,
    ) -> Result<Run, Error> {
        let runtime = client.runtime()?;
        let parts = client.parts();
        let (cancel, cancelled) = watch::channel(false);
        let shared = Arc::new(Shared {
            id: parts.random.uuid(),
            client: client.clone(),
            events: Arc::default(),
            tally: Arc::default(),
            began: parts.clock.now(),
        });
        let span = tracing::info_span!("run", run = %shared.id);
        let closing = Closing(Arc::clone(&shared));
        let task = async move {
            let end = conduct(&closing.0, input, cancelled).await;
            closing.0.finish(end);
        };
        runtime.spawn(task.instrument(span));
        Ok(Run { shared, input: Mutex::new(pushed), cancel })
    }

    fn input(&self) -> MutexGuard<'_, Option<Input>> {
        self.input.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds one record: a JSON object of column names and values, UTF-8.
    ///
    /// # Errors
    /// `InvalidArgument` where it is no JSON object; `InvalidState` after the last record, or where the
    /// run reads a file; `Cancelled` after [`Run::cancel`]; `OutputFailed`.
    pub fn push(&self, record: &[u8]) -> Result<(), Error> {
        if *self.cancel.borrow() {
            return Err(cancelled());
        }
        match &mut *self.input() {
            Some(input) => input.spool.push(record),
            None => Err(no_more_input()),
        }
    }

    /// Says that the last record was pushed; the check and then the sending begin.
    ///
    /// # Errors
    /// `InvalidState` if it was said before, or where the run reads a file.
    pub fn finish_input(&self) -> Result<(), Error> {
        let Input { conversion, spool, ready } = self.input().take().ok_or_else(no_more_input)?;
        // A run that ended before (cancelled) needs no source.
        let _ = ready.send(check(conversion, Some(spool)));
        Ok(())
    }

    /// The next event as JSON, waited for up to `timeout`; `None` if none came.
    ///
    /// # Errors
    /// `EndOfEvents` once the terminal event was taken.
    pub fn next_event(&self, timeout: Duration) -> Result<Option<String>, Error> {
        match self.next(timeout)? {
            Some(event) => serde_json::to_string(&event)
                .map(Some)
                .map_err(|error| Error::internal(format!("An event is no JSON: {error}."))),
            None => Ok(None),
        }
    }

    /// The next event, waited for up to `timeout`; `None` if none came. Blocks the thread.
    ///
    /// # Errors
    /// `EndOfEvents` once the terminal event was taken.
    pub fn next(&self, timeout: Duration) -> Result<Option<Numbered>, Error> {
        self.shared.events.take(timeout).map_err(|Over| {
            Error::new(
                ErrorKind::EndOfEvents,
                "The run's last event was already taken.",
                "Stop asking after the event finished.",
            )
        })
    }

    /// The next event, for asynchronous hosts; `None` once the terminal event was taken.
    pub async fn event(&self) -> Option<Numbered> {
        self.shared.events.taken().await
    }

    /// Throws events away until the run ends or `timeout` has passed; says whether it ended. The
    /// terminal event stays, for [`Run::next_event`].
    ///
    /// # Errors
    /// None at present; the signature leaves room.
    pub fn wait(&self, timeout: Duration) -> Result<bool, Error> {
        Ok(self.shared.events.wait(timeout))
    }

    /// How the run ended; `None` while it goes on.
    pub fn summary(&self) -> Option<Summary> {
        self.shared.events.summary()
    }

    /// How far the run is.
    pub fn progress(&self) -> Progress {
        self.shared.tally().progress(self.shared.client.parts().pacer.quota_left())
    }

    /// Hands in a fresh access token for this run's client; good for `expires_in` from now.
    ///
    /// # Errors
    /// `InvalidArgument` or `InvalidUtf8` if it cannot be a token.
    pub fn provide_token(&self, token: &[u8], expires_in: Duration) -> Result<(), Error> {
        self.shared.client.parts().sign_in.set_token(token, Some(expires_in))
    }

    /// Starts no more calls. Those under way may still be answered for a few seconds; then the terminal
    /// event comes. Returns at once; again, or after the end, it does nothing.
    pub fn cancel(&self) {
        self.cancel.send_replace(true);
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        self.cancel();
        self.shared.events.close();
    }
}

impl fmt::Debug for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run").field("id", &self.shared.id).finish_non_exhaustive()
    }
}

fn no_more_input() -> Error {
    Error::new(
        ErrorKind::InvalidState,
        "The run takes no records: it reads a file, or the last record was already pushed.",
        "Push before finish, into a run without source.path.",
    )
}

impl Shared {
    fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Appends the terminal event, unless there is one.
    fn finish(&self, end: End) {
        let now = self.client.parts().clock.now();
        let elapsed = u64::try_from(now.since(self.began).as_millis()).unwrap_or(u64::MAX);
        self.events.finish(now, || {
            let mut tally = self.tally();
            tally.stage = Stage::Finished;
            tally.in_flight = 0;
            let summary = tally.summary(&self.id, elapsed, end);
            tracing::info!(
                status = summary.status,
                rows = summary.rows,
                accepted = summary.accepted,
                calls = summary.calls,
                elapsed_ms = summary.elapsed_ms,
                "finished"
            );
            summary
        });
    }
}

/// Ends the run whatever becomes of its task: it returned, panicked, or its runtime was shut down.
struct Closing(Arc<Shared>);

impl Drop for Closing {
    fn drop(&mut self) {
        let error = if thread::panicking() {
            panicked()
        } else {
            Error::new(
                ErrorKind::ShuttingDown,
                "The library was shut down while the run went on.",
                "Start the run again in a new process.",
            )
        };
        self.0.finish(error.into());
    }
}

/// The run from its source to its end.
async fn conduct(
    shared: &Shared,
    input: oneshot::Receiver<Check>,
    cancelled_flag: watch::Receiver<bool>,
) -> End {
    let parts = shared.client.parts();
    let mut flag = cancelled_flag.clone();
    let listener = Listener {
        run: shared.id.clone(),
        events: Arc::clone(&shared.events),
        clock: Arc::clone(&parts.clock),
        cancelled: cancelled_flag.clone(),
    };
    let checking = async {
        // No sender: the host dropped the run before its last record.
        let check = input.await.map_err(|_| cancelled())?;
        spawn_blocking(move || check(&listener)).await.map_err(|_| panicked())?
    };
    let checked = tokio::select! {
        checked = checking => checked,
        () = cancellation(&mut flag) => Err(cancelled()),
    };
    let (totals, batches) = match checked {
        Ok(checked) => checked,
        Err(error) => return error.into(),
    };
    {
        let mut tally = shared.tally();
        tally.totals = totals;
        tally.stage = Stage::Sending;
    }
    shared.events.push(Event::Checked(totals), parts.clock.now()).await;
    let quota_left = parts.pacer.quota_left();
    if totals.calls > quota_left {
        let message = format!(
            "Sending takes {} calls, and the quota of these 24 hours has {quota_left} left; the rest \
             will have to wait.",
            totals.calls
        );
        let warning = Event::Warning(Warning::Run { message });
        shared.events.push(warning, parts.clock.now()).await;
    }
    let supply = Supply::new(batches);
    let (events, tally) = (Arc::clone(&shared.events), Arc::clone(&shared.tally));
    Sending::new(Arc::clone(parts), events, tally, supply, cancelled_flag).run().await
}

#[cfg(test)]
mod tests;
