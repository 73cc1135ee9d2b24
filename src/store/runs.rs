//! Runs: one execution of one plan, begun once and ended once, however often it was interrupted.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::columns::{instant, moment, past_moment};
use super::plans::{self, Plan};
use super::trouble::Trouble;
use super::{Actions, BatchState, TargetId, Tripped, approval, baseline, lease};
use crate::error::{Error, ErrorKind};
use crate::time::Timestamp;

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum RunState {
    /// At work; or its process died.
    Running = 0,
    /// It stopped cleanly before its end (quota, cancel) and can be resumed.
    Stopped = 1,
    /// Everything was sent and answered.
    Finished = 2,
    /// It was given up; what it had accepted stays.
    Abandoned = 3,
}

impl RunState {
    /// Whether it never comes back from there.
    pub fn is_final(self) -> bool {
        matches!(self, RunState::Finished | RunState::Abandoned)
    }

    fn from_stored(number: u8) -> Self {
        match number {
            0 => RunState::Running,
            1 => RunState::Stopped,
            2 => RunState::Finished,
            _ => RunState::Abandoned,
        }
    }
}

/// A run to start.
#[derive(Debug, Clone, Copy)]
pub struct NewRun<'a> {
    /// Its id, new.
    pub id: &'a str,
    /// The plan to execute.
    pub plan: &'a str,
    /// The brakes that trip now, judged again at apply, each with the plan's number. What tripped when the
    /// plan was made needs its approval in any case.
    pub tripped: &'a Tripped,
    /// Who must hold the lease on the target; `None` where nobody needs to.
    pub holder: Option<&'a str>,
}

/// One execution of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Its id.
    pub id: String,
    /// Its plan's id.
    pub plan: String,
    /// Its target.
    pub target: TargetId,
    /// Where it stands.
    pub state: RunState,
    /// When it started.
    pub started_at: Timestamp,
    /// When it ended or stopped.
    pub ended_at: Option<Timestamp>,
    /// Its summary (JSON), once it ended or stopped.
    pub summary: Option<String>,
    /// The first ordinal of the plan that is in no batch yet.
    pub next_ordinal: u64,
}

/// What the journal needs of a run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Keys {
    pub(super) number: i64,
    pub(super) plan: i64,
    pub(super) target: i64,
}

const RUN: &str = "SELECT run.number, run.plan, run.target, run.id, plan.id, run.state,
    run.started_at, run.ended_at, run.summary,
    (SELECT coalesce(max(past), 0) FROM batch WHERE run = run.number)
    FROM run JOIN plan ON plan.number = run.plan";

