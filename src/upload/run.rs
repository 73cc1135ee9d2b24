//! A run: started, fed, watched, cancelled; it ends exactly once.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

use tokio::sync::{oneshot, watch};
use tokio::task::spawn_blocking;
use tracing::Instrument;

use super::event::{Event, Numbered, Warning};
use super::journal::Journal;
use super::lease::Lease;
use super::open::{Expected, Opened, Task, make, open};
use super::pace::Pacer;
use super::queue::{EventQueue, Over};
use super::sending::{Means, Sending};
use super::shared::SharedLedger;
use super::summary::{End, Progress, Stage, Summary, Tally};
use super::supply::{
    Check, Listener, Supply, cancellation, cancelled, check, ended, panicked, shut_down,
};
use crate::client::Client;
use crate::clock::Timestamp;
use crate::config::{PlanArguments, RunArguments, RunWork};
use crate::error::{Error, ErrorKind};
use crate::plan;
use crate::prepare::Spool;
use crate::store::{RunState, Store};

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
        if arguments.conversion.path.is_some() {
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
        let shared = Arc::new(Shared {
            id: parts.random.uuid_at(parts.clock.now()),
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

/// The run from its source to its end.
async fn conduct(
    shared: &Shared,
    input: oneshot::Receiver<Work>,
    cancelled_flag: watch::Receiver<bool>,
) -> End {
    let mut flag = cancelled_flag.clone();
    let work = tokio::select! {
        // No sender: the host dropped the run before its last record.
        work = input => work.map_err(|_| cancelled()),
        () = cancellation(&mut flag) => Err(cancelled()),
    };
    match work {
        Ok(Work::Send(check)) => send(shared, check, cancelled_flag).await,
        Ok(Work::Plan(arguments, pushed)) => {
            plan(shared, arguments, pushed, cancelled_flag).await.unwrap_or_else(End::from)
        }
        Ok(Work::Keep(task)) => keep(shared, task, cancelled_flag).await.unwrap_or_else(|end| end),
        Err(error) => error.into(),
    }
}

impl Shared {
    fn listener(&self, cancelled: watch::Receiver<bool>) -> Listener {
        Listener {
            run: self.id.clone(),
            events: Arc::clone(&self.events),
            clock: Arc::clone(&self.client.parts().clock),
            cancelled,
        }
    }

    async fn tell(&self, event: Event) {
        self.events.push(event, self.client.parts().clock.now()).await;
    }

    /// Sends `batches`, of which the tally knows the totals.
    async fn send(
        &self,
        batches: super::supply::Batches,
        journal: Option<Journal>,
        cancelled: watch::Receiver<bool>,
    ) -> End {
        let totals = {
            let mut tally = self.tally();
            tally.stage = Stage::Sending;
            tally.totals
        };
        self.tell(Event::Checked(totals)).await;
        let quota_left = self.pacer().quota_left();
        if totals.calls > quota_left {
            let message = format!(
                "Sending takes {} calls, and the quota of these 24 hours has {quota_left} left; the \
                 rest will have to wait.",
                totals.calls
            );
            self.tell(Event::Warning(Warning::Run { message })).await;
        }
        let parts = Arc::clone(self.client.parts());
        let means = Means { pacer: Arc::clone(self.pacer()), journal, waits: self.waits };
        let (events, tally) = (Arc::clone(&self.events), Arc::clone(&self.tally));
        Sending::new(parts, means, events, tally, Supply::new(batches), cancelled).run().await
    }
}

/// A run that nothing is kept of.
async fn send(shared: &Shared, check: Check, cancelled_flag: watch::Receiver<bool>) -> End {
    let listener = shared.listener(cancelled_flag.clone());
    let mut flag = cancelled_flag.clone();
    let checked = tokio::select! {
        checked = spawn_blocking(move || check(&listener)) =>
            checked.unwrap_or_else(|lost| Err(ended(&lost))),
        () = cancellation(&mut flag) => Err(cancelled()),
    };
    match checked {
        Ok((totals, batches)) => {
            shared.tally().totals = totals;
            shared.send(batches, None, cancelled_flag).await
        }
        Err(error) => error.into(),
    }
}

/// A run that ends with its plan.
async fn plan(
    shared: &Shared,
    arguments: Box<PlanArguments>,
    pushed: Option<Spool>,
    cancelled_flag: watch::Receiver<bool>,
) -> Result<End, Error> {
    let (client, listener) = (shared.client.clone(), shared.listener(cancelled_flag));
    let planning = spawn_blocking(move || {
        let store = client.store()?;
        let plan = make(&client, &*store, *arguments, pushed, &listener)?;
        let document = plan::document(&plan)?;
        listener.tell(Event::Planned { plan: document.clone() })?;
        Ok::<_, Error>((Expected::of(&plan)?, plan.id, document["exitCode"].as_u64()))
    });
    let (expected, id, code) = planning.await.unwrap_or_else(|lost| Err(ended(&lost)))?;
    let mut tally = shared.tally();
    (tally.totals, tally.plan) = (expected.totals, Some(id));
    (tally.unchanged, tally.absent) = (expected.unchanged, expected.absent);
    tally.only_planned = code.and_then(|code| u8::try_from(code).ok());
    Ok(End::default())
}

/// A run that is kept: under the lease of its target, every step in the journal.
async fn keep(
    shared: &Shared,
    task: Task,
    mut cancelled_flag: watch::Receiver<bool>,
) -> Result<End, End> {
    let parts = shared.client.parts();
    let client = shared.client.clone();
    let opening = spawn_blocking(move || {
        let store = client.store()?;
        let target = client.desk(&*store)?.target;
        Ok::<_, Error>((store, target))
    });
    let (store, target) = opening.await.unwrap_or_else(|lost| Err(ended(&lost)))?;
    // Unlike the run's id this names one sitting: two processes cannot resume one run at once.
    let holder = format!(
        "run {} (process {}, {:08x})",
        shared.id,
        std::process::id(),
        parts.random.bits() >> 32
    );
    let lease = Lease::take(
        (Arc::clone(&store), Arc::clone(&parts.clock)),
        target.id,
        holder,
        shared.waits,
        &shared.events,
        &mut cancelled_flag,
    )
    .await?;
    tokio::select! {
        end = execute(shared, task, &store, target, cancelled_flag) => {
            lease.release().await;
            end
        }
        lost = lease.renew() => Err(lost.into()),
    }
}

async fn execute(
    shared: &Shared,
    task: Task,
    store: &Arc<dyn Store>,
    target: crate::store::Target,
    cancelled_flag: watch::Receiver<bool>,
) -> Result<End, End> {
    let parts = shared.client.parts();
    let listener = shared.listener(cancelled_flag.clone());
    let (client, of) = (shared.client.clone(), Arc::clone(store));
    let opening = spawn_blocking(move || {
        let opened = open(&client, &of, task, &listener)?;
        let Some(opened) = opened else { return Ok(None) };
        let (limits, clock) = (client.config().call_limits(), Arc::clone(&client.parts().clock));
        let run = opened.run.clone();
        let ledger = SharedLedger::open(of, target.tenant, limits, clock, run)?;
        Ok::<_, Error>(Some((opened, ledger)))
    });
    let opened = opening.await.unwrap_or_else(|lost| Err(ended(&lost)))?;
    let Some((Opened { run, plan, expected, before, batches }, ledger)) = opened else {
        return Ok(End::default());
    };
    if run != shared.id {
        let _ = shared.resumed.set(run.clone());
    }
    let clock = Arc::clone(&parts.clock);
    let pacer = Pacer::sharing(&parts.config.limits, Arc::new(ledger), clock);
    let _ = shared.pacer.set(Arc::new(pacer));
    {
        let mut tally = shared.tally();
        (tally.totals, tally.plan) = (expected.totals, Some(plan));
        (tally.unchanged, tally.absent) = (expected.unchanged, expected.absent);
        (tally.accepted, tally.refused) = (before.accepted, before.refused);
        tally.in_doubt = before.in_doubt;
        (tally.calls, tally.batches) = (before.calls, before.batches);
    }
    let journal = Journal::new(Arc::clone(store), Arc::clone(&parts.clock), &run);
    let mut end = shared.send(batches, Some(journal.clone()), cancelled_flag).await;
    let summary = shared.summary(end.clone());
    let all = summary.not_sent == 0 && summary.in_doubt == 0;
    let state = if all { RunState::Finished } else { RunState::Stopped };
    let document = serde_json::to_string(&summary).unwrap_or_default();
    if let Err(error) = journal.ended(state, document).await {
        end.error.get_or_insert(error);
    }
    Ok(end)
}

#[cfg(test)]
mod tests;
