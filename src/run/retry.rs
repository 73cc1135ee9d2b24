//! What a failed try means: repeat it, give the batch up, or end the run.

use std::time::Duration;

use super::events::WaitReason;
use crate::error::{Error, ErrorKind};
use crate::graph::bulk_upload::{Receipt, Refusal};
use crate::graph::sign_in::SignInFailure;
use crate::graph::target::Target;
use crate::graph::transport::{Token, TransportError, TransportFault, host_not_allowed};
use crate::time::Random;

/// The first pause after a failure; it doubles from try to try.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause of our own.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// Pauses for a full bucket ("pause 5-10 minutes, then retry").
const BUCKET_PAUSES: [Duration; 2] = [Duration::from_secs(300), Duration::from_secs(600)];

/// How one try ended.
#[derive(Debug)]
pub(super) enum Outcome {
    /// The service staged the batch.
    Accepted(Receipt),
    /// The service answered something else.
    Answered { refusal: Refusal, token: Token },
    /// No answer.
    Unanswered(TransportError),
    /// No token, so nothing was sent.
    SignIn(SignInFailure),
    /// A fault before sending.
    Failed(Error),
    /// The service staged the batch, and that could not be written down.
    Unrecorded(Error),
}

impl Outcome {
    /// Whether the batch may have arrived though nobody said so. A gateway's 502 and 504 say only that
    /// it got no answer either.
    pub(super) fn leaves_doubt(&self) -> bool {
        match self {
            Outcome::Unanswered(error) => {
                !matches!(error.fault, TransportFault::NotSent | TransportFault::Tls)
            }
            Outcome::Answered { refusal, .. } => matches!(refusal.status, 502 | 504),
            Outcome::Unrecorded(_) => true,
            Outcome::Accepted(_) | Outcome::SignIn(_) | Outcome::Failed(_) => false,
        }
    }

    /// Whether anything left this machine.
    pub(super) fn was_sent(&self) -> bool {
        match self {
            Outcome::Accepted(_) | Outcome::Answered { .. } | Outcome::Unrecorded(_) => true,
            Outcome::Unanswered(_) => self.leaves_doubt(),
            Outcome::SignIn(_) | Outcome::Failed(_) => false,
        }
    }

    /// Whether the service will not take what was sent, however often it is sent.
    pub(super) fn is_refusal(&self) -> bool {
        self.status().is_some_and(refuses)
    }

    /// The status of the answer.
    pub(super) fn status(&self) -> Option<u16> {
        match self {
            Outcome::Accepted(_) | Outcome::Unrecorded(_) => Some(202),
            Outcome::Answered { refusal, .. } => Some(refusal.status),
            Outcome::Unanswered(_) | Outcome::SignIn(_) | Outcome::Failed(_) => None,
        }
    }
}

/// What to do about a failed try.
#[derive(Debug, PartialEq)]
pub(super) enum Verdict {
    /// Try again after a pause; `everyone` pauses if the trouble is not this batch's alone. The error
    /// is what to say when there is no patience left.
    Repeat { pause: Duration, reason: WaitReason, everyone: bool, error: Error },
    /// Try again at once with another token, if one can be had; otherwise the error ends the run.
    Renew(Error),
    /// The service will not take what we send: the run ends, for the next batch is made alike.
    Refuse(Error),
    /// The run ends.
    Stop(Error),
}

/// What a batch has been through.
#[derive(Debug, Default, Clone)]
pub(super) struct Patience {
    /// Tries made.
    pub(super) tries: u32,
    /// Answers of "bucket full" among them.
    pub(super) full: usize,
}

/// Judges a failed try; `None` for an accepted one.
pub(super) fn judge(
    outcome: Outcome,
    patience: &Patience,
    target: &Target,
    random: &Random,
) -> Verdict {
    let own = backoff(patience.tries, random);
    let repeat =
        |error| Verdict::Repeat { pause: own, reason: WaitReason::Backoff, everyone: false, error };
    match outcome {
        Outcome::Accepted(_) => Verdict::Stop(Error::internal("An accepted call was judged.")),
        Outcome::Failed(error) | Outcome::Unrecorded(error) => Verdict::Stop(error),
        Outcome::SignIn(failure) if failure.transient => repeat(failure.error),
        Outcome::SignIn(failure) => Verdict::Stop(failure.error),
        Outcome::Unanswered(error) => {
            let told = told(&error, target);
            if error.fault == TransportFault::Tls { Verdict::Stop(told) } else { repeat(told) }
        }
        Outcome::Answered { refusal, .. } => judge_answer(&refusal, patience, target, own),
    }
}

