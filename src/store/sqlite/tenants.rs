//! Tenants and targets, and one tenant under several names: what was kept under each becomes one.

use rusqlite::{Connection, OptionalExtension, params};

use super::columns::{instant, moment};
use super::trouble::Trouble;
use crate::store::ledger::{Time, joined};
use crate::store::{Merged, MergedTarget, Target, TargetId, TargetKey, TenantId};

/// Its simulator, cloud and name.
type Named<'a> = (&'a str, &'a str, &'a str);

fn named(key: &TargetKey) -> Named<'_> {
    (&key.simulator, &key.cloud, &key.tenant)
}

fn folded((simulator, cloud, name): Named<'_>) -> [String; 3] {
    [simulator, cloud, name].map(str::to_ascii_lowercase)
}

/// The row of a name, and the tenant that has it: itself or another.
fn row_of(connection: &Connection, name: Named<'_>) -> Result<Option<(i64, TenantId)>, Trouble> {
    let mut query = connection.prepare_cached(
        "SELECT id, coalesce(same_as, id) FROM tenant
         WHERE simulator = ?1 AND cloud = ?2 AND tenant = ?3",
    )?;
    let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, TenantId(row.get(1)?)));
    Ok(query.query_row(folded(name), row).optional()?)
}

fn made(connection: &Connection, name: Named<'_>) -> Result<(i64, TenantId), Trouble> {
    if let Some(row) = row_of(connection, name)? {
        return Ok(row);
    }
    connection.execute(
        "INSERT INTO tenant (simulator, cloud, tenant) VALUES (?1, ?2, ?3)",
        folded(name),
    )?;
    let id = connection.last_insert_rowid();
    Ok((id, TenantId(id)))
}

/// The tenant of that key, unless it is new.
pub(super) fn find(connection: &Connection, key: &TargetKey) -> Result<Option<TenantId>, Trouble> {
    Ok(row_of(connection, named(key))?.map(|(_, tenant)| tenant))
}

/// Makes the tenant of that key, unless it is there.
pub(super) fn make(connection: &Connection, key: &TargetKey) -> Result<TenantId, Trouble> {
    Ok(made(connection, named(key))?.1)
}

/// The target of that key, unless it is new.
pub(super) fn find_target(
    connection: &Connection,
    key: &TargetKey,
) -> Result<Option<Target>, Trouble> {
    let Some(tenant) = find(connection, key)? else { return Ok(None) };
    let id = connection
        .prepare_cached(
            "SELECT id FROM target WHERE tenant = ?1 AND service_principal = ?2 AND job = ?3",
        )?
        .query_row(
            (tenant.0, key.service_principal.to_ascii_lowercase(), key.job.to_ascii_lowercase()),
            |row| row.get(0),
        )
        .optional()?;
    Ok(id.map(|id| Target { id: TargetId(id), tenant }))
}

/// Makes the target of that key, unless it is there.
pub(super) fn make_target(connection: &Connection, key: &TargetKey) -> Result<Target, Trouble> {
    if let Some(target) = find_target(connection, key)? {
        return Ok(target);
    }
    let tenant = make(connection, key)?;
    connection.execute(
        "INSERT INTO target (tenant, service_principal, job) VALUES (?1, ?2, ?3)",
        (tenant.0, key.service_principal.to_ascii_lowercase(), key.job.to_ascii_lowercase()),
    )?;
    Ok(Target { id: TargetId(connection.last_insert_rowid()), tenant })
}

/// The tenant itself, for one that may have been found to be a name of another since it was asked for.
pub(super) fn itself(connection: &Connection, tenant: TenantId) -> Result<TenantId, Trouble> {
    let mut query =
        connection.prepare_cached("SELECT coalesce(same_as, id) FROM tenant WHERE id = ?1")?;
    Ok(TenantId(query.query_row([tenant.0], |row| row.get(0))?))
}

pub(super) fn time_of(connection: &Connection, tenant: TenantId) -> Result<Time, Trouble> {
    let mut query =
        connection.prepare_cached("SELECT latest, boot, shift FROM tenant WHERE id = ?1")?;
    Ok(query.query_row([tenant.0], |row| {
        let boot = row.get::<_, i64>(1)?.cast_unsigned();
        Ok(Time { latest: instant(row.get(0)?), boot, shift: row.get(2)? })
    })?)
}

pub(super) fn set_time(
    connection: &Connection,
    tenant: TenantId,
    time: &Time,
) -> Result<(), Trouble> {
    connection
        .prepare_cached("UPDATE tenant SET latest = ?2, boot = ?3, shift = ?4 WHERE id = ?1")?
        .execute(params![tenant.0, moment(time.latest), time.boot.cast_signed(), time.shift])?;
    Ok(())
}

