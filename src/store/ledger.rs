//! Every call to a tenant, whoever makes it: the 5-second window and the 24-hour quota.
//!
//! **Time.** Every process follows the clock of the host ([`Clock::host`]), never its own idea of the
//! wall clock, so all of them agree on what the window holds. The ledger's time is the host's and a shift
//! that is kept with the tenant; it never runs backwards. After a restart of the host the wall clock says
//! where it goes on, and what was in the window then counts from now: at worst a wait of 5 seconds. That
//! the wall clock was set forward while the host was down cannot be told from time that passed. Where the
//! platform shares no clock but the wall clock (all but Linux), one that is set back goes on from where the
//! ledger stood, and one that is set forward counts as time that passed.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, params};

use super::columns::{instant, moment};
use super::trouble::Trouble;
use super::{TenantId, tenants};
use crate::time::{Clock, HostTime, Timestamp};

/// The service's window.
const WINDOW: Duration = Duration::from_secs(5);
/// The quota's.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// A call still in flight may end at any time, so whoever waits for it looks again soon.
const LOOK_AGAIN: Duration = Duration::from_millis(250);
/// A host's clock that is this far behind, in microseconds, was set back.
const SET_BACK: i64 = 1_000_000;

/// How many calls a tenant bears.
///
/// A call counts for the window from its start until 5 s after its end, and for the day until 24 h
/// after its end: the service counts it somewhere in between. One that never ends, for its process
/// died, counts as if it had ended after `request_timeout`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallLimits {
    /// Calls in any 5 seconds.
    pub calls_per_5s: u32,
    /// Calls in any 24 hours.
    pub calls_per_day: u32,
    /// Hundredths of `calls_per_day` that only urgent calls may use.
    pub reserve_percent: u8,
    /// The longest one call can take.
    pub request_timeout: Duration,
}

impl CallLimits {
    /// The calls of a day that only urgent ones may use.
    pub fn reserve(&self) -> u32 {
        let reserve =
            u64::from(self.calls_per_day) * u64::from(self.reserve_percent.min(100)) / 100;
        u32::try_from(reserve).unwrap_or(self.calls_per_day)
    }
}

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallRequest<'a> {
    /// The run the call is for.
    pub run: &'a str,
    /// Whether it may use the reserve: it disables someone.
    pub urgent: bool,
}

/// Names a granted call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallId {
    pub(super) tenant: TenantId,
    number: i64,
}

/// The answer to whoever wants to call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grant {
    /// Call now, and say when it ended.
    Granted(CallId),
    /// Ask again then.
    WaitUntil(Timestamp, WaitReason),
}

/// What there is to wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaitReason {
    /// The 5-second window is full.
    Window,
    /// The day's calls are spent.
    Quota,
}

/// How much of the day is spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// Calls that count.
    pub used: u32,
    /// Calls left, the reserve not counted.
    pub left: u32,
    /// Calls of the reserve that are left.
    pub reserve: u32,
    /// When the next call stops counting; `None` if none counts.
    pub next_free: Option<Timestamp>,
    /// When none counts any more; `None` if none counts.
    pub all_free: Option<Timestamp>,
}

/// A reading of the ledger's time.
struct Reading {
    time: i64,
    /// The latest one before.
    latest: i64,
    /// From here on the ledger follows this start of the host, so far ahead of its clock.
    anew: Option<(i64, i64)>,
}

