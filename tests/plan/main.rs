//! Plans from outside: sources and baselines in, stored plans out; runs carried out on the store alone.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod absence;
mod brakes;
mod command_line;
mod delta;
mod guards;
mod house;
mod names;
mod order;
mod preview;
mod pushed;
mod undo;