/// Makes `name` another name of the tenant `id`.
pub(super) fn join(
    connection: &Connection,
    (simulator, cloud): (&str, &str),
    name: &str,
    id: &str,
) -> Result<Option<Merged>, Trouble> {
    let (by_name, by_id) = ((simulator, cloud, name), (simulator, cloud, id));
    let both = row_of(connection, by_name)?.and(row_of(connection, by_id)?).is_some();
    let (_, tenant) = made(connection, by_id)?;
    let (row, other) = made(connection, by_name)?;
    if other == tenant {
        return Ok(None);
    }
    connection.execute("UPDATE tenant SET same_as = ?2 WHERE id = ?1", [row, tenant.0])?;
    // A name that went over from another tenant takes nothing with it.
    if row != other.0 {
        return Ok(None);
    }
    // It may have had other names itself.
    connection.execute("UPDATE tenant SET same_as = ?2 WHERE same_as = ?1", [other.0, tenant.0])?;
    join_ledgers(connection, tenant, other)?;
    let merged = join_targets(connection, (tenant.0, id), (other.0, name))?;
    Ok(both.then_some(merged))
}

/// Every call of both counts.
fn join_ledgers(connection: &Connection, tenant: TenantId, other: TenantId) -> Result<(), Trouble> {
    let (time, own, others) = joined(time_of(connection, tenant)?, time_of(connection, other)?);
    for (id, moved) in [(tenant, own), (other, others)] {
        connection.execute(
            "UPDATE call SET tenant = ?2, day_until = day_until + ?5,
                 window_until = window_until + iif(window_until >= ?3, ?4, 0)
             WHERE tenant = ?1",
            params![id.0, tenant.0, moment(moved.in_window_at), moved.window, moved.day],
        )?;
    }
    set_time(connection, tenant, &time)
}

/// Targets move; of one that both had, the newer baseline stays.
fn join_targets(
    connection: &Connection,
    (tenant, id): (i64, &str),
    (other, name): (i64, &str),
) -> Result<Merged, Trouble> {
    let mut query = connection.prepare(
        "SELECT own.id, others.id, service_principal, job,
             (SELECT max(accepted_at) FROM baseline WHERE target = own.id),
             (SELECT max(accepted_at) FROM baseline WHERE target = others.id)
         FROM target AS own JOIN target AS others USING (service_principal, job)
         WHERE own.tenant = ?1 AND others.tenant = ?2",
    )?;
    type Pair = (i64, i64, String, String, Option<i64>, Option<i64>);
    let pairs: Vec<Pair> =
        query.query_map([tenant, other], |row| row.try_into())?.collect::<Result<_, _>>()?;
    let mut targets = Vec::new();
    for (own, others, service_principal, job, own_latest, others_latest) in pairs {
        let (stays, goes, kept) =
            if others_latest > own_latest { (others, own, name) } else { (own, others, id) };
        let dropped_users = absorb(connection, stays, goes)?;
        targets.push(MergedTarget { service_principal, job, kept: kept.to_owned(), dropped_users });
    }
    connection.execute("UPDATE target SET tenant = ?2 WHERE tenant = ?1", [other, tenant])?;
    let dropped_users = targets.iter().map(|target| target.dropped_users).sum();
    Ok(Merged { targets, dropped_users })
}

/// Gives what belongs to the target `goes` to the target `stays`, all but the baseline; gives how many users that
/// had. No plan that was made for `goes` is fresh afterwards.
fn absorb(connection: &Connection, stays: i64, goes: i64) -> Result<u64, Trouble> {
    let dropped = connection.execute("DELETE FROM baseline WHERE target = ?1", [goes])?;
    for table in ["plan", "run", "tally", "dictionary"] {
        let change = format!("UPDATE {table} SET target = ?2 WHERE target = ?1");
        connection.execute(&change, [goes, stays])?;
    }
    // Whoever works on it finds its lease gone, and the target taken.
    connection
        .execute("UPDATE OR IGNORE lease SET target = ?2 WHERE target = ?1", [goes, stays])?;
    connection.execute("DELETE FROM lease WHERE target = ?1", [goes])?;
    connection.execute(
        "UPDATE target SET revision = max(target.revision, others.revision + (others.revision > 0))
         FROM (SELECT revision FROM target WHERE id = ?2) AS others WHERE target.id = ?1",
        [stays, goes],
    )?;
    connection.execute("DELETE FROM target WHERE id = ?1", [goes])?;
    Ok(u64::try_from(dropped).unwrap_or(u64::MAX))
}
