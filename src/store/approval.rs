//! Letting one plan through its brakes, once, knowingly.

use std::collections::BTreeMap;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, params};

use super::columns::{json, moment};
use super::plans::{self, Plan};
use super::runs;
use super::trouble::Trouble;
use crate::error::{Error, ErrorKind};
use crate::time::Timestamp;

/// Brakes that tripped, by name, each with the number of users of the plan that it counts. Each attribute has its
/// own brake against being emptied: `wipes:title`.
pub type Tripped = BTreeMap<String, u64>;

/// How long an approval holds.
const LIFE: Duration = Duration::from_secs(24 * 60 * 60);

/// Someone's word that a plan which tripped brakes is meant. It holds for 24 hours and one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// The plan.
    pub plan: String,
    /// Every brake that tripped, by name, with the number that the approver saw: the plan's own.
    pub brakes: Tripped,
    /// Why it is right.
    pub reason: String,
    /// Who says so.
    pub approver: String,
}

/// Records an approval of what tripped when the plan was made and what trips now.
pub(super) fn approve(
    connection: &Connection,
    approval: &Approval,
    tripped: &Tripped,
    now: Timestamp,
) -> Result<(), Trouble> {
    let (number, plan) = plans::find(connection, &approval.plan)?;
    let refused = |message: String, advice: String| {
        Err(Error::new(ErrorKind::ApprovalRefused, message, advice).into())
    };
    let needed = needed(&plan, tripped);
    if needed.is_empty() {
        return refused(
            format!("No brake stops plan {}, so there is nothing to approve.", plan.id),
            "Apply it.".into(),
        );
    }
    let wrong = misfits(&approval.brakes, &needed);
    if !wrong.is_empty() {
        return refused(
            format!("The approval of plan {} does not fit: {}.", plan.id, wrong.join("; ")),
            format!("Look at the plan; if it is right, approve it with {}.", flags(&needed)),
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
    let brakes = serde_json::to_string(&approval.brakes)
        .map_err(|_| Error::internal("An approval cannot be written."))?;
    connection.execute(
        "INSERT INTO approval (plan, brakes, reason, approver, given_at, expires_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            number,
            brakes,
            approval.reason,
            approval.approver,
            moment(now),
            moment(now.after(LIFE))
        ],
    )?;
    Ok(())
}

/// What tripped when the plan was made, and what trips now.
fn needed(plan: &Plan, tripped: &Tripped) -> Tripped {
    let mut needed = plan.facts.tripped.clone();
    needed.extend(tripped.iter().map(|(brake, users)| (brake.clone(), *users)));
    needed
}

/// Uses up an approval of the plan for a run, where brakes trip now or tripped when it was made; an error
/// says why there is none to use.
pub(super) fn consume(
    connection: &Connection,
    (number, plan): (i64, &Plan),
    tripped: &Tripped,
    run: i64,
    now: Timestamp,
) -> Result<(), Trouble> {
    let needed = needed(plan, tripped);
    if needed.is_empty() {
        return Ok(());
    }
    if let Some(approval) = usable(connection, number, &needed, now)? {
        connection.execute("UPDATE approval SET used_by = ?1 WHERE id = ?2", [run, approval])?;
        return Ok(());
    }
    let latest: Option<(bool, i64, i64)> = connection
        .query_row(
            "SELECT used_by IS NOT NULL, given_at, expires_at FROM approval WHERE plan = ?1
             ORDER BY id DESC LIMIT 1",
            [number],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
        .optional()?;
    let why = match latest {
        None => "and it has not been approved",
        Some((true, ..)) => "and its approval was used by an earlier run",
        Some((_, _, expires)) if expires <= moment(now) => "and its approval expired",
        Some((_, given, _)) if given > moment(now) => {
            "and its approval lies in the future: a clock was set back"
        }
        Some(_) => "and it was approved for other brakes or other numbers",
    };
    let stops = if needed.len() == 1 { "A brake stops" } else { "Brakes stop" };
    let numbers: Vec<_> =
        needed.iter().map(|(brake, users)| format!("{brake} ({users})")).collect();
    Err(Error::new(
        ErrorKind::BrakeTripped,
        format!("{stops} plan {}, {why}: {}.", plan.id, numbers.join(", ")),
        format!("If it is right: entrabulk approve {} {} --reason TEXT", plan.id, flags(&needed)),
    )
    .into())
}

/// An approval of the plan that nobody used, that has not expired and that holds all of `needed`.
pub(super) fn usable(
    connection: &Connection,
    plan: i64,
    needed: &Tripped,
    now: Timestamp,
) -> Result<Option<i64>, Trouble> {
    let mut query = connection.prepare_cached(
        "SELECT id, brakes FROM approval
         WHERE plan = ?1 AND used_by IS NULL AND given_at <= ?2 AND expires_at > ?2 ORDER BY id",
    )?;
    let mut rows = query.query(params![plan, moment(now)])?;
    while let Some(row) = rows.next()? {
        if holds(&json(row, 1)?, needed) {
            return Ok(Some(row.get(0)?));
        }
    }
    Ok(None)
}

/// Whether an approval has, for every brake that needs one, exactly its number.
fn holds(approved: &Tripped, needed: &Tripped) -> bool {
    needed.iter().all(|(brake, users)| approved.get(brake) == Some(users))
}

/// Where an approval differs from what it must hold.
fn misfits(approved: &Tripped, needed: &Tripped) -> Vec<String> {
    let wrong = needed.iter().filter_map(|(brake, users)| match approved.get(brake) {
        Some(given) if given == users => None,
        Some(given) => Some(format!("{brake} was approved for {given} and counts {users}")),
        None => Some(format!("{brake} was not approved and counts {users}")),
    });
    let needless = approved.iter().filter(|(brake, _)| !needed.contains_key(*brake));
    let needless =
        needless.map(|(brake, given)| format!("{brake} was approved for {given} and did not trip"));
    wrong.chain(needless).collect()
}

/// What to type, for every shell.
fn flags(brakes: &Tripped) -> String {
    let flag = |(brake, users): (&String, &u64)| {
        let plain = brake.chars().all(|c| c.is_ascii_alphanumeric() || ":._-".contains(c));
        let quote = if plain { "" } else { "'" };
        format!("--approve {quote}{brake}={users}{quote}")
    };
    brakes.iter().map(flag).collect::<Vec<_>>().join(" ")
}
