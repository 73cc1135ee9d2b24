//! The rules that turn a record into a SCIM user.

mod user;

pub use user::User;
