//! Plans applied to the simulated tenant: killed, resumed, crowded, and planned again.
#![cfg(all(feature = "simulator", feature = "cli"))]
#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "../upload/bench.rs"]
#[allow(dead_code, reason = "shared with the uploads")]
mod bench;
mod crowd;
#[cfg(unix)]
mod disk;
mod hashes;
mod kill;
mod managers;
mod orders;
#[allow(dead_code, reason = "shared with benches/week.rs")]
mod payroll;
mod play;
mod rounds;
mod site;
mod stops;
mod torn;
mod week;
