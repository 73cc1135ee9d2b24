//! Whether a plan may go: its brakes and its protected users, when it is made and again when applied.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::brakes::{Base, BrakeLimits, BrakeVerdict, Earlier, Touched, judge};
use super::document::{Protected, StoredBrakes};
use crate::error::{Error, ErrorKind};
use crate::store::{Actions, ItemFilter, Plan, PlanItem, Store, TargetId};
use crate::time::Timestamp;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const WEEK: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// What the brakes say of a plan.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judgement {
    /// Every brake over every window.
    pub verdicts: Vec<BrakeVerdict>,
    /// externalIds of protected users that the plan would disable. No approval lets these through.
    pub protected: Vec<String>,
}

impl Judgement {
    /// Whether the plan must not be applied as it is.
    pub fn tripped(&self) -> bool {
        self.blocked() || self.verdicts.iter().any(BrakeVerdict::tripped)
    }

    /// The brakes that tripped in any window, each with how many users of the plan it counts. Each attribute
    /// has its own brake against being emptied: `wipes:title`.
    pub fn tripped_brakes(&self) -> BTreeMap<String, u64> {
        let tripped = self.verdicts.iter().filter(|verdict| verdict.tripped());
        tripped.map(|verdict| (verdict.name(), verdict.affected)).collect()
    }

    /// Whether no approval can help.
    pub fn blocked(&self) -> bool {
        !self.protected.is_empty()
    }
}

/// What was accepted for a target in the windows before `now`.
///
/// # Errors
/// What the store gives.
pub(super) fn earlier(
    store: &dyn Store,
    target: TargetId,
    now: Timestamp,
) -> Result<Earlier, Error> {
    Ok(Earlier {
        day: store.totals_since(target, now.before(DAY))?.into(),
        week: store.totals_since(target, now.before(WEEK))?.into(),
    })
}

/// Takes note of a plan's items and judges them: once while the plan is written, once when it is applied.
#[derive(Debug, Default)]
pub(super) struct Judge {
    touched: Touched,
    forbidden: BTreeSet<String>,
}

impl Judge {
    /// Takes note of one item.
    pub(super) fn see(&mut self, item: &PlanItem<'_>, protected: &Protected) -> Result<(), Error> {
        self.touched.count(item)?;
        if protected.forbids(item) {
            self.forbidden.insert(item.external_id.to_owned());
        }
        Ok(())
    }

    /// What the brakes say.
    pub(super) fn judgement(
        self,
        earlier: &Earlier,
        base: Base,
        limits: &BrakeLimits,
    ) -> Judgement {
        let verdicts = judge(&self.touched, earlier, base, limits);
        Judgement { verdicts, protected: self.forbidden.into_iter().collect() }
    }
}

/// Judges a stored plan as it was judged when it was made, from its stored items and with what was
/// accepted until `now`.
///
/// # Errors
/// What the store gives; `StoreDamaged` if the stored limits cannot be read.
pub fn judge_again(store: &dyn Store, plan: &Plan, now: Timestamp) -> Result<Judgement, Error> {
    let stored = StoredBrakes::of(plan)?;
    // Names are compared while they are at hand; a store of hashes no longer has them.
    let forbidden = stored.judgement.protected.into_iter().collect();
    let mut judge = Judge { forbidden, ..Judge::default() };
    let filter = ItemFilter { actions: Actions::SENT, ordinals: 0..u64::MAX, with_users: false };
    store.plan_items(&plan.id, &filter, &mut |item| judge.see(&item, &stored.protected))?;
    let earlier = earlier(store, plan.target, now)?;
    Ok(judge.judgement(&earlier, stored.base, &stored.limits))
}

pub(super) fn unreadable(what: &str) -> Error {
    Error::new(
        ErrorKind::StoreDamaged,
        format!("{what} of a stored plan cannot be read."),
        "Make the plan again.",
    )
}
