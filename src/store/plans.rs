//! Plans: what would be sent and why, written once and never changed.

use std::collections::BTreeSet;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::{TargetId, Tripped};
use crate::error::Error;
use crate::time::Timestamp;

/// What a plan does with one record or user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Action {
    /// Unknown to the baseline: send.
    Add = 0,
    /// Different from the baseline: send.
    Update = 1,
    /// Active in the baseline and no longer to be: send, disabled. The one kind of removal.
    Disable = 2,
    /// Disabled in the baseline and active again: send.
    Restore = 3,
    /// As the baseline has it.
    Unchanged = 4,
    /// In the baseline, not in the source, and left alone.
    Missing = 5,
    /// Left out by a rule of the mapping.
    OutOfScope = 6,
    /// Rejected by a check.
    Rejected = 7,
    /// Unknown to the baseline and inactive, and not sent because the settings say so.
    Skipped = 8,
}

const ACTIONS: [Action; 9] = [
    Action::Add,
    Action::Update,
    Action::Disable,
    Action::Restore,
    Action::Unchanged,
    Action::Missing,
    Action::OutOfScope,
    Action::Rejected,
    Action::Skipped,
];

impl Action {
    /// Whether its user is sent.
    pub fn sends(self) -> bool {
        Actions::SENT.contains(self)
    }

    pub(super) fn from_stored(number: u8) -> Self {
        ACTIONS.get(usize::from(number)).copied().unwrap_or(Action::Rejected)
    }
}

/// A set of actions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Actions(pub(super) u16);

impl Actions {
    /// Every action.
    pub const ALL: Actions = Actions(0x1FF);
    /// Those whose user is sent.
    pub const SENT: Actions = Actions(0x0F);
    /// Those worth a row in a preview: all but `Unchanged`.
    pub const NOTEWORTHY: Actions = Actions(0x1EF);

    /// These actions.
    pub fn of(actions: &[Action]) -> Self {
        Actions(actions.iter().fold(0, |set, action| set | 1 << *action as u16))
    }

    /// Whether `action` is one of them.
    pub fn contains(self, action: Action) -> bool {
        self.0 & 1 << action as u16 != 0
    }
}

/// How sure a plan is of what an item will do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Certainty {
    /// Compared with the baseline.
    Known = 0,
    /// There is nothing to compare with.
    NoBaseline = 1,
    /// A rule of the service, such as scoping, may turn it into something else.
    ServerRuleMayDiffer = 2,
}

impl Certainty {
    pub(super) fn from_stored(number: u8) -> Self {
        match number {
            0 => Certainty::Known,
            1 => Certainty::NoBaseline,
            _ => Certainty::ServerRuleMayDiffer,
        }
    }
}

/// How many items have which action; of `unchanged` and the ones after it also those not listed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs, reason = "named after the actions")]
pub struct Counts {
    pub add: u64,
    pub update: u64,
    pub disable: u64,
    pub restore: u64,
    pub unchanged: u64,
    pub missing: u64,
    pub out_of_scope: u64,
    pub rejected: u64,
    pub skipped: u64,
}

impl Counts {
    /// The count of one action, to read or change.
    pub fn of(&mut self, action: Action) -> &mut u64 {
        match action {
            Action::Add => &mut self.add,
            Action::Update => &mut self.update,
            Action::Disable => &mut self.disable,
            Action::Restore => &mut self.restore,
            Action::Unchanged => &mut self.unchanged,
            Action::Missing => &mut self.missing,
            Action::OutOfScope => &mut self.out_of_scope,
            Action::Rejected => &mut self.rejected,
            Action::Skipped => &mut self.skipped,
        }
    }

    /// How many users are sent.
    pub fn sent(&self) -> u64 {
        self.add + self.update + self.disable + self.restore
    }
}

/// What a plan knows of itself once all its items are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanFacts {
    /// Hash of the source's bytes.
    pub input_hash: String,
    /// Hash of the mapping.
    pub mapping_hash: String,
    /// Rows of the source.
    pub rows: u64,
    /// Whether the source is said to be a part of the people: it tells nothing of how large the whole is.
    pub part: bool,
    /// Items by action.
    pub counts: Counts,
    /// The brakes that tripped, by name, each with the number of users of this plan that it counts.
    pub tripped: Tripped,
    /// What the plan is judged by (JSON): plans of the same settings and baseline have the same.
    pub brakes: String,
    /// What the brakes said (JSON).
    pub judgement: String,
    /// userNames that the plan may not disable; none come back where only hashes are kept.
    pub protected_names: BTreeSet<String>,
    /// What the source is (JSON).
    pub source: String,
}

