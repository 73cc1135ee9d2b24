//! The C ABI as a C program meets it: what is checked in beside it, and each export's manners.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by them")]
#![allow(unsafe_code, reason = "the exports are called as C calls them")]

mod calling;
mod documents;
mod lives;
mod logging;
mod manners;
#[cfg(feature = "simulator")]
mod polling;
mod published;
