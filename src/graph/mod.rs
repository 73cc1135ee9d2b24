//! HTTP to Microsoft Graph: sign-in, hosts, one bulkUpload call.

pub mod cloud;
