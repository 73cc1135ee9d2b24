//! What a run needs before its first call: the source opened and planned, the plan judged, the run in the
//! journal, its batches at hand. All of it blocks.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use super::events::{Event, Warning};
use super::loads::{Loads, Users};
use super::sentences;
use super::summary::Tally;
use super::supply::{Batches, Listener};
use crate::client::{Client, Workspace};
use crate::convert::{self, Conversion, Prepared, Rendered, Spool, Totals};
use crate::error::{Error, ErrorKind, Severity};
use crate::plan::{self, About, Consent, Judgement, Made, Origin, PlanArguments, PlanDocument};
use crate::report::preview::{self, PreviewFormat, PreviewRows};
use crate::scim::bulk::BatchLimits;
use crate::store::{self, Actions, Approval, BatchState, ItemFilter, Keep, NewRun, Plan, RunState};
use crate::time::Timestamp;

/// What a run is to do.
#[derive(Debug)]
pub(super) enum Task {
    /// Make a plan of a source and store it.
    Plan(Box<PlanArguments>, Option<Spool>),
    /// Make a plan of a source, then execute it.
    Upload(Box<PlanArguments>, Option<Spool>),
    /// Execute a stored plan.
    Apply(String),
    /// Go on with a run: that one, or whichever was interrupted.
    Resume(Option<String>),
}

impl Task {
    pub(super) fn of_source(
        arguments: Box<PlanArguments>,
        pushed: Option<Spool>,
        plan_only: bool,
    ) -> Self {
        if plan_only { Task::Plan(arguments, pushed) } else { Task::Upload(arguments, pushed) }
    }
}

/// A run ready to send.
pub(super) struct Opened {
    pub(super) run: String,
    pub(super) plan: String,
    pub(super) expected: Expected,
    pub(super) before: Before,
    pub(super) batches: Batches,
    /// What would have stopped it, where it is a rehearsal.
    pub(super) verdict: Option<Error>,
}

/// What an earlier run left without an answer.
pub(super) struct Unsettled {
    pub(super) run: String,
    pub(super) users: u64,
    /// How many batches.
    pub(super) left: usize,
    pub(super) batches: Batches,
}

/// What a plan says of the users it is about.
pub(super) struct Expected {
    pub(super) totals: Totals,
    pub(super) unchanged: u64,
    pub(super) skipped: u64,
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
            skipped: counts.skipped,
            absent: (counts.sent() + known).saturating_sub(rows),
        })
    }

    /// The counts of the run of plan `plan` begin with these.
    pub(super) fn into_tally(self, tally: &mut Tally, plan: String) {
        (tally.totals, tally.plan) = (self.totals, Some(plan));
        (tally.unchanged, tally.skipped, tally.absent) =
            (self.unchanged, self.skipped, self.absent);
    }
}

/// What the run came to before it went on here.
#[derive(Debug, Default)]
pub(super) struct Before {
    pub(super) accepted: u64,
    pub(super) refused: u64,
    pub(super) in_doubt: u64,
    pub(super) calls: u64,
    pub(super) batches: u64,
}

/// Opens runs: the target's state, and whom to tell.
#[derive(Clone)]
pub(super) struct Opening {
    pub(super) client: Client,
    pub(super) workspace: Workspace,
    pub(super) listener: Listener,
    pub(super) tally: Arc<Mutex<Tally>>,
}

impl Opening {
    /// Opens the source and says that the run began.
    pub(super) fn begin(
        &self,
        arguments: &PlanArguments,
        pushed: Option<Spool>,
    ) -> Result<Prepared, Error> {
        let opened = arguments
            .fit(self.workspace.kept)
            .and_then(|()| plan::open(self.client.config().limits.batch, arguments, pushed));
        let source = opened.as_ref().ok().map(|prepared| prepared.facts().clone());
        self.listener.tell(Event::Started {
            run: self.listener.run.clone(),
            source,
            plan: None,
        })?;
        for message in &self.workspace.notes {
            self.note(message.clone())?;
        }
        opened
    }

    /// Makes a plan of the opened source and stores it; tells of what is found on the way.
    pub(super) fn plan(&self, arguments: PlanArguments, source: Prepared) -> Result<Made, Error> {
        let desk = self.workspace.desk(&self.client);
        let preview_path = arguments.preview_path.clone();
        let made = plan::create(&desk, arguments, source, &mut |severity, finding| {
            self.listener.tell(match severity {
                Severity::Error => Event::Rejected(finding),
                Severity::Warning => Event::Warning(Warning::Record(finding)),
            })
        })?;
        if let Some(path) = &preview_path {
            let (rows, format) = (PreviewRows::Noteworthy, PreviewFormat::Csv { bom: false });
            preview::write_preview(&*self.workspace.store, &made.plan, rows, format, path)?;
        }
        self.listener.tell(Event::Planned { plan: Box::new(PlanDocument::of(&made.plan)?) })?;
        // Whatever stops it, the run says of which plan and of how many rows.
        let mut expected = Expected::of(&made.plan)?;
        expected.totals.warnings = made.source.totals().warnings;
        let mut tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        expected.into_tally(&mut tally, made.plan.id.clone());
        drop(tally);
        for message in &made.said {
            self.listener.tell(Event::Warning(Warning::Run { message: message.clone() }))?;
        }
        Ok(made)
    }

