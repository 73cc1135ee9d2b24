//! What a plan says of itself: the JSON in its header, and the document that hosts see.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::brakes::{Base, BrakeVerdict};
use super::judgement::StoredBrakes;
use super::sentences;
use crate::error::{Error, ErrorKind};
use crate::store::{Counts, Plan};
use crate::time::Timestamp;

/// What a plan was made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "kind")]
pub enum Origin {
    /// A source.
    Source {
        /// The conversion, as given, with absolute paths.
        conversion: Value,
        /// What is known of the source.
        facts: Value,
    },
    /// The inverse of a run.
    Undo {
        /// The run.
        run: String,
    },
}

/// What becomes of users that the source no longer holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum MissingPolicy {
    /// They are listed and left alone.
    #[default]
    Report,
    /// Their last accepted version is sent with `active: false`.
    Disable,
}

/// How userNames change.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NameCounts {
    /// In upper and lower case only.
    pub case: u64,
    /// Between whole and local.
    pub mode: u64,
    /// In another way.
    pub changed: u64,
    /// Records rejected because another user keeps the name.
    pub taken: u64,
}

/// What sending takes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Cost {
    /// Calls, without repeats.
    pub calls: u64,
    /// Calls left of the day when the plan was made, the reserve not counted.
    pub quota_left: u64,
    /// Calls of the reserve left.
    pub quota_reserve: u64,
    /// Seconds at the service's pace, with the waits for quota.
    pub seconds: u64,
    /// When a run that began when the plan was made would end (RFC 3339).
    pub finish_at: String,
}

/// The rest of what a plan knows of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct About {
    /// What it was made from.
    pub origin: Origin,
    /// What it does with missing users.
    pub missing: MissingPolicy,
    /// Whether everybody is sent.
    pub full: bool,
    /// `users` or `hashes`: whether values before were at hand.
    pub keep: String,
    /// Users of the baseline that are disabled already and not in the source.
    pub absent_disabled: u64,
    /// How userNames change.
    pub names: NameCounts,
    /// What sending takes.
    pub cost: Cost,
    /// What is odd, in sentences; the first hundred.
    pub warnings: Vec<String>,
}

impl About {
    /// That of a plan.
    ///
    /// # Errors
    /// `StoreDamaged`.
    pub fn of(plan: &Plan) -> Result<Self, Error> {
        serde_json::from_str(&plan.facts.source).map_err(|_| sentences::plan_damaged(&plan.id))
    }
}

/// A plan as hosts see it (`docs/documents.md`, "Plan").
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanDocument {
    /// Its id.
    pub plan: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// The revision of the baseline it was made against; 0 where nothing was known.
    pub baseline_revision: u64,
    /// Hash of the source's bytes.
    pub input_hash: String,
    /// Hash of the mapping.
    pub mapping_hash: String,
    /// Rows of the source.
    pub rows: u64,
    /// Items by action.
    pub counts: Counts,
    /// Users that would be sent.
    pub changes: u64,
    /// Whether it must not be applied as it is.
    pub tripped: bool,
    /// Whether no approval can help.
    pub blocked: bool,
    /// externalIds of protected users that it would disable.
    pub protected: Vec<String>,
    /// Every brake over every window.
    pub brakes: Vec<BrakeVerdict>,
    /// What percentages are of.
    pub base: Base,
    /// The rest.
    pub about: About,
    /// When its users' bytes were deleted to save space.
    pub pruned_at: Option<Timestamp>,
    /// The exit code of the command line.
    pub exit_code: u8,
}

impl PlanDocument {
    /// That of a stored plan.
    ///
    /// # Errors
    /// `StoreDamaged`.
    pub fn of(plan: &Plan) -> Result<Self, Error> {
        let (brakes, about) = (StoredBrakes::of(plan)?, About::of(plan)?);
        let (judgement, counts) = (brakes.judgement, plan.facts.counts);
        let exit_code = if judgement.tripped() {
            ErrorKind::BrakeTripped.exit_code()
        } else if counts.sent() > 0 {
            HAS_CHANGES
        } else if counts.rejected > 0 {
            ErrorKind::RecordsRejected.exit_code()
        } else {
            0
        };
        Ok(PlanDocument {
            plan: plan.id.clone(),
            created_at: plan.created_at,
            baseline_revision: plan.baseline_revision,
            input_hash: plan.facts.input_hash.clone(),
            mapping_hash: plan.facts.mapping_hash.clone(),
            rows: plan.facts.rows,
            counts,
            changes: counts.sent(),
            tripped: judgement.tripped(),
            blocked: judgement.blocked(),
            protected: judgement.protected,
            brakes: judgement.verdicts,
            base: brakes.base,
            about,
            pruned_at: plan.pruned_at,
            exit_code,
        })
    }
}

/// Exit code of a plan that changes something.
pub const HAS_CHANGES: u8 = 2;
