//! Names that two users would have at once. Entra does not tell them apart, so the newcomer waits.

use std::collections::HashMap;

use super::drafts::{Draft, DraftTexts};
use super::known::{Known, name_hash};
use super::reason::Reason;
use super::sentences;
use crate::error::Error;
use crate::finding::{Finding, Rule};
use crate::lint::fold_into;
use crate::store::{Certainty, Store};

/// Rejects every draft whose new name another user of the baseline has and keeps, and marks those whose
/// name its owner gives up in the same plan. Gives what is to be said of the rejected.
pub(super) fn settle(
    store: &dyn Store,
    known: &Known,
    drafts: &mut [Draft],
    texts: &mut DraftTexts,
) -> Result<Vec<Finding>, Error> {
    let claims: HashMap<u64, usize> = drafts
        .iter()
        .enumerate()
        .filter(|(_, draft)| draft.action.sends() && draft.claim != 0)
        .map(|(at, draft)| (draft.claim, at))
        .collect();
    if claims.is_empty() {
        return Ok(Vec::new());
    }
    let claimed = |name: u64| claims.get(&name).copied();
    let suspects: Vec<u32> = known
        .names()
        .filter(|(number, name)| claimed(*name).is_some_and(|at| drafts[at].known != Some(*number)))
        .map(|(number, _)| number)
        .collect();
    if suspects.is_empty() {
        return Ok(Vec::new());
    }
    // By hash they are the same; now by their text.
    let mut held = Vec::new();
    let mut wanted = suspects.iter().copied().peekable();
    let (mut folded, mut wished) = (String::new(), String::new());
    known.read_again(store, &mut |number, row| {
        if wanted.next_if_eq(&number).is_some()
            && let Some(at) = claimed(name_hash(row.user_name, &mut folded))
        {
            fold_into(&mut wished, texts.of(&drafts[at])?.user_name);
            if wished == folded {
                held.push((number, at, row.external_id.to_owned()));
            }
        }
        Ok(())
    })?;
    // Whoever changes names gives the old one up, unless the change itself is rejected.
    let movers: HashMap<u32, usize> = drafts
        .iter()
        .enumerate()
        .filter(|(_, draft)| draft.action.sends() && draft.claim != 0)
        .filter_map(|(at, draft)| Some((draft.known?, at)))
        .collect();
    let mut waiting: HashMap<usize, Vec<(usize, String)>> = HashMap::new();
    let mut rejected = Vec::new();
    for (number, at, holder) in held {
        match movers.get(&number) {
            Some(mover) => {
                drafts[at].certainty = Certainty::ServerRuleMayDiffer;
                waiting.entry(*mover).or_default().push((at, holder));
            }
            None => rejected.push((at, holder)),
        }
    }
    let mut findings = Vec::new();
    while let Some((at, holder)) = rejected.pop() {
        if !drafts[at].action.sends() {
            continue;
        }
        rejected.extend(waiting.remove(&at).into_iter().flatten());
        let texts = texts.of(&drafts[at])?;
        let message = sentences::name_taken(texts.user_name, &holder);
        let line = drafts[at].place.map_or(0, |place| place.line);
        findings.push(
            Finding::new(line, Rule::DuplicateUserName, message)
                .external_id(texts.external_id)
                .column("userName")
                .value(texts.user_name),
        );
        drafts[at].reject(Reason::UserNameTaken.code());
    }
    findings.sort_by_key(|finding| finding.line);
    Ok(findings)
}
