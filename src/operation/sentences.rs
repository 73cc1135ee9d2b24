//! What people read about operations, in one place: to review it, and to translate it one day.

use std::fmt;
use std::io;
use std::path::Display;

use crate::sentences::sentences;

sentences! {
    unknown(name: &str, known: &str) -> UnknownOperation: "There is no operation \"{name}\".",
        "Use one of: {known}.";
    without_client(name: &str) -> InvalidArgument:
        "The operation \"{name}\" is about a target, and no client was given.",
        "Make a client for the target and hand it in.";
    invalid_arguments(error: impl fmt::Display) -> ConfigInvalid:
        "The arguments are not valid: {error}.",
        "The operation \"operations\" says what each one takes.";
    unwritable(path: Display<'_>, error: io::Error) -> OutputFailed:
        "The file {path} cannot be written: {error}.", "Name an empty folder that you may write to.";
    no_plan_yet() -> NotFound: "This target has no plan yet.", "Make one first.";
    no_run_yet() -> NotFound: "This target has no run yet.", "Apply a plan first.";
    protected(plan: &str) -> ApprovalRefused:
        "Plan {plan} would disable protected users, which no approval allows.",
        "Fix the source, or take them off the protected list.";
    /// Who holds the lease of a target while one of its runs is abandoned.
    abandoning(run: &str): "command that abandons run {run}";
}
