//! A run of a stored plan, opened: the plan judged again, the run in the journal, its batches at hand.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use super::events::{Event, Warning};
use super::loads::{Loads, Users};
use super::summary::Tally;
use super::supply::{Batches, Listener};
use crate::client::Client;
use crate::convert::Conversion;
use crate::convert::{self, Checked, Prepared, Rendered, Spool, Totals};
use crate::error::{Error, ErrorKind, Severity};
use crate::plan::PlanArguments;
use crate::plan::{self, About, Origin};
use crate::scim::bulk::BatchLimits;
use crate::store::{self, Actions, BatchState, ItemFilter, Keep, NewRun, Plan, RunState, Store};

/// What a kept run is to do.
#[derive(Debug)]
pub(super) enum Task {
    /// Make a plan of a source, then execute it.
    Upload(Box<PlanArguments>, Option<Spool>),
    /// Execute a stored plan.
    Apply(String),
    /// Go on with a run: that one, or whichever was interrupted.
    Resume(Option<String>),
}

/// A run ready to send.
pub(super) struct Opened {
    pub(super) run: String,
    pub(super) plan: String,
    pub(super) expected: Expected,
    pub(super) before: Before,
    pub(super) batches: Batches,
}

/// What a plan says of the users it is about.
pub(super) struct Expected {
    pub(super) totals: Totals,
    pub(super) unchanged: u64,
    pub(super) absent: u64,
}

impl Expected {
    pub(super) fn of(plan: &Plan) -> Result<Self, Error> {
        let counts = &plan.facts.counts;
        let about = About::of(plan)?;
        let rows = match about.origin {
            Origin::Source { .. } => plan.facts.rows,
            // It has no rows of its own.
            Origin::Undo { .. } => 0,
        };
        let totals = Totals {
            rows,
            users: counts.sent(),
            rejected: counts.rejected,
            out_of_scope: counts.out_of_scope,
            warnings: 0,
            calls: about.cost.calls,
        };
        let known = counts.rejected + counts.out_of_scope + counts.unchanged + counts.skipped;
        Ok(Expected {
            totals,
            unchanged: counts.unchanged,
            absent: (counts.sent() + known).saturating_sub(rows),
        })
    }

    /// The counts of the run of plan `plan` begin with these.
    pub(super) fn into_tally(self, tally: &mut Tally, plan: String) {
        (tally.totals, tally.plan) = (self.totals, Some(plan));
        (tally.unchanged, tally.absent) = (self.unchanged, self.absent);
    }
}

/// What earlier sittings of the run came to.
#[derive(Debug, Default)]
pub(super) struct Before {
    pub(super) accepted: u64,
    pub(super) refused: u64,
    pub(super) in_doubt: u64,
    pub(super) calls: u64,
    pub(super) batches: u64,
}

/// Opens what `task` says; `None` if there is nothing to resume. Blocks.
pub(super) fn open(
    client: &Client,
    store: &Arc<dyn Store>,
    task: Task,
    listener: &Listener,
) -> Result<Option<Opened>, Error> {
    match task {
        Task::Upload(arguments, pushed) => {
            let (plan, source) = make(client, &**store, *arguments, pushed, listener)?;
            // An export that was still being written looks like one with fewer people.
            source.still_the_same()?;
            start(client, store, &plan, listener, || source.again()).map(Some)
        }
        Task::Apply(id) => {
            let plan = store.plan(&id)?;
            tell_started(listener, &listener.run, &plan)?;
            let here = client.desk(&**store)?.target.id;
            if plan.target != here {
                return Err(Error::new(
                    ErrorKind::InvalidArgument,
                    format!("Plan {id} was made for another target than the configuration names."),
                    "Use the configuration that the plan was made with.",
                ));
            }
            source_unmoved(&plan)?;
            start(client, store, &plan, listener, || reopened(&plan)).map(Some)
        }
        Task::Resume(run) => resume(client, store, run, listener),
    }
}

/// Makes a plan of a source and stores it; tells of what is found on the way. Gives the source, too.
/// Blocks.
pub(super) fn make(
    client: &Client,
    store: &dyn Store,
    arguments: PlanArguments,
    pushed: Option<Spool>,
    listener: &Listener,
) -> Result<(Plan, Checked), Error> {
    let started = Event::Started { run: listener.run.clone(), source: None, plan: None };
    listener.tell(started)?;
    plan::create(&client.desk(store)?, arguments, pushed, &mut |severity, finding| {
        listener.tell(match severity {
            Severity::Error => Event::Rejected(finding),
            Severity::Warning => Event::Warning(Warning::Record(finding)),
        })
    })
}

