//! One call, from the moment it counts.

use bytes::Bytes;
use hyper::Request;
use hyper::header::HOST;

use crate::time::{Random, Timestamp};

/// A call that has arrived: when, and under which ids.
#[derive(Debug)]
pub(super) struct Arrival<'a> {
    pub(super) request: &'a Request<Bytes>,
    pub(super) now: Timestamp,
    pub(super) request_id: String,
    /// The caller's own id, echoed; the request id where there is none.
    pub(super) client_request_id: String,
}

impl<'a> Arrival<'a> {
    pub(super) fn new(request: &'a Request<Bytes>, now: Timestamp, random: &Random) -> Self {
        let request_id = random.uuid();
        let given = request.headers().get("client-request-id").and_then(|id| id.to_str().ok());
        let client_request_id = given.unwrap_or(&request_id).to_owned();
        Arrival { request, now, request_id, client_request_id }
    }

    /// Where the caller reached the tenant, without a slash at the end.
    pub(super) fn base(&self) -> String {
        let host = self.request.headers().get(HOST).and_then(|host| host.to_str().ok());
        let authority = self.request.uri().authority().map(|authority| authority.as_str());
        format!("http://{}", authority.or(host).unwrap_or("localhost"))
    }
}
