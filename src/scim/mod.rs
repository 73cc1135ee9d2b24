//! SCIM as this service speaks it: the attribute tables and the bulk envelope.

pub mod bulk;
pub mod schema;
mod user;

pub use user::User;
