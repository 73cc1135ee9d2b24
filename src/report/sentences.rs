//! What people read about reports, in one place: to review it, and to translate it one day.

use std::io;
use std::path::Display;

use crate::sentences::sentences;

sentences! {
    baseline_moved(plan: &str) -> PlanStale:
        "The baseline moved since plan {plan} was made, so who was unchanged is not known any more.",
        "Make the plan again, or preview it without the unchanged users.";
    unwritable_file(path: Display<'_>, error: io::Error) -> OutputFailed:
        "The file {path} cannot be written: {error}.", "Check its folder and its permissions.";
    unwritable(error: io::Error) -> OutputFailed: "The preview cannot be written: {error}.",
        "Check the path, its permissions and the space left.";
}
