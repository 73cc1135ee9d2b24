//! A run backwards: everybody it changed gets back what they were.

use std::collections::HashMap;

use xxhash_rust::xxh3::xxh3_128;

use super::absence::disabled;
use super::compare::{Comparison, texts_before};
use super::desk::Desk;
use super::document::{MissingPolicy, Origin};
use super::drafts::Draft;
use super::reason::Reason;
use super::sentences;
use super::warnings::Warnings;
use super::write::{Frame, write};
use crate::error::Error;
use crate::plan::PlanSettings;
use crate::scim::User;
use crate::store::{Action, Actions, Before, Certainty, Counts, ItemFilter, Plan};

/// Makes the inverse plan of a run that ended, under the same brakes as any other. A user that the run
/// added cannot be deleted by this API and is disabled; one that a later run changed is left as it is.
///
/// # Errors
/// `NotFound`; `RunUnfinished` before the run's end; `InvalidState` where the values before were not
/// kept or were deleted; `PlanStale` and what the store gives.
pub fn undo(desk: &Desk<'_>, run: &str, settings: PlanSettings) -> Result<Plan, Error> {
    let store = desk.store;
    let now = desk.clock.now();
    let undone = desk.own_run(run)?;
    if !undone.state.is_final() {
        return Err(sentences::run_unfinished(run));
    }
    let mut sent: HashMap<u128, u128> = HashMap::new();
    let filter = ItemFilter { actions: Actions::SENT, ordinals: 0..u64::MAX, with_users: false };
    store.plan_items(&undone.plan, &filter, &mut |item| {
        sent.insert(xxh3_128(item.external_id.as_bytes()), item.hash.unwrap_or_default());
        Ok(())
    })?;
    let mut comparison = Comparison::new(store, desk.target.id, &PlanSettings::default())?;
    let mut users = 0;
    store.values_before(run, &mut |before| {
        users += 1;
        comparison.revert(&before, sent.get(&xxh3_128(before.external_id.as_bytes())).copied())
    })?;
    if users == 0 {
        return Err(sentences::nothing_before(run));
    }
    let mut warnings = Warnings::default();
    let left_alone = comparison.changed_since;
    if left_alone > 0 {
        warnings.say(sentences::changed_later(left_alone));
    }
    let rows = store.last_source(desk.target.id)?.map_or(0, |last| last.rows);
    let Comparison { known, drafts, unchanged, .. } = comparison;
    let (mut drafts, mut texts) = drafts.finish()?;
    super::names::settle(store, &known, &mut drafts, &mut texts)?;
    let frame = Frame {
        id: desk.random.uuid_at(now),
        now,
        origin: Origin::Undo { run: run.to_owned() },
        missing: MissingPolicy::Report,
        full: false,
        part: false,
        input_hash: String::new(),
        mapping_hash: String::new(),
        // The next source is compared in size with the last one, not with this plan.
        rows,
        unlisted: Counts { unchanged, ..Counts::default() },
        absent_disabled: 0,
        limits: settings.brakes,
        protected: settings.protected,
        batch: desk.batch,
        warnings,
    };
    Ok(write(desk, &known, &drafts, &mut texts, frame)?.0)
}

impl Comparison<'_> {
    /// Drafts the way back for one user of a run. `sent` is the hash of what the run sent.
    fn revert(&mut self, before: &Before<'_>, sent: Option<u128>) -> Result<(), Error> {
        let external_id = before.external_id;
        let number = self.known.find(external_id).ok_or_else(sentences::baseline_moved)?;
        let current = self.before(external_id)?;
        if sent != Some(current.hash) {
            let mut draft = Draft::new(Action::Rejected, Reason::ChangedSinceRun, Certainty::Known);
            draft.known = Some(number);
            self.changed_since += 1;
            return self.drafts.add(draft, &texts_before(external_id, &current)).map(|_| ());
        }
        if before.hash == Some(current.hash) {
            self.unchanged += 1;
            return Ok(());
        }
        let (user, reason) = match (before.hash, before.user) {
            (None, _) => {
                if current.active == Some(false) {
                    self.unchanged += 1;
                    return Ok(());
                }
                let bytes = current.user.as_deref().ok_or_else(sentences::only_hashes_before)?;
                (disabled(external_id, &current, bytes)?, Reason::UndoAdd)
            }
            (Some(_), None) => return Err(sentences::only_hashes_before()),
            (Some(_), Some(bytes)) => {
                let user = User {
                    bytes: bytes.to_vec(),
                    external_id: external_id.to_owned(),
                    user_name: before.user_name.to_owned(),
                    display_name: before.display_name.to_owned(),
                    active: before.active,
                    manager: before.manager.to_owned(),
                    warnings: Vec::new(),
                };
                (user, Reason::Undo)
            }
        };
        self.change(&user, &current, Some(number), None, Some(reason))
    }
}
