//! Letting one plan through a brake, once, knowingly.

use std::collections::{BTreeMap, BTreeSet};
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

/// Brakes that tripped, by name, and how many users of the plan each counts.
pub type Tripped = BTreeMap<String, u64>;

/// Someone's word that a plan which tripped a brake is meant. It holds for 24 hours and one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// The plan.
    pub plan: String,
    /// The brakes that tripped and how many users of the plan each counts; must be the plan's own numbers.
    pub brakes: Tripped,
    /// Why it is right.
    pub reason: String,
    /// Who says so.
    pub approver: String,
}

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
    let tripped = &needed(&plan, tripped);
    if tripped.is_empty() {
        return refused(
            format!("No brake stops plan {}, so there is nothing to approve.", plan.id),
            "Apply it.".into(),
        );
    }
    if approval.brakes != *tripped {
        return refused(
            format!(
                "The approval of plan {} does not fit: {}.",
                plan.id,
                misfits(approval, tripped)
            ),
            format!("Look at the plan; if it is right, approve it with {}.", flags(tripped)),
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

/// Where an approval differs from what tripped.
fn misfits(approval: &Approval, tripped: &Tripped) -> String {
    let given = &approval.brakes;
    let names: BTreeSet<&String> = given.keys().chain(tripped.keys()).collect();
    let misfits =
        names.into_iter().filter_map(|brake| match (given.get(brake), tripped.get(brake)) {
            (Some(given), Some(found)) if given != found => {
                Some(format!("{brake} was approved for {given} and counts {found}"))
            }
            (Some(_), None) => Some(format!("{brake} did not trip")),
            (None, Some(found)) => Some(format!("{brake} ({found}) is not named")),
            _ => None,
        });
    misfits.collect::<Vec<_>>().join(", ")
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
    let mut query = connection.prepare_cached(
        "SELECT id, brakes FROM approval WHERE plan = ?1 AND used_by IS NULL
           AND given_at <= ?2 AND expires_at > ?2 ORDER BY id",
    )?;
    let mut rows = query.query(params![number, moment(now)])?;
    while let Some(row) = rows.next()? {
        let given: Tripped = serde_json::from_str(&row.get::<_, String>(1)?).unwrap_or_default();
        if needed.iter().all(|(brake, users)| given.get(brake) == Some(users)) {
            let id: i64 = row.get(0)?;
            connection
                .execute("UPDATE approval SET used_by = ?1 WHERE id = ?2", params![run, id])?;
            return Ok(());
        }
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
        Some((false, _, expires)) if expires <= moment(now) => "and its approval expired",
        Some((false, given, _)) if given > moment(now) => {
            "and its approval lies in the future: a clock was set back"
        }
        Some(_) => "and it was approved for other numbers",
    };
    let named: Vec<String> =
        needed.iter().map(|(brake, users)| format!("{brake} ({users})")).collect();
    Err(Error::new(
        ErrorKind::BrakeTripped,
        format!("A brake stops plan {}, {why}: {}.", plan.id, named.join(", ")),
        format!("If it is right: entrabulk approve {} {} --reason TEXT", plan.id, flags(&needed)),
    )
    .into())
}

/// What to type for brakes.
fn flags(brakes: &Tripped) -> String {
    let flags: Vec<String> =
        brakes.iter().map(|(brake, users)| format!("--approve {brake}={users}")).collect();
    flags.join(" ")
}

pub(super) fn twin(
    connection: &Connection,
    plan: &Plan,
    now: Timestamp,
) -> Result<Option<String>, Trouble> {
    let mut query = connection.prepare_cached(
        "SELECT plan.id FROM plan JOIN approval ON approval.plan = plan.number
         WHERE plan.target = ?1 AND plan.id <> ?2 AND plan.complete = 1
           AND plan.baseline_revision = ?3
           AND approval.used_by IS NULL AND approval.given_at <= ?4 AND approval.expires_at > ?4
           AND NOT EXISTS (SELECT 1 FROM run WHERE run.plan = plan.number)
         ORDER BY plan.number DESC",
    )?;
    let ids = query
        .query_map(params![plan.target.0, plan.id, plan.baseline_revision, moment(now)], |row| {
            row.get::<_, String>(0)
        })?
        .collect::<Result<Vec<_>, _>>()?;
    for id in ids {
        let other = plans::find(connection, &id)?.1;
        let (a, b) = (&plan.facts, &other.facts);
        let same = a.input_hash == b.input_hash
            && a.mapping_hash == b.mapping_hash
            && a.counts == b.counts
            && a.tripped == b.tripped
            && a.part == b.part
            && a.brakes == b.brakes;
        if same && other.pruned_at.is_none() {
            return Ok(Some(id));
        }
    }
    Ok(None)
}
