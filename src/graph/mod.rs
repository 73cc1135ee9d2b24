//! HTTP to Microsoft Graph: sign-in, hosts, one bulkUpload call.

pub mod bulk_upload;
pub mod cloud;
pub mod limits;
pub mod sign_in;
pub mod target;
pub mod transport;
