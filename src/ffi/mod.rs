//! The C ABI: decode, call, encode.
//!
//! `docs/abi.md` is the contract and `include/entrabulk.h`, generated from these files, repeats it. Every
//! export is written out as a plain function, so that the header shows what the library has, and wears
//! one of the two guards of [`guard`], so that no panic crosses into C.
#![allow(unsafe_code, reason = "pointers from C are read and written here and nowhere else")]
#![allow(non_camel_case_types, reason = "the names are those of the header")]
#![allow(clippy::missing_safety_doc, reason = "the docs are the header's; the contract is there")]

mod buffer;
mod builder;
mod call;
mod client;
mod error;
mod guard;
mod log;
mod pointer;
mod run;
mod status;
mod version;

pub use buffer::*;
pub use builder::*;
pub use call::*;
pub use client::*;
pub use error::*;
pub use log::*;
pub use run::*;
pub use status::*;
pub use version::*;

#[cfg(panic = "abort")]
compile_error!("entrabulk turns panics into statuses: build it with panic = \"unwind\"");
