//! What happened to every batch, durable before and after its call.

use std::ops::Range;

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::baseline::{self, UserState};
use super::columns::{hash_of, instant, moment, past_moment, text};
use super::packing::Packing;
use super::plans::{Action, Actions};
use super::trouble::Trouble;
use super::{rolling, runs};
use crate::error::{Error, ErrorKind};
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
    /// In doubt when its run was given up: its users are planned again.
    GivenUp = 5,
}

impl BatchState {
    fn from_stored(number: u8) -> Self {
        match number {
            0 => BatchState::Intent,
            1 => BatchState::Sent,
            2 => BatchState::Accepted,
            3 => BatchState::Refused,
            4 => BatchState::InDoubt,
            _ => BatchState::GivenUp,
        }
    }

    fn words(self) -> &'static str {
        match self {
            BatchState::Intent => "not sent yet",
            BatchState::Sent => "sent",
            BatchState::Accepted => "accepted",
            BatchState::Refused => "refused",
            BatchState::InDoubt => "in doubt",
            BatchState::GivenUp => "given up",
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

const BATCH: &str = "SELECT number, first, past, body_hash, state, attempts, client_request_id,
    request_id, error, intended_at, sent_at, settled_at FROM batch WHERE run = ?1";

fn batch(row: &Row<'_>) -> rusqlite::Result<Batch> {
    Ok(Batch {
        number: row.get(0)?,
        ordinals: row.get(1)?..row.get(2)?,
        body_hash: hash_of(row.get_ref(3)?)?.unwrap_or_default(),
        state: BatchState::from_stored(row.get(4)?),
        attempts: row.get(5)?,
        client_request_id: row.get(6)?,
        request_id: row.get(7)?,
        error: row.get(8)?,
        intended_at: instant(row.get(9)?),
        sent_at: past_moment(row, 10)?,
        settled_at: past_moment(row, 11)?,
    })
}

pub(super) fn batches(
    connection: &Connection,
    run: &str,
    to_settle: bool,
) -> Result<Vec<Batch>, Trouble> {
    let (keys, _) = runs::find(connection, run)?;
    let mut query = connection
        .prepare_cached(&format!("{BATCH} AND (NOT ?2 OR state IN (0, 1, 4)) ORDER BY number"))?;
    let batches = query.query_map(params![keys.number, to_settle], batch)?;
    Ok(batches.collect::<Result<_, _>>()?)
}

/// The batch of that number in a run, if there is one.
fn numbered(
    connection: &Connection,
    keys: runs::Keys,
    number: u64,
) -> Result<Option<Batch>, Trouble> {
    let mut query = connection.prepare_cached(&format!("{BATCH} AND number = ?2"))?;
    Ok(query.query_row(params![keys.number, number], batch).optional()?)
}

fn not_intended(run: &str, number: u64) -> Error {
    let message = format!("Run {run} has no batch {number}.");
    Error::new(ErrorKind::NotFound, message, "Record the intent first.")
}

fn find(connection: &Connection, run: &str, number: u64) -> Result<(runs::Keys, Batch), Trouble> {
    let (keys, _) = runs::find(connection, run)?;
    let found = numbered(connection, keys, number)?.ok_or_else(|| not_intended(run, number))?;
    Ok((keys, found))
}

/// A batch's bytes never change: what is in doubt is settled by sending it again, identically.
fn same_bytes(run: &str, batch: &Batch, body_hash: u128) -> Result<(), Trouble> {
    if batch.body_hash == body_hash {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::InvalidState,
        format!(
            "Batch {} of run {run} was recorded with other bytes; it cannot be sent or settled as \
             something else.",
            batch.number
        ),
        "Use the mapping, the limits and the entrabulk that the run was started with.",
    )
    .into())
}

fn no_way(run: &str, batch: &Batch, wish: &str) -> Trouble {
    Error::new(
        ErrorKind::InvalidState,
        format!(
            "Batch {} of run {run} is {}; it cannot {wish}.",
            batch.number,
            batch.state.words()
        ),
        "Resume the run: it goes on from where the journal stands.",
    )
    .into()
}

pub(super) fn intend(
    connection: &Connection,
    run: &str,
    new: &NewBatch<'_>,
    now: Timestamp,
) -> Result<(), Trouble> {
    let (keys, state) = runs::still_goes_on(connection, run)?;
    if let Some(known) = numbered(connection, keys, new.number)? {
        return same_bytes(run, &known, new.body_hash);
    }
    if new.ordinals.start < state.next_ordinal || new.ordinals.is_empty() {
        let message = "A batch must cover items that are in no batch yet, and at least one.";
        return Err(Error::internal(message).into());
    }
    connection
        .prepare_cached(
            "INSERT INTO batch (run, number, first, past, body_hash, state, client_request_id,
                 intended_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute(params![
            keys.number,
            new.number,
            new.ordinals.start,
            new.ordinals.end,
            new.body_hash.to_be_bytes(),
            BatchState::Intent as u8,
            new.client_request_id,
            moment(now)
        ])?;
    Ok(())
}

pub(super) fn mark_sent(
    connection: &Connection,
    run: &str,
    number: u64,
    client_request_id: &str,
    now: Timestamp,
) -> Result<(), Trouble> {
    let (keys, _) = runs::still_goes_on(connection, run)?;
    let batch = numbered(connection, keys, number)?.ok_or_else(|| not_intended(run, number))?;
    if matches!(batch.state, BatchState::Accepted | BatchState::Refused | BatchState::GivenUp) {
        return Err(no_way(run, &batch, "be sent"));
    }
    connection
        .prepare_cached(
            "UPDATE batch SET state = ?3, attempts = attempts + 1, client_request_id = ?4,
                 sent_at = ?5
             WHERE run = ?1 AND number = ?2",
        )?
        .execute(params![
            keys.number,
            number,
            BatchState::Sent as u8,
            client_request_id,
            moment(now)
        ])?;
    Ok(())
}

/// A try that nobody staged: it did not leave, or was answered so. The batch is as before it.
pub(super) fn unmark_sent(
    connection: &Connection,
    run: &str,
    number: u64,
    left: bool,
) -> Result<(), Trouble> {
    let (keys, batch) = find(connection, run, number)?;
    if batch.state != BatchState::Sent {
        return Err(no_way(run, &batch, "be unsent"));
    }
    connection
        .prepare_cached(
            "UPDATE batch SET state = ?3, attempts = attempts - ?4 WHERE run = ?1 AND number = ?2",
        )?
        .execute(params![keys.number, number, BatchState::Intent as u8, u8::from(!left)])?;
    Ok(())
}

pub(super) fn mark_in_doubt(
    connection: &Connection,
    run: &str,
    number: u64,
    error: &str,
) -> Result<(), Trouble> {
    let (keys, batch) = find(connection, run, number)?;
    if !matches!(batch.state, BatchState::Sent | BatchState::InDoubt) {
        return Err(no_way(run, &batch, "be in doubt"));
    }
    connection
        .prepare_cached("UPDATE batch SET state = ?3, error = ?4 WHERE run = ?1 AND number = ?2")?
        .execute(params![keys.number, number, BatchState::InDoubt as u8, error])?;
    Ok(())
}

pub(super) fn refuse(
    connection: &Connection,
    run: &str,
    (number, body_hash): (u64, u128),
    error: &str,
    now: Timestamp,
) -> Result<(), Trouble> {
    let (keys, batch) = find(connection, run, number)?;
    same_bytes(run, &batch, body_hash)?;
    match batch.state {
        BatchState::Refused => return Ok(()),
        BatchState::Sent | BatchState::InDoubt => {}
        BatchState::Intent | BatchState::Accepted | BatchState::GivenUp => {
            return Err(no_way(run, &batch, "be refused"));
        }
    }
    connection
        .prepare_cached(
            "UPDATE batch SET state = ?3, error = ?4, settled_at = ?5
             WHERE run = ?1 AND number = ?2",
        )?
        .execute(params![keys.number, number, BatchState::Refused as u8, error, moment(now)])?;
    Ok(())
}

pub(super) fn accept(
    connection: &Connection,
    run: &str,
    (number, body_hash): (u64, u128),
    request_id: &str,
    now: Timestamp,
) -> Result<bool, Trouble> {
    let (keys, batch) = find(connection, run, number)?;
    same_bytes(run, &batch, body_hash)?;
    match batch.state {
        BatchState::Accepted => return Ok(false),
        BatchState::Sent | BatchState::InDoubt => {}
        BatchState::Intent | BatchState::Refused | BatchState::GivenUp => {
            return Err(no_way(run, &batch, "be accepted"));
        }
    }
    connection
        .prepare_cached(
            "UPDATE batch SET state = ?3, request_id = ?4, error = NULL, settled_at = ?5
             WHERE run = ?1 AND number = ?2",
        )?
        .execute(params![
            keys.number,
            number,
            BatchState::Accepted as u8,
            request_id,
            moment(now)
        ])?;
    take_over(connection, keys, &batch.ordinals, now)?;
    let range = (keys.plan, batch.ordinals.start, batch.ordinals.end);
    rolling::count(connection, (keys.target, keys.number, now), range, Actions::SENT.0)?;
    baseline::moved(connection, keys.target)?;
    Ok(true)
}

/// The users of a batch become the baseline; what they were before becomes the run's history.
fn take_over(
    connection: &Connection,
    keys: runs::Keys,
    ordinals: &Range<u64>,
    now: Timestamp,
) -> Result<(), Trouble> {
    const ITEMS: &str = "FROM plan_item AS item {JOIN}
        WHERE item.plan = ?1 AND item.ordinal >= ?2 AND item.ordinal < ?3
          AND (1 << item.action) & ?4 <> 0";
    let (first, past, sent) = (ordinals.start, ordinals.end, Actions::SENT.0);
    // The values before a run are those before its first touch, so an earlier row stays.
    let before = ITEMS.replace(
        "{JOIN}",
        "LEFT JOIN baseline AS old ON old.target = ?6 AND old.external_id = item.external_id
         LEFT JOIN baseline_user AS kept
             ON kept.target = ?6 AND kept.external_id = item.external_id",
    );
    connection
        .prepare_cached(&format!(
            "INSERT INTO history (run, external_id, action, hash, active, user_name, display_name,
                 manager, user)
             SELECT ?5, item.external_id, item.action, old.hash, old.active,
                 coalesce(old.user_name, ''), coalesce(kept.display_name, ''),
                 coalesce(kept.manager, ''), kept.user
             {before} ON CONFLICT DO NOTHING"
        ))?
        .execute(params![keys.plan, first, past, sent, keys.number, keys.target])?;
    let items = ITEMS.replace("{JOIN}", "");
    connection
        .prepare_cached(&format!(
            "INSERT INTO baseline (target, external_id, hash, active, state, accepted_at, state_at,
                 user_name)
             SELECT ?5, item.external_id, item.hash, item.active, ?6, ?7, ?7, item.user_name
             {items}
             ON CONFLICT DO UPDATE SET hash = excluded.hash, active = excluded.active,
                 state = excluded.state, accepted_at = excluded.accepted_at,
                 state_at = excluded.state_at, user_name = excluded.user_name"
        ))?
        .execute(params![
            keys.plan,
            first,
            past,
            sent,
            keys.target,
            UserState::Accepted as u8,
            moment(now)
        ])?;
    // Where the new bytes are not kept, the old ones are not the user's any more.
    connection
        .prepare_cached(&format!(
            "DELETE FROM baseline_user WHERE target = ?5 AND external_id IN
               (SELECT item.external_id {items} AND item.user IS NULL)"
        ))?
        .execute(params![keys.plan, first, past, sent, keys.target])?;
    connection
        .prepare_cached(&format!(
            "INSERT INTO baseline_user (target, external_id, display_name, manager, user)
             SELECT ?5, item.external_id, item.display_name, item.manager, item.user
             {items} AND item.user IS NOT NULL
             ON CONFLICT DO UPDATE SET display_name = excluded.display_name,
                 manager = excluded.manager, user = excluded.user"
        ))?
        .execute(params![keys.plan, first, past, sent, keys.target])?;
    Ok(())
}

pub(super) fn values_before(
    connection: &Connection,
    packing: &Packing,
    run: &str,
    each: EachBefore<'_>,
) -> Result<(), Trouble> {
    let (keys, _) = runs::find(connection, run)?;
    let mut query = connection.prepare_cached(
        "SELECT external_id, action, hash, active, user_name, display_name, manager, user
         FROM history WHERE run = ?1 ORDER BY external_id",
    )?;
    let mut rows = query.query([keys.number])?;
    let mut bytes = Vec::new();
    while let Some(row) = rows.next()? {
        let packed = row.get_ref(7)?.as_blob_or_null().map_err(rusqlite::Error::from)?;
        if let Some(packed) = packed {
            packing.unpack(connection, packed, &mut bytes)?;
        }
        each(Before {
            external_id: text(row, 0)?,
            action: Action::from_stored(row.get(1)?),
            hash: hash_of(row.get_ref(2)?)?,
            active: row.get(3)?,
            user_name: text(row, 4)?,
            display_name: text(row, 5)?,
            manager: text(row, 6)?,
            user: packed.map(|_| bytes.as_slice()),
        })?;
    }
    Ok(())
}
