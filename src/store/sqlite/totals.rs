//! Totals: a row for what each batch did.

use std::ops::Range;

use rusqlite::{Connection, params};

use super::columns::moment;
use super::runs::Keys;
use super::trouble::Trouble;
use crate::store::{Action, Actions, TargetId, Totals};
use crate::time::Timestamp;

/// Stand where an action would: for a wiped attribute, and for a new user that is not active.
const WIPE: u8 = 100;
const INACTIVE_ADD: u8 = 101;

/// Counts what a batch changed, whose items have these ordinals. Whoever was sent again as it was did not change.
pub(super) fn count(
    connection: &Connection,
    Keys { number: run, plan, target }: Keys,
    ordinals: &Range<u64>,
    now: Timestamp,
) -> Result<(), Trouble> {
    let (target, first, past, sent) = (target.0, ordinals.start, ordinals.end, Actions::SENT.0);
    connection
        .prepare_cached(
            "INSERT INTO tally (target, at, what, attribute, count, run)
             SELECT ?1, ?2, action, '', count(*), ?7 FROM plan_item
             WHERE plan = ?3 AND ordinal >= ?4 AND ordinal < ?5 AND (1 << action) & ?6 <> 0
               AND NOT resend
             GROUP BY action",
        )?
        .execute(params![target, moment(now), plan, first, past, sent, run])?;
    connection
        .prepare_cached(
            "INSERT INTO tally (target, at, what, attribute, count, run)
             SELECT ?1, ?2, ?7, '', count(*), ?8 FROM plan_item
             WHERE plan = ?3 AND ordinal >= ?4 AND ordinal < ?5 AND action = ?6
               AND active IS NOT 1 AND NOT resend
             HAVING count(*) > 0",
        )?
        .execute(params![
            target,
            moment(now),
            plan,
            first,
            past,
            Action::Add as u8,
            INACTIVE_ADD,
            run
        ])?;
    connection
        .prepare_cached(
            "INSERT INTO tally (target, at, what, attribute, count, run)
             SELECT ?1, ?2, ?7, wipe.value, count(*), ?8
             FROM plan_item, json_each(plan_item.wiped) AS wipe
             WHERE plan = ?3 AND ordinal >= ?4 AND ordinal < ?5 AND (1 << action) & ?6 <> 0
               AND wiped <> ''
             GROUP BY wipe.value",
        )?
        .execute(params![target, moment(now), plan, first, past, sent, WIPE, run])?;
    Ok(())
}

pub(super) fn since(
    connection: &Connection,
    target: TargetId,
    since: Timestamp,
) -> Result<Totals, Trouble> {
    let mut totals = Totals::default();
    let mut query = connection.prepare_cached(
        "SELECT what, attribute, sum(count) FROM tally WHERE target = ?1 AND at > ?2
           AND NOT EXISTS (SELECT 1 FROM approval WHERE approval.used_by = tally.run)
           AND NOT EXISTS (SELECT 1 FROM run JOIN plan ON plan.number = run.plan
                           WHERE run.number = tally.run AND plan.baseline_revision = 0)
         GROUP BY what, attribute",
    )?;
    let mut rows = query.query(params![target.0, moment(since)])?;
    while let Some(row) = rows.next()? {
        let (what, count): (u8, u64) = (row.get(0)?, row.get(2)?);
        match what {
            WIPE => drop(totals.wipes.insert(row.get(1)?, count)),
            INACTIVE_ADD => totals.inactive_adds = count,
            _ => match Action::from_stored(what) {
                Action::Add => totals.adds = count,
                Action::Update => totals.updates = count,
                Action::Disable => totals.removals = count,
                Action::Restore => totals.restores = count,
                _ => {}
            },
        }
    }
    Ok(totals)
}