/// The error that tells of a call without an answer.
pub(super) fn told(error: &TransportError, target: &Target) -> Error {
    error.describe(target.simulator.as_deref().unwrap_or(target.cloud.graph_host()))
}

fn judge_answer(refusal: &Refusal, patience: &Patience, target: &Target, own: Duration) -> Verdict {
    let error = describe(refusal, target);
    // Whoever asks for a pause gets the longer one, and from everyone.
    let asked = |error| Verdict::Repeat {
        pause: refusal.retry_after.map_or(own, |asked| asked.max(own)),
        reason: WaitReason::RetryAfter,
        everyone: true,
        error,
    };
    match refusal.status {
        _ if refusal.is_bucket_full() => Verdict::Repeat {
            pause: BUCKET_PAUSES[patience.full.min(BUCKET_PAUSES.len() - 1)]
                .max(refusal.retry_after.unwrap_or_default()),
            reason: WaitReason::BucketFull,
            everyone: true,
            error,
        },
        429 => asked(error),
        503 if refusal.retry_after.is_some() => asked(error),
        401 => Verdict::Renew(error),
        status if refuses(status) => Verdict::Refuse(error),
        408 | 500.. => {
            Verdict::Repeat { pause: own, reason: WaitReason::Backoff, everyone: false, error }
        }
        _ => Verdict::Stop(error),
    }
}

fn refuses(status: u16) -> bool {
    matches!(status, 400 | 413 | 415 | 422)
}

/// Exponential, half of it by chance, so that clients that failed together do not return together.
fn backoff(tries: u32, random: &Random) -> Duration {
    let doublings = tries.saturating_sub(1).min(16);
    let whole = FIRST_PAUSE.saturating_mul(1 << doublings).min(LONGEST_PAUSE);
    let half = whole / 2;
    let micros = u64::try_from(half.as_micros()).unwrap_or(u64::MAX).max(1);
    half + Duration::from_micros(random.bits() % micros)
}

/// The error that tells of a refusal.
fn describe(refusal: &Refusal, target: &Target) -> Error {
    let said = match (&refusal.code, refusal.message.as_str()) {
        (_, "") => String::new(),
        (Some(code), message) => format!(" It says {code}: {message}"),
        (None, message) => format!(" It says: {message}"),
    };
    let sp = &target.service_principal_id;
    let (kind, message, advice) = match refusal.status {
        300..400 => {
            return host_not_allowed(refusal.redirect.as_deref().unwrap_or_default());
        }
        _ if refusal.is_bucket_full() => (
            ErrorKind::BucketFull,
            format!("The job's ingestion queue stayed full.{said}"),
            "Check in the portal that the job is started, not paused and not in quarantine; after a \
             restart wait about 40 minutes, then send again.",
        ),
        400 | 415 | 422 => (
            ErrorKind::RequestRefused,
            format!("The service refused the batch as malformed.{said}"),
            "Write the payload to a file with convert and compare it with the job's attribute list; \
             the batches after it were not sent.",
        ),
        401 => (
            ErrorKind::TokenRejected,
            format!("The service does not accept the access token.{said}"),
            "Get a fresh token for this cloud's Microsoft Graph and check that its tenant is the job's.",
        ),
        403 => (
            ErrorKind::PermissionMissing,
            format!("The application may not upload to this job.{said}"),
            "Grant it the application permission SynchronizationData-User.Upload with admin consent, \
             then get a new token.",
        ),
        404 => (
            ErrorKind::TargetNotFound,
            format!(
                "The service knows no job {} of a service principal {sp}.{said}",
                target.job_id
            ),
            "Check that servicePrincipalId is the object id of the enterprise application (not its \
             appId, not the app registration's object id) and copy jobId from the provisioning page.",
        ),
        413 => (
            ErrorKind::RequestRefused,
            format!("The service finds the batch too large.{said}"),
            "Lower limits.bytes or limits.operations and send again.",
        ),
        429 => (
            ErrorKind::Throttled,
            format!("The service kept refusing more calls (429).{said}"),
            "Another client may use this tenant's quota; send the rest later.",
        ),
        status => (
            ErrorKind::ServiceFailed,
            format!("The service answered with HTTP {status}.{said}"),
            "Try again later; if it stays, give Microsoft the request id.",
        ),
    };
    let mut error = Error::new(kind, message, advice);
    error.http_status = Some(refusal.status);
    error.service_code = refusal.code.clone();
    error.request_id = refusal.request_id.clone();
    let wait = refusal.retry_after.map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
    error.retry_after_ms = wait;
    error
}

#[cfg(test)]
mod tests;
