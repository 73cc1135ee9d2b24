//! What an answer means. HTTP is known here alone: nobody else tells one status from another.

use std::time::Duration;

use reqwest::Url;
use serde::de::DeserializeOwned;
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

use super::sentences;
use super::transport::{HttpResponse, TransportError, TransportFault};
use crate::error::Error;
use crate::time::Timestamp;

/// The longest message of the service that an error repeats, in characters.
const LONGEST_MESSAGE: usize = 500;

/// An answer other than the one that was hoped for, by Graph or by the login host.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Refusal {
    /// The status.
    pub status: u16,
    /// Graph's `error.code`; of the login host `AADSTS` and a number.
    pub code: Option<String>,
    /// Graph's own words, or the login host's name for the error; cut if it is long.
    pub message: String,
    /// The id under which Microsoft finds the call.
    pub request_id: Option<String>,
    /// How long the service asks to wait.
    pub retry_after: Option<Duration>,
    /// The host a redirect points to.
    pub redirect: Option<String>,
}

/// What a refusal means, whoever was asked, for whatever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// Another host is to be asked, which nobody here does.
    Redirected,
    /// The request makes no sense to the service.
    Malformed,
    /// The request is too large.
    TooLarge,
    /// The token is not accepted.
    TokenRejected,
    /// The token lacks a permission.
    Forbidden,
    /// What the address names is not there.
    NotFound,
    /// Too many calls.
    Throttled,
    /// The job's ingestion queue is full.
    BucketFull,
    /// The service is not in order, and may be soon.
    Failing,
    /// Nothing that a service should say here.
    Odd,
}

/// What to do about a call that did not succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judgement {
    /// Call again.
    Repeat {
        /// Why.
        cause: Cause,
        /// The pause that the service asked for; zero if it did not say how long.
        asked: Duration,
    },
    /// Call again at once, with another token.
    Renew,
    /// What was sent is not taken, however often it is sent.
    Refuse,
    /// No call like it does better.
    Stop,
}

impl Judgement {
    /// Why the call is repeated, unless another token is all it takes.
    pub(crate) fn cause(self) -> Option<Cause> {
        match self {
            Judgement::Repeat { cause, .. } => Some(cause),
            Judgement::Renew | Judgement::Refuse | Judgement::Stop => None,
        }
    }
}

/// Why a call is repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// It failed.
    Failed,
    /// The service asked all its callers for a pause.
    PauseAsked,
    /// The job's ingestion queue is full.
    BucketFull,
}

/// How far a call came that did not succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// It did not leave, or met nobody.
    Nobody,
    /// It left, and no answer came in time. It may be under way still.
    NoAnswer,
    /// It left, and may have been carried out, though nobody says so.
    Unknown,
    /// The service answered, and did nothing of what was asked.
    Answered,
}

impl Reach {
    /// Whether anything left this machine.
    pub fn was_sent(self) -> bool {
        self != Reach::Nobody
    }

    /// Whether what was asked may have been done though nobody said so.
    pub fn leaves_doubt(self) -> bool {
        matches!(self, Reach::NoAnswer | Reach::Unknown)
    }
}

/// A try that did not succeed.
#[derive(Debug, Clone)]
pub struct Failure {
    /// What to do about it.
    pub judgement: Judgement,
    /// How far it came.
    pub reach: Reach,
    /// What to say of it if nothing is done.
    pub error: Error,
}

impl Failure {
    /// A try that the service, or its login host, answered so; `error` says it in words.
    pub(super) fn refused(refusal: &Refusal, mut error: Error) -> Failure {
        error.http_status = Some(refusal.status);
        error.service_code = refusal.code.clone();
        error.request_id = refusal.request_id.clone();
        let wait = refusal.retry_after.map(|wait| wait.as_millis());
        error.retry_after_ms = wait.map(|wait| u64::try_from(wait).unwrap_or(u64::MAX));
        Failure { judgement: refusal.judgement(), reach: reach(Ok(refusal)), error }
    }

    /// A try without an answer from `host`.
    pub(super) fn unanswered(error: &TransportError, host: &str) -> Failure {
        let judgement = match error.fault {
            TransportFault::Tls => Judgement::Stop,
            _ => Judgement::Repeat { cause: Cause::Failed, asked: Duration::ZERO },
        };
        Failure { judgement, reach: reach(Err(error.fault)), error: error.describe(host) }
    }

    /// As the failure of the call that a token was wanted for, which never left.
    pub(super) fn before_the_call(self) -> Failure {
        let judgement = match self.judgement {
            Judgement::Repeat { .. } => self.judgement,
            Judgement::Renew | Judgement::Refuse | Judgement::Stop => Judgement::Stop,
        };
        Failure { judgement, reach: Reach::Nobody, ..self }
    }
}

/// A fault before anything was sent.
impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure { judgement: Judgement::Stop, reach: Reach::Nobody, error }
    }
}

/// How far a call came, by its answer or by what came instead: the one place that knows what leaves a
/// doubt. A gateway's 502 and 504 say only that it got no answer either.
fn reach(end: Result<&Refusal, TransportFault>) -> Reach {
    match end {
        Ok(Refusal { status: 502 | 504, .. }) => Reach::Unknown,
        Ok(_) => Reach::Answered,
        Err(TransportFault::NotSent | TransportFault::Tls) => Reach::Nobody,
        Err(TransportFault::Timeout) => Reach::NoAnswer,
        Err(TransportFault::Reset | TransportFault::Cut) => Reach::Unknown,
    }
}

