//! Runs: a row for each.

use rusqlite::{Connection, OptionalExtension, Row, ToSql};

use super::columns::{instant, past_moment};
use super::trouble::Trouble;
use crate::store::{Run, RunState, TargetId, sentences};

/// The rows that belong to a run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Keys {
    pub(super) number: i64,
    pub(super) plan: i64,
    pub(super) target: TargetId,
}

const RUN: &str = "SELECT run.number, run.plan, run.target, run.id, plan.id, run.state,
    run.started_at, run.ended_at, run.summary,
    (SELECT coalesce(max(past), 0) FROM batch WHERE run = run.number)
    FROM run JOIN plan ON plan.number = run.plan";

fn run(row: &Row<'_>) -> rusqlite::Result<(Keys, Run)> {
    let keys = Keys { number: row.get(0)?, plan: row.get(1)?, target: TargetId(row.get(2)?) };
    let run = Run {
        id: row.get(3)?,
        plan: row.get(4)?,
        target: keys.target,
        state: RunState::from_stored(row.get(5)?),
        started_at: instant(row.get(6)?),
        ended_at: past_moment(row, 7)?,
        summary: row.get(8)?,
        next_ordinal: row.get(9)?,
    };
    Ok((keys, run))
}

pub(super) fn find(connection: &Connection, id: &str) -> Result<(Keys, Run), Trouble> {
    let mut query = connection.prepare_cached(&format!("{RUN} WHERE run.id = ?1"))?;
    query.query_row([id], run).optional()?.ok_or_else(|| sentences::no_run(id).into())
}

/// The run, unless it has ended: nothing more of it may be sent then.
pub(super) fn find_going_on(connection: &Connection, id: &str) -> Result<(Keys, Run), Trouble> {
    let (keys, run) = find(connection, id)?;
    run.goes_on()?;
    Ok((keys, run))
}

/// The runs of which `which` is true, in its order.
pub(super) fn all(
    connection: &Connection,
    which: &str,
    values: &[&dyn ToSql],
) -> Result<Vec<Run>, Trouble> {
    let mut query = connection.prepare_cached(&format!("{RUN} WHERE {which}"))?;
    let runs = query.query_map(values, run)?;
    Ok(runs.map(|run| run.map(|(_, run)| run)).collect::<Result<_, _>>()?)
}
