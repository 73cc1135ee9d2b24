//! Plans and approvals: a header, its items, and who said that it is meant.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::columns::{hash_of, instant, json, moment, past_moment, stored_json, text};
use super::items::Writer;
use super::trouble::Trouble;
use super::{SqliteStore, prune};
use crate::error::Error;
use crate::store::approval::{Given, LIFE};
use crate::store::{
    Action, Approval, Certainty, EachItem, ItemFilter, LastSource, Plan, PlanFacts, PlanItem,
    PlanWriter, Plans, Pruned, Retention, TargetId, Tripped, sentences,
};
use crate::time::Timestamp;

impl Plans for SqliteStore {
    fn write_plan<'a>(
        &'a self,
        id: &str,
        target: TargetId,
        baseline_revision: u64,
        now: Timestamp,
    ) -> Result<Box<dyn PlanWriter + 'a>, Error> {
        Ok(Box::new(Writer::begin(self, id, target, baseline_revision, now)?))
    }

    fn plan(&self, id: &str) -> Result<Plan, Error> {
        self.read(|state| Ok(find(state, id)?.1))
    }

    fn plans(&self, target: Option<TargetId>, limit: usize) -> Result<Vec<Plan>, Error> {
        self.read(|state| {
            let mut query = state.prepare(&format!(
                "{HEADER} AND (?1 IS NULL OR target = ?1)
                 ORDER BY created_at DESC, number DESC LIMIT ?2"
            ))?;
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let plans = query.query_map(params![target.map(|target| target.0), limit], header)?;
            Ok(plans.map(|plan| plan.map(|(_, plan)| plan)).collect::<Result<_, _>>()?)
        })
    }

    fn plan_items(&self, id: &str, filter: &ItemFilter, each: EachItem<'_>) -> Result<(), Error> {
        self.read(|state| {
            let (number, plan) = find(state, id)?;
            if filter.with_users && plan.pruned_at.is_some() {
                return Err(sentences::users_deleted(id).into());
            }
            let gone: bool = state
                .prepare_cached("SELECT items_gone FROM plan WHERE number = ?1")?
                .query_row([number], |row| row.get(0))?;
            if gone {
                return Err(sentences::only_counts_left(id).into());
            }
            let mut query = state.prepare_cached(
                "SELECT ordinal, action, external_id, line, hash, active, user_name, user_name_before,
                     display_name, manager, reason, certainty, changed, wiped,
                     CASE WHEN ?5 THEN user END, resend
                 FROM plan_item
                 WHERE plan = ?1 AND ordinal >= ?2 AND ordinal < ?3 AND (1 << action) & ?4 <> 0
                 ORDER BY ordinal",
            )?;
            let bound = |ordinal: u64| i64::try_from(ordinal).unwrap_or(i64::MAX);
            let (first, past) = (bound(filter.ordinals.start), bound(filter.ordinals.end));
            let mut rows =
                query.query(params![number, first, past, filter.actions.0, filter.with_users])?;
            let mut bytes = Vec::new();
            while let Some(row) = rows.next()? {
                each(PlanItem {
                    ordinal: row.get(0)?,
                    action: Action::from_stored(row.get(1)?),
                    external_id: text(row, 2)?,
                    line: row.get(3)?,
                    hash: hash_of(row.get_ref(4)?)?,
                    user: self.packing.user(state, row, 14, &mut bytes)?,
                    active: row.get(5)?,
                    user_name: text(row, 6)?,
                    user_name_before: text(row, 7)?,
                    display_name: text(row, 8)?,
                    manager: text(row, 9)?,
                    reason: text(row, 10)?,
                    resend: row.get(15)?,
                    certainty: Certainty::from_stored(row.get(11)?),
                    changed: text(row, 12)?,
                    wiped: text(row, 13)?,
                })?;
            }
            Ok(())
        })
    }

    fn last_source(&self, target: TargetId) -> Result<Option<LastSource>, Error> {
        self.read(|state| {
            let found = state.query_row(
                "SELECT plan.rows, run.started_at FROM run JOIN plan ON plan.number = run.plan
                 WHERE run.target = ?1 AND plan.part = 0 ORDER BY run.number DESC LIMIT 1",
                [target.0],
                |row| Ok(LastSource { rows: row.get(0)?, at: instant(row.get(1)?) }),
            );
            Ok(found.optional()?)
        })
    }

    fn prune(
        &self,
        target: TargetId,
        retention: &Retention,
        now: Timestamp,
    ) -> Result<Pruned, Error> {
        prune::prune(self, target, retention, now)
    }

    fn approve(&self, approval: &Approval, now: Timestamp) -> Result<(), Error> {
        self.write(|change| {
            let (number, plan) = find(change, &approval.plan)?;
            let started_by = started_by(change, number)?;
            approval.fits(&plan, started_by.as_deref())?;
            change.execute(
                "INSERT INTO approval (plan, brakes, reason, approver, given_at, expires_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                params![
                    number,
                    stored_json(&approval.brakes)?,
                    approval.reason,
                    approval.approver,
                    moment(now),
                    moment(now.after(LIFE))
                ],
            )?;
            Ok(())
        })
    }

    fn approved_twin(&self, plan: &Plan, now: Timestamp) -> Result<Option<String>, Error> {
        self.read(|state| {
            let mut query = state.prepare(&format!(
                "{HEADER} AND target = ?1 AND id <> ?2 AND baseline_revision = ?3
                   AND input_hash = ?4 AND mapping_hash = ?5 AND part = ?6 AND brakes = ?7
                   AND pruned_at IS NULL
                   AND NOT EXISTS (SELECT 1 FROM run WHERE run.plan = plan.number)
                 ORDER BY number DESC"
            ))?;
            let facts = &plan.facts;
            let twins = query.query_map(
                params![
                    plan.target.0,
                    plan.id,
                    plan.baseline_revision,
                    facts.input_hash,
                    facts.mapping_hash,
                    facts.part,
                    facts.brakes
                ],
                header,
            )?;
            for twin in twins {
                let (number, twin) = twin?;
                let same = twin.facts.counts == facts.counts
                    && twin.facts.tripped == facts.tripped
                    && twin.facts.protected_names == facts.protected_names;
                let given = approvals(state, number)?;
                if same && given.iter().any(|(_, given)| given.holds(&facts.tripped, now)) {
                    return Ok(Some(twin.id));
                }
            }
            Ok(None)
        })
    }
}