fn read(connection: &Connection, tenant: TenantId, clock: &dyn Clock) -> Result<Reading, Trouble> {
    let mut query =
        connection.prepare_cached("SELECT latest, boot, shift FROM tenant WHERE id = ?1")?;
    let (latest, known_boot, shift): (i64, i64, Option<i64>) =
        query.query_row([tenant.0], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let HostTime { boot, at } = clock.host();
    let (boot, at) = (boot.cast_signed(), moment(at));
    let followed = shift.filter(|_| boot == known_boot).map(|shift| at.saturating_add(shift));
    match followed.filter(|time| latest.saturating_sub(*time) < SET_BACK) {
        Some(time) => Ok(Reading { time: time.max(latest), latest, anew: None }),
        None => {
            let time = moment(clock.now()).max(latest);
            Ok(Reading { time, latest, anew: Some((boot, time.saturating_sub(at))) })
        }
    }
}

/// Reads the clock and moves the ledger's time.
fn advance(connection: &Connection, tenant: TenantId, clock: &dyn Clock) -> Result<i64, Trouble> {
    let Reading { time, latest, anew } = read(connection, tenant, clock)?;
    if let Some((boot, shift)) = anew {
        connection
            .prepare_cached(
                "UPDATE call SET window_until = window_until + ?3
                 WHERE tenant = ?1 AND window_until >= ?2",
            )?
            .execute(params![tenant.0, latest, time - latest])?;
        connection
            .prepare_cached("UPDATE tenant SET boot = ?2, shift = ?3 WHERE id = ?1")?
            .execute(params![tenant.0, boot, shift])?;
    }
    connection
        .prepare_cached("UPDATE tenant SET latest = ?2 WHERE id = ?1")?
        .execute(params![tenant.0, time])?;
    Ok(time)
}

/// A moment of the ledger's for a caller whose clock reads `clock` when the ledger's reads `time`.
fn told(until: i64, time: i64, clock: &dyn Clock) -> Timestamp {
    Timestamp(clock.now().0.saturating_add_signed(until.saturating_sub(time)))
}

fn later(time: i64, wait: Duration) -> i64 {
    moment(instant(time).after(wait))
}

pub(super) fn acquire(
    connection: &Connection,
    tenant: TenantId,
    limits: &CallLimits,
    call: &CallRequest<'_>,
    clock: &dyn Clock,
) -> Result<Grant, Trouble> {
    let tenant = tenants::itself(connection, tenant)?;
    let time = advance(connection, tenant, clock)?;
    connection
        .prepare_cached(
            "DELETE FROM call WHERE tenant = ?1 AND day_until < ?2 AND window_until < ?2",
        )?
        .execute(params![tenant.0, time])?;
    let kept_back = if call.urgent { 0 } else { limits.reserve() };
    let wait = |until, reason| Ok(Grant::WaitUntil(told(until, time, clock), reason));
    let day_room = i64::from(limits.calls_per_day) - i64::from(kept_back);
    if let Some(until) = full_until(connection, tenant, time, day_room, Counted::Day)? {
        return wait(until, WaitReason::Quota);
    }
    let room = i64::from(limits.calls_per_5s);
    if let Some(until) = full_until(connection, tenant, time, room, Counted::Window)? {
        return wait(until, WaitReason::Window);
    }
    let ends_by = later(time, limits.request_timeout);
    let number = connection
        .prepare_cached(
            "INSERT INTO call (tenant, run, urgent, started_at, window_until, day_until)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6) RETURNING id",
        )?
        .query_row(
            params![
                tenant.0,
                call.run,
                call.urgent,
                time,
                later(ends_by, WINDOW),
                later(ends_by, DAY)
            ],
            |row| row.get(0),
        )?;
    Ok(Grant::Granted(CallId { tenant, number }))
}

/// What a call counts for.
#[derive(Clone, Copy)]
enum Counted {
    Window,
    Day,
}

/// If `room` or more calls count at `time`: the first moment at which fewer may.
fn full_until(
    connection: &Connection,
    tenant: TenantId,
    time: i64,
    room: i64,
    counted: Counted,
) -> Result<Option<i64>, Trouble> {
    let (count, frees, span) = match counted {
        Counted::Window => (
            "SELECT count(*) FROM call WHERE tenant = ?1 AND window_until >= ?2",
            "SELECT CASE WHEN ended_at IS NULL THEN min(window_until, ?4) ELSE window_until END
             FROM call WHERE tenant = ?1 AND window_until >= ?2 ORDER BY 1 LIMIT 1 OFFSET ?3",
            WINDOW,
        ),
        Counted::Day => (
            "SELECT count(*) FROM call WHERE tenant = ?1 AND day_until >= ?2",
            "SELECT day_until FROM call WHERE tenant = ?1 AND day_until >= ?2 AND ?4
             ORDER BY 1 LIMIT 1 OFFSET ?3",
            DAY,
        ),
    };
    let counting: i64 =
        connection.prepare_cached(count)?.query_row(params![tenant.0, time], |row| row.get(0))?;
    if counting < room {
        return Ok(None);
    }
    let look_again = later(time, LOOK_AGAIN);
    let last: Option<i64> = connection
        .prepare_cached(frees)?
        .query_row(params![tenant.0, time, counting - room, look_again], |row| row.get(0))
        .optional()?;
    // No such call: there is no room at all, whoever ends.
    Ok(Some(last.map_or_else(|| later(time, span), |last| last.saturating_add(1))))
}

pub(super) fn finish(
    connection: &Connection,
    call: CallId,
    status: u16,
    clock: &dyn Clock,
) -> Result<(), Trouble> {
    let time = advance(connection, tenants::itself(connection, call.tenant)?, clock)?;
    connection
        .prepare_cached(
            "UPDATE call SET ended_at = ?2, status = ?3, window_until = ?4, day_until = ?5
             WHERE id = ?1 AND ended_at IS NULL",
        )?
        .execute(params![call.number, time, status, later(time, WINDOW), later(time, DAY)])?;
    Ok(())
}

pub(super) fn quota(
    connection: &Connection,
    tenant: TenantId,
    limits: &CallLimits,
    clock: &dyn Clock,
) -> Result<Quota, Trouble> {
    let tenant = tenants::itself(connection, tenant)?;
    let time = read(connection, tenant, clock)?.time;
    let (used, first, last): (u32, Option<i64>, Option<i64>) = connection.query_row(
        "SELECT count(*), min(day_until), max(day_until) FROM call
         WHERE tenant = ?1 AND day_until >= ?2",
        params![tenant.0, time],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )?;
    let free = |until: Option<i64>| until.map(|until| told(until + 1, time, clock));
    let all = limits.calls_per_day.saturating_sub(used);
    let left = all.saturating_sub(limits.reserve());
    Ok(Quota { used, left, reserve: all - left, next_free: free(first), all_free: free(last) })
}