fn tell_started(listener: &Listener, run: &str, plan: &Plan) -> Result<(), Error> {
    let plan = Some(plan.id.clone());
    listener.tell(Event::Started { run: run.to_owned(), source: None, plan })
}

/// Judges the plan as it is now, and begins its run. `source` opens what the plan was made from.
fn start(
    client: &Client,
    store: &Arc<dyn Store>,
    plan: &Plan,
    listener: &Listener,
    source: impl FnOnce() -> Result<Prepared, Error>,
) -> Result<Opened, Error> {
    listener.tell(Event::Planned { plan: plan::document(plan)? })?;
    let clock = &client.parts().clock;
    let judgement = plan::judge_again(&**store, plan, clock.now())?;
    if judgement.blocked() {
        let names = judgement.protected.iter().take(5).map(|id| format!("\"{id}\""));
        return Err(Error::new(
            ErrorKind::BrakeTripped,
            format!(
                "Plan {} would disable protected users: {}.",
                plan.id,
                names.collect::<Vec<_>>().join(", ")
            ),
            "No approval lets it through. Mend the source, or take them off the protected list.",
        ));
    }
    let rendered = rendered(&**store, plan, source)?;
    listener.still_wanted()?;
    let new = NewRun {
        id: &listener.run,
        plan: &plan.id,
        tripped: &judgement.tripped_brakes(),
        holder: Some(&listener.holder),
    };
    store.start_run(&new, clock.now())?;
    crate::crash::Step::RunStarted.reached();
    opened(client, store, plan, listener.run.clone(), Vec::new(), rendered)
}

fn resume(
    client: &Client,
    store: &Arc<dyn Store>,
    wanted: Option<String>,
    listener: &Listener,
) -> Result<Option<Opened>, Error> {
    let target = client.desk(&**store)?.target.id;
    let latest = store.runs(Some(target), 1)?.pop();
    let run = match wanted {
        Some(id) => Some(store.run(&id)?),
        None => latest.clone(),
    };
    let Some(run) = run.filter(|run| !run.state.is_final()) else {
        let started = Event::Started { run: listener.run.clone(), source: None, plan: None };
        listener.tell(started)?;
        let message = "There is nothing to resume.".to_owned();
        listener.tell(Event::Warning(Warning::Run { message }))?;
        return Ok(None);
    };
    if run.target != target {
        return Err(Error::new(
            ErrorKind::InvalidArgument,
            format!("Run {} is of another target than the configuration names.", run.id),
            "Use the configuration that the run was started with.",
        ));
    }
    if latest.is_some_and(|latest| latest.id != run.id) {
        return Err(Error::new(
            ErrorKind::InvalidState,
            format!("A later run followed run {}, whose users are out of date.", run.id),
            "Make a new plan.",
        ));
    }
    let plan = store.plan(&run.plan)?;
    tell_started(listener, &run.id, &plan)?;
    let rendered = rendered(&**store, &plan, || {
        source_unmoved(&plan)?;
        reopened(&plan)
    })?;
    listener.still_wanted()?;
    let now = client.parts().clock.now();
    store.set_run_state(&run.id, RunState::Running, None, now)?;
    let batches = store.batches(&run.id)?;
    opened(client, store, &plan, run.id, batches, rendered).map(Some)
}

fn opened(
    client: &Client,
    store: &Arc<dyn Store>,
    plan: &Plan,
    run: String,
    batches: Vec<store::Batch>,
    rendered: Option<Rendered>,
) -> Result<Opened, Error> {
    let sizes = sizes(store, plan, &batches)?;
    let mut before = Before::default();
    for (batch, users) in batches.iter().zip(&sizes) {
        before.calls += batch.attempts;
        before.batches += u64::from(batch.attempts > 0);
        match batch.state {
            BatchState::Accepted => before.accepted += users,
            BatchState::Refused => before.refused += users,
            BatchState::Sent | BatchState::InDoubt => before.in_doubt += users,
            BatchState::Intent | BatchState::GivenUp => {}
        }
    }
    let expected = Expected::of(plan)?;
    let mut limits = client.config().limits.batch;
    if let Origin::Source { conversion, .. } = &About::of(plan)?.origin
        && let Some(asked) = conversion_of(conversion).map(|conversion| conversion.limits)
    {
        limits = BatchLimits {
            operations: limits.operations.min(asked.operations),
            bytes: limits.bytes.min(asked.bytes),
        };
    }
    let covered = sizes.iter().sum();
    let users = Users { store: Arc::clone(store), plan: plan.id.clone(), rendered };
    let loads = Loads::new(users, limits, expected.totals.users, batches, covered);
    Ok(Opened { run, plan: plan.id.clone(), expected, before, batches: Box::new(loads) })
}

