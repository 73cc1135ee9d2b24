//! The journal: runs, their batches, and who runs.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, params};

use super::batches::{self, DOUBTFUL, Stepped};
use super::columns::{hash_of, instant, moment, text};
use super::runs::Keys;
use super::trouble::Trouble;
use super::{SqliteStore, baseline, plans, runs, totals};
use crate::error::Error;
use crate::store::batches::Step;
use crate::store::{
    Action, Actions, Batch, BatchState, Before, EachBefore, Journal, Lease, NewBatch, NewRun, Run,
    RunState, TargetId, Totals, UserState, sentences,
};
use crate::time::Timestamp;

impl Journal for SqliteStore {
    fn start_run(&self, new: &NewRun<'_>, now: Timestamp) -> Result<Run, Error> {
        self.write(|change| {
            let (number, plan) = plans::find(change, new.plan)?;
            if let Some(holder) = new.holder
                && lease(change, plan.target)?.is_none_or(|(by, _)| by != holder)
            {
                return Err(sentences::lost_lease().into());
            }
            let started_by = plans::started_by(change, number)?;
            plan.is_fresh(baseline::revision(change, plan.target)?, started_by.as_deref())?;
            nothing_in_doubt(change, plan.target)?;
            let taken: bool = change.query_row(
                "SELECT EXISTS (SELECT 1 FROM run WHERE id = ?1)",
                [new.id],
                |row| row.get(0),
            )?;
            if taken {
                return Err(sentences::run_exists(new.id).into());
            }
            let run = change.query_row(
                "INSERT INTO run (id, plan, target, state, started_at) VALUES (?1, ?2, ?3, ?4, ?5)
                 RETURNING number",
                params![new.id, number, plan.target.0, RunState::Running as u8, moment(now)],
                |row| row.get(0),
            )?;
            // Older runs hold older users: they must never be sent after these.
            change.execute(
                "UPDATE run SET state = ?3, ended_at = coalesce(ended_at, ?4)
                 WHERE target = ?1 AND number <> ?2 AND state IN (0, 1)",
                params![plan.target.0, run, RunState::Abandoned as u8, moment(now)],
            )?;
            plans::use_approval(change, (number, &plan), new.tripped, run, now)?;
            Ok(runs::find(change, new.id)?.1)
        })
    }

    fn run(&self, id: &str) -> Result<Run, Error> {
        self.read(|state| Ok(runs::find(state, id)?.1))
    }

    fn runs(&self, target: Option<TargetId>, limit: usize) -> Result<Vec<Run>, Error> {
        let which = "?1 IS NULL OR run.target = ?1 ORDER BY run.number DESC LIMIT ?2";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.read(|state| runs::all(state, which, &[&target.map(|target| target.0), &limit]))
    }

    fn unfinished_runs(&self, target: TargetId) -> Result<Vec<Run>, Error> {
        let which = "run.target = ?1 AND run.state IN (?2, ?3) ORDER BY run.number";
        let open = [RunState::Running as u8, RunState::Stopped as u8];
        self.read(|state| runs::all(state, which, &[&target.0, &open[0], &open[1]]))
    }

    fn set_run_state(
        &self,
        run: &str,
        state: RunState,
        summary: Option<&str>,
        now: Timestamp,
    ) -> Result<(), Error> {
        self.write(|change| set_state(change, run, state, summary, now))
    }

    fn abandon_run(&self, run: &str, now: Timestamp) -> Result<u64, Error> {
        self.write(|change| {
            let (keys, _) = runs::find_going_on(change, run)?;
            let doubtful = change.execute(
                &format!(
                    "UPDATE baseline SET state = ?3, state_at = ?4 WHERE target = ?2 AND external_id IN
                       (SELECT item.external_id FROM batch JOIN plan_item AS item
                          ON item.plan = ?5 AND item.ordinal >= batch.first
                          AND item.ordinal < batch.past AND (1 << item.action) & ?6 <> 0
                        WHERE batch.run = ?1 AND batch.{DOUBTFUL})"
                ),
                params![
                    keys.number,
                    keys.target.0,
                    UserState::Unconfirmed as u8,
                    moment(now),
                    keys.plan,
                    Actions::SENT.0
                ],
            )?;
            baseline::moved(change, keys.target)?;
            change.execute(
                &format!("UPDATE batch SET state = ?2, settled_at = ?3 WHERE run = ?1 AND {DOUBTFUL}"),
                params![keys.number, BatchState::GivenUp as u8, moment(now)],
            )?;
            set_state(change, run, RunState::Abandoned, None, now)?;
            Ok(u64::try_from(doubtful).unwrap_or(u64::MAX))
        })
    }

