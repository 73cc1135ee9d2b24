//! HTTP to Microsoft Graph and its login host: sign-in, hosts, one call as every endpoint makes it.

pub mod address;
pub mod answer;
pub mod bulk_upload;
pub mod call;
pub mod cloud;
pub mod limits;
pub mod openid;
pub(crate) mod patience;
mod sentences;
pub mod sign_in;
pub mod target;
pub mod transport;
