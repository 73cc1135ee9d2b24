//! Batches to calls: pace, retry, run, events.

mod attempt;
mod event;
mod journal;
mod lease;
mod loads;
mod open;
pub(crate) mod pace;
mod queue;
mod retry;
mod run;
mod sending;
mod shared;
mod summary;
mod supply;

pub use event::{Event, Numbered, WaitReason, Warning};
pub use run::Run;
pub use summary::{Progress, Stage, Summary};