    /// A plan of the opened source, ready to be sent.
    pub(super) fn upload(
        &self,
        mut arguments: PlanArguments,
        source: Prepared,
    ) -> Result<Opened, Error> {
        let consent = std::mem::take(&mut arguments.settings.consent);
        let made = self.plan(arguments, source)?;
        // An export that was still being written looks like one with fewer people.
        made.source.still_the_same()?;
        let mut opened = self.start(made.plan, consent, || made.source.again())?;
        opened.expected.totals.warnings = made.source.totals().warnings;
        opened.verdict = made.refusal.or(opened.verdict);
        Ok(opened)
    }

    /// The stored plan, ready to be sent.
    pub(super) fn apply(&self, id: &str) -> Result<Opened, Error> {
        let plan = self.workspace.store.plan(id)?;
        self.started(&self.listener.run, &plan)?;
        if plan.target != self.workspace.target.id {
            return Err(sentences::plan_of_another_target(id));
        }
        source_unmoved(&plan)?;
        self.listener.tell(Event::Planned { plan: Box::new(PlanDocument::of(&plan)?) })?;
        let again = plan.clone();
        self.start(plan, Consent::default(), || reopened(&again))
    }

    /// The run `wanted`, or the last one, ready to go on; `None` if there is nothing to resume.
    pub(super) fn resume(&self, wanted: Option<&str>) -> Result<Option<Opened>, Error> {
        let (store, target) = (&self.workspace.store, self.workspace.target.id);
        let latest = store.runs(Some(target), 1)?.pop();
        let run = match wanted {
            Some(id) => Some(store.run(id)?),
            None => latest.clone(),
        };
        let Some(run) = run.filter(|run| !run.state.is_final()) else {
            let run = self.listener.run.clone();
            self.listener.tell(Event::Started { run, source: None, plan: None })?;
            self.note(sentences::NOTHING_TO_RESUME.into())?;
            return Ok(None);
        };
        if run.target != target {
            return Err(sentences::run_of_another_target(&run.id));
        }
        if latest.is_some_and(|latest| latest.id != run.id) {
            return Err(sentences::run_out_of_date(&run.id));
        }
        let plan = store.plan(&run.plan)?;
        self.started(&run.id, &plan)?;
        let rendered = self.rendered(&plan, || {
            source_unmoved(&plan)?;
            reopened(&plan)
        })?;
        self.listener.still_wanted()?;
        let now = self.client.parts().clock.now();
        store.set_run_state(&run.id, RunState::Running, None, now)?;
        let batches = store.batches(&run.id)?;
        self.opened(&plan, run.id, batches, rendered).map(Some)
    }

    /// The batches that an earlier run sent and that nobody answered; `None` if there are none.
    pub(super) fn unsettled(&self) -> Result<Option<Unsettled>, Error> {
        let store = &self.workspace.store;
        let doubtful =
            |batch: &store::Batch| matches!(batch.state, BatchState::Sent | BatchState::InDoubt);
        for run in store.unfinished_runs(self.workspace.target.id)? {
            let mut batches = store.batches_to_settle(&run.id)?;
            batches.retain(doubtful);
            if batches.is_empty() {
                continue;
            }
            let plan = store.plan(&run.plan)?;
            let users = self.sizes(&plan, &batches)?.iter().sum();
            let left = batches.len();
            let rendered = self
                .rendered(&plan, || {
                    source_unmoved(&plan)?;
                    reopened(&plan)
                })
                .map_err(|error| sentences::cannot_settle(&run.id, users, &error.message))?;
            let plan = Users { store: Arc::clone(store), plan: plan.id, rendered };
            let loads = Loads::new(plan, self.client.config().limits.batch, 0, batches, 0);
            return Ok(Some(Unsettled { run: run.id, users, left, batches: Box::new(loads) }));
        }
        Ok(None)
    }

    fn started(&self, run: &str, plan: &Plan) -> Result<(), Error> {
        let plan = Some(plan.id.clone());
        self.listener.tell(Event::Started { run: run.to_owned(), source: None, plan })
    }

    fn note(&self, message: String) -> Result<(), Error> {
        self.listener.tell(Event::Note { message })
    }

