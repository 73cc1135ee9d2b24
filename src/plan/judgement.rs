//! Whether a plan may go: its brakes and its protected users, when it is made and again when applied.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::brakes::{Base, BrakeKind, BrakeLimits, BrakeVerdict, Earlier, Touched, judge};
use super::sentences;
use crate::error::Error;
use crate::store::{Action, Actions, ItemFilter, Plan, PlanFacts, PlanItem, Store, TargetId};
use crate::time::{DAY, Timestamp};

/// Users that no plan may disable.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Protected {
    /// By externalId, exactly.
    pub external_ids: BTreeSet<String>,
    /// By userName before or after, in lower case; compared without regard to case.
    #[serde(skip)]
    pub user_names: BTreeSet<String>,
}

impl Protected {
    /// Whether the item would disable one of them.
    pub fn forbids(&self, item: &PlanItem<'_>) -> bool {
        item.action == Action::Disable
            && (self.external_ids.contains(item.external_id)
                || [item.user_name, item.user_name_before]
                    .iter()
                    .any(|name| self.user_names.contains(&name.to_lowercase())))
    }
}

/// The brakes as they are kept with a plan, so that apply judges by the same limits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredBrakes {
    /// The limits.
    pub limits: BrakeLimits,
    /// What percentages are of.
    pub base: Base,
    /// Who may not be disabled.
    pub protected: Protected,
    /// What was said when the plan was made.
    #[serde(skip)]
    pub judgement: Judgement,
}

impl StoredBrakes {
    /// Those of a plan.
    ///
    /// # Errors
    /// `StoreDamaged`.
    pub fn of(plan: &Plan) -> Result<Self, Error> {
        let PlanFacts { brakes, judgement, protected_names, .. } = &plan.facts;
        Self::read(brakes, judgement, protected_names.clone())
            .map_err(|_| sentences::plan_damaged(&plan.id))
    }

    /// Out of what the store keeps of them apart. A store of hashes has no names; what they forbid is in the
    /// judgement.
    pub(super) fn read(
        brakes: &str,
        judgement: &str,
        user_names: BTreeSet<String>,
    ) -> serde_json::Result<Self> {
        let mut stored: Self = serde_json::from_str(brakes)?;
        stored.judgement = serde_json::from_str(judgement)?;
        stored.protected.user_names = user_names;
        Ok(stored)
    }
}

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

    /// What tripped and by how many users of the plan, as an approval must name it.
    pub fn tripped_brakes(&self) -> BTreeMap<String, u64> {
        let tripped = self.verdicts.iter().filter(|verdict| verdict.tripped());
        tripped.map(|verdict| (verdict.name(), verdict.affected)).collect()
    }

    /// The error of `plan`, which must not go on as it is and which no state keeps for an approval.
    pub fn stops(&self, plan: &Plan) -> Error {
        if self.blocked() {
            return sentences::protected(&plan.id, &self.protected);
        }
        sentences::braked(&plan.id, &self.tripped_brakes(), self.explanation(plan))
    }

    /// What is to be said of the brakes that tripped beside their numbers: a sentence after a blank, or nothing.
    pub fn explanation(&self, plan: &Plan) -> String {
        match self.tripped_brakes().get(BrakeKind::InactiveAdds.name()) {
            Some(inactive) => sentences::inactive_adds(plan, *inactive),
            None => String::new(),
        }
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
        week: store.totals_since(target, now.before(DAY * 7))?.into(),
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
