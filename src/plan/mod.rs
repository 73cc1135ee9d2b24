//! Users and baseline to a plan: what would be sent and why, and whether a brake stops it.
//! `docs/plan.md` tells it from outside.

mod absence;
pub mod brakes;
mod compare;
mod cost;
mod create;
mod desk;
pub mod diff;
mod document;
mod drafts;
mod guards;
mod judgement;
mod known;
mod names;
pub mod order;
mod reason;
mod sentences;
pub mod settings;
mod undo;
mod warnings;
mod write;

pub use create::{Made, create, open};
pub use desk::Desk;
pub use document::{About, Cost, HAS_CHANGES, MissingPolicy, NameCounts, Origin, PlanDocument};
pub use judgement::{Judgement, Protected, StoredBrakes, judge_again};
pub use reason::Reason;
pub use settings::{Consent, PlanArguments, PlanSettings};
pub use undo::undo;
