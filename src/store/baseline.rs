//! What a target last accepted for every user, and what became of it.

use rusqlite::{Connection, params};

use super::TargetId;
use super::columns::{hash_of, instant, moment, text};
use super::packing::Packing;
use super::trouble::Trouble;
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
    fn from_stored(number: u8) -> Self {
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

pub(super) fn revision(connection: &Connection, target: TargetId) -> Result<u64, Trouble> {
    let mut query = connection.prepare_cached("SELECT revision FROM target WHERE id = ?1")?;
    Ok(query.query_row([target.0], |row| row.get(0))?)
}

/// Every change of a baseline goes with this.
pub(super) fn moved(connection: &Connection, target: i64) -> Result<(), Trouble> {
    connection
        .prepare_cached("UPDATE target SET revision = revision + 1 WHERE id = ?1")?
        .execute([target])?;
    Ok(())
}

pub(super) fn scan(
    connection: &Connection,
    target: TargetId,
    each: EachUser<'_>,
) -> Result<u64, Trouble> {
    let revision = revision(connection, target)?;
    let mut query = connection.prepare_cached(
        "SELECT external_id, user_name, hash, active, state, accepted_at FROM baseline
         WHERE target = ?1 ORDER BY external_id",
    )?;
    let mut rows = query.query([target.0])?;
    while let Some(row) = rows.next()? {
        each(BaselineRow {
            external_id: text(row, 0)?,
            user_name: text(row, 1)?,
            hash: hash_of(row.get_ref(2)?)?.unwrap_or_default(),
            active: row.get(3)?,
            state: UserState::from_stored(row.get(4)?),
            accepted_at: instant(row.get(5)?),
        })?;
    }
    Ok(revision)
}

pub(super) fn user(
    connection: &Connection,
    packing: &Packing,
    target: TargetId,
    external_id: &str,
) -> Result<Option<BaselineUser>, Trouble> {
    let mut query = connection.prepare_cached(
        "SELECT hash, active, state, accepted_at, state_at, user_name, display_name, manager, user
         FROM baseline LEFT JOIN baseline_user USING (target, external_id)
         WHERE target = ?1 AND external_id = ?2",
    )?;
    let mut rows = query.query(params![target.0, external_id])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let user = match row.get_ref(8)?.as_blob_or_null().map_err(rusqlite::Error::from)? {
        Some(packed) => {
            let mut bytes = Vec::new();
            packing.unpack(connection, packed, &mut bytes)?;
            Some(bytes)
        }
        None => None,
    };
    Ok(Some(BaselineUser {
        hash: hash_of(row.get_ref(0)?)?.unwrap_or_default(),
        active: row.get(1)?,
        state: UserState::from_stored(row.get(2)?),
        accepted_at: instant(row.get(3)?),
        state_at: instant(row.get(4)?),
        user_name: row.get(5)?,
        display_name: row.get::<_, Option<_>>(6)?.unwrap_or_default(),
        manager: row.get::<_, Option<_>>(7)?.unwrap_or_default(),
        user,
    }))
}

pub(super) fn note(
    connection: &Connection,
    target: TargetId,
    outcomes: &[Outcome],
    now: Timestamp,
) -> Result<u64, Trouble> {
    let mut query = connection.prepare_cached(
        "UPDATE baseline SET state = ?4, state_at = ?5
         WHERE target = ?1 AND external_id = ?2 AND hash = ?3 AND state <> ?4",
    )?;
    let mut noted = 0;
    for outcome in outcomes {
        let hash = outcome.hash.to_be_bytes();
        let state = outcome.state as u8;
        noted += query.execute(params![target.0, outcome.external_id, hash, state, moment(now)])?;
    }
    changed(connection, target, noted)
}

pub(super) fn mark_unconfirmed(
    connection: &Connection,
    target: TargetId,
    deadline: Timestamp,
    now: Timestamp,
) -> Result<u64, Trouble> {
    let marked = connection.execute(
        "UPDATE baseline SET state = ?4, state_at = ?5
         WHERE target = ?1 AND state = ?2 AND accepted_at < ?3",
        params![
            target.0,
            UserState::Accepted as u8,
            moment(deadline),
            UserState::Unconfirmed as u8,
            moment(now)
        ],
    )?;
    changed(connection, target, marked)
}

fn changed(connection: &Connection, target: TargetId, users: usize) -> Result<u64, Trouble> {
    if users > 0 {
        moved(connection, target.0)?;
    }
    Ok(users as u64)
}
