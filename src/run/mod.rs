//! A plan to calls: opened, leased, journalled, paced, sent, told. Without a network: to request bodies.

mod attempt;
mod delivery;
mod events;
mod handle;
mod journal;
mod lease;
mod loads;
mod open;
mod pace;
mod payloads;
mod queue;
mod sending;
mod sentences;
pub mod settings;
mod summary;
mod supply;

pub use events::{Event, Numbered, WaitReason, Warning};
pub use handle::Run;
pub use payloads::Builder;
pub use settings::RunArguments;
pub use summary::{Progress, Stage, Summary};
