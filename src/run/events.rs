//! What a run tells its host, in order (`docs/documents.md`, "Events").

use serde::Serialize;

use super::summary::{Progress, Summary};
use crate::convert::Totals;
use crate::error::Error;
use crate::finding::Finding;
use crate::graph::answer::Cause;
use crate::plan::PlanDocument;
use crate::source::SourceFacts;
use crate::time::Timestamp;

/// One event of a run.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "event", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum Event {
    /// The run began.
    Started {
        /// The run's id, a UUID.
        run: String,
        /// What the source is; absent if it could not be opened.
        #[serde(skip_serializing_if = "Option::is_none")]
        source: Option<SourceFacts>,
        /// The plan it executes; absent where the run makes its own or has none.
        #[serde(skip_serializing_if = "Option::is_none")]
        plan: Option<String>,
    },
    /// What the run is going to do is known, brakes included.
    Planned {
        /// The plan.
        plan: Box<PlanDocument>,
    },
    /// A record is rejected. All of these come before the first call. Left out, as warnings about
    /// records are, where the host does not read.
    Rejected(Finding),
    /// A record is odd but goes on, or something about the run is odd.
    Warning(Warning),
    /// Something worth knowing that is no reason for worry.
    Note {
        /// A full sentence.
        message: String,
    },
    /// The service staged a batch that an earlier run had sent and nobody had answered.
    Settled {
        /// The earlier run.
        run: String,
        /// The batch's number in that run.
        batch: u64,
        /// Users in it.
        users: usize,
        /// The service's id of the call.
        request_id: Option<String>,
    },
    /// The whole source was read; sending begins.
    Checked(Totals),
    /// The service staged a batch (202).
    Accepted {
        /// The batch's number, from 1.
        batch: u64,
        /// Users in it.
        users: usize,
        /// Tries it took.
        attempts: u32,
        /// The service's id of the call.
        request_id: Option<String>,
        /// Our id of the call, a UUID.
        client_request_id: String,
        /// Where the provisioning log of the whole job is.
        location: Option<String>,
    },
    /// The service will not take a batch.
    Refused {
        /// The batch's number, from 1.
        batch: u64,
        /// Users in it.
        users: usize,
        /// Who they are.
        external_ids: Vec<String>,
        /// Why.
        error: Error,
    },
    /// Nothing can be sent until then.
    Waiting {
        /// Why.
        reason: WaitReason,
        /// Until when.
        until: Timestamp,
        /// The same as a sentence.
        message: String,
    },
    /// How far the run is. Left out when the host does not keep up.
    Progress(Progress),
    /// The run ended: the last event, exactly once.
    Finished(Summary),
}

impl Event {
    /// Whether a host that does not keep up may miss it: it is counted, or said again, elsewhere.
    pub(super) fn may_be_missed(&self) -> bool {
        matches!(self, Event::Rejected(_) | Event::Warning(Warning::Record(_)) | Event::Progress(_))
    }
}

/// What a warning is about.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Warning {
    /// A record.
    Record(Finding),
    /// The run.
    Run {
        /// A full sentence.
        message: String,
    },
}

/// Why nothing can be sent for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum WaitReason {
    /// The calls of the last 5 seconds reached their limit.
    Pace,
    /// The calls of the last 24 hours reached their limit.
    Quota,
    /// The service asked for a pause.
    RetryAfter,
    /// A pause of our own after a failure.
    Backoff,
    /// The job's ingestion queue is full.
    BucketFull,
}

impl From<Cause> for WaitReason {
    fn from(cause: Cause) -> WaitReason {
        match cause {
            Cause::Failed => WaitReason::Backoff,
            Cause::PauseAsked => WaitReason::RetryAfter,
            Cause::BucketFull => WaitReason::BucketFull,
        }
    }
}

/// An event with its place in the run.
#[derive(Debug, Clone, Serialize)]
pub struct Numbered {
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
    /// From 1. A missing number is an event that was dropped because the host did not keep up.
    pub sequence: u64,
    /// When.
    pub at: Timestamp,
}
