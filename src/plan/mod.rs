//! Users and baseline to a plan: what would be sent and why, and whether a brake stops it.
//! `docs/plan.md` tells it from outside.

pub mod brakes;
mod desk;
pub mod diff;
mod document;
mod judgement;
pub mod order;
mod reason;

pub use desk::Desk;
pub use document::{
    About, Cost, HAS_CHANGES, MissingPolicy, NameCounts, Origin, Protected, StoredBrakes, document,
};
pub use judgement::{Judgement, judge_again};
pub use reason::Reason;
