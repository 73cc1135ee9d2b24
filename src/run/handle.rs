//! A run: started, fed, watched, cancelled; it ends exactly once.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

use tokio::sync::{oneshot, watch};
use tracing::Instrument;

use super::events::Numbered;
use super::open::Task;
use super::pace::Pacer;
use super::queue::{EventQueue, Over};
use super::summary::{End, Progress, Stage, Summary, Tally};
use super::supply::{Check, cancelled, check, panicked, shut_down};
use crate::client::Client;
use crate::convert::Spool;
use crate::error::{Error, ErrorKind};
use crate::plan::PlanArguments;
use crate::run::settings::{RunArguments, RunWork};
use crate::time::Timestamp;

/// One upload: a source checked, then sent batch by batch; or a plan executed, and kept in the state.
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
    arguments: Box<PlanArguments>,
    aim: Aim,
    spool: Spool,
    ready: oneshot::Sender<Work>,
}

/// What a run's task gets to do.
enum Work {
    /// Check a source and send all of it; nothing outlives the run.
    Send(Check),
    /// Make a plan of a source and store it; nothing is sent.
    Plan(Box<PlanArguments>, Option<Spool>),
    /// Execute a plan, under its target's lease, in the journal.
    Keep(Task),
}

/// What becomes of a source.
#[derive(Clone, Copy)]
enum Aim {
    Send,
    Plan,
    Keep,
}

impl Work {
    fn of_source(aim: Aim, arguments: Box<PlanArguments>, pushed: Option<Spool>) -> Work {
        match aim {
            Aim::Send => Work::Send(check(arguments.conversion, pushed)),
            Aim::Plan => Work::Plan(arguments, pushed),
            Aim::Keep => Work::Keep(Task::Upload(arguments, pushed)),
        }
    }
}

/// What the run's task and its host have in common.
struct Shared {
    /// The id of a run that begins here.
    id: String,
    /// Unlike the run's id this names one sitting: two processes cannot resume one run at once.
    holder: String,
    /// The id of the older run that goes on here.
    resumed: OnceLock<String>,
    /// The pace that the store keeps for everyone, where the run is kept.
    pacer: OnceLock<Arc<Pacer>>,
    waits: bool,
    client: Client,
    events: Arc<EventQueue>,
    tally: Arc<Mutex<Tally>>,
    began: Timestamp,
}

impl Run {
    /// Starts a run with `arguments_json` (`docs/documents.md`, "Run"). An upload without `source.path`
    /// waits for records: [`Run::push`] them, then [`Run::finish_input`]. What is wrong with the source,
    /// the mapping or the plan is told by the terminal event.
    ///
    /// Where the client keeps state, an upload makes a plan and executes it. With `planOnly` the run
    /// ends with the plan, as the operation `plan.create` would: no lease, no journal, no call.
    ///
    /// # Errors
    /// `ConfigInvalid` with every problem; `OutputFailed` if pushed records cannot be kept;
    /// `ShuttingDown`.
    pub fn start(client: &Client, arguments_json: &[u8]) -> Result<Run, Error> {
        let RunArguments { work, wait } = RunArguments::parse(arguments_json)?;
        let work = match work {
            RunWork::Apply(plan) => Work::Keep(Task::Apply(plan)),
            RunWork::Resume(run) => Work::Keep(Task::Resume(run)),
            RunWork::Plan(arguments) => return Self::source(client, Aim::Plan, arguments, wait),
            RunWork::Upload(arguments) => {
                let aim = if client.keeps_state() { Aim::Keep } else { Aim::Send };
                return Self::source(client, aim, arguments, wait);
            }
        };
        let (ready, input) = oneshot::channel();
        // The receiver is right here.
        let _ = ready.send(work);
        Self::launch(client, input, None, wait)
    }

