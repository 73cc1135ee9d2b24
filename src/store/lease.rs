//! One run at a time per target. A holder that died is followed after its lease.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, params};

use super::TargetId;
use super::columns::{instant, moment};
use super::trouble::Trouble;
use crate::error::{Error, ErrorKind};
use crate::time::Timestamp;

/// The answer to whoever wants to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lease {
    /// It is yours.
    Taken,
    /// It is yours; the holder before you let it expire without giving it back, so it probably died.
    TakenOver {
        /// Who that was.
        previous: String,
    },
    /// Another has it.
    Held {
        /// Who.
        by: String,
        /// When it expires, unless it is renewed.
        until: Timestamp,
    },
}

pub(super) fn take(
    connection: &Connection,
    target: TargetId,
    holder: &str,
    ttl: Duration,
    now: Timestamp,
) -> Result<Lease, Trouble> {
    let current: Option<(String, i64)> = connection
        .query_row("SELECT holder, until FROM lease WHERE target = ?1", [target.0], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    let taken = match current {
        Some((by, until)) if by != holder => {
            if until > moment(now) {
                return Ok(Lease::Held { by, until: instant(until) });
            }
            Lease::TakenOver { previous: by }
        }
        _ => Lease::Taken,
    };
    connection.execute(
        "INSERT INTO lease (target, holder, until) VALUES (?1, ?2, ?3)
         ON CONFLICT DO UPDATE SET holder = excluded.holder, until = excluded.until",
        params![target.0, holder, moment(now.after(ttl))],
    )?;
    Ok(taken)
}

pub(super) fn renew(
    connection: &Connection,
    target: TargetId,
    holder: &str,
    ttl: Duration,
    now: Timestamp,
) -> Result<bool, Trouble> {
    // One's own expired lease that nobody took is still one's own.
    let renewed = connection.execute(
        "UPDATE lease SET until = ?3 WHERE target = ?1 AND holder = ?2",
        params![target.0, holder, moment(now.after(ttl))],
    )?;
    Ok(renewed == 1)
}

/// Fails if another than `holder` has the lease, or nobody.
pub(super) fn still_held(
    connection: &Connection,
    target: TargetId,
    holder: &str,
) -> Result<(), Trouble> {
    let held: bool = connection.query_row(
        "SELECT EXISTS (SELECT 1 FROM lease WHERE target = ?1 AND holder = ?2)",
        params![target.0, holder],
        |row| row.get(0),
    )?;
    if held { Ok(()) } else { Err(lost().into()) }
}

/// The error of whoever wants a target on which another works.
pub(crate) fn held(by: &str, until: Timestamp) -> Error {
    Error::new(
        ErrorKind::LockHeld,
        format!("The {by} works on this target; its lease lasts until {until}."),
        "Let it end. If it died, its lease is free at that time.",
    )
}

/// The error of a run whose lease another has.
pub(crate) fn lost() -> Error {
    Error::new(
        ErrorKind::LockHeld,
        "This run lost its lease on the target: it was silent for too long and another took over.",
        "Let the other run end; then resume this one if it is unfinished.",
    )
}

pub(super) fn release(
    connection: &Connection,
    target: TargetId,
    holder: &str,
) -> Result<(), Trouble> {
    connection.execute(
        "DELETE FROM lease WHERE target = ?1 AND holder = ?2",
        params![target.0, holder],
    )?;
    Ok(())
}
