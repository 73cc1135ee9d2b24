//! What people read afterwards.

pub mod rejects;
