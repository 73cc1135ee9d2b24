//! The C ABI as a C program meets it: what is checked in beside it, and each export's manners.
#![allow(unsafe_code, reason = "the exports are called as C calls them")]

#[cfg(unix)]
pub(crate) mod c_programs;
pub(crate) mod calling;
mod lives;
mod logging;
mod manners;
mod polling;
mod published;
