//! Letting one plan through its brakes, once, knowingly.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::time::Timestamp;

/// Brakes that tripped, by name, each with the number of users of the plan that it counts. Each attribute has its
/// own brake against being emptied: `wipes:title`.
pub type Tripped = BTreeMap<String, u64>;

/// How long an approval holds.
pub(super) const LIFE: Duration = Duration::from_secs(24 * 60 * 60);

/// Someone's word that a plan which tripped brakes is meant. It holds for 24 hours and one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// The plan.
    pub plan: String,
    /// Every brake that tripped, with the number that the approver saw: the plan's own.
    pub brakes: Tripped,
    /// Why it is right.
    pub reason: String,
    /// Who says so.
    pub approver: String,
}

/// An approval as it is kept.
#[derive(Debug)]
pub(super) struct Given {
    pub(super) brakes: Tripped,
    pub(super) used: bool,
    pub(super) given_at: Timestamp,
    pub(super) expires_at: Timestamp,
}

impl Given {
    /// Whether it lets a run go at `now`: nobody used it, its time has come and not passed, and it holds, for every
    /// brake that needs one, exactly its number.
    pub(super) fn holds(&self, needed: &Tripped, now: Timestamp) -> bool {
        let timely = self.given_at <= now && now < self.expires_at;
        let fits = needed.iter().all(|(brake, users)| self.brakes.get(brake) == Some(users));
        !self.used && timely && fits
    }
}