/// The header of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Its id.
    pub id: String,
    /// What it is for.
    pub target: TargetId,
    /// When it was made.
    pub created_at: Timestamp,
    /// The revision of the baseline it was made against.
    pub baseline_revision: u64,
    /// The rest.
    pub facts: PlanFacts,
    /// When its users' bytes were deleted; such a plan can be read and not applied.
    pub pruned_at: Option<Timestamp>,
}

/// One line of a plan, borrowed while it passes. Where only hashes are kept, every text but
/// `external_id` and `reason` comes back empty.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PlanItem<'a> {
    /// Its place in the plan, from 0: the order of sending. Given by the writer.
    pub ordinal: u64,
    /// What to do.
    pub action: Action,
    /// Whom it concerns.
    pub external_id: &'a str,
    /// The line of the record, where there is one.
    pub line: Option<u64>,
    /// The hash of the user as it would be sent.
    pub hash: Option<u128>,
    /// The user as it would be sent; read back only on request.
    pub user: Option<&'a [u8]>,
    /// Whether the user would be enabled; `None` if it does not say.
    pub active: Option<bool>,
    /// The userName it would have.
    pub user_name: &'a str,
    /// The userName in the baseline.
    pub user_name_before: &'a str,
    /// The displayName it would have.
    pub display_name: &'a str,
    /// The externalId of the manager it would have.
    pub manager: &'a str,
    /// Why: a code, never a value of the record.
    pub reason: &'a str,
    /// Whether the user is sent although nothing about it changed: no brake counts that.
    pub resend: bool,
    /// How sure that is.
    pub certainty: Certainty,
    /// What changes, with values before and after (JSON).
    pub changed: &'a str,
    /// The paths of the attributes it empties: a JSON array of strings, or empty.
    pub wiped: &'a str,
}

/// Names the item without its values.
impl std::fmt::Debug for PlanItem<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PlanItem")
            .field("ordinal", &self.ordinal)
            .field("action", &self.action)
            .field("external_id", &self.external_id)
            .field("line", &self.line)
            .field("hash", &self.hash)
            .field("reason", &self.reason)
            .finish_non_exhaustive()
    }
}

/// Takes one item of a stream; an error ends the stream and is handed on.
pub type EachItem<'a> = &'a mut dyn FnMut(PlanItem<'_>) -> Result<(), Error>;

/// Which items to hand over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemFilter {
    /// With these actions.
    pub actions: Actions,
    /// With these ordinals.
    pub ordinals: Range<u64>,
    /// Whether to unpack the users too.
    pub with_users: bool,
}

/// A plan in the making. Dropped without [`Self::finish`], nobody ever sees it.
///
/// What was pushed is held back and written in pieces, so that other processes can go on meanwhile.
pub trait PlanWriter {
    /// Adds an item and gives its ordinal; the one in `item` is not looked at.
    fn push(&mut self, item: &PlanItem<'_>) -> Result<u64, Error>;

    /// Makes the plan what everyone sees. The counts of the actions that send must be those pushed.
    fn finish(self: Box<Self>, facts: PlanFacts) -> Result<Plan, Error>;
}

/// The size of a source at an earlier run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastSource {
    /// Its rows.
    pub rows: u64,
    /// When the run started.
    pub at: Timestamp,
}

/// How long things are kept. What an unfinished run needs is kept in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Plans made before this lose their items; users' bytes go at once where the plan was applied.
    pub plans: Timestamp,
    /// Runs started before this lose the values before, and with them their undo.
    pub history: Timestamp,
}

/// What pruning deleted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Plans that lost their users' bytes.
    pub plans: u64,
    /// Plans of which only the counts are left.
    pub items: u64,
    /// Plans that were never finished, and are gone.
    pub unfinished_plans: u64,
    /// Runs that cannot be undone any more.
    pub runs: u64,
}
