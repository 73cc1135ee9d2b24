//! Deleting what nobody needs any more, in transactions small enough that others wait little.

use rusqlite::params;

use super::SqliteStore;
use super::columns::moment;
use crate::error::Error;
use crate::store::{Pruned, Retention, RunState, TargetId};
use crate::time::Timestamp;

/// Items per transaction.
const PIECE: i64 = 10_000;
/// Rolling totals look back 7 days; a day more, for clocks that were set. In microseconds.
const TALLIES: i64 = 8 * 24 * 60 * 60 * 1_000_000;

pub(super) fn prune(
    store: &SqliteStore,
    target: TargetId,
    retention: &Retention,
    now: Timestamp,
) -> Result<Pruned, Error> {
    let mut pruned = Pruned::default();
    // A plan loses its users once its run ended, or when it is old and was never started.
    let plans = numbers(
        (store, target),
        "SELECT number FROM plan WHERE target = ?4 AND complete = 1 AND users_gone = 0 AND
             CASE WHEN EXISTS (SELECT 1 FROM run WHERE run.plan = plan.number)
                 THEN NOT EXISTS (SELECT 1 FROM run WHERE run.plan = plan.number
                                    AND run.state NOT IN (?2, ?3))
                 ELSE pruned_at IS NOT NULL OR created_at < ?1 END",
        retention.plans,
    )?;
    for plan in plans {
        // Marked first: from then on nobody starts it. A run may have been quicker than we.
        let marked = store.write(|change| {
            Ok(change.execute(
                "UPDATE plan SET pruned_at = coalesce(pruned_at, ?2) WHERE number = ?1 AND NOT EXISTS
                   (SELECT 1 FROM run WHERE run.plan = ?1 AND run.state NOT IN (?3, ?4))",
                params![
                    plan,
                    moment(now),
                    RunState::Finished as u8,
                    RunState::Abandoned as u8
                ],
            )?)
        })?;
        if marked == 1 {
            in_pieces(store, plan, "UPDATE plan_item SET user = NULL WHERE user IS NOT NULL AND")?;
            store.write(|change| {
                Ok(change.execute("UPDATE plan SET users_gone = 1 WHERE number = ?1", [plan])?)
            })?;
            pruned.plans += 1;
        }
    }
    // What is left of an old one are its counts.
    let old = numbers(
        (store, target),
        "SELECT number FROM plan WHERE target = ?4 AND users_gone = 1 AND items_gone = 0
           AND created_at < ?1
           AND NOT EXISTS (SELECT 1 FROM run WHERE run.plan = plan.number
                             AND (run.started_at >= ?1 OR run.state NOT IN (?2, ?3)))",
        retention.plans,
    )?;
    for plan in old {
        store.write(|change| {
            Ok(change.execute("UPDATE plan SET items_gone = 1 WHERE number = ?1", [plan])?)
        })?;
        in_pieces(store, plan, "DELETE FROM plan_item WHERE")?;
        pruned.items += 1;
    }
    let leftovers = numbers(
        (store, target),
        "SELECT number FROM plan WHERE target = ?4 AND complete = 0 AND created_at < ?1 AND ?2 <> ?3",
        retention.plans,
    )?;
    for plan in leftovers {
        in_pieces(store, plan, "DELETE FROM plan_item WHERE")?;
        store.write(|change| Ok(change.execute("DELETE FROM plan WHERE number = ?1", [plan])?))?;
        pruned.unfinished_plans += 1;
    }
    let runs = numbers(
        (store, target),
        "SELECT number FROM run WHERE target = ?4 AND started_at < ?1 AND state IN (?2, ?3)
           AND EXISTS (SELECT 1 FROM history WHERE history.run = run.number)",
        retention.history,
    )?;
    for run in runs {
        store.write(|change| Ok(change.execute("DELETE FROM history WHERE run = ?1", [run])?))?;
        pruned.runs += 1;
    }
    let tallies = moment(now).saturating_sub(TALLIES);
    store.write(|change| {
        change.execute("DELETE FROM tally WHERE target = ?2 AND at < ?1", [tallies, target.0])?;
        Ok(pruned)
    })
}

/// What to prune: `query` is given a moment, the two final states of a run, and the target.
fn numbers(
    (store, target): (&SqliteStore, TargetId),
    query: &str,
    before: Timestamp,
) -> Result<Vec<i64>, Error> {
    store.read(|state| {
        let mut query = state.prepare(query)?;
        let (finished, abandoned) = (RunState::Finished as u8, RunState::Abandoned as u8);
        let numbers = query
            .query_map(params![moment(before), finished, abandoned, target.0], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        Ok(numbers)
    })
}

/// Does `change` to the items of a plan, a piece at a time.
fn in_pieces(store: &SqliteStore, plan: i64, change: &str) -> Result<(), Error> {
    let statement = format!("{change} plan = ?1 AND ordinal >= ?2 AND ordinal < ?3");
    let last: i64 = store.read(|state| {
        Ok(state.query_row(
            "SELECT coalesce(max(ordinal), -1) FROM plan_item WHERE plan = ?1",
            [plan],
            |row| row.get(0),
        )?)
    })?;
    let mut first = 0;
    while first <= last {
        store.write(|piece| Ok(piece.execute(&statement, params![plan, first, first + PIECE])?))?;
        first += PIECE;
    }
    Ok(())
}
