//! One bulkUpload call (Graph, "synchronization job: bulkUpload"): the request, and what an answer says.

use std::time::Duration;

use bytes::Bytes;
use reqwest::Method;
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

use super::transport::{HttpRequest, HttpResponse, Token, graph_base};
use crate::error::Error;
use crate::graph::target::Target;
use crate::time::Timestamp;

/// The only content type the service takes; a charset parameter is undocumented.
const CONTENT_TYPE: &str = "application/scim+json";
/// The longest message of the service that an error repeats, in characters.
const LONGEST_MESSAGE: usize = 500;

/// The request that uploads `body` to the target's job.
pub(crate) fn request(
    target: &Target,
    token: Token,
    client_request_id: &str,
    body: Bytes,
) -> Result<HttpRequest, Error> {
    let mut url = graph_base(target)?;
    url.set_path(&format!(
        "/v1.0/servicePrincipals/{}/synchronization/jobs/{}/bulkUpload",
        target.service_principal_id, target.job_id
    ));
    Ok(HttpRequest {
        method: Method::POST,
        url,
        headers: vec![
            ("Content-Type", CONTENT_TYPE.to_owned()),
            ("Accept", "application/json".to_owned()),
            ("client-request-id", client_request_id.to_owned()),
        ],
        token: Some(token),
        body,
    })
}

/// What a 202 carries: the batch is staged, not yet processed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Receipt {
    pub(crate) request_id: Option<String>,
    pub(crate) location: Option<String>,
}

/// An answer other than 202.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    /// `error.code`, or the innermost one that there is.
    pub(crate) code: Option<String>,
    pub(crate) message: String,
    pub(crate) request_id: Option<String>,
    pub(crate) retry_after: Option<Duration>,
    /// The host a redirect points to.
    pub(crate) redirect: Option<String>,
}

impl Refusal {
    /// Whether this 500 says that the job's ingestion queue is full. Only its text tells.
    pub(crate) fn is_bucket_full(&self) -> bool {
        let message = self.message.to_lowercase();
        self.status >= 500 && message.contains("bucket") && message.contains("full")
    }
}

/// Reads the answer to a bulkUpload call that came at `now`.
pub(crate) fn read(response: &HttpResponse, now: Timestamp) -> Result<Receipt, Refusal> {
    let header = |name| response.header(name).map(str::to_owned);
    if response.status == 202 {
        return Ok(Receipt { request_id: header("request-id"), location: header("location") });
    }
    let document: Value = serde_json::from_slice(&response.body).unwrap_or_default();
    let error = member(&document, "error").unwrap_or(&Value::Null);
    let inner = member(error, "innerError").unwrap_or(&Value::Null);
    let text = |value: &Value, name| member(value, name).and_then(Value::as_str).map(str::to_owned);
    let message = text(error, "message").unwrap_or_default();
    Err(Refusal {
        status: response.status,
        code: text(error, "code"),
        message: message.chars().take(LONGEST_MESSAGE).collect(),
        request_id: header("request-id").or_else(|| text(inner, "request-id")),
        retry_after: response.header("retry-after").and_then(|value| retry_after(value, now)),
        redirect: response
            .header("location")
            .filter(|_| (300..400).contains(&response.status))
            .map(|location| {
                let url = reqwest::Url::parse(location).ok();
                url.and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default()
            }),
    })
}

/// A member of a JSON object, its name in any case: Graph itself writes `innerError` and `innererror`.
fn member<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    value
        .as_object()?
        .iter()
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
}

/// `Retry-After` (RFC 9110 section 10.2.3): seconds, or a date.
fn retry_after(value: &str, now: Timestamp) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let date = OffsetDateTime::parse(value, &Rfc2822).ok()?;
    let micros = u64::try_from(date.unix_timestamp_nanos() / 1_000).ok()?;
    Some(Timestamp(micros).since(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> HttpResponse {
        let headers = headers.iter().map(|(n, v)| (n.to_string(), v.to_string())).collect();
        HttpResponse { status, headers, body: Bytes::copy_from_slice(body.as_bytes()) }
    }

    #[test]
    fn a_202_gives_its_headers_in_any_case() {
        let answer = answer(202, &[("Request-Id", "r"), ("LOCATION", "l")], "");
        let receipt = read(&answer, Timestamp(0)).unwrap();
        assert_eq!(receipt.request_id.as_deref(), Some("r"));
        assert_eq!(receipt.location.as_deref(), Some("l"));
    }

    #[test]
    fn an_error_is_read_whatever_the_case_of_its_members() {
        for name in ["innerError", "innererror"] {
            let body = format!(
                r#"{{"error":{{"code":"c","message":"m","{name}":{{"request-id":"r"}}}}}}"#
            );
            let refusal = read(&answer(400, &[], &body), Timestamp(0)).unwrap_err();
            assert_eq!(refusal.code.as_deref(), Some("c"));
            assert_eq!((refusal.message.as_str(), refusal.request_id.as_deref()), ("m", Some("r")));
        }
    }

    #[test]
    fn an_answer_that_is_no_json_is_still_an_answer() {
        for body in ["", "<html>", "[]", "{\"error\":7}", "null", "\u{0}"] {
            let refusal = read(&answer(502, &[], body), Timestamp(0)).unwrap_err();
            assert_eq!((refusal.status, refusal.message.as_str()), (502, ""));
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        // RFC 9110's own example date is 1994-11-06T08:49:37Z.
        let now = Timestamp(784_111_770_000_000);
        assert_eq!(retry_after(" 17 ", now), Some(Duration::from_secs(17)));
        let date = "Sun, 06 Nov 1994 08:49:37 GMT";
        assert_eq!(retry_after(date, now), Some(Duration::from_secs(7)));
        assert_eq!(retry_after(date, now.after(Duration::from_secs(60))), Some(Duration::ZERO));
        assert_eq!(retry_after("soon", now), None);
    }

    #[test]
    fn only_a_server_error_that_says_so_is_a_full_bucket() {
        let refusal = |status, message: &str| Refusal {
            status,
            message: message.to_owned(),
            ..Refusal::default()
        };
        assert!(refusal(500, "The Bucket that stores the ingested data is FULL.").is_bucket_full());
        assert!(!refusal(400, "bucket full").is_bucket_full());
        assert!(!refusal(500, "the disk is full").is_bucket_full());
    }
}
