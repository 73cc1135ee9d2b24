//! Batches: what happened to each, and what may happen next.

use std::ops::Range;

use super::Action;
use crate::error::Error;
use crate::time::Timestamp;

/// Where a batch stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum BatchState {
    /// To be sent; nothing left yet.
    Intent = 0,
    /// A try left.
    Sent = 1,
    /// The service staged it (202).
    Accepted = 2,
    /// The service will not take it.
    Refused = 3,
    /// A try left and no answer came.
    InDoubt = 4,
    /// In doubt when its run was abandoned: its users are planned again.
    GivenUp = 5,
}

/// What happens to a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// A try is about to leave.
    Send,
    /// A try was staged by nobody.
    Unsend,
    /// A try had no answer.
    Doubt,
    /// The service took it.
    Accept,
    /// The service will not take it.
    Refuse,
}

impl BatchState {
    /// Those of which a try may have been staged: nobody knows.
    pub(super) const DOUBTFUL: [BatchState; 2] = [BatchState::Sent, BatchState::InDoubt];
    /// Those that a resumed run settles.
    pub(super) const UNSETTLED: [BatchState; 3] =
        [BatchState::Intent, BatchState::Sent, BatchState::InDoubt];

    pub(super) fn from_stored(number: u8) -> Self {
        match number {
            0 => BatchState::Intent,
            1 => BatchState::Sent,
            2 => BatchState::Accepted,
            3 => BatchState::Refused,
            4 => BatchState::InDoubt,
            _ => BatchState::GivenUp,
        }
    }

    /// Where `step` leads from here, and `None` if it may not be taken. What was accepted or refused is so for
    /// good; being told again changes nothing.
    pub(super) const fn after(self, step: Step) -> Option<BatchState> {
        use BatchState::{Accepted, InDoubt, Intent, Refused, Sent};
        match (step, self) {
            (Step::Send, Intent | Sent | InDoubt) => Some(Sent),
            (Step::Unsend, Sent) => Some(Intent),
            (Step::Doubt, Sent | InDoubt) => Some(InDoubt),
            (Step::Accept, Sent | InDoubt | Accepted) => Some(Accepted),
            (Step::Refuse, Sent | InDoubt | Refused) => Some(Refused),
            _ => None,
        }
    }
}

/// A batch about to be sent: the sending items of the plan within a range of ordinals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewBatch<'a> {
    /// Its number in the run, from 1.
    pub number: u64,
    /// The ordinals it covers; it holds those items whose action sends.
    pub ordinals: Range<u64>,
    /// XXH3-128 of the request body.
    pub body_hash: u128,
    /// The client-request-id of its first try.
    pub client_request_id: &'a str,
}

/// One batch of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// Its number in the run.
    pub number: u64,
    /// The ordinals it covers.
    pub ordinals: Range<u64>,
    /// XXH3-128 of the request body: what is sent again must have the same.
    pub body_hash: u128,
    /// Where it stands.
    pub state: BatchState,
    /// Tries that left.
    pub attempts: u64,
    /// The client-request-id of the latest try.
    pub client_request_id: String,
    /// The service's request-id, once it accepted.
    pub request_id: Option<String>,
    /// Why it was refused or is in doubt: an error document (JSON).
    pub error: Option<String>,
    /// When it was intended.
    pub intended_at: Timestamp,
    /// When its latest try left.
    pub sent_at: Option<Timestamp>,
    /// When it was accepted or refused.
    pub settled_at: Option<Timestamp>,
}

/// What a user was before a run, borrowed while it passes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Before<'a> {
    /// The user.
    pub external_id: &'a str,
    /// What the run did with it.
    pub action: Action,
    /// The hash it had; `None` if the baseline did not know it.
    pub hash: Option<u128>,
    /// Whether it was enabled.
    pub active: Option<bool>,
    /// The userName it had.
    pub user_name: &'a str,
    /// The displayName it had.
    pub display_name: &'a str,
    /// The externalId of the manager it had.
    pub manager: &'a str,
    /// Its bytes; `None` if there was no such user, or they were not kept.
    pub user: Option<&'a [u8]>,
}

/// Names the version without its values.
impl std::fmt::Debug for Before<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Before")
            .field("external_id", &self.external_id)
            .field("action", &self.action)
            .field("hash", &self.hash)
            .finish_non_exhaustive()
    }
}

/// Takes one user of a stream; an error ends the stream and is handed on.
pub type EachBefore<'a> = &'a mut dyn FnMut(Before<'_>) -> Result<(), Error>;
