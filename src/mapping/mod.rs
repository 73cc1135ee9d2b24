//! The rules that turn a record into a SCIM user.

pub mod expression;
mod user;

pub use user::User;
