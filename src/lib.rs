//! What HR knows goes in; Microsoft Entra ID agrees with it.
//!
//! ```text
//! source -> mapping -> lint -> prepare -> upload -> graph
//! ```
#![forbid(unsafe_op_in_unsafe_fn)]
pub mod builder;
pub mod client;
pub mod clock;
pub mod command;
pub mod config;
pub mod error;
#[doc(hidden)]
pub mod fail;
pub mod ffi;
pub mod graph;
pub mod lint;
pub mod log;
pub mod mapping;
pub mod plan;
pub mod prepare;
pub mod rejection;
pub mod report;
pub mod runtime;
pub mod scim;
#[cfg(feature = "simulator")]
pub mod simulator;
pub mod source;
pub mod store;
pub mod upload;
