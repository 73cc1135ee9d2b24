//! Batches: a row for each, and its users to the baseline when it is accepted.

use std::ops::Range;

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::columns::{hash_of, instant, moment, past_moment};
use super::runs::{self, Keys};
use super::trouble::Trouble;
use crate::store::batches::Step;
use crate::store::{Actions, Batch, BatchState, UserState, sentences};
use crate::time::Timestamp;

/// [`BatchState::DOUBTFUL`] and [`BatchState::UNSETTLED`], in words that an index of the schema has too.
pub(super) const DOUBTFUL: &str = "state IN (1, 4)";
const UNSETTLED: &str = "state IN (0, 1, 4)";

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

/// The batches of a run in order: all, or those that a resumed run settles.
pub(super) fn of_run(
    connection: &Connection,
    run: &str,
    to_settle: bool,
) -> Result<Vec<Batch>, Trouble> {
    let (keys, _) = runs::find(connection, run)?;
    let which = if to_settle { UNSETTLED } else { "1" };
    let mut query = connection.prepare_cached(&format!("{BATCH} AND {which} ORDER BY number"))?;
    Ok(query.query_map([keys.number], batch)?.collect::<Result<_, _>>()?)
}

/// The batch of that number in a run, if there is one.
pub(super) fn numbered(
    connection: &Connection,
    keys: Keys,
    number: u64,
) -> Result<Option<Batch>, Trouble> {
    let mut query = connection.prepare_cached(&format!("{BATCH} AND number = ?2"))?;
    Ok(query.query_row(params![keys.number, number], batch).optional()?)
}

/// How many batches of a run stand in one of these states.
pub(super) fn count(
    connection: &Connection,
    keys: Keys,
    states: &[BatchState],
) -> Result<u64, Trouble> {
    let mut query =
        connection.prepare_cached("SELECT count(*) FROM batch WHERE run = ?1 AND state = ?2")?;
    let mut count = 0;
    for state in states {
        count += query.query_row(params![keys.number, *state as u8], |row| row.get::<_, u64>(0))?;
    }
    Ok(count)
}

/// A batch that takes a step; an error if there is none or it may not. With `body_hash` it must have those bytes.
pub(super) fn step(
    connection: &Connection,
    (run, keys): (&str, Keys),
    number: u64,
    body_hash: Option<u128>,
    step: Step,
) -> Result<Stepped, Trouble> {
    let batch =
        numbered(connection, keys, number)?.ok_or_else(|| sentences::no_batch(run, number))?;
    if let Some(body_hash) = body_hash {
        batch.has_bytes(run, body_hash)?;
    }
    let state = batch.after(run, step)?;
    Ok(Stepped { batch, state })
}

/// A batch as it stood, and where it stands then.
pub(super) struct Stepped {
    pub(super) batch: Batch,
    pub(super) state: BatchState,
}

/// The users of a batch become the baseline; what they were before becomes the run's history.
pub(super) fn take_over(
    connection: &Connection,
    keys: Keys,
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
        .execute(params![keys.plan, first, past, sent, keys.number, keys.target.0])?;
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
            keys.target.0,
            UserState::Accepted as u8,
            moment(now)
        ])?;
    // Where the new bytes are not kept, the old ones are not the user's any more.
    connection
        .prepare_cached(&format!(
            "DELETE FROM baseline_user WHERE target = ?5 AND external_id IN
               (SELECT item.external_id {items} AND item.user IS NULL)"
        ))?
        .execute(params![keys.plan, first, past, sent, keys.target.0])?;
    connection
        .prepare_cached(&format!(
            "INSERT INTO baseline_user (target, external_id, display_name, manager, user)
             SELECT ?5, item.external_id, item.display_name, item.manager, item.user
             {items} AND item.user IS NOT NULL
             ON CONFLICT DO UPDATE SET display_name = excluded.display_name,
                 manager = excluded.manager, user = excluded.user"
        ))?
        .execute(params![keys.plan, first, past, sent, keys.target.0])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_the_index_are_those_of_the_rules() {
        let words = |states: &[BatchState]| {
            let numbers: Vec<_> = states.iter().map(|state| (*state as u8).to_string()).collect();
            format!("state IN ({})", numbers.join(", "))
        };
        assert_eq!(words(&BatchState::DOUBTFUL), DOUBTFUL);
        assert_eq!(words(&BatchState::UNSETTLED), UNSETTLED);
    }
}
