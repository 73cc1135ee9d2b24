//! What people read afterwards.

pub mod preview;
mod sentences;
