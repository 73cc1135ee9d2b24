//! What runs had accepted lately, for brakes that look further back than one run.

use std::collections::BTreeMap;

/// Users the service accepted (202) since some moment. What an approved run did is not held against later
/// plans, nor what the first one did, which has to add everybody.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Totals {
    /// New users.
    pub adds: u64,
    /// Those of them that were not said to be active.
    pub inactive_adds: u64,
    /// Changed users.
    pub updates: u64,
    /// Disabled users.
    pub removals: u64,
    /// Enabled again.
    pub restores: u64,
    /// Attributes emptied, by path.
    pub wipes: BTreeMap<String, u64>,
}
