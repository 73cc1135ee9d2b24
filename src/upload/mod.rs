//! Batches to calls: pace, retry, run, events.

mod event;
pub(crate) mod pace;
mod queue;
mod retry;
mod run;
mod sending;
mod summary;
mod supply;

pub use event::{Event, Numbered, WaitReason, Warning};
pub use run::Run;
pub use summary::{Progress, Stage, Summary};