/// How many users each batch of the journal holds.
fn sizes(store: &Arc<dyn Store>, plan: &Plan, batches: &[store::Batch]) -> Result<Vec<u64>, Error> {
    let mut sizes = vec![0; batches.len()];
    let Some(last) = batches.last() else { return Ok(sizes) };
    let ordinals = 0..last.ordinals.end;
    let filter = ItemFilter { actions: Actions::SENT, ordinals, with_users: false };
    store.plan_items(&plan.id, &filter, &mut |item| {
        let at = batches.partition_point(|batch| batch.ordinals.end <= item.ordinal);
        if let Some(size) = sizes.get_mut(at)
            && batches[at].ordinals.contains(&item.ordinal)
        {
            *size += 1;
        }
        Ok(())
    })?;
    Ok(sizes)
}

/// A state of hashes has no user to send: those of the plan are rendered again.
fn rendered(
    store: &dyn Store,
    plan: &Plan,
    source: impl FnOnce() -> Result<Prepared, Error>,
) -> Result<Option<Rendered>, Error> {
    if store.keep()? == Keep::Users || plan.facts.counts.sent() == 0 {
        return Ok(None);
    }
    let mut wanted = HashSet::new();
    let filter = ItemFilter { actions: Actions::SENT, ordinals: 0..u64::MAX, with_users: false };
    store.plan_items(&plan.id, &filter, &mut |item| {
        wanted.extend(item.hash);
        Ok(())
    })?;
    source()?.render(wanted).map(Some)
}

/// Opens the file that a plan was made from.
fn reopened(plan: &Plan) -> Result<Prepared, Error> {
    let conversion = match About::of(plan)?.origin {
        Origin::Source { conversion, .. } => conversion_of(&conversion),
        Origin::Undo { .. } => None,
    };
    match conversion.filter(|conversion| is_file(conversion.path.as_deref())) {
        Some(conversion) => Prepared::open(conversion, None),
        None => Err(Error::new(
            ErrorKind::InvalidState,
            format!(
                "The state keeps only hashes of the users of plan {}, and their source is gone.",
                plan.id
            ),
            "Plan and send them in one step, with upload; or make the plan of a file.",
        )),
    }
}

fn is_file(path: Option<&Path>) -> bool {
    path.is_some_and(|path| path != Path::new("-"))
}

fn conversion_of(document: &serde_json::Value) -> Option<Conversion> {
    let mut document = document.clone();
    document.as_object_mut()?.insert("version".into(), 1.into());
    Conversion::parse(document.to_string().as_bytes()).ok()
}

/// A plan holds for the source and the mapping it was made from, as long as both are files.
fn source_unmoved(plan: &Plan) -> Result<(), Error> {
    let Origin::Source { conversion, .. } = About::of(plan)?.origin else { return Ok(()) };
    let Some(conversion) = conversion_of(&conversion) else { return Ok(()) };
    let Some(path) = conversion.path.as_deref().filter(|path| is_file(Some(path))) else {
        return Ok(());
    };
    let stale = |what: String| {
        Error::new(
            ErrorKind::PlanStale,
            format!("{what} since plan {} was made.", plan.id),
            "Make the plan again.",
        )
    };
    let (input, mapping) = convert::hashes(&conversion).map_err(|error| {
        stale(format!("The source {} or its mapping became unreadable ({error})", path.display()))
    })?;
    if format!("{input:032x}") != plan.facts.input_hash {
        return Err(stale(format!("The source {} changed", path.display())));
    }
    if format!("{mapping:032x}") != plan.facts.mapping_hash {
        return Err(stale("The mapping changed".into()));
    }
    Ok(())
}
