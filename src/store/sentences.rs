//! What people read about the state, in one place: to review it, and to translate it one day.

use std::io;
use std::path::Path;

use super::{Batch, BatchState, Tripped};
use crate::error::{Error, ErrorKind};
use crate::sentences::counted;
use crate::time::Timestamp;

use ErrorKind::{
    ApprovalRefused, BrakeTripped, ConfigInvalid, InvalidState, LockHeld, NotFound, PlanStale,
    RunUnfinished, StoreDamaged, StoreFailed, StoreNewer,
};

// The file.

pub(super) fn no_path_of_a_file(path: &Path) -> Error {
    Error::new(
        ConfigInvalid,
        format!("\"{}\" is not the path of a state file.", path.display()),
        "Give the path of a file.",
    )
}

pub(super) fn no_folder() -> Error {
    Error::new(
        ConfigInvalid,
        "There is no folder for the state file: the environment names no home.",
        "Name a state file with --state (state.path), or keep none with --no-state (\"state\": \"none\").",
    )
}

pub(super) fn not_made_or_opened(path: &Path, error: &io::Error) -> Error {
    Error::new(
        StoreFailed,
        format!("The state file {} cannot be made or opened: {error}.", path.display()),
        "Check its folder, and that this account may write to it.",
    )
}

pub(super) fn no_temporary(error: &io::Error) -> Error {
    Error::new(
        StoreFailed,
        format!("A temporary state cannot be made: {error}."),
        "Check the folder for temporary files: that it has room, and that this account may write to it.",
    )
}

pub(super) fn another_copy() -> Error {
    Error::new(
        StoreFailed,
        "Another copy of entrabulk in this process has the state open.",
        "Load the library once in a process: from one path, and not both linked in and loaded.",
    )
}

pub(super) fn no_database(path: &Path) -> Error {
    Error::new(
        StoreDamaged,
        format!("{} is not a state file: it is not a SQLite database.", path.display()),
        "Give the path of a state file, or of a file that does not exist yet.",
    )
}

pub(super) fn of_another_program() -> Error {
    Error::new(
        StoreDamaged,
        "The file is a SQLite database of another program, not a state file of entrabulk.",
        "Give the path of a new file.",
    )
}

pub(super) fn newer(version: i64, known: usize) -> Error {
    Error::new(
        StoreNewer,
        format!(
            "The state file has version {version}; this entrabulk knows up to version {known}."
        ),
        "Use the entrabulk that wrote it, or a newer one.",
    )
}

pub(super) fn damaged(path: &Path, error: &dyn std::fmt::Display) -> Error {
    Error::new(
        StoreDamaged,
        format!("The state file {} is damaged: {error}.", path.display()),
        "Restore it from a backup, with its -wal file; or move it away and begin anew: then everyone is sent \
         once again.",
    )
}

pub(super) fn user_damaged() -> Error {
    Error::new(
        StoreDamaged,
        "A stored user cannot be unpacked: the state file is damaged.",
        "Restore the state file from a backup, or begin anew.",
    )
}

pub(super) fn disk_full(path: &Path) -> Error {
    Error::new(
        StoreFailed,
        format!(
            "The disk of the state file {} is full; nothing of this step was kept.",
            path.display()
        ),
        "Make room and try again.",
    )
}

pub(super) fn read_only(path: &Path) -> Error {
    Error::new(
        StoreFailed,
        format!("The state file {} or its folder is read-only for this account.", path.display()),
        "Let this account write to both.",
    )
}

pub(super) fn not_opened(path: &Path, error: &dyn std::fmt::Display) -> Error {
    Error::new(
        StoreFailed,
        format!("The state file {} cannot be opened: {error}.", path.display()),
        "Check that its folder exists and that this account may write to it.",
    )
}

pub(super) fn not_read_or_written(path: &Path, error: &dyn std::fmt::Display) -> Error {
    Error::new(
        StoreFailed,
        format!("The state file {} cannot be read or written: {error}.", path.display()),
        "Check that its disk has room, allows files of this size, and is sound.",
    )
}

pub(super) fn locked_too_long(path: &Path) -> Error {
    Error::new(
        LockHeld,
        format!("Another process kept the state file {} locked for too long.", path.display()),
        "Wait for it to end, then try again.",
    )
}

