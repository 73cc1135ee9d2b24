//! Batches to calls: pace, retry, run, events.

mod event;
mod feed;
pub(crate) mod pace;
mod queue;
mod retry;
mod run;
mod sending;
mod summary;

pub use event::{Event, Numbered, WaitReason, Warning};
pub use run::Run;
pub use summary::{Progress, Summary};
