//! What people read about a plan, in one place: to review it, and to translate it one day.

use std::fmt::Display;
use std::io;
use std::path;

use crate::error::{Error, ErrorKind, Problem};
use crate::sentences::{counted, sentences};
use crate::store::{LastSource, Plan, Tripped, approval_flags};

/// "1 user", "3 users".
fn users(count: u64) -> String {
    counted(count, "user", "users")
}

/// "1 row", "3 rows".
fn rows(count: u64) -> String {
    counted(count, "row", "rows")
}

/// The first names of so many.
fn named(first: &[String], all: usize) -> String {
    let quoted: Vec<String> = first.iter().map(|name| format!("\"{name}\"")).collect();
    match all.saturating_sub(first.len()) {
        0 => quoted.join(", "),
        more => format!("{} and {more} more", quoted.join(", ")),
    }
}

sentences! {
    // Its settings. What is said of one key follows its path.
    NOT_OF_A_PART: "cannot be \"disable\" for a part of the people (--partial, source.complete: \
        false): whoever is not in a part is not missing";
    NO_DIGEST: "must be 64 hexadecimal digits";
    no_approval_beside_a_state() -> ConfigInvalid:
        "An upload that keeps a state cannot approve itself.",
        "Approve the plan that was stopped, with approve; then start the upload again.";
    no_skipping_without_a_state() -> ConfigInvalid:
        "Without a state every user is unknown, so skipping unknown inactive users would mean that no \
         leaver is ever disabled.",
        "Leave out --unknown-inactive skip, or keep a state.";
    nobody_missing_without_a_state() -> ConfigInvalid:
        "Without a state nobody is known who could be missing.",
        "Leave out --missing disable, or keep a state.";

    // Its guards. What is said of one guard follows its name.
    no_column(name: &str): "there is no column \"{name}\"";
    no_canary(external_id: &str): "the user \"{external_id}\" is missing or was rejected";
    other_digest(found: &str, expected: &str):
        "the SHA-256 of the source is {found}, and the manifest says {expected}";
    manifest(path: path::Display<'_>, why: &str) -> SourceRefused: "The manifest {path} {why}.",
        "Write it as {{\"rows\": …, \"sha256\": \"…\"}}, or as sha256sum does.";
    unreadable_manifest(error: &io::Error): "cannot be read: {error}";
    invalid_manifest(error: &serde_json::Error): "is not valid: {error}";
    NO_DIGEST_IN_MANIFEST: "has no SHA-256 of 64 hexadecimal digits";
    EMPTY_MANIFEST: "names neither rows nor a SHA-256";

    // What a source means beside the baseline.
    would_stop(why: &str): "An upload would stop here. {why}";
    HASHES_ONLY: "The state keeps hashes only, so earlier values, emptied attributes and userNames are \
        not compared.";
    of_user(external_id: &str, message: &str): "\"{external_id}\": {message}";
    name_taken(user_name: &str, holder: &str):
        "userName \"{user_name}\" belongs to the user \"{holder}\", who keeps it; Entra does not make \
         names unique. Rename one of the two first.";
    baseline_moved() -> PlanStale: "Another run changed the baseline while the plan was being made.",
        "Make the plan again when that run has ended.";

    // Stored plans and runs.
    plan_damaged(plan: &str) -> StoreDamaged:
        "What the state file holds of plan {plan} cannot be read.", "Make the plan again.";
    run_elsewhere(run: &str) -> NotFound: "Run {run} belongs to another target.",
        "Name the target that it ran against.";
    run_unfinished(run: &str) -> RunUnfinished: "Run {run} has not ended yet.",
        "Resume it to its end, or abandon it; then undo it.";
    nothing_before(run: &str) -> InvalidState:
        "What users were before run {run} is not known: it sent nobody, or the details were deleted to \
         save space.",
        "Send the export that was current before the run.";
    only_hashes_before() -> InvalidState:
        "The state keeps hashes only, so what users were before the run is not known.",
        "Send the export that was current before the run.";
}

pub(super) fn too_few_rows(found: u64, least: u64) -> String {
    format!("the source has {}, and at least {least} are required", rows(found))
}

pub(super) fn rows_lost(found: u64, last: &LastSource, lost: u64, percent: u64) -> String {
    format!(
        "the last run had {} ({}), and this source has {found}: {lost} fewer, which is {percent} % or more",
        rows(last.rows),
        last.at
    )
}

/// `lost` is what [`rows_lost`] says.
pub(super) fn much_smaller(lost: &str) -> String {
    format!(
        "The source is much smaller: {lost}. If it holds only a part of the people, say so with --partial \
         (-Partial, source.complete: false)."
    )
}

pub(super) fn other_rows(found: u64, expected: u64) -> String {
    format!("the source has {}, and the manifest says {expected}", rows(found))
}

/// The error of a source that guards refuse, for each of these reasons.
pub(super) fn refused(first: &Problem, reasons: usize) -> Error {
    Error::new(
        ErrorKind::SourceRefused,
        match reasons {
            1 => format!("A guard refuses the source: {first}."),
            _ => format!("{reasons} guards refuse the source. The first: {first}."),
        },
        "Check the export; if it is right, change the guard's setting.",
    )
}

/// Missing users who are not disabled because of `records` that nobody could identify.
pub(super) fn absence_unproven(missing: u64, records: u64) -> String {
    let verb = if missing == 1 { "is" } else { "are" };
    let records = counted(records, "record was", "records were");
    format!(
        "{} missing from the source {verb} not disabled: {records} cut off or rejected without an \
         externalId, and may be theirs. Correct the export.",
        users(missing)
    )
}

pub(super) fn leavers_not_kept(missing: u64) -> String {
    format!(
        "{} missing from the source cannot be disabled: the state keeps hashes only, and a user is always \
         sent whole. Send them with active false.",
        users(missing)
    )
}

pub(super) fn changed_later(count: u64) -> String {
    let changed = counted(
        count,
        "user was changed by a later run and stays as it is",
        "users were changed by later runs and stay as they are",
    );
    format!("{changed}.")
}

/// The first of `all` users whose managers lead back to themselves.
pub(super) fn circle(first: &[String], all: usize) -> String {
    format!(
        "These users are each other's managers, in a circle: {}. The first of them is sent first.",
        named(first, all)
    )
}

pub(super) fn circles_left_out(count: u64) -> String {
    format!(
        "{} not named here.",
        counted(count, "more circle of managers is", "more circles of managers are")
    )
}

pub(super) fn warnings_left_out(count: u64) -> String {
    format!(
        "{} left out.",
        counted(count, "more warning about managers is", "more warnings about managers are")
    )
}

/// The error of a plan that would disable protected users.
pub(super) fn protected(plan: &str, external_ids: &[String]) -> Error {
    let whom = if external_ids.len() == 1 { "a protected user" } else { "protected users" };
    Error::new(
        ErrorKind::BrakeTripped,
        format!(
            "Plan {plan} would disable {whom}: {}.",
            named(&external_ids[..external_ids.len().min(5)], external_ids.len())
        ),
        "No approval lets it through. Fix the source, or take them off the protected list.",
    )
}

/// The error of a plan that brakes stop and that no state keeps. `explanation` follows the numbers.
pub(super) fn braked(plan: &str, tripped: &Tripped, explanation: impl Display) -> Error {
    let stops = if tripped.len() == 1 { "A brake stops" } else { "Brakes stop" };
    let numbers: Vec<String> =
        tripped.iter().map(|(brake, users)| format!("{brake} ({users})")).collect();
    Error::new(
        ErrorKind::BrakeTripped,
        format!("{stops} plan {plan}: {}.{explanation}", numbers.join(", ")),
        format!("If it is right, upload again with {} --reason TEXT", approval_flags(tripped)),
    )
}

/// What `inactive` of the new users of a plan, who are not active, would mean; after a blank.
pub(super) fn inactive_adds(plan: &Plan, inactive: u64) -> String {
    let known = match plan.baseline_revision {
        0 => "Nothing is known of this target yet",
        _ => "Some users are not known yet",
    };
    let verb = if inactive == 1 { "is" } else { "are" };
    format!(
        " {known}, and {inactive} of {} {verb} not active: any of them who already exists in Entra ID would \
         be disabled there.",
        counted(plan.facts.counts.add, "new user", "new users")
    )
}