pub(super) fn not_used(path: &Path, error: &dyn std::fmt::Display) -> Error {
    Error::new(
        StoreFailed,
        format!("The state file {} cannot be used: {error}.", path.display()),
        "Check the disk it lies on.",
    )
}

// What it keeps.

pub(super) fn keeps_users() -> Error {
    Error::new(
        ConfigInvalid,
        "This state file keeps whole users, but hashes only were asked for.",
        "Change the file first, which wipes every stored user; or give another file.",
    )
}

pub(super) fn keeps_hashes() -> Error {
    Error::new(
        ConfigInvalid,
        "This state file keeps hashes only, but whole users were asked for.",
        "Change the file first; or give another file.",
    )
}

pub(super) fn wiped_but_for_the_log() -> Error {
    Error::new(
        LockHeld,
        "The users are wiped, but another process still reads the state file, so that its log may hold copies.",
        "Do the same again when no other process uses the file.",
    )
}

pub(super) fn keep_changed() -> Error {
    Error::new(
        InvalidState,
        "What the state file keeps was changed while a plan was being made.",
        "Make the plan again.",
    )
}

// Plans.

pub(super) fn no_plan(id: &str) -> Error {
    let message = format!("The state has no plan \"{id}\".");
    Error::new(NotFound, message, "List the plans, or make one.")
}

pub(super) fn plan_exists(id: &str) -> Error {
    let message = format!("There is a plan \"{id}\" already; plans never change.");
    Error::new(InvalidState, message, "Give it another id.")
}

pub(super) fn plan_started(plan: &str, run: &str) -> Error {
    Error::new(
        PlanStale,
        format!("Plan {plan} was started already, by run {run}."),
        "Resume that run if it is unfinished; else make a new plan.",
    )
}

pub(super) fn baseline_moved(plan: &str, from: u64, to: u64) -> Error {
    Error::new(
        PlanStale,
        format!("The baseline moved since plan {plan} was made: from revision {from} to {to}."),
        "Make the plan again.",
    )
}

pub(super) fn users_deleted(plan: &str) -> Error {
    Error::new(
        PlanStale,
        format!("Plan {plan} is old; its users were deleted to save space."),
        "Make the plan again.",
    )
}

pub(super) fn only_counts_left(plan: &str) -> Error {
    let message = format!("Plan {plan} is old: only its counts are kept.");
    Error::new(PlanStale, message, "Make a new plan.")
}

// Approvals.

pub(super) fn nothing_to_approve(plan: &str) -> Error {
    Error::new(
        ApprovalRefused,
        format!("No brake stops plan {plan}, so there is nothing to approve."),
        "Apply it.",
    )
}

/// An approval that names other brakes or numbers than it must.
pub(super) fn approval_misfits(plan: &str, given: &Tripped, needed: &Tripped) -> Error {
    let wrong = needed.iter().filter_map(|(brake, users)| match given.get(brake) {
        Some(number) if number == users => None,
        Some(number) => Some(format!("{brake} was approved for {number} and counts {users}")),
        None => Some(format!("{brake} was not approved and counts {users}")),
    });
    let needless = given.iter().filter(|(brake, _)| !needed.contains_key(*brake));
    let needless = needless
        .map(|(brake, number)| format!("{brake} was approved for {number} and did not trip"));
    let wrong: Vec<_> = wrong.chain(needless).collect();
    Error::new(
        ApprovalRefused,
        format!("The approval of plan {plan} does not fit: {}.", wrong.join("; ")),
        format!("Look at the plan; if it is right, approve it with {}.", approval_flags(needed)),
    )
}

pub(super) fn approval_unsigned(plan: &str) -> Error {
    Error::new(
        ApprovalRefused,
        format!("The approval of plan {plan} lacks its reason or who gives it."),
        "Give both; they are kept with the run.",
    )
}

pub(super) fn approval_late(plan: &str, run: &str) -> Error {
    Error::new(
        ApprovalRefused,
        format!("Plan {plan} was started already, by run {run}; no run needs the approval."),
        "Resume that run if it is unfinished; else make a new plan.",
    )
}

pub(super) const NOT_APPROVED: &str = "it has not been approved";
pub(super) const APPROVAL_USED: &str = "its approval was used by an earlier run";
pub(super) const APPROVAL_EXPIRED: &str = "its approval expired";
pub(super) const APPROVAL_TO_COME: &str = "its approval lies in the future: a clock was set back";
pub(super) const APPROVED_OTHERWISE: &str = "it was approved for other brakes or other numbers";

