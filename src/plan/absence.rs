//! Who is in the baseline and not in the source.

use super::compare::{Comparison, texts, texts_before};
use super::document::MissingPolicy;
use super::drafts::Draft;
use super::reason::Reason;
use crate::convert::CompleteSource;
use crate::error::Error;
use crate::mapping;
use crate::scim::User;
use crate::store::{Action, BaselineUser, Certainty};

/// What the absent came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Absent {
    /// Disabled already: nothing is to be done.
    pub(super) disabled: u64,
    /// Missing, and not disabled although that was asked for, because their users are not kept.
    pub(super) not_kept: u64,
    /// Missing, and not disabled although that was asked for, because of unidentified records.
    pub(super) unproven: u64,
}

impl Comparison<'_> {
    /// Drafts what becomes of the absent. `source` is the proof that they are absent, if there is one.
    pub(super) fn draft_absent(
        &mut self,
        source: Option<&CompleteSource>,
        policy: MissingPolicy,
    ) -> Result<Absent, Error> {
        let mut absent = Absent::default();
        let mut left = Vec::new();
        for number in 0..u32::try_from(self.known.users()).unwrap_or(u32::MAX) {
            if self.known.is_seen(number) {
                continue;
            }
            let active = self.known.is_active(number);
            absent.disabled += u64::from(!active);
            if active || self.known.resend(number).is_some() {
                left.push(number);
            }
        }
        if left.is_empty() {
            return Ok(absent);
        }
        let mut names = Vec::with_capacity(left.len());
        let mut wanted = left.iter().copied().peekable();
        self.known.read_again(self.store, &mut |number, row| {
            if wanted.next_if_eq(&number).is_some() {
                names.push(row.external_id.to_owned());
            }
            Ok(())
        })?;
        for (number, external_id) in left.into_iter().zip(names) {
            let before = self.before(&external_id)?;
            if self.known.is_active(number) {
                let reason = match (policy, source) {
                    (MissingPolicy::Report, _) => Reason::MissingInSource,
                    (MissingPolicy::Disable, None) => {
                        absent.unproven += 1;
                        Reason::MissingUnproven
                    }
                    (MissingPolicy::Disable, Some(source)) => {
                        if let Some(user) = leaver(source, &external_id, &before)? {
                            let reason = Some(Reason::MissingInSource);
                            self.change(&user, &before, Some(number), None, reason)?;
                            continue;
                        }
                        absent.not_kept += 1;
                        Reason::MissingNotKept
                    }
                };
                let mut draft = Draft::new(Action::Missing, reason, Certainty::Known);
                draft.known = Some(number);
                draft.active = before.active;
                self.drafts.add(draft, &texts_before(&external_id, &before))?;
            } else if let (Some(reason), Some(bytes)) = (self.known.resend(number), &before.user) {
                // A leaver whose disabling failed is disabled again.
                let user = user_of(&external_id, &before, bytes.clone(), before.active);
                let mut draft = Draft::new(Action::Update, reason, Certainty::Known);
                draft.known = Some(number);
                draft.active = user.active;
                self.drafts.add(draft, &texts(&user))?;
            }
        }
        Ok(absent)
    }
}

/// The last accepted version of a user, disabled: the only way by which absence removes anybody.
fn leaver(
    _source: &CompleteSource,
    external_id: &str,
    before: &BaselineUser,
) -> Result<Option<User>, Error> {
    before.user.as_deref().map(|bytes| disabled(external_id, before, bytes)).transpose()
}

/// A stored user, disabled.
pub(super) fn disabled(
    external_id: &str,
    before: &BaselineUser,
    bytes: &[u8],
) -> Result<User, Error> {
    let bytes = mapping::disabled(bytes).map_err(|problem| {
        Error::internal(format!("A stored user cannot be disabled: {problem}"))
    })?;
    Ok(user_of(external_id, before, bytes, Some(false)))
}

/// A stored user as if it had been rendered.
pub(super) fn user_of(
    external_id: &str,
    before: &BaselineUser,
    bytes: Vec<u8>,
    active: Option<bool>,
) -> User {
    User {
        bytes,
        external_id: external_id.to_owned(),
        user_name: before.user_name.clone(),
        display_name: before.display_name.clone(),
        active,
        manager: before.manager.clone(),
        warnings: Vec::new(),
    }
}