fn run(row: &Row<'_>) -> rusqlite::Result<(Keys, Run)> {
    let keys = Keys { number: row.get(0)?, plan: row.get(1)?, target: row.get(2)? };
    let run = Run {
        id: row.get(3)?,
        plan: row.get(4)?,
        target: TargetId(keys.target),
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
    query.query_row([id], run).optional()?.ok_or_else(|| {
        let message = format!("The store has no run \"{id}\".");
        Error::new(ErrorKind::NotFound, message, "List the runs.").into()
    })
}

pub(super) fn list(
    connection: &Connection,
    target: Option<TargetId>,
    limit: usize,
) -> Result<Vec<Run>, Trouble> {
    let mut query = connection.prepare(&format!(
        "{RUN} WHERE ?1 IS NULL OR run.target = ?1 ORDER BY run.number DESC LIMIT ?2"
    ))?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let runs = query.query_map(params![target.map(|target| target.0), limit], run)?;
    Ok(runs.map(|run| run.map(|(_, run)| run)).collect::<Result<_, _>>()?)
}

pub(super) fn unfinished(connection: &Connection, target: TargetId) -> Result<Vec<Run>, Trouble> {
    let mut query = connection.prepare(&format!(
        "{RUN} WHERE run.target = ?1 AND run.state IN (?2, ?3) ORDER BY run.number"
    ))?;
    let open = [RunState::Running as u8, RunState::Stopped as u8];
    let runs = query.query_map(params![target.0, open[0], open[1]], run)?;
    Ok(runs.map(|run| run.map(|(_, run)| run)).collect::<Result<_, _>>()?)
}

pub(super) fn start(
    connection: &Connection,
    new: &NewRun<'_>,
    now: Timestamp,
) -> Result<Run, Trouble> {
    let (number, plan) = plans::find(connection, new.plan)?;
    if let Some(holder) = new.holder {
        lease::still_held(connection, plan.target, holder)?;
    }
    still_fresh(connection, number, &plan)?;
    nothing_in_doubt(connection, plan.target)?;
    let taken: bool = connection.query_row(
        "SELECT EXISTS (SELECT 1 FROM run WHERE id = ?1)",
        [new.id],
        |row| row.get(0),
    )?;
    if taken {
        let message = format!("There is a run \"{}\" already.", new.id);
        return Err(Error::new(ErrorKind::InvalidState, message, "Give it another id.").into());
    }
    let run = connection.query_row(
        "INSERT INTO run (id, plan, target, state, started_at) VALUES (?1, ?2, ?3, ?4, ?5)
         RETURNING number",
        params![new.id, number, plan.target.0, RunState::Running as u8, moment(now)],
        |row| row.get(0),
    )?;
    // Older runs hold older users: they must never be sent after these.
    connection.execute(
        "UPDATE run SET state = ?3, ended_at = coalesce(ended_at, ?4)
         WHERE target = ?1 AND number <> ?2 AND state IN (0, 1)",
        params![plan.target.0, run, RunState::Abandoned as u8, moment(now)],
    )?;
    approval::consume(connection, (number, &plan), new.tripped, run, now)?;
    Ok(find(connection, new.id)?.1)
}

/// The run, unless it has ended: nothing more of it may be sent then.
pub(super) fn still_goes_on(connection: &Connection, id: &str) -> Result<(Keys, Run), Trouble> {
    let (keys, run) = find(connection, id)?;
    if !run.state.is_final() {
        return Ok((keys, run));
    }
    let message = format!("Run {id} has ended, or another took its place; it sends no more.");
    Err(Error::new(ErrorKind::InvalidState, message, "Make a new plan.").into())
}

/// Gives a run up. Whoever is in doubt is planned again, whatever the source says.
pub(super) fn abandon(connection: &Connection, id: &str, now: Timestamp) -> Result<u64, Trouble> {
    let (keys, _) = still_goes_on(connection, id)?;
    let doubtful = connection.execute(
        "UPDATE baseline SET state = ?3, state_at = ?4 WHERE target = ?2 AND external_id IN
           (SELECT item.external_id FROM batch JOIN plan_item AS item
              ON item.plan = ?5 AND item.ordinal >= batch.first AND item.ordinal < batch.past
              AND (1 << item.action) & ?6 <> 0
            WHERE batch.run = ?1 AND batch.state IN (1, 4))",
        params![
            keys.number,
            keys.target,
            baseline::UserState::Unconfirmed as u8,
            moment(now),
            keys.plan,
            Actions::SENT.0
        ],
    )?;
    baseline::moved(connection, keys.target)?;
    connection.execute(
        "UPDATE batch SET state = ?2, settled_at = ?3 WHERE run = ?1 AND state IN (1, 4)",
        params![keys.number, BatchState::GivenUp as u8, moment(now)],
    )?;
    set_state(connection, id, RunState::Abandoned, None, now)?;
    Ok(u64::try_from(doubtful).unwrap_or(u64::MAX))
}

/// The run that the plan was started by.
pub(super) fn started_by(connection: &Connection, plan: i64) -> Result<Option<String>, Trouble> {
    let mut query = connection.prepare_cached("SELECT id FROM run WHERE plan = ?1")?;
    Ok(query.query_row([plan], |row| row.get(0)).optional()?)
}

/// A plan holds for the baseline it was made from, and for one run.
fn still_fresh(connection: &Connection, number: i64, plan: &Plan) -> Result<(), Trouble> {
    let stale = |message: String, advice: &str| {
        Err(Error::new(ErrorKind::PlanStale, message, advice).into())
    };
    if let Some(earlier) = started_by(connection, number)? {
        return stale(
            format!("Plan {} was started already, by run {earlier}.", plan.id),
            "Resume that run if it is unfinished; else make a new plan.",
        );
    }
    let revision = baseline::revision(connection, plan.target)?;
    if revision != plan.baseline_revision {
        return stale(
            format!(
                "The baseline moved since plan {} was made: from revision {} to {revision}.",
                plan.id, plan.baseline_revision
            ),
            "Make the plan again.",
        );
    }
    if plan.pruned_at.is_some() {
        return stale(
            format!("Plan {} is old; its users were let go to save space.", plan.id),
            "Make the plan again.",
        );
    }
    Ok(())
}

/// Sending a newer version of a user while an older one is in doubt could let the older one win.
fn nothing_in_doubt(connection: &Connection, target: TargetId) -> Result<(), Trouble> {
    let found: Option<(String, i64)> = connection
        .query_row(
            "SELECT run.id, count(*) FROM run JOIN batch ON batch.run = run.number
             WHERE run.target = ?1 AND batch.state IN (1, 4)
             GROUP BY run.id LIMIT 1",
            [target.0],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()?;
    let Some((run, count)) = found else { return Ok(()) };
    let plural = if count == 1 { "call" } else { "calls" };
    Err(Error::new(
        ErrorKind::RunUnfinished,
        format!("Run {run} has {count} {plural} that left and had no answer."),
        format!(
            "Resume run {run} first: it settles them. Where that is impossible, abandon it (runs.abandon)."
        ),
    )
    .into())
}

pub(super) fn set_state(
    connection: &Connection,
    id: &str,
    state: RunState,
    summary: Option<&str>,
    now: Timestamp,
) -> Result<(), Trouble> {
    let (keys, run) = find(connection, id)?;
    if run.state.is_final() {
        if run.state == state {
            return Ok(());
        }
        let message = format!("Run {id} has ended; it cannot change any more.");
        return Err(Error::new(ErrorKind::InvalidState, message, "Make a new plan.").into());
    }
    let open = |states: &[BatchState]| -> Result<i64, Trouble> {
        let mut open = 0;
        for state in states {
            open += connection.query_row(
                "SELECT count(*) FROM batch WHERE run = ?1 AND state = ?2",
                params![keys.number, *state as u8],
                |row| row.get::<_, i64>(0),
            )?;
        }
        Ok(open)
    };
    let blocking = match state {
        RunState::Finished => open(&[BatchState::Intent, BatchState::Sent, BatchState::InDoubt])?,
        RunState::Abandoned => open(&[BatchState::Sent, BatchState::InDoubt])?,
        RunState::Running | RunState::Stopped => 0,
    };
    if blocking > 0 {
        let plural = if blocking == 1 { "batch" } else { "batches" };
        let message = format!("Run {id} has {blocking} {plural} to settle and cannot end so.");
        return Err(Error::new(ErrorKind::RunUnfinished, message, "Resume it first.").into());
    }
    connection.execute(
        "UPDATE run SET state = ?2, summary = coalesce(?3, summary), ended_at = ?4
         WHERE number = ?1",
        params![
            keys.number,
            state as u8,
            summary,
            (state != RunState::Running).then(|| moment(now))
        ],
    )?;
    Ok(())
}
