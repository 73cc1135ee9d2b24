//! Uploads against the simulated tenant: in process and in virtual time, and a few over sockets.
#![cfg(feature = "simulator")]
#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod bench;
mod cancel;
mod faults;
mod limits;
mod sign_in;
mod sockets;