    fn intend(&self, run: &str, new: &NewBatch<'_>, now: Timestamp) -> Result<(), Error> {
        self.write(|change| {
            let (keys, state) = runs::find_going_on(change, run)?;
            if let Some(known) = batches::numbered(change, keys, new.number)? {
                return Ok(known.has_bytes(run, new.body_hash)?);
            }
            if new.ordinals.start < state.next_ordinal || new.ordinals.is_empty() {
                let message =
                    "A batch must cover items that are in no batch yet, and at least one.";
                return Err(Error::internal(message).into());
            }
            change
                .prepare_cached(
                    "INSERT INTO batch (run, number, first, past, body_hash, state,
                         client_request_id, intended_at)
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
        })
    }

    fn mark_sent(
        &self,
        run: &str,
        number: u64,
        client_request_id: &str,
        now: Timestamp,
    ) -> Result<(), Error> {
        self.write(|change| {
            let (keys, _) = runs::find_going_on(change, run)?;
            let sent = batches::step(change, (run, keys), number, None, Step::Send)?;
            change
                .prepare_cached(
                    "UPDATE batch SET state = ?3, attempts = attempts + 1, client_request_id = ?4,
                         sent_at = ?5
                     WHERE run = ?1 AND number = ?2",
                )?
                .execute(params![
                    keys.number,
                    number,
                    sent.state as u8,
                    client_request_id,
                    moment(now)
                ])?;
            Ok(())
        })
    }

    fn unmark_sent(&self, run: &str, number: u64, left: bool) -> Result<(), Error> {
        self.write(|change| {
            let (keys, _) = runs::find(change, run)?;
            let unsent = batches::step(change, (run, keys), number, None, Step::Unsend)?;
            change
                .prepare_cached(
                    "UPDATE batch SET state = ?3, attempts = attempts - ?4
                     WHERE run = ?1 AND number = ?2",
                )?
                .execute(params![keys.number, number, unsent.state as u8, u8::from(!left)])?;
            Ok(())
        })
    }

    fn mark_in_doubt(&self, run: &str, number: u64, error: &str) -> Result<(), Error> {
        self.write(|change| {
            let (keys, _) = runs::find(change, run)?;
            let doubt = batches::step(change, (run, keys), number, None, Step::Doubt)?;
            change
                .prepare_cached(
                    "UPDATE batch SET state = ?3, error = ?4 WHERE run = ?1 AND number = ?2",
                )?
                .execute(params![keys.number, number, doubt.state as u8, error])?;
            Ok(())
        })
    }

    fn accept(
        &self,
        run: &str,
        number: u64,
        body_hash: u128,
        request_id: &str,
        now: Timestamp,
    ) -> Result<bool, Error> {
        self.write(|change| {
            let (keys, _) = runs::find(change, run)?;
            let accept = Step::Accept;
            let Stepped { batch, state } =
                batches::step(change, (run, keys), number, Some(body_hash), accept)?;
            if batch.state == state {
                return Ok(false);
            }
            change
                .prepare_cached(
                    "UPDATE batch SET state = ?3, request_id = ?4, error = NULL, settled_at = ?5
                     WHERE run = ?1 AND number = ?2",
                )?
                .execute(params![keys.number, number, state as u8, request_id, moment(now)])?;
            batches::take_over(change, keys, &batch.ordinals, now)?;
            totals::count(change, keys, &batch.ordinals, now)?;
            baseline::moved(change, keys.target)?;
            Ok(true)
        })
    }

    fn refuse(
        &self,
        run: &str,
        number: u64,
        body_hash: u128,
        error: &str,
        now: Timestamp,
    ) -> Result<(), Error> {
        self.write(|change| {
            let (keys, _) = runs::find(change, run)?;
            let refuse = Step::Refuse;
            let Stepped { batch, state } =
                batches::step(change, (run, keys), number, Some(body_hash), refuse)?;
            if batch.state == state {
                return Ok(());
            }
            change
                .prepare_cached(
                    "UPDATE batch SET state = ?3, error = ?4, settled_at = ?5
                     WHERE run = ?1 AND number = ?2",
                )?
                .execute(params![keys.number, number, state as u8, error, moment(now)])?;
            Ok(())
        })
    }

