//! Users and baseline to a plan: what would be sent and why, and whether a brake stops it.

pub mod brakes;
pub mod diff;
pub mod order;
