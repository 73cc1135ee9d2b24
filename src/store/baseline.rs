//! What a target last accepted for every user, and what became of it.

use crate::error::Error;
use crate::time::Timestamp;

/// How far a user has come. 202 is not done: the provisioning log says what became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum UserState {
    /// The service took it (202).
    Accepted = 0,
    /// The log says it was provisioned.
    Confirmed = 1,
    /// The log says it failed: it is to be planned again.
    Failed = 2,
    /// The log said nothing until the deadline: it is to be planned again.
    Unconfirmed = 3,
}

impl UserState {
    pub(super) fn from_stored(number: u8) -> Self {
        match number {
            1 => UserState::Confirmed,
            2 => UserState::Failed,
            3 => UserState::Unconfirmed,
            _ => UserState::Accepted,
        }
    }
}

/// One user of the baseline, borrowed while it passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BaselineRow<'a> {
    /// Its identity.
    pub external_id: &'a str,
    /// Its userName; empty when unknown or not kept.
    pub user_name: &'a str,
    /// The hash of its accepted bytes.
    pub hash: u128,
    /// Whether it was accepted as enabled; `None` if the user did not say.
    pub active: Option<bool>,
    /// How far it has come.
    pub state: UserState,
    /// When it was accepted.
    pub accepted_at: Timestamp,
}

/// One user of the baseline, whole.
#[derive(Clone, PartialEq, Eq)]
pub struct BaselineUser {
    /// The hash of its accepted bytes.
    pub hash: u128,
    /// Whether it was accepted as enabled; `None` if the user did not say.
    pub active: Option<bool>,
    /// How far it has come.
    pub state: UserState,
    /// When it was accepted.
    pub accepted_at: Timestamp,
    /// When it reached its state.
    pub state_at: Timestamp,
    /// Its userName.
    pub user_name: String,
    /// Its displayName.
    pub display_name: String,
    /// The externalId of its manager.
    pub manager: String,
    /// Its accepted bytes; `None` where only hashes are kept.
    pub user: Option<Vec<u8>>,
}

/// Names the version without its values.
impl std::fmt::Debug for BaselineUser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BaselineUser")
            .field("hash", &self.hash)
            .field("active", &self.active)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

/// Takes one user of a stream; an error ends the stream and is handed on.
pub type EachUser<'a> = &'a mut dyn FnMut(BaselineRow<'_>) -> Result<(), Error>;

/// What the provisioning log says of one user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The user.
    pub external_id: String,
    /// The version of the user it is about: the hash of its bytes.
    pub hash: u128,
    /// What became of it.
    pub state: UserState,
}