    fn batches(&self, run: &str) -> Result<Vec<Batch>, Error> {
        self.read(|state| batches::of_run(state, run, false))
    }

    fn batches_to_settle(&self, run: &str) -> Result<Vec<Batch>, Error> {
        self.read(|state| batches::of_run(state, run, true))
    }

    fn values_before(&self, run: &str, each: EachBefore<'_>) -> Result<(), Error> {
        self.read(|state| {
            let (keys, _) = runs::find(state, run)?;
            let mut query = state.prepare_cached(
                "SELECT external_id, action, hash, active, user_name, display_name, manager, user
                 FROM history WHERE run = ?1 ORDER BY external_id",
            )?;
            let mut rows = query.query([keys.number])?;
            let mut bytes = Vec::new();
            while let Some(row) = rows.next()? {
                each(Before {
                    external_id: text(row, 0)?,
                    action: Action::from_stored(row.get(1)?),
                    hash: hash_of(row.get_ref(2)?)?,
                    active: row.get(3)?,
                    user_name: text(row, 4)?,
                    display_name: text(row, 5)?,
                    manager: text(row, 6)?,
                    user: self.packing.user(state, row, 7, &mut bytes)?,
                })?;
            }
            Ok(())
        })
    }

    fn totals_since(&self, target: TargetId, since: Timestamp) -> Result<Totals, Error> {
        self.read(|state| totals::since(state, target, since))
    }

    fn take_lease(
        &self,
        target: TargetId,
        holder: &str,
        ttl: Duration,
        now: Timestamp,
    ) -> Result<Lease, Error> {
        self.write(|change| {
            let answer = Lease::asked(lease(change, target)?, holder, now);
            if !matches!(answer, Lease::Held { .. }) {
                change.execute(
                    "INSERT INTO lease (target, holder, until) VALUES (?1, ?2, ?3)
                     ON CONFLICT DO UPDATE SET holder = excluded.holder, until = excluded.until",
                    params![target.0, holder, moment(now.after(ttl))],
                )?;
            }
            Ok(answer)
        })
    }

    fn renew_lease(
        &self,
        target: TargetId,
        holder: &str,
        ttl: Duration,
        now: Timestamp,
    ) -> Result<bool, Error> {
        self.write(|change| {
            // One's own expired lease that nobody took is still one's own.
            let renewed = change.execute(
                "UPDATE lease SET until = ?3 WHERE target = ?1 AND holder = ?2",
                params![target.0, holder, moment(now.after(ttl))],
            )?;
            Ok(renewed == 1)
        })
    }

    fn release_lease(&self, target: TargetId, holder: &str) -> Result<(), Error> {
        self.write(|change| {
            change.execute(
                "DELETE FROM lease WHERE target = ?1 AND holder = ?2",
                params![target.0, holder],
            )?;
            Ok(())
        })
    }
}

/// Who has the lease on a target, and until when.
fn lease(
    connection: &Connection,
    target: TargetId,
) -> Result<Option<(String, Timestamp)>, Trouble> {
    let mut query =
        connection.prepare_cached("SELECT holder, until FROM lease WHERE target = ?1")?;
    let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, instant(row.get(1)?)));
    Ok(query.query_row([target.0], row).optional()?)
}

/// Sending a newer version of a user while an older one is in doubt could let the older one win.
fn nothing_in_doubt(connection: &Connection, target: TargetId) -> Result<(), Trouble> {
    let found: Option<(String, u64)> = connection
        .query_row(
            &format!(
                "SELECT run.id, count(*) FROM run JOIN batch ON batch.run = run.number
                 WHERE run.target = ?1 AND batch.{DOUBTFUL} GROUP BY run.id LIMIT 1"
            ),
            [target.0],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()?;
    match found {
        Some((run, calls)) => Err(sentences::run_in_doubt(&run, calls).into()),
        None => Ok(()),
    }
}

fn set_state(
    connection: &Connection,
    id: &str,
    state: RunState,
    summary: Option<&str>,
    now: Timestamp,
) -> Result<(), Trouble> {
    let (keys, run): (Keys, Run) = runs::find(connection, id)?;
    if !run.becomes(state, batches::count(connection, keys, state.blocked_by())?)? {
        return Ok(());
    }
    let ended_at = (state != RunState::Running).then(|| moment(now));
    connection.execute(
        "UPDATE run SET state = ?2, summary = coalesce(?3, summary), ended_at = ?4
         WHERE number = ?1",
        params![keys.number, state as u8, summary, ended_at],
    )?;
    Ok(())
}