    /// Judges the plan as it is now, and begins its run. `source` opens what the plan was made from.
    fn start(
        &self,
        plan: Plan,
        consent: Consent,
        source: impl FnOnce() -> Result<Prepared, Error>,
    ) -> Result<Opened, Error> {
        let store = &self.workspace.store;
        let now = self.client.parts().clock.now();
        let judgement = plan::judge_again(&**store, &plan, now)?;
        let (plan, verdict) = self.consented(plan, &judgement, consent, now)?;
        let rendered = self.rendered(&plan, source)?;
        self.listener.still_wanted()?;
        let new = NewRun {
            id: &self.listener.run,
            plan: &plan.id,
            tripped: &judgement.tripped_brakes(),
            holder: Some(&self.listener.holder),
        };
        store.start_run(&new, now).map_err(|mut error| {
            if error.kind == ErrorKind::BrakeTripped {
                error.message.push_str(&judgement.explanation(&plan));
            }
            error
        })?;
        crate::crash::Step::RunStarted.reached();
        let run = self.listener.run.clone();
        Ok(Opened { verdict, ..self.opened(&plan, run, Vec::new(), rendered)? })
    }

    /// The plan that may be sent where a brake trips: approved with the upload, or earlier as its like. In a
    /// rehearsal it goes on, with what would have stopped it.
    fn consented(
        &self,
        plan: Plan,
        judgement: &Judgement,
        consent: Consent,
        now: Timestamp,
    ) -> Result<(Plan, Option<Error>), Error> {
        if !judgement.tripped() {
            return Ok((plan, None));
        }
        let store = &self.workspace.store;
        let mut stopped = judgement.stops(&plan);
        let approve = |brakes, reason, approver| {
            let plan = plan.id.clone();
            let approval = Approval { plan, brakes, reason, approver };
            store.approve(&approval, now)
        };
        match consent {
            Consent::Rehearsal => {
                stopped.advice = sentences::UPLOAD_SAYS_HOW.into();
                let message = sentences::would_stop(&stopped.message);
                self.listener.tell(Event::Warning(Warning::Run { message }))?;
                let brakes = judgement.tripped_brakes();
                if !brakes.is_empty() {
                    approve(brakes, "a rehearsal".into(), "rehearse".into())?;
                }
                return Ok((plan, Some(stopped)));
            }
            _ if judgement.blocked() => return Err(stopped),
            Consent::Given { brakes, reason, approver } => {
                approve(brakes, reason, approver)?;
                return Ok((plan, None));
            }
            Consent::None if !self.workspace.kept => return Err(stopped),
            Consent::None => {}
        }
        // If this plan is not approved either, the store refuses the run.
        let Some(twin) = store.approved_twin(&plan, now)? else { return Ok((plan, None)) };
        self.note(sentences::twin_applied(&twin))?;
        Ok((store.plan(&twin)?, None))
    }

    fn opened(
        &self,
        plan: &Plan,
        run: String,
        batches: Vec<store::Batch>,
        rendered: Option<Rendered>,
    ) -> Result<Opened, Error> {
        let store = &self.workspace.store;
        let sizes = self.sizes(plan, &batches)?;
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
        let mut limits = self.client.config().limits.batch;
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
        let (plan, batches) = (plan.id.clone(), Box::new(loads));
        Ok(Opened { run, plan, expected, before, batches, verdict: None })
    }

    /// How many users each batch of the journal holds.
    fn sizes(&self, plan: &Plan, batches: &[store::Batch]) -> Result<Vec<u64>, Error> {
        let mut sizes = vec![0; batches.len()];
        let Some(last) = batches.last() else { return Ok(sizes) };
        let ordinals = 0..last.ordinals.end;
        let filter = ItemFilter { actions: Actions::SENT, ordinals, with_users: false };
        self.workspace.store.plan_items(&plan.id, &filter, &mut |item| {
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
        &self,
        plan: &Plan,
        source: impl FnOnce() -> Result<Prepared, Error>,
    ) -> Result<Option<Rendered>, Error> {
        let store = &self.workspace.store;
        if store.keep()? == Keep::Users || plan.facts.counts.sent() == 0 {
            return Ok(None);
        }
        let mut wanted = HashSet::new();
        let filter =
            ItemFilter { actions: Actions::SENT, ordinals: 0..u64::MAX, with_users: false };
        store.plan_items(&plan.id, &filter, &mut |item| {
            wanted.extend(item.hash);
            Ok(())
        })?;
        source()?.render(wanted).map(Some)
    }
}

/// Opens the file that a plan was made from.
fn reopened(plan: &Plan) -> Result<Prepared, Error> {
    let conversion = match About::of(plan)?.origin {
        Origin::Source { conversion, .. } => conversion_of(&conversion),
        Origin::Undo { .. } => None,
    };
    match conversion.filter(|conversion| conversion.path().is_some()) {
        Some(conversion) => Prepared::open(conversion, None),
        None => Err(sentences::only_hashes(&plan.id)),
    }
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
    let Some(path) = conversion.path() else { return Ok(()) };
    let stale = |what: &str| sentences::source_moved(what, &plan.id);
    let at = path.display();
    let (input, mapping) = convert::hashes(&conversion)
        .map_err(|error| stale(&sentences::source_unreadable(at, &error.to_string())))?;
    if format!("{input:032x}") != plan.facts.input_hash {
        return Err(stale(&sentences::source_changed(path.display())));
    }
    if format!("{mapping:032x}") != plan.facts.mapping_hash {
        return Err(stale(sentences::MAPPING_CHANGED));
    }
    Ok(())
}