const HEADER: &str = "SELECT number, id, target, created_at, baseline_revision, input_hash,
    mapping_hash, rows, counts, tripped, brakes, facts, pruned_at, part, judgement, protected_names
    FROM plan WHERE complete = 1";

fn header(row: &Row<'_>) -> rusqlite::Result<(i64, Plan)> {
    let plan = Plan {
        id: row.get(1)?,
        target: TargetId(row.get(2)?),
        created_at: instant(row.get(3)?),
        baseline_revision: row.get(4)?,
        facts: PlanFacts {
            input_hash: row.get(5)?,
            mapping_hash: row.get(6)?,
            rows: row.get(7)?,
            part: row.get(13)?,
            counts: json(row, 8)?,
            tripped: json(row, 9)?,
            brakes: row.get(10)?,
            judgement: row.get::<_, Option<_>>(14)?.unwrap_or_default(),
            protected_names: json(row, 15)?,
            source: row.get(11)?,
        },
        pruned_at: past_moment(row, 12)?,
    };
    Ok((row.get(0)?, plan))
}

pub(super) fn find(connection: &Connection, id: &str) -> Result<(i64, Plan), Trouble> {
    let found = connection.query_row(&format!("{HEADER} AND id = ?1"), [id], header).optional()?;
    found.ok_or_else(|| sentences::no_plan(id).into())
}

/// The run that the plan was started by.
pub(super) fn started_by(connection: &Connection, plan: i64) -> Result<Option<String>, Trouble> {
    let mut query = connection.prepare_cached("SELECT id FROM run WHERE plan = ?1")?;
    Ok(query.query_row([plan], |row| row.get(0)).optional()?)
}

/// The approvals of a plan, oldest first, each with its row.
fn approvals(connection: &Connection, plan: i64) -> Result<Vec<(i64, Given)>, Trouble> {
    let mut query = connection.prepare_cached(
        "SELECT id, brakes, used_by IS NOT NULL, given_at, expires_at FROM approval
         WHERE plan = ?1 ORDER BY id",
    )?;
    let given = query.query_map([plan], |row| {
        let given = Given {
            brakes: json(row, 1)?,
            used: row.get(2)?,
            given_at: instant(row.get(3)?),
            expires_at: instant(row.get(4)?),
        };
        Ok((row.get(0)?, given))
    })?;
    Ok(given.collect::<Result<_, _>>()?)
}

/// Uses up an approval of the plan for a run, where brakes trip now or tripped when it was made; an error
/// says why there is none to use.
pub(super) fn use_approval(
    connection: &Connection,
    (number, plan): (i64, &Plan),
    tripped: &Tripped,
    run: i64,
    now: Timestamp,
) -> Result<(), Trouble> {
    let needed = plan.needs(tripped);
    if needed.is_empty() {
        return Ok(());
    }
    let given = approvals(connection, number)?;
    let Some((approval, _)) = given.iter().find(|(_, given)| given.holds(&needed, now)) else {
        let why = Given::why_not(given.last().map(|(_, given)| given), now);
        return Err(sentences::braked(&plan.id, why, &needed, needed == plan.facts.tripped).into());
    };
    connection.execute("UPDATE approval SET used_by = ?1 WHERE id = ?2", [run, *approval])?;
    Ok(())
}
