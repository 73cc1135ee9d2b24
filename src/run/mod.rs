//! Batches to calls: pace, retry, run, events.

mod attempt;
mod events;
mod handle;
mod journal;
mod lease;
mod loads;
mod open;
pub(crate) mod pace;
mod queue;
mod retry;
mod sending;
pub mod settings;
mod shared;
mod summary;
mod supply;

pub use events::{Event, Numbered, WaitReason, Warning};
pub use handle::Run;
pub use settings::RunArguments;
pub use summary::{Progress, Stage, Summary};
