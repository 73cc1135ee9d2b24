//! entrabulk.
#![forbid(unsafe_op_in_unsafe_fn)]
pub mod clock;
pub mod error;
pub mod mapping;
pub mod rejection;
pub mod scim;
pub mod source;
