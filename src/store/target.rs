//! Whose state it is.

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
    /// The tenant: its id, or any name that was said to be the same ([`super::Ledger::same_tenant`]).
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
