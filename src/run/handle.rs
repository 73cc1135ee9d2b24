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
use super::sentences;
use super::settings::{RunArguments, RunWork};
use super::summary::{End, Progress, Summary, Tally};
use crate::client::Client;
use crate::convert::Spool;
use crate::error::Error;
use crate::plan::{Consent, PlanArguments};

/// One upload: a source checked, then sent batch by batch; or a plan executed, and kept in the state.
///
/// It works on threads of the library; the methods here may be called from any thread, at the same
/// time. Events wait in a bounded queue: take them with [`Run::next_event`], or throw them away with
/// [`Run::wait`]. While that is full a check waits for its host, for as long as this takes an event every
/// 5 seconds; else progress, rejected records and warnings about records are dropped, and counted in
/// [`Summary::events_dropped`]. Dropping a run cancels it and does not wait for it.
pub struct Run {
    shared: Arc<Shared>,
    input: Mutex<Option<Input>>,
    cancel: watch::Sender<bool>,
}

/// Records are still being pushed.
struct Input {
    arguments: Box<PlanArguments>,
    plan_only: bool,
    spool: Spool,
    ready: oneshot::Sender<Task>,
}

/// What the run's task and its host have in common.
struct Shared {
    /// The id of a run that begins here.
    id: String,
    /// Unlike the run's id this names one sitting: two processes cannot resume one run at once.
    holder: String,
    /// The id of the older run that goes on here.
    resumed: OnceLock<String>,
    /// The run's way to the ledger, once it is open.
    pacer: OnceLock<Arc<Pacer>>,
    waits: bool,
    client: Client,
    events: Arc<EventQueue>,
    tally: Arc<Mutex<Tally>>,
}

impl Run {
    /// Starts a run with `arguments_json` (`docs/documents.md`, "Run"). An upload without `source.path`
    /// waits for records: [`Run::push`] them, then [`Run::finish_input`]. What is wrong with the source,
    /// the mapping or the plan is told by the terminal event.
    ///
    /// An upload first settles what an earlier run left without an answer, then makes a plan and executes it.
    /// With `planOnly` the run ends with the plan, as the operation `plan.create` would: no lease, no
    /// journal, no call.
    ///
    /// # Errors
    /// `ConfigInvalid` with every problem; `OutputFailed` if pushed records cannot be kept;
    /// `ShuttingDown`.
    pub fn start(client: &Client, arguments_json: &[u8]) -> Result<Run, Error> {
        let RunArguments { work, wait } = RunArguments::parse(arguments_json)?;
        if let RunWork::Upload(arguments) = &work
            && arguments.settings.consent == Consent::Rehearsal
            && client.config().target.simulator.is_none()
        {
            return Err(sentences::rehearsal_for_real());
        }
        match work {
            RunWork::Apply(plan) => Self::launch(client, Task::Apply(plan), wait),
            RunWork::Resume(run) => Self::launch(client, Task::Resume(run), wait),
            RunWork::Plan(arguments) => Self::source(client, arguments, true, wait),
            RunWork::Upload(arguments) => Self::source(client, arguments, false, wait),
        }
    }

    /// Executes the stored plan `plan`. With `wait` it also waits for quota and for another run's end.
    ///
    /// # Errors
    /// `ShuttingDown`; anything else is told by the terminal event: `NotFound`, `PlanStale`,
    /// `BrakeTripped`, `LockHeld`, `RunUnfinished`, and what sending and the state give.
    pub fn apply(client: &Client, plan: &str, wait: bool) -> Result<Run, Error> {
        Self::launch(client, Task::Apply(plan.to_owned()), wait)
    }

    /// Goes on with the run `run`, or with the one that was interrupted last; without one there is
    /// nothing to do. What was sent and not answered is sent again first, byte for byte.
    ///
    /// # Errors
    /// As [`Self::apply`].
    pub fn resume(client: &Client, run: Option<&str>, wait: bool) -> Result<Run, Error> {
        Self::launch(client, Task::Resume(run.map(str::to_owned)), wait)
    }

    fn source(
        client: &Client,
        arguments: Box<PlanArguments>,
        plan_only: bool,
        wait: bool,
    ) -> Result<Run, Error> {
        if !arguments.conversion.is_pushed() {
            return Self::launch(client, Task::of_source(arguments, None, plan_only), wait);
        }
        let (ready, task) = oneshot::channel();
        let spool = Spool::new()?;
        Self::drive(client, task, Some(Input { arguments, plan_only, spool, ready }), wait)
    }

    fn launch(client: &Client, task: Task, waits: bool) -> Result<Run, Error> {
        let (ready, input) = oneshot::channel();
        // The receiver is right here.
        let _ = ready.send(task);
        Self::drive(client, input, None, waits)
    }

    /// Starts a run whose task comes through `input`.
    fn drive(
        client: &Client,
        input: oneshot::Receiver<Task>,
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
            tally: Arc::new(Mutex::new(Tally { began: parts.clock.now(), ..Tally::default() })),
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
            return Err(sentences::cancelled());
        }
        match &mut *self.input() {
            Some(input) => input.spool.push(record),
            None => Err(sentences::not_pushed()),
        }
    }

    /// Says that the last record was pushed; the check and then the sending begin.
    ///
    /// # Errors
    /// `InvalidState` if it was said before, or where the run reads a file.
    pub fn finish_input(&self) -> Result<(), Error> {
        let Input { arguments, plan_only, spool, ready } =
            self.input().take().ok_or_else(sentences::not_pushed)?;
        // A run that ended before (cancelled) needs no source.
        let _ = ready.send(Task::of_source(arguments, Some(spool), plan_only));
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
        self.shared.events.take(timeout).map_err(|Over| sentences::end_of_events())
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

    /// How far the run is, and once it is over how it ended.
    pub fn progress(&self) -> Progress {
        // First the summary, for nothing is counted after it.
        let summary = self.summary();
        let progress = self.shared.progress();
        summary.map_or(progress, |summary| progress.ended(&summary))
    }

    /// Hands in a fresh access token for this run's client; good for `expires_in` from now.
    ///
    /// # Errors
    /// `InvalidArgument` or `InvalidUtf8` if it cannot be a token.
    pub fn provide_token(&self, token: &[u8], expires_in: Duration) -> Result<(), Error> {
        self.shared.client.parts().graph.sign_in.set_token(token, Some(expires_in))
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

impl Shared {
    fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn id(&self) -> &str {
        self.resumed.get().unwrap_or(&self.id)
    }

    /// What the daily quota has left; until the ledger was asked, all of it.
    fn quota_left(&self) -> u64 {
        let all = || self.client.config().limits.calls_per_day as u64;
        self.pacer.get().map_or_else(all, |pacer| pacer.quota_left())
    }

    fn summary(&self, end: End) -> Summary {
        let now = self.client.parts().clock.now();
        self.tally().summary(self.id(), now, self.events.dropped(), end)
    }

    fn progress(&self) -> Progress {
        let (now, left) = (self.client.parts().clock.now(), self.quota_left());
        self.tally().progress(now, left, self.events.dropped())
    }

    /// Appends the terminal event, unless there is one.
    fn finish(&self, end: End) {
        let now = self.client.parts().clock.now();
        self.events.finish(now, || {
            self.tally().in_flight = 0;
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
        let error =
            if thread::panicking() { sentences::panicked() } else { sentences::shut_down() };
        self.0.finish(error.into());
    }
}

mod conduct;
#[cfg(test)]
mod tests;
