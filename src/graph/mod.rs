//! HTTP to Microsoft Graph: sign-in, hosts, one bulkUpload call.

pub mod bulk_upload;
pub mod client;
pub mod cloud;
pub mod sign_in;
