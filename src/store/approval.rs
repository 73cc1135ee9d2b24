//! Letting one plan through a brake, once, knowingly.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, params};

use super::plans::{self, Plan};
use super::runs;
use super::sqlite::moment;
use super::trouble::Trouble;
use crate::error::{Error, ErrorKind};
use crate::time::Timestamp;

/// How long an approval holds.
pub(super) const LIFE: Duration = Duration::from_secs(24 * 60 * 60);

/// Someone's word that a plan which tripped a brake is meant. It holds for 24 hours and one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// The plan.
    pub plan: String,
    /// How many removals the approver saw; must be the plan's own number.
    pub removals: u64,
    /// Why it is right.
    pub reason: String,
    /// Who says so.
    pub approver: String,
}

pub(super) fn approve(
    connection: &Connection,
    approval: &Approval,
    now: Timestamp,
) -> Result<(), Trouble> {
    let (number, plan) = plans::find(connection, &approval.plan)?;
    let refused = |message: String, advice: String| {
        Err(Error::new(ErrorKind::ApprovalRefused, message, advice).into())
    };
    let removals = plan.facts.counts.disable;
    if approval.removals != removals {
        return refused(
            format!(
                "The approval is for {}, but plan {} has {}.",
                removals_text(approval.removals),
                plan.id,
                removals_text(removals)
            ),
            format!("Look at the plan; if it is right, approve {}.", removals_text(removals)),
        );
    }
    if approval.reason.trim().is_empty() || approval.approver.trim().is_empty() {
        return refused(
            format!("The approval of plan {} lacks its reason or who gives it.", plan.id),
            "Give both; they are kept with the run.".into(),
        );
    }
    if let Some(run) = runs::started_by(connection, number)? {
        return refused(
            format!(
                "Plan {} was started already, by run {run}; no run needs the approval.",
                plan.id
            ),
            "Resume that run if it is unfinished; else make a new plan.".into(),
        );
    }
    connection.execute(
        "INSERT INTO approval (plan, removals, reason, approver, given_at, expires_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            number,
            approval.removals,
            approval.reason,
            approval.approver,
            moment(now),
            moment(now.after(LIFE))
        ],
    )?;
    Ok(())
}

/// Uses up an approval of the plan for a run; an error says why there is none to use.
pub(super) fn consume(
    connection: &Connection,
    (number, plan): (i64, &Plan),
    run: i64,
    now: Timestamp,
) -> Result<(), Trouble> {
    let removals = plan.facts.counts.disable;
    let used = connection.execute(
        "UPDATE approval SET used_by = ?1 WHERE id =
           (SELECT id FROM approval WHERE plan = ?2 AND used_by IS NULL AND removals = ?3
              AND given_at <= ?4 AND expires_at > ?4 ORDER BY id LIMIT 1)",
        params![run, number, removals, moment(now)],
    )?;
    if used == 1 {
        return Ok(());
    }
    let latest: Option<(bool, i64)> = connection
        .query_row(
            "SELECT used_by IS NOT NULL, expires_at FROM approval WHERE plan = ?1
             ORDER BY id DESC LIMIT 1",
            [number],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()?;
    let why = match latest {
        None => "and nobody approved it",
        Some((true, _)) => "and its approval was used by an earlier run",
        Some((false, expires)) if expires <= moment(now) => "and its approval expired",
        Some((false, _)) => "and its approval lies in the future: a clock was set back",
    };
    Err(Error::new(
        ErrorKind::BrakeTripped,
        format!("A brake stops plan {} ({}), {why}.", plan.id, removals_text(removals)),
        format!("If it is right, approve it with a reason and {}.", removals_text(removals)),
    )
    .into())
}

fn removals_text(count: u64) -> String {
    format!("{count} removal{}", if count == 1 { "" } else { "s" })
}
