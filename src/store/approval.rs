//! Letting one plan through its brakes, once, knowingly.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Plan, sentences};
use crate::error::Error;
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

impl Approval {
    /// Whether the plan may be approved so.
    pub(super) fn fits(&self, plan: &Plan, started_by: Option<&str>) -> Result<(), Error> {
        let tripped = &plan.facts.tripped;
        if tripped.is_empty() {
            return Err(sentences::nothing_to_approve(&plan.id));
        }
        if self.brakes != *tripped {
            return Err(sentences::approval_misfits(&plan.id, &self.brakes, tripped));
        }
        if self.reason.trim().is_empty() || self.approver.trim().is_empty() {
            return Err(sentences::approval_unsigned(&plan.id));
        }
        match started_by {
            Some(run) => Err(sentences::approval_late(&plan.id, run)),
            None => Ok(()),
        }
    }
}

impl Plan {
    /// The brakes that must be approved: what tripped when it was made, and what trips now.
    pub(super) fn needs(&self, tripped: &Tripped) -> Tripped {
        let mut needed = self.facts.tripped.clone();
        needed.extend(tripped.iter().map(|(brake, users)| (brake.clone(), *users)));
        needed
    }
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

    /// Why the latest approval of a plan does not let it go.
    pub(super) fn why_not(latest: Option<&Given>, now: Timestamp) -> &'static str {
        match latest {
            None => sentences::NOT_APPROVED,
            Some(given) if given.used => sentences::APPROVAL_USED,
            Some(given) if given.expires_at <= now => sentences::APPROVAL_EXPIRED,
            Some(given) if given.given_at > now => sentences::APPROVAL_TO_COME,
            Some(_) => sentences::APPROVED_OTHERWISE,
        }
    }
}
