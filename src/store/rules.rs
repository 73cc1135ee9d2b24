//! What may be done with a state, and what is said where it may not.

use super::approval::Given;
use super::batches::Step;
use super::{Approval, Batch, BatchState, Keep, Plan, Run, RunState, Tripped, sentences};
use crate::error::Error;
use crate::time::Timestamp;

impl Keep {
    /// What a store keeps that was made for `made_for`, or is new, and is asked for `wanted`.
    pub(super) fn settled(made_for: Option<Keep>, wanted: Option<Keep>) -> Result<Keep, Error> {
        let keep = made_for.or(wanted).unwrap_or(Keep::Users);
        match (keep, wanted.unwrap_or(keep)) {
            (Keep::Users, Keep::Hashes) => Err(sentences::keeps_users()),
            (Keep::Hashes, Keep::Users) => Err(sentences::keeps_hashes()),
            _ => Ok(keep),
        }
    }
}

impl Plan {
    /// Whether a run of it may start: it holds for the baseline it was made from, and for one run.
    pub(super) fn is_fresh(&self, revision: u64, started_by: Option<&str>) -> Result<(), Error> {
        if let Some(run) = started_by {
            return Err(sentences::plan_started(&self.id, run));
        }
        if revision != self.baseline_revision {
            return Err(sentences::baseline_moved(&self.id, self.baseline_revision, revision));
        }
        if self.pruned_at.is_some() {
            return Err(sentences::users_deleted(&self.id));
        }
        Ok(())
    }

    /// The brakes that must be approved: what tripped when it was made, and what trips now.
    pub(super) fn needs(&self, tripped: &Tripped) -> Tripped {
        let mut needed = self.facts.tripped.clone();
        needed.extend(tripped.iter().map(|(brake, users)| (brake.clone(), *users)));
        needed
    }
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

impl Given {
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

impl Run {
    /// Nothing more of a run may be sent that has ended.
    pub(super) fn goes_on(&self) -> Result<(), Error> {
        if self.state.is_final() { Err(sentences::run_sends_no_more(&self.id)) } else { Ok(()) }
    }

    /// Whether the run becomes `state`, of whose [`RunState::blocked_by`] it has so many batches; false if it is
    /// so already.
    pub(super) fn becomes(&self, state: RunState, blocked_by: u64) -> Result<bool, Error> {
        if self.state.is_final() {
            return if self.state == state {
                Ok(false)
            } else {
                Err(sentences::run_ended(&self.id))
            };
        }
        if blocked_by > 0 { Err(sentences::run_unsettled(&self.id, blocked_by)) } else { Ok(true) }
    }
}

impl Batch {
    /// Where `step` leads; an error if the batch may not take it.
    pub(super) fn after(&self, run: &str, step: Step) -> Result<BatchState, Error> {
        let wished = match step {
            Step::Send => "sent",
            Step::Unsend => "taken back",
            Step::Doubt => "in doubt",
            Step::Accept => "accepted",
            Step::Refuse => "refused",
        };
        self.state.after(step).ok_or_else(|| sentences::no_way(run, self, wished))
    }

    /// A batch's bytes never change: what is in doubt is settled by sending it again, identically.
    pub(super) fn has_bytes(&self, run: &str, body_hash: u128) -> Result<(), Error> {
        if self.body_hash == body_hash {
            Ok(())
        } else {
            Err(sentences::other_bytes(run, self.number))
        }
    }
}
