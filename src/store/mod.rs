//! What outlives a run: baseline, plans, journal, ledger, leases.
//!
//! Here stand the words, the rules, and the seam: [`Ledger`] for each tenant, [`Baseline`] for each target, and
//! [`Runs`] for each target, which are its [`Plans`] and its [`Journal`]; [`Store`] is all of them. The seam
//! promises only what a file and a shared database server can both keep, that is a transaction, a lease and an
//! append. [`SqliteStore`] keeps it in one file. `docs/store.md` tells what is in there, for how long, and what to
//! back up.
//!
//! Every function is a transaction of its own: when it returns `Ok`, what it did survives a power cut;
//! when it returns `Err` or the process dies inside, nothing of it happened. All block on the disk,
//! and may be called from any thread. Text that is absent is empty.

mod approval;
mod baseline;
mod batches;
mod lease;
mod ledger;
mod plans;
mod rules;
mod runs;
mod sentences;
mod sqlite;
mod target;
mod totals;

use std::fmt;
use std::time::Duration;

pub use approval::{Approval, Tripped};
pub use baseline::{BaselineRow, BaselineUser, EachUser, Outcome, UserState};
pub use batches::{Batch, BatchState, Before, EachBefore, NewBatch};
pub use lease::Lease;
pub use ledger::{CallId, CallLimits, CallRequest, Grant, Quota, WaitReason};
pub use plans::{
    Action, Actions, Certainty, Counts, EachItem, ItemFilter, LastSource, Plan, PlanFacts,
    PlanItem, PlanWriter, Pruned, Retention,
};
pub use runs::{NewRun, Run, RunState};
pub(crate) use sentences::{approval_flags, lease_held, lost_lease};
pub use sqlite::{SqliteStore, state_path};
pub use target::{Keep, Merged, MergedTarget, Target, TargetId, TargetKey, TenantId};
pub use totals::Totals;

use crate::error::Error;
use crate::time::{Clock, Timestamp};

/// Every call to a tenant. See the module for what every function promises.
pub trait Ledger: fmt::Debug + Send + Sync {
    /// The tenant of that key; it is made when it is new.
    fn tenant(&self, key: &TargetKey) -> Result<TenantId, Error>;

    /// Remembers that the tenant named `name`, by one of its domains, is the one with this id; from then on both
    /// name the same. What was kept under both becomes one: all calls count, targets move, and of a target that
    /// both had the baseline that accepted somebody last stays, with the plans and runs of both. Told once, where
    /// both were known.
    fn same_tenant(
        &self,
        simulator: &str,
        cloud: &str,
        name: &str,
        id: &str,
    ) -> Result<Option<Merged>, Error>;

    /// Asks to make one call now. The clock is read once the ledger is locked, so that waiting for the
    /// lock never makes a call look older than it is. See [`CallLimits`] for the rules.
    fn acquire(
        &self,
        tenant: TenantId,
        limits: &CallLimits,
        call: &CallRequest<'_>,
        clock: &dyn Clock,
    ) -> Result<Grant, Error>;

    /// Records that a call ended, with its HTTP status or 0 if none came.
    fn finish_call(&self, call: CallId, status: u16, clock: &dyn Clock) -> Result<(), Error>;

    /// How much of the day is spent.
    fn quota(
        &self,
        tenant: TenantId,
        limits: &CallLimits,
        clock: &dyn Clock,
    ) -> Result<Quota, Error>;
}

/// What a target last accepted for every user. See the module for what every function promises.
pub trait Baseline: fmt::Debug + Send + Sync {
    /// Whether users are kept, or only their hashes.
    fn keep(&self) -> Result<Keep, Error>;

    /// Changes what is kept. To [`Keep::Hashes`]: every stored user, name and change is wiped from the
    /// store at once. Back to [`Keep::Users`]: users are kept from the next plan on.
    fn change_keep(&self, keep: Keep) -> Result<(), Error>;

    /// The target of that key; it is made when it is new.
    fn target(&self, key: &TargetKey) -> Result<Target, Error>;

    /// A number that grows with every change of the target's baseline; 0 while it is empty.
    fn baseline_revision(&self, target: TargetId) -> Result<u64, Error>;

    /// Hands over every user of the baseline in byte order of externalId; gives the revision they are of.
    fn scan_baseline(&self, target: TargetId, each: EachUser<'_>) -> Result<u64, Error>;

    /// What was last accepted for one user.
    fn baseline_user(
        &self,
        target: TargetId,
        external_id: &str,
    ) -> Result<Option<BaselineUser>, Error>;

    /// Notes what the provisioning log says. An outcome for a version of the user that is no longer the
    /// accepted one is passed over. Gives how many were noted.
    fn note_outcomes(
        &self,
        target: TargetId,
        outcomes: &[Outcome],
        now: Timestamp,
    ) -> Result<u64, Error>;

    /// Marks as unconfirmed whoever was accepted before `deadline` and has no outcome yet; gives how many.
    fn mark_unconfirmed(
        &self,
        target: TargetId,
        deadline: Timestamp,
        now: Timestamp,
    ) -> Result<u64, Error>;
}

/// A target's plans and their approvals. See the module for what every function promises.
pub trait Plans: fmt::Debug + Send + Sync {
    /// Begins a plan made against `baseline_revision`. Nobody sees it until [`PlanWriter::finish`].
    fn write_plan<'a>(
        &'a self,
        id: &str,
        target: TargetId,
        baseline_revision: u64,
        now: Timestamp,
    ) -> Result<Box<dyn PlanWriter + 'a>, Error>;

    /// The header of a plan; an error of kind `NotFound` if there is none.
    fn plan(&self, id: &str) -> Result<Plan, Error>;