    /// Executes the stored plan `plan`. With `wait` it also waits for quota and for another run's end.
    ///
    /// # Errors
    /// `ShuttingDown`; anything else is told by the terminal event: `NotFound`, `PlanStale`,
    /// `BrakeTripped`, `LockHeld`, `RunUnfinished`, and what sending and the state give.
    pub fn apply(client: &Client, plan: &str, wait: bool) -> Result<Run, Error> {
        let (ready, input) = oneshot::channel();
        let _ = ready.send(Work::Keep(Task::Apply(plan.to_owned())));
        Self::launch(client, input, None, wait)
    }

    /// Goes on with the run `run`, or with the one that was interrupted last; without one there is
    /// nothing to do. What was sent and not answered is sent again first, byte for byte.
    ///
    /// # Errors
    /// As [`Self::apply`].
    pub fn resume(client: &Client, run: Option<&str>, wait: bool) -> Result<Run, Error> {
        let (ready, input) = oneshot::channel();
        let _ = ready.send(Work::Keep(Task::Resume(run.map(str::to_owned))));
        Self::launch(client, input, None, wait)
    }

    fn source(
        client: &Client,
        aim: Aim,
        mut arguments: Box<PlanArguments>,
        wait: bool,
    ) -> Result<Run, Error> {
        let most = client.config().limits.batch;
        let limits = &mut arguments.conversion.limits;
        limits.operations = limits.operations.min(most.operations);
        limits.bytes = limits.bytes.min(most.bytes);
        let (ready, input) = oneshot::channel();
        if !arguments.conversion.is_pushed() {
            let _ = ready.send(Work::of_source(aim, arguments, None));
            return Self::launch(client, input, None, wait);
        }
        let spool = Spool::new()?;
        Self::launch(client, input, Some(Input { arguments, aim, spool, ready }), wait)
    }

    /// Starts a run whose work comes through `input`.
    fn launch(
        client: &Client,
        input: oneshot::Receiver<Work>,
        pushed: Option<Input>,
        waits: bool,
    ) -> Result<Run, Error> {
        let runtime = client.runtime()?;
        let parts = client.parts();
        let (cancel, cancelled) = watch::channel(false);
        let id = parts.random.uuid_at(parts.clock.now());
        let process = std::process::id();
        let shared = Arc::new(Shared {
            holder: format!("run {id} (process {process}, {:08x})", parts.random.bits() >> 32),
            id,
            resumed: OnceLock::new(),
            pacer: OnceLock::new(),
            waits,
            client: client.clone(),
            events: Arc::default(),
            tally: Arc::default(),
            began: parts.clock.now(),
        });
        let span = tracing::info_span!("run", run = %shared.id);
        let closing = Closing(Arc::clone(&shared));
        let task = async move {
            let end = conduct::conduct(&closing.0, input, cancelled).await;
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
        let Input { arguments, aim, spool, ready } =
            self.input().take().ok_or_else(no_more_input)?;
        // A run that ended before (cancelled) needs no source.
        let _ = ready.send(Work::of_source(aim, arguments, Some(spool)));
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
        self.shared.tally().progress(self.shared.pacer().quota_left())
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

    fn id(&self) -> &str {
        self.resumed.get().unwrap_or(&self.id)
    }

    fn pacer(&self) -> &Arc<Pacer> {
        self.pacer.get().unwrap_or(&self.client.parts().pacer)
    }

    fn summary(&self, end: End) -> Summary {
        let now = self.client.parts().clock.now();
        let elapsed = u64::try_from(now.since(self.began).as_millis()).unwrap_or(u64::MAX);
        self.tally().summary(self.id(), elapsed, end)
    }

    /// Appends the terminal event, unless there is one.
    fn finish(&self, end: End) {
        let now = self.client.parts().clock.now();
        self.events.finish(now, || {
            {
                let mut tally = self.tally();
                tally.stage = Stage::Finished;
                tally.in_flight = 0;
            }
            let summary = self.summary(end);
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
        let error = if thread::panicking() { panicked() } else { shut_down() };
        self.0.finish(error.into());
    }
}

mod conduct;
#[cfg(test)]
mod tests;