impl Refusal {
    /// Reads an answer that came at `now`.
    pub(super) fn read(response: &HttpResponse, now: Timestamp) -> Refusal {
        let body: Value = serde_json::from_slice(&response.body().0).unwrap_or_default();
        let mut refusal = match member(&body, "error") {
            Some(error @ Value::Object(_)) => of_graph(error),
            _ => of_login_host(&body),
        };
        refusal.status = response.status().as_u16();
        refusal.request_id = request_id(response).or(refusal.request_id);
        refusal.retry_after =
            header(response, "retry-after").and_then(|value| retry_after(value, now));
        refusal.redirect = response.status().is_redirection().then(|| {
            let url = header(response, "location").and_then(|to| Url::parse(to).ok());
            url.and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default()
        });
        refusal
    }

    /// What it means.
    pub fn meaning(&self) -> Meaning {
        match self.status {
            300..400 => Meaning::Redirected,
            400 | 415 | 422 => Meaning::Malformed,
            401 => Meaning::TokenRejected,
            403 => Meaning::Forbidden,
            404 => Meaning::NotFound,
            413 => Meaning::TooLarge,
            429 => Meaning::Throttled,
            500.. if self.says_bucket_full() => Meaning::BucketFull,
            408 | 500.. => Meaning::Failing,
            _ => Meaning::Odd,
        }
    }

    /// Only the text of a 500 tells that the job's ingestion queue is full.
    fn says_bucket_full(&self) -> bool {
        let message = self.message.to_lowercase();
        message.contains("bucket") && message.contains("full")
    }

    fn judgement(&self) -> Judgement {
        let asked = self.retry_after.unwrap_or_default();
        let busy = self.status == 503 && self.retry_after.is_some();
        match self.meaning() {
            Meaning::Malformed | Meaning::TooLarge => Judgement::Refuse,
            Meaning::TokenRejected => Judgement::Renew,
            Meaning::BucketFull => Judgement::Repeat { cause: Cause::BucketFull, asked },
            Meaning::Throttled => Judgement::Repeat { cause: Cause::PauseAsked, asked },
            Meaning::Failing if busy => Judgement::Repeat { cause: Cause::PauseAsked, asked },
            Meaning::Failing => Judgement::Repeat { cause: Cause::Failed, asked: Duration::ZERO },
            Meaning::Redirected | Meaning::Forbidden | Meaning::NotFound | Meaning::Odd => {
                Judgement::Stop
            }
        }
    }

    /// Its own words, to follow a sentence about it; empty if it has none.
    pub(super) fn words(&self) -> String {
        match (&self.code, self.message.as_str()) {
            (_, "") => String::new(),
            (Some(code), message) => sentences::it_says_code(code, message),
            (None, message) => sentences::it_says(message),
        }
    }

    /// What to say of it where the endpoint has no words of its own.
    pub(super) fn describe(&self) -> Error {
        let words = self.words();
        match self.meaning() {
            Meaning::Redirected => {
                sentences::host_not_allowed(self.redirect.as_deref().unwrap_or_default())
            }
            Meaning::TokenRejected => sentences::token_rejected(&words),
            Meaning::Throttled => sentences::throttled(&words),
            Meaning::BucketFull => sentences::bucket_full(&words),
            _ => sentences::service_failed(self.status, &words),
        }
    }
}

/// Graph's error body ("Microsoft Graph error responses").
fn of_graph(error: &Value) -> Refusal {
    let text = |value: &Value, name| member(value, name).and_then(Value::as_str).map(str::to_owned);
    let message = text(error, "message").unwrap_or_default();
    Refusal {
        code: text(error, "code"),
        message: message.chars().take(LONGEST_MESSAGE).collect(),
        request_id: member(error, "innerError").and_then(|inner| text(inner, "request-id")),
        ..Refusal::default()
    }
}

/// The login host's error body (RFC 6749 section 5.2, with what Entra adds to it).
fn of_login_host(body: &Value) -> Refusal {
    let text = |name: &str| body[name].as_str().unwrap_or_default();
    let code = body["error_codes"][0].as_u64().or_else(|| first_code(text("error_description")));
    Refusal {
        code: code.map(|code| format!("AADSTS{code}")),
        message: text("error").chars().take(LONGEST_MESSAGE).collect(),
        request_id: body["trace_id"].as_str().map(str::to_owned),
        ..Refusal::default()
    }
}

/// The number of the first `AADSTS…` in a description.
fn first_code(description: &str) -> Option<u64> {
    let (_, after) = description.split_once("AADSTS")?;
    after.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// A member of a JSON object, its name in any case: Graph itself writes `innerError` and `innererror`.
fn member<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    let mut members = value.as_object()?.iter();
    members.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// The first header of that name, if it is text.
pub(super) fn header<'a>(response: &'a HttpResponse, name: &str) -> Option<&'a str> {
    response.headers().get(name)?.to_str().ok()
}

/// The id under which Microsoft finds the call.
pub(super) fn request_id(response: &HttpResponse) -> Option<String> {
    header(response, "request-id").map(str::to_owned)
}

/// The document that an answer holds.
pub(super) fn document<T: DeserializeOwned>(response: &HttpResponse) -> Result<T, Error> {
    serde_json::from_slice(&response.body().0).map_err(|error| {
        let mut error = sentences::unreadable(error);
        error.request_id = request_id(response);
        error
    })
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
mod tests;