    /// The newest plans first, of one target or of all, at most `limit`.
    fn plans(&self, target: Option<TargetId>, limit: usize) -> Result<Vec<Plan>, Error>;

    /// Hands over the items of a plan in order of their ordinals.
    fn plan_items(&self, id: &str, filter: &ItemFilter, each: EachItem<'_>) -> Result<(), Error>;

    /// The rows of the source behind the target's last started run, parts of the people passed over.
    fn last_source(&self, target: TargetId) -> Result<Option<LastSource>, Error>;

    /// Deletes what nobody needs any more of a target.
    fn prune(
        &self,
        target: TargetId,
        retention: &Retention,
        now: Timestamp,
    ) -> Result<Pruned, Error>;

    /// Records an approval. Refused unless it names exactly the brakes that tripped, each with the plan's
    /// number.
    fn approve(&self, approval: &Approval, now: Timestamp) -> Result<(), Error>;

    /// The id of another plan of the same target that was approved meanwhile and not started, and does what
    /// `plan` does: same source, mapping, baseline, limits, counts and tripped brakes. An upload that is begun
    /// again after an approval applies that one.
    fn approved_twin(&self, plan: &Plan, now: Timestamp) -> Result<Option<String>, Error>;
}

/// A target's runs, batch by batch, and who runs. See the module for what every function promises.
pub trait Journal: fmt::Debug + Send + Sync {
    /// Starts a run of a plan. In one transaction: the baseline must be the one the plan was made from,
    /// no earlier run of the target may have a batch without an answer, the plan must not have been
    /// started before, and an approval is used up where one is needed.
    fn start_run(&self, run: &NewRun<'_>, now: Timestamp) -> Result<Run, Error>;

    /// One run; an error of kind `NotFound` if there is none.
    fn run(&self, id: &str) -> Result<Run, Error>;

    /// The newest runs first, of one target or of all, at most `limit`.
    fn runs(&self, target: Option<TargetId>, limit: usize) -> Result<Vec<Run>, Error>;

    /// The target's runs that are neither finished nor abandoned, oldest first.
    fn unfinished_runs(&self, target: TargetId) -> Result<Vec<Run>, Error>;

    /// Sets the state of a run, with its summary (JSON). A run with batches to settle cannot be finished,
    /// one with a batch that was sent and not answered cannot be abandoned, and neither comes back.
    fn set_run_state(
        &self,
        run: &str,
        state: RunState,
        summary: Option<&str>,
        now: Timestamp,
    ) -> Result<(), Error>;

    /// Ends an unfinished run for good. Users of batches in doubt are planned again whatever the source
    /// says; gives how many of them the baseline knows.
    fn abandon_run(&self, run: &str, now: Timestamp) -> Result<u64, Error>;

    /// Records what is about to be sent. Again with the same bytes: nothing happens; with others: an error.
    fn intend(&self, run: &str, batch: &NewBatch<'_>, now: Timestamp) -> Result<(), Error>;

    /// Records that a try is about to leave; call it before the first byte of each try.
    fn mark_sent(
        &self,
        run: &str,
        number: u64,
        client_request_id: &str,
        now: Timestamp,
    ) -> Result<(), Error>;

    /// Records that a try marked as sent was staged by nobody: it did not leave (`left` false), or was
    /// answered so. Only where no earlier try is in doubt.
    fn unmark_sent(&self, run: &str, number: u64, left: bool) -> Result<(), Error>;

    /// Records that a try left and no answer came. `error` is an error document (JSON).
    fn mark_in_doubt(&self, run: &str, number: u64, error: &str) -> Result<(), Error>;

    /// Records a 202. In one transaction: the batch, the baseline of every user in it, their values
    /// before (for undo), the rolling totals and the revision. Again: nothing happens. Gives whether it
    /// was news.
    fn accept(
        &self,
        run: &str,
        number: u64,
        body_hash: u128,
        request_id: &str,
        now: Timestamp,
    ) -> Result<bool, Error>;

    /// Records that the service will not take a batch. Again: nothing happens.
    fn refuse(
        &self,
        run: &str,
        number: u64,
        body_hash: u128,
        error: &str,
        now: Timestamp,
    ) -> Result<(), Error>;

    /// All batches of a run, in order.
    fn batches(&self, run: &str) -> Result<Vec<Batch>, Error>;

    /// The batches a resumed run settles first: intended, sent or in doubt, in order.
    fn batches_to_settle(&self, run: &str) -> Result<Vec<Batch>, Error>;

    /// Hands over what the users of a run were before it, in byte order of externalId.
    fn values_before(&self, run: &str, each: EachBefore<'_>) -> Result<(), Error>;

    /// What this target's runs had accepted after `since`.
    fn totals_since(&self, target: TargetId, since: Timestamp) -> Result<Totals, Error>;

    /// Takes the right to run against a target, for `ttl`. Whoever holds it may take it again.
    fn take_lease(
        &self,
        target: TargetId,
        holder: &str,
        ttl: Duration,
        now: Timestamp,
    ) -> Result<Lease, Error>;

    /// Lengthens a lease; says whether it is still `holder`'s.
    fn renew_lease(
        &self,
        target: TargetId,
        holder: &str,
        ttl: Duration,
        now: Timestamp,
    ) -> Result<bool, Error>;

    /// Gives a lease back; nothing happens if `holder` no longer has it.
    fn release_lease(&self, target: TargetId, holder: &str) -> Result<(), Error>;
}

/// What is planned for a target and what is sent to it.
pub trait Runs: Plans + Journal {}

impl<T: Plans + Journal> Runs for T {}

/// The state that runs share.
pub trait Store: Ledger + Baseline + Runs {}

impl<T: Ledger + Baseline + Runs> Store for T {}
