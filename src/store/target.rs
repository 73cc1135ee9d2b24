//! Whose state it is.

use rusqlite::{Connection, OptionalExtension};

use super::tenants;
use super::trouble::Trouble;

/// Whether users are kept, or only their hashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// Whole users: previews show values before, and runs can be undone.
    Users,
    /// externalIds, hashes and whether they are active; no name, no value.
    Hashes,
}

/// What names a target. Compared without regard to ASCII case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetKey {
    /// Empty for a real tenant; any text, for instance the address, sets a simulated one apart.
    pub simulator: String,
    /// The cloud, as the configuration names it.
    pub cloud: String,
    /// The tenant: its id, or any name that was said to be the same ([`super::Store::same_tenant`]).
    pub tenant: String,
    /// The service principal's object id.
    pub service_principal: String,
    /// The synchronization job's id.
    pub job: String,
}

/// A tenant in this store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TenantId(pub(super) i64);

/// A target in this store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TargetId(pub(super) i64);

/// A target, and the tenant whose ledger it draws on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// Names the target in this store.
    pub id: TargetId,
    /// Names its tenant in this store.
    pub tenant: TenantId,
}

/// The target of that key, unless it is new.
pub(super) fn find(connection: &Connection, key: &TargetKey) -> Result<Option<Target>, Trouble> {
    let fold = str::to_ascii_lowercase;
    let found = connection
        .prepare_cached(
            "SELECT target.id, target.tenant FROM tenant AS name
             JOIN target ON target.tenant = coalesce(name.same_as, name.id)
             WHERE name.simulator = ?1 AND name.cloud = ?2 AND name.tenant = ?3
               AND target.service_principal = ?4 AND target.job = ?5",
        )?
        .query_row(
            [&key.simulator, &key.cloud, &key.tenant, &key.service_principal, &key.job]
                .map(|text| fold(text)),
            |row| Ok(Target { id: TargetId(row.get(0)?), tenant: TenantId(row.get(1)?) }),
        );
    Ok(found.optional()?)
}

/// Makes the target of that key, unless it is there.
pub(super) fn make(connection: &Connection, key: &TargetKey) -> Result<Target, Trouble> {
    let fold = str::to_ascii_lowercase;
    let tenant = tenants::named(connection, &key.simulator, &key.cloud, &key.tenant)?;
    let id = connection.query_row(
        "INSERT INTO target (tenant, service_principal, job) VALUES (?1, ?2, ?3)
         ON CONFLICT DO UPDATE SET job = excluded.job RETURNING id",
        (tenant.0, fold(&key.service_principal), fold(&key.job)),
        |row| row.get(0),
    )?;
    Ok(Target { id: TargetId(id), tenant })
}
