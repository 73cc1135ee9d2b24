//! What people read about runs, in one place: to review it, and to translate it one day.

use std::path::Display;

use super::events::WaitReason;
use crate::sentences::{counted, sentences};
use crate::time::Timestamp;

sentences! {
    // Opening a run.

    rehearsal_for_real() -> ConfigInvalid:
        "A rehearsal goes on where an upload stops, so it needs a simulated tenant.",
        "Name a simulator, or leave out rehearse.";
    plan_of_another_target(plan: &str) -> InvalidArgument:
        "Plan {plan} was made for another target than the configuration names.",
        "Use the configuration that the plan was made with.";
    run_of_another_target(run: &str) -> InvalidArgument:
        "Run {run} is of another target than the configuration names.",
        "Use the configuration that the run was started with.";
    run_out_of_date(run: &str) -> InvalidState:
        "A later run followed run {run}, whose users are out of date.", "Make a new plan.";
    NOTHING_TO_RESUME: "There is nothing to resume.";
    twin_applied(plan: &str): "Plan {plan} was approved, and it is the same; it is applied.";
    would_stop(why: &str): "An upload would stop here. {why}";
    UPLOAD_SAYS_HOW: "The upload itself will say how to approve it.";
    source_moved(what: &str, plan: &str) -> PlanStale: "{what} since plan {plan} was made.",
        "Make the plan again.";
    source_unreadable(path: Display<'_>, why: &str):
        "The source {path} or its mapping became unreadable ({why})";
    source_changed(path: Display<'_>): "The source {path} changed";
    MAPPING_CHANGED: "The mapping changed";
    only_hashes(plan: &str) -> InvalidState:
        "The state keeps only hashes of the users of plan {plan}, and their source is gone.",
        "Plan and send them in one step, with upload; or make the plan of a file.";
    not_kept() -> PlanStale:
        "The state keeps no user of this plan any more, and a user is always sent whole.",
        "Make the plan again.";
    user_changed(user: &str, plan: &str) -> StoreDamaged:
        "The user \"{user}\" of plan {plan} is not what it was.", "Make the plan again.";
    batch_changed(number: u64) -> InvalidState:
        "Batch {number} cannot be made again as it was sent.",
        "Resume with the entrabulk that the run was started with.";

    // The lease of a target.

    taken_over(previous: &str, seconds: u64):
        "The lease of the {previous}, which was silent for more than {seconds} s, was taken over.";
    waiting_for(by: &str, until: Timestamp): "Waiting for the {by}; its lease lasts until {until}.";

    // Records handed in by the host.

    not_pushed() -> InvalidState:
        "The run takes no records: it reads a file, or the last record was already pushed.",
        "Push before finish, into a run without source.path.";
    conversion_of_file() -> InvalidState:
        "The conversion names a file, so no record can be pushed.",
        "Leave source.path out of the conversion to push records.";
    records_open() -> InvalidState:
        "There are no batches to take before the records are finished.",
        "Finish the builder first.";
    builder_finished() -> InvalidState: "The builder is finished already.",
        "Make a new one for further records.";

    // Sending.

    quota_short(calls: u64, left: u64):
        "Sending takes {calls} calls, and the quota of these 24 hours has {left} left; the rest will have to \
         wait.";
    quota_spent(quota: usize, until: Timestamp, advice: &str) -> QuotaSpent:
        "The {quota} calls of 24 hours are spent but for those kept to disable people; the next is free at \
         {until}.",
        "{advice}";
    RESUME_THEN:
        "Resume the run then, or let it wait; with the Governance licence set licence to \"governance\".";
    UPLOAD_THEN:
        "Upload the file again then, or let it wait; with the Governance licence set licence to \
         \"governance\".";
    repeats_spent(most: u64): "Given up, for the {most} repeats of this run are spent.";

    // The end.

    cancelled() -> Cancelled: "The host cancelled the run.",
        "Resume it to send the rest; without a state start it again, users sent twice are the same.";
    shut_down() -> ShuttingDown: "The library was shut down while the run went on.",
        "Start the run again in a new process.";
    panicked() -> Panic: "A part of the run panicked; the run ended there.",
        "Please report it, with the log of this run.";
    end_of_events() -> EndOfEvents: "The run's last event was already taken.",
        "Stop asking after the event finished.";
}

/// Before a run sends again what another one left.
pub(super) fn settling(run: &str, users: u64) -> String {
    let users = counted(users, "user", "users");
    format!(
        "Run {run} ended without an answer for {users}. They are sent again first, byte for byte."
    )
}

/// What another run left cannot be sent again; `why` is a sentence.
pub(super) fn cannot_settle(run: &str, users: u64, why: &str) -> crate::error::Error {
    let users = counted(users, "user", "users");
    crate::error::Error::new(
        crate::error::ErrorKind::RunUnfinished,
        format!(
            "Run {run} ended without an answer for {users}, and they cannot be sent again as they were: {why}"
        ),
        format!("Abandon it, and they are planned again: entrabulk runs abandon {run}"),
    )
}

/// Why nothing is sent for a while.
pub(super) fn waiting(reason: WaitReason) -> &'static str {
    match reason {
        WaitReason::Pace => "The service takes no more calls in these 5 seconds.",
        WaitReason::Quota => "The service takes no more calls in these 24 hours.",
        WaitReason::RetryAfter => "The service asked for a pause.",
        WaitReason::Backoff => "A call failed and is repeated after a pause.",
        WaitReason::BucketFull => {
            "The job's ingestion queue is full; check that the job is running and not in quarantine."
        }
    }
}
