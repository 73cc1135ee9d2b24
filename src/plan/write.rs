//! Drafts in their order to a stored plan, judged on the way.

use std::collections::HashSet;

use xxhash_rust::xxh3::xxh3_128;

use super::brakes::{Base, BrakeLimits};
use super::compare::count_name;
use super::cost;
use super::desk::Desk;
use super::document::{About, MissingPolicy, NameCounts, Origin};
use super::drafts::{Draft, DraftTexts};
use super::judgement::{Judge, Protected, StoredBrakes, earlier};
use super::known::Known;
use super::order::{Line, managers_first};
use super::reason::Reason;
use super::sentences;
use super::warnings::Warnings;
use crate::error::Error;
use crate::scim::bulk::{BatchCount, BatchLimits};
use crate::store::{Action, Counts, Keep, Plan, PlanFacts, PlanItem};
use crate::time::Timestamp;

/// The most cycles of managers that are named.
const CYCLES: usize = 20;
/// The most users of a cycle that a sentence names.
const NAMED: usize = 8;

/// What a plan is, but for its items.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) id: String,
    pub(super) now: Timestamp,
    pub(super) origin: Origin,
    pub(super) missing: MissingPolicy,
    pub(super) full: bool,
    pub(super) part: bool,
    pub(super) input_hash: String,
    pub(super) mapping_hash: String,
    pub(super) rows: u64,
    /// Unchanged and out of scope, of which not all have drafts.
    pub(super) unlisted: Counts,
    pub(super) absent_disabled: u64,
    pub(super) limits: BrakeLimits,
    pub(super) protected: Protected,
    pub(super) batch: BatchLimits,
    pub(super) warnings: Warnings,
}

/// Writes the plan; gives with it what is to be said of it as a whole.
pub(super) fn write(
    desk: &Desk<'_>,
    known: &Known,
    drafts: &[Draft],
    texts: &mut DraftTexts,
    mut frame: Frame,
) -> Result<(Plan, Vec<String>), Error> {
    let order = in_order(drafts, texts, &mut frame.warnings)?;
    let mut writer =
        desk.store.write_plan(&frame.id, desk.target.id, known.revision(), frame.now)?;
    let mut counts = frame.unlisted;
    let mut names = NameCounts::default();
    let mut judge = Judge::default();
    let mut batches = BatchCount::new(frame.batch);
    for at in order {
        let draft = &drafts[at as usize];
        let texts = texts.of(draft)?;
        let sends = draft.action.sends();
        let item = PlanItem {
            ordinal: 0,
            action: draft.action,
            external_id: texts.external_id,
            line: draft.place.map(|place| place.line),
            hash: sends.then(|| xxh3_128(texts.user)),
            user: sends.then_some(texts.user),
            active: draft.active,
            user_name: texts.user_name,
            user_name_before: texts.user_name_before,
            display_name: texts.display_name,
            manager: texts.manager,
            reason: draft.reason,
            resend: Reason::is_resend(draft.reason),
            certainty: draft.certainty,
            changed: if sends { texts.changed } else { "" },
            wiped: if sends { texts.wiped } else { "" },
        };
        writer.push(&item)?;
        judge.see(&item, &frame.protected)?;
        count_name(&mut names, draft.reason);
        if sends {
            batches.add(texts.user.len());
        }
        // Records out of scope are counted whether or not they have a draft.
        if draft.action != Action::OutOfScope {
            *counts.of(draft.action) += 1;
        }
    }
    known.still_holds(desk.store)?;
    let base = Base { users: known.users(), active: known.active() };
    let earlier = earlier(desk.store, desk.target.id, frame.now)?;
    let judgement = judge.judgement(&earlier, base, &frame.limits);
    let tripped = judgement.tripped_brakes();
    let cost = cost::reckon(desk, batches.batches())?;
    let keep = match desk.store.keep()? {
        Keep::Users => "users",
        Keep::Hashes => "hashes",
    };
    let said = frame.warnings.of_the_plan();
    let about = About {
        origin: frame.origin,
        missing: frame.missing,
        full: frame.full,
        keep: keep.into(),
        absent_disabled: frame.absent_disabled,
        names,
        cost,
        warnings: frame.warnings.into_sentences(),
    };
    let protected_names = std::mem::take(&mut frame.protected.user_names);
    let brakes = StoredBrakes { limits: frame.limits, base, protected: frame.protected, judgement };
    let unwritable = |_| Error::internal("The facts of a plan cannot be written.");
    let plan = writer.finish(PlanFacts {
        input_hash: frame.input_hash,
        mapping_hash: frame.mapping_hash,
        rows: frame.rows,
        counts,
        tripped,
        part: frame.part,
        brakes: serde_json::to_string(&brakes).map_err(unwritable)?,
        judgement: serde_json::to_string(&brakes.judgement).map_err(unwritable)?,
        protected_names,
        source: serde_json::to_string(&about).map_err(unwritable)?,
    })?;
    Ok((plan, said))
}

/// The drafts in the order of sending: managers before reports, then leavers first, then as the source
/// has them; what is not sent comes last.
fn in_order(
    drafts: &[Draft],
    texts: &mut DraftTexts,
    warnings: &mut Warnings,
) -> Result<Vec<u32>, Error> {
    let index = |at: usize| {
        u32::try_from(at).map_err(|_| Error::internal("A plan cannot have that many items."))
    };
    let mut sent = Vec::new();
    for (at, draft) in drafts.iter().enumerate() {
        if draft.action.sends() {
            sent.push(index(at)?);
        }
    }
    let sent_drafts = || sent.iter().map(|at| &drafts[*at as usize]);
    let new: HashSet<u64> = match sent_drafts().any(|draft| draft.action == Action::Disable) {
        true => sent_drafts().filter(|d| d.action == Action::Add).map(|d| d.key).collect(),
        false => HashSet::new(),
    };
    // A leaver waits for nobody whom the service knows already: the reserve of the quota is for leavers.
    let waits = |draft: &Draft| {
        let manager = draft.manager?;
        (draft.action != Action::Disable || new.contains(&manager)).then_some(manager)
    };
    let lines: Vec<Line<u64>> =
        sent_drafts().map(|draft| Line { user: draft.key, manager: waits(draft) }).collect();
    let found = managers_first(&lines);
    drop(lines);
    for cycle in found.cycles.iter().take(CYCLES) {
        let mut ids = Vec::new();
        for at in cycle.iter().take(NAMED) {
            ids.push(texts.of(&drafts[sent[*at] as usize])?.external_id.to_owned());
        }
        warnings.say(sentences::circle(&ids, cycle.len()));
    }
    if found.cycles.len() > CYCLES {
        warnings.say(sentences::circles_left_out((found.cycles.len() - CYCLES) as u64));
    }
    let mut levels = vec![u32::MAX; drafts.len()];
    for (at, level) in sent.iter().zip(found.levels) {
        levels[*at as usize] = level;
    }
    let mut order: Vec<u32> = (0..index(drafts.len())?).collect();
    order.sort_by_key(|at| {
        let draft = &drafts[*at as usize];
        (levels[*at as usize], draft.action != Action::Disable)
    });
    Ok(order)
}
