//! What people read afterwards.

pub mod preview;
pub mod rejects;
