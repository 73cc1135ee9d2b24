//! The baseline: a narrow row for every user, and a wide one where users are kept.

use rusqlite::{Connection, params};

use super::columns::{hash_of, instant, moment, text};
use super::trouble::Trouble;
use super::{SqliteStore, keep, tenants};
use crate::error::Error;
use crate::store::{
    Baseline, BaselineRow, BaselineUser, EachUser, Keep, Outcome, Target, TargetId, TargetKey,
    UserState,
};
use crate::time::Timestamp;

impl Baseline for SqliteStore {
    fn keep(&self) -> Result<Keep, Error> {
        self.read(keep::current)
    }

    fn change_keep(&self, wanted: Keep) -> Result<(), Error> {
        self.with(|connection| keep::change(connection, wanted))?;
        self.packing.forget();
        Ok(())
    }

    fn target(&self, key: &TargetKey) -> Result<Target, Error> {
        // Whoever only looks writes nothing.
        match self.read(|state| tenants::find_target(state, key))? {
            Some(target) => Ok(target),
            None => self.write(|change| tenants::make_target(change, key)),
        }
    }

    fn baseline_revision(&self, target: TargetId) -> Result<u64, Error> {
        self.read(|state| revision(state, target))
    }

    fn scan_baseline(&self, target: TargetId, each: EachUser<'_>) -> Result<u64, Error> {
        self.read(|state| {
            let revision = revision(state, target)?;
            let mut query = state.prepare_cached(
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
        })
    }

    fn baseline_user(
        &self,
        target: TargetId,
        external_id: &str,
    ) -> Result<Option<BaselineUser>, Error> {
        self.read(|state| {
            let mut query = state.prepare_cached(
                "SELECT hash, active, state, accepted_at, state_at, user_name, display_name, manager, user
                 FROM baseline LEFT JOIN baseline_user USING (target, external_id)
                 WHERE target = ?1 AND external_id = ?2",
            )?;
            let mut rows = query.query(params![target.0, external_id])?;
            let Some(row) = rows.next()? else { return Ok(None) };
            let mut bytes = Vec::new();
            let user = self.packing.user(state, row, 8, &mut bytes)?.map(<[u8]>::to_vec);
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
        })
    }

    fn note_outcomes(
        &self,
        target: TargetId,
        outcomes: &[Outcome],
        now: Timestamp,
    ) -> Result<u64, Error> {
        self.write(|change| {
            let mut query = change.prepare_cached(
                "UPDATE baseline SET state = ?4, state_at = ?5
                 WHERE target = ?1 AND external_id = ?2 AND hash = ?3 AND state <> ?4",
            )?;
            let mut noted = 0;
            for outcome in outcomes {
                let (hash, state) = (outcome.hash.to_be_bytes(), outcome.state as u8);
                noted += query.execute(params![
                    target.0,
                    outcome.external_id,
                    hash,
                    state,
                    moment(now)
                ])?;
            }
            changed(change, target, noted)
        })
    }

    fn mark_unconfirmed(
        &self,
        target: TargetId,
        deadline: Timestamp,
        now: Timestamp,
    ) -> Result<u64, Error> {
        self.write(|change| {
            let marked = change.execute(
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
            changed(change, target, marked)
        })
    }
}

pub(super) fn revision(connection: &Connection, target: TargetId) -> Result<u64, Trouble> {
    let mut query = connection.prepare_cached("SELECT revision FROM target WHERE id = ?1")?;
    Ok(query.query_row([target.0], |row| row.get(0))?)
}

/// Every change of a baseline goes with this.
pub(super) fn moved(connection: &Connection, target: TargetId) -> Result<(), Trouble> {
    connection
        .prepare_cached("UPDATE target SET revision = revision + 1 WHERE id = ?1")?
        .execute([target.0])?;
    Ok(())
}

fn changed(connection: &Connection, target: TargetId, users: usize) -> Result<u64, Trouble> {
    if users > 0 {
        moved(connection, target)?;
    }
    Ok(users as u64)
}