/// A plan that brakes stop; `why` no approval lets it through. Only what stopped it when it was made is
/// `approvable`.
pub(super) fn braked(plan: &str, why: &str, needed: &Tripped, approvable: bool) -> Error {
    let stops = if needed.len() == 1 { "A brake stops" } else { "Brakes stop" };
    let numbers: Vec<_> =
        needed.iter().map(|(brake, users)| format!("{brake} ({users})")).collect();
    Error::new(
        BrakeTripped,
        format!("{stops} plan {plan}, and {why}: {}.", numbers.join(", ")),
        if approvable {
            format!(
                "If it is right: entrabulk approve {plan} {} --reason TEXT",
                approval_flags(needed)
            )
        } else {
            "Make the plan again, and approve the new one if it is right.".into()
        },
    )
}

/// What to type, for every shell.
pub(crate) fn approval_flags(brakes: &Tripped) -> String {
    let flag = |(brake, users): (&String, &u64)| {
        let plain = brake.chars().all(|c| c.is_ascii_alphanumeric() || ":._-".contains(c));
        let quote = if plain { "" } else { "'" };
        format!("--approve {quote}{brake}={users}{quote}")
    };
    brakes.iter().map(flag).collect::<Vec<_>>().join(" ")
}

// Runs.

pub(super) fn no_run(id: &str) -> Error {
    Error::new(NotFound, format!("The state has no run \"{id}\"."), "List the runs.")
}

pub(super) fn run_exists(id: &str) -> Error {
    Error::new(InvalidState, format!("There is a run \"{id}\" already."), "Give it another id.")
}

pub(super) fn run_ended(id: &str) -> Error {
    let message = format!("Run {id} has ended; it cannot change any more.");
    Error::new(InvalidState, message, "Make a new plan.")
}

pub(super) fn run_sends_no_more(id: &str) -> Error {
    let message = format!("Run {id} has ended, or another took its place; it sends no more.");
    Error::new(InvalidState, message, "Make a new plan.")
}

pub(super) fn run_unsettled(id: &str, batches: u64) -> Error {
    let batches = counted(batches, "batch", "batches");
    let message = format!("Run {id} has {batches} to settle and cannot end so.");
    Error::new(RunUnfinished, message, "Resume it first.")
}

pub(super) fn run_in_doubt(id: &str, calls: u64) -> Error {
    let calls = counted(calls, "call", "calls");
    Error::new(
        RunUnfinished,
        format!("Run {id} has {calls} that left and had no answer."),
        format!(
            "Resume run {id} first: it settles them. Where that is impossible, abandon it (runs.abandon)."
        ),
    )
}

// Batches.

pub(super) fn no_batch(run: &str, number: u64) -> Error {
    Error::new(NotFound, format!("Run {run} has no batch {number}."), "Record the intent first.")
}

pub(super) fn other_bytes(run: &str, number: u64) -> Error {
    Error::new(
        InvalidState,
        format!(
            "Batch {number} of run {run} was recorded with other bytes; it cannot be sent or settled as \
             something else."
        ),
        "Use the mapping, the limits and the entrabulk that the run was started with.",
    )
}

/// A batch that stands where it cannot be `wished`: sent, accepted, refused.
pub(super) fn no_way(run: &str, batch: &Batch, wished: &str) -> Error {
    let stands = match batch.state {
        BatchState::Intent => "not sent yet",
        BatchState::Sent => "sent",
        BatchState::Accepted => "accepted",
        BatchState::Refused => "refused",
        BatchState::InDoubt => "in doubt",
        BatchState::GivenUp => "abandoned with its run",
    };
    Error::new(
        InvalidState,
        format!("Batch {} of run {run} is {stands}; it cannot be {wished}.", batch.number),
        "Resume the run: it goes on from where the journal stands.",
    )
}

// Leases.

/// The error of whoever wants a target on which another works.
pub(crate) fn lease_held(by: &str, until: Timestamp) -> Error {
    Error::new(
        LockHeld,
        format!("The {by} works on this target; its lease lasts until {until}."),
        "Let it end. If it died, its lease is free at that time.",
    )
}

/// The error of a run whose lease another has.
pub(crate) fn lost_lease() -> Error {
    Error::new(
        LockHeld,
        "This run lost its lease on the target: it was silent for too long and another took over.",
        "Let the other run end; then resume this one if it is unfinished.",
    )
}
