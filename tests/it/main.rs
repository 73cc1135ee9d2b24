//! The house from outside, room by room: files and configurations in, answers, calls and exit codes out.
#![cfg(all(feature = "simulator", feature = "cli"))]
#![allow(
    clippy::expect_used,
    clippy::explicit_write,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, and says what it skips past the harness"
)]

#[path = "../support/mod.rs"]
mod support;

mod cli;
mod docs;
mod ffi;
mod graph;
mod house;
mod plan;
mod run;
