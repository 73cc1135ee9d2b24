//! The ledger: a row for every call.

use rusqlite::{Connection, OptionalExtension, params};

use super::columns::{instant, moment};
use super::tenants::{set_time, time_of};
use super::trouble::Trouble;
use super::{SqliteStore, tenants};
use crate::error::Error;
use crate::store::ledger::{Counted, LOOK_AGAIN, Time};
use crate::store::{
    CallId, CallLimits, CallRequest, Grant, Ledger, Merged, Quota, TargetKey, TenantId, WaitReason,
};
use crate::time::{Clock, Timestamp};

impl Ledger for SqliteStore {
    fn tenant(&self, key: &TargetKey) -> Result<TenantId, Error> {
        // Whoever only looks writes nothing.
        match self.read(|state| tenants::find(state, key))? {
            Some(tenant) => Ok(tenant),
            None => self.write(|change| tenants::make(change, key)),
        }
    }

    fn same_tenant(
        &self,
        simulator: &str,
        cloud: &str,
        name: &str,
        id: &str,
    ) -> Result<Option<Merged>, Error> {
        self.write(|change| tenants::join(change, (simulator, cloud), name, id))
    }

    fn acquire(
        &self,
        tenant: TenantId,
        limits: &CallLimits,
        call: &CallRequest<'_>,
        clock: &dyn Clock,
    ) -> Result<Grant, Error> {
        self.write(|change| {
            let tenant = tenants::itself(change, tenant)?;
            let time = advance(change, tenant, clock)?;
            let now = time.latest;
            change
                .prepare_cached(
                    "DELETE FROM call WHERE tenant = ?1 AND day_until < ?2 AND window_until < ?2",
                )?
                .execute(params![tenant.0, moment(now)])?;
            for (counted, room, reason) in [
                (Counted::Day, limits.room_of_day(call), WaitReason::Quota),
                (Counted::Window, limits.calls_per_5s, WaitReason::Window),
            ] {
                if let Some(until) = full_until(change, tenant, now, room, counted)? {
                    return Ok(Grant::WaitUntil(time.told(until, clock), reason));
                }
            }
            let ends_by = now.after(limits.request_timeout);
            let number = change
                .prepare_cached(
                    "INSERT INTO call (tenant, run, urgent, started_at, window_until, day_until)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6) RETURNING id",
                )?
                .query_row(
                    params![
                        tenant.0,
                        call.run,
                        call.urgent,
                        moment(now),
                        moment(ends_by.after(Counted::Window.span())),
                        moment(ends_by.after(Counted::Day.span()))
                    ],
                    |row| row.get(0),
                )?;
            Ok(Grant::Granted(CallId { tenant, number }))
        })
    }

    fn finish_call(&self, call: CallId, status: u16, clock: &dyn Clock) -> Result<(), Error> {
        self.write(|change| {
            let now = advance(change, tenants::itself(change, call.tenant)?, clock)?.latest;
            change
                .prepare_cached(
                    "UPDATE call SET ended_at = ?2, status = ?3, window_until = ?4, day_until = ?5
                     WHERE id = ?1 AND ended_at IS NULL",
                )?
                .execute(params![
                    call.number,
                    moment(now),
                    status,
                    moment(now.after(Counted::Window.span())),
                    moment(now.after(Counted::Day.span()))
                ])?;
            Ok(())
        })
    }

    fn quota(
        &self,
        tenant: TenantId,
        limits: &CallLimits,
        clock: &dyn Clock,
    ) -> Result<Quota, Error> {
        self.read(|state| {
            let tenant = tenants::itself(state, tenant)?;
            let (time, _) = time_of(state, tenant)?.read(clock);
            let (used, first, last): (u32, Option<i64>, Option<i64>) = state.query_row(
                "SELECT count(*), min(day_until), max(day_until) FROM call
                 WHERE tenant = ?1 AND day_until >= ?2",
                params![tenant.0, moment(time.latest)],
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
            )?;
            let free = |until: Option<i64>| until.map(|until| time.told(instant(until + 1), clock));
            Ok(limits.quota(used, free(first), free(last)))
        })
    }
}

/// Reads the clock and moves the ledger's time.
fn advance(connection: &Connection, tenant: TenantId, clock: &dyn Clock) -> Result<Time, Trouble> {
    let before = time_of(connection, tenant)?;
    let (time, moved) = before.read(clock);
    if moved != 0 {
        connection
            .prepare_cached(
                "UPDATE call SET window_until = window_until + ?3
                 WHERE tenant = ?1 AND window_until >= ?2",
            )?
            .execute(params![tenant.0, moment(before.latest), moved])?;
    }
    set_time(connection, tenant, &time)?;
    Ok(time)
}

/// If `room` or more calls count at `now`: the first moment at which fewer may.
fn full_until(
    connection: &Connection,
    tenant: TenantId,
    now: Timestamp,
    room: u32,
    counted: Counted,
) -> Result<Option<Timestamp>, Trouble> {
    let (count, frees) = match counted {
        Counted::Window => (
            "SELECT count(*) FROM call WHERE tenant = ?1 AND window_until >= ?2",
            "SELECT CASE WHEN ended_at IS NULL THEN min(window_until, ?4) ELSE window_until END
             FROM call WHERE tenant = ?1 AND window_until >= ?2 ORDER BY 1 LIMIT 1 OFFSET ?3",
        ),
        Counted::Day => (
            "SELECT count(*) FROM call WHERE tenant = ?1 AND day_until >= ?2",
            "SELECT day_until FROM call WHERE tenant = ?1 AND day_until >= ?2 AND ?4
             ORDER BY 1 LIMIT 1 OFFSET ?3",
        ),
    };
    let counting: u32 = connection
        .prepare_cached(count)?
        .query_row(params![tenant.0, moment(now)], |row| row.get(0))?;
    let Some(over) = counting.checked_sub(room) else { return Ok(None) };
    let look_again = moment(now.after(LOOK_AGAIN));
    let last: Option<i64> = connection
        .prepare_cached(frees)?
        .query_row(params![tenant.0, moment(now), over, look_again], |row| row.get(0))
        .optional()?;
    // No such call: there is no room at all, whoever ends.
    Ok(Some(last.map_or_else(|| now.after(counted.span()), |last| instant(last.saturating_add(1)))))
}
