//! What the tenant answers: Graph's headers, Graph's error body.

use std::borrow::Cow;

use bytes::Bytes;
use hyper::header::{HeaderName, HeaderValue};
use hyper::{Response, StatusCode};
use serde_json::{Value, json};

use super::arrival::Arrival;

/// A request turned down: what the caller is told, and the word under which it is counted.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) status: u16,
    /// One word for `GET /simulator/state`.
    pub(super) reason: Cow<'static, str>,
    pub(super) retry_after: Option<u64>,
    body: Body,
}

#[derive(Debug)]
enum Body {
    Graph {
        code: &'static str,
        message: String,
        inner: Option<&'static str>,
    },
    /// The login host has an error body of its own.
    Login(Value),
}

impl Refusal {
    pub(super) fn new(
        status: u16,
        reason: &'static str,
        code: &'static str,
        message: impl Into<String>,
    ) -> Self {
        let body = Body::Graph { code, message: message.into(), inner: None };
        Refusal { status, reason: reason.into(), retry_after: None, body }
    }

    pub(super) fn login(status: u16, reason: String, body: Value) -> Self {
        Refusal { status, reason: reason.into(), retry_after: None, body: Body::Login(body) }
    }

    /// 429. Seen on other workloads of Graph with these codes; bulkUpload's own are not documented.
    pub(super) fn throttled(reason: &'static str, message: &str, retry_after: Option<u64>) -> Self {
        let inner = Some("throttledRequest");
        let body = Body::Graph { code: "activityLimitReached", message: message.to_owned(), inner };
        Refusal { status: 429, reason: reason.into(), retry_after, body }
    }

    /// 400, with the words the service uses and then, which it does not, the place.
    pub(super) fn invalid(reason: &'static str, detail: impl std::fmt::Display) -> Self {
        Refusal::new(400, reason, "BadRequest", format!("Invalid Data Format: {detail}"))
    }

    pub(super) fn into_response(self, arrival: &Arrival<'_>) -> Response<Bytes> {
        let body = match self.body {
            Body::Login(body) => body,
            Body::Graph { code, message, inner } => {
                let mut inner_error = json!({
                    "date": arrival.now.to_string().get(..19),
                    "request-id": arrival.request_id,
                    "client-request-id": arrival.client_request_id,
                });
                if let Some(code) = inner {
                    inner_error["code"] = code.into();
                }
                json!({"error": {"code": code, "message": message, "innerError": inner_error}})
            }
        };
        let mut response = json_response(self.status, &body);
        if let Some(seconds) = self.retry_after {
            set(&mut response, "retry-after", &seconds.to_string());
        }
        response
    }
}

pub(super) fn empty_response(status: u16) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or_default();
    response
}

pub(super) fn json_response(status: u16, body: &Value) -> Response<Bytes> {
    let mut response = empty_response(status);
    *response.body_mut() = body.to_string().into();
    set(&mut response, "content-type", "application/json");
    response
}

/// Sets a header, unless its value cannot be one.
pub(super) fn set(response: &mut Response<Bytes>, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(HeaderName::from_static(name), value);
    }
}
