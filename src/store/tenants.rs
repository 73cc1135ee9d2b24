//! One tenant under several names: what was kept under each becomes one.

use rusqlite::{Connection, OptionalExtension, params};

use super::TenantId;
use super::trouble::Trouble;

/// Two names turned out to be one tenant, and the store knew both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merged {
    /// The targets that both names had.
    pub targets: Vec<MergedTarget>,
    /// Users of baselines that were dropped for newer ones.
    pub dropped_users: u64,
}

/// One target that was kept under both names of its tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergedTarget {
    /// The service principal's object id.
    pub service_principal: String,
    /// The synchronization job's id.
    pub job: String,
    /// The name of the tenant whose baseline stays: the one that accepted somebody last.
    pub kept: String,
    /// Users of the baseline under the other name.
    pub dropped_users: u64,
}

/// The tenant that goes by this name; it is made when it is new.
pub(super) fn named(
    connection: &Connection,
    simulator: &str,
    cloud: &str,
    name: &str,
) -> Result<TenantId, Trouble> {
    let tenant = connection.query_row(
        "INSERT INTO tenant (simulator, cloud, tenant) VALUES (?1, ?2, ?3)
         ON CONFLICT DO UPDATE SET cloud = excluded.cloud RETURNING coalesce(same_as, id)",
        [simulator, cloud, name].map(str::to_ascii_lowercase),
        |row| row.get(0),
    )?;
    Ok(TenantId(tenant))
}

/// The tenant itself, for one that may have been found to be a name of another since it was asked for.
pub(super) fn itself(connection: &Connection, tenant: TenantId) -> Result<TenantId, Trouble> {
    let mut query =
        connection.prepare_cached("SELECT coalesce(same_as, id) FROM tenant WHERE id = ?1")?;
    Ok(TenantId(query.query_row([tenant.0], |row| row.get(0))?))
}

/// Makes `name` another name of the tenant `id`.
pub(super) fn join(
    connection: &Connection,
    simulator: &str,
    cloud: &str,
    name: &str,
    id: &str,
) -> Result<Option<Merged>, Trouble> {
    let row = |name: &str| {
        let mut query = connection.prepare_cached(
            "SELECT id FROM tenant WHERE simulator = ?1 AND cloud = ?2 AND tenant = ?3",
        )?;
        let key = [simulator, cloud, name].map(str::to_ascii_lowercase);
        query.query_row(key, |row| row.get::<_, i64>(0)).optional()
    };
    let both = row(name)?.and(row(id)?).is_some();
    let tenant = named(connection, simulator, cloud, id)?.0;
    let other = named(connection, simulator, cloud, name)?.0;
    if other == tenant {
        return Ok(None);
    }
    // Other names of the name, and the name itself.
    connection.execute(
        "UPDATE tenant SET same_as = ?2 WHERE id = ?1 OR (same_as = ?3 AND ?1 = ?3)",
        params![row(name)?, tenant, other],
    )?;
    // A name that went over from another tenant takes nothing with it.
    if row(name)? != Some(other) {
        return Ok(None);
    }
    join_ledgers(connection, tenant, other)?;
    let merged = join_targets(connection, (tenant, id), (other, name))?;
    Ok(both.then_some(merged))
}

/// How far a ledger is, and by which start of the host: what a tenant's row holds.
struct Time {
    latest: i64,
    boot: i64,
    shift: Option<i64>,
}

fn time_of(connection: &Connection, tenant: i64) -> Result<Time, Trouble> {
    let mut query =
        connection.prepare_cached("SELECT latest, boot, shift FROM tenant WHERE id = ?1")?;
    Ok(query.query_row([tenant], |row| {
        Ok(Time { latest: row.get(0)?, boot: row.get(1)?, shift: row.get(2)? })
    })?)
}

/// Every call of both counts. Ledgers that follow one start of the host differ by their shifts. Else both are
/// moved to the later of their times, as a ledger is after a restart: what was in the window then counts from
/// there.
fn join_ledgers(connection: &Connection, tenant: i64, other: i64) -> Result<(), Trouble> {
    let (own, others) = (time_of(connection, tenant)?, time_of(connection, other)?);
    let shifts = own.shift.zip(others.shift).filter(|_| own.boot == others.boot);
    let latest = if let Some((own_shift, others_shift)) = shifts {
        let ahead = own_shift.saturating_sub(others_shift);
        connection.execute(
            "UPDATE call SET window_until = window_until + ?2, day_until = day_until + ?2
             WHERE tenant = ?1",
            [other, ahead],
        )?;
        own.latest.max(others.latest.saturating_add(ahead))
    } else {
        let latest = own.latest.max(others.latest);
        for (id, time) in [(tenant, &own), (other, &others)] {
            connection.execute(
                "UPDATE call SET window_until = window_until + ?3
                 WHERE tenant = ?1 AND window_until >= ?2",
                [id, time.latest, latest - time.latest],
            )?;
        }
        let leading = if others.latest > own.latest { &others } else { &own };
        connection.execute(
            "UPDATE tenant SET boot = ?2, shift = ?3 WHERE id = ?1",
            params![tenant, leading.boot, leading.shift],
        )?;
        latest
    };
    connection.execute("UPDATE tenant SET latest = ?2 WHERE id = ?1", [tenant, latest])?;
    connection.execute("UPDATE call SET tenant = ?2 WHERE tenant = ?1", [other, tenant])?;
    Ok(())
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
