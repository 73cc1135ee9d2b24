//! One user beside what the baseline has of it.

use std::collections::HashMap;

use super::diff;
use super::document::NameCounts;
use super::drafts::{Draft, Drafts, Texts};
use super::known::{Known, name_hash};
use super::reason::{Reason, renamed};
use super::sentences;
use super::settings::{PlanSettings, UnknownInactive};
use crate::convert::{LeftOut, Place, Visitor};
use crate::error::Error;
use crate::scim::User;
use crate::store::{Action, BaselineUser, Certainty, Store, TargetId};

/// Compares users as they come, and keeps what differs.
#[derive(Debug)]
pub(super) struct Comparison<'a> {
    pub(super) store: &'a dyn Store,
    target: TargetId,
    full: bool,
    unknown_inactive: UnknownInactive,
    pub(super) known: Known,
    pub(super) drafts: Drafts,
    pub(super) unchanged: u64,
    /// Users of an undone run whom a later run changed.
    pub(super) changed_since: u64,
    pub(super) out_of_scope: u64,
    /// Sound users of each canary's externalId.
    canaries: HashMap<String, u64>,
    last_row: u64,
    /// How many drafts the check pass made, in order of their rows.
    in_order: usize,
    folded: String,
}

impl<'a> Comparison<'a> {
    pub(super) fn new(
        store: &'a dyn Store,
        target: TargetId,
        settings: &PlanSettings,
    ) -> Result<Self, Error> {
        let canaries = settings.guards.canaries.iter();
        Ok(Comparison {
            store,
            target,
            full: settings.full,
            unknown_inactive: settings.unknown_inactive,
            known: Known::load(store, target)?,
            drafts: Drafts::new()?,
            unchanged: 0,
            changed_since: 0,
            out_of_scope: 0,
            canaries: canaries.map(|id| (id.clone(), 0)).collect(),
            last_row: 0,
            in_order: 0,
            folded: String::new(),
        })
    }

    /// Whether the source holds a sound user of a canary's externalId.
    pub(super) fn has_canary(&self, external_id: &str) -> bool {
        self.canaries.get(external_id).is_some_and(|users| *users > 0)
    }

    /// What the store has of a user that the baseline knows.
    pub(super) fn before(&self, external_id: &str) -> Result<BaselineUser, Error> {
        self.store.baseline_user(self.target, external_id)?.ok_or_else(sentences::baseline_moved)
    }

    /// The draft of a user that the baseline does not know.
    fn add(&mut self, user: &User, place: Place) -> Result<(), Error> {
        let skipped = self.unknown_inactive == UnknownInactive::Skip && user.active != Some(true);
        let (action, reason) = if skipped {
            (Action::Skipped, Reason::UnknownInactive)
        } else {
            (Action::Add, Reason::New)
        };
        let mut draft = Draft::new(action, reason, Certainty::NoBaseline);
        draft.place = Some(place);
        draft.active = user.active;
        draft.claim = name_hash(&user.user_name, &mut self.folded);
        self.drafts.add(draft, &Texts { user_name_before: "", ..texts(user) }).map(|_| ())
    }

    /// The draft of a user that is sent again as it is.
    fn again(
        &mut self,
        user: &User,
        number: u32,
        reason: Reason,
        place: Option<Place>,
    ) -> Result<(), Error> {
        let mut draft = Draft::new(Action::Update, reason, Certainty::Known);
        draft.place = place;
        draft.active = user.active;
        draft.known = Some(number);
        self.drafts.add(draft, &texts(user)).map(|_| ())
    }

    /// The draft of a user that differs. `reason` stands where the difference itself does not say why.
    pub(super) fn change(
        &mut self,
        user: &User,
        before: &BaselineUser,
        number: Option<u32>,
        place: Option<Place>,
        reason: Option<Reason>,
    ) -> Result<(), Error> {
        let Difference { changed, wiped } = Difference::of(before.user.as_deref(), &user.bytes)?;
        let renamed = renamed(&before.user_name, &user.user_name);
        let (action, own) = match (before.active != Some(false), user.active) {
            (true, Some(false)) => (Action::Disable, Reason::InactiveInSource),
            (false, Some(true)) => (Action::Restore, Reason::ActiveInSource),
            _ => (Action::Update, renamed.unwrap_or(Reason::Changed)),
        };
        // The service may not clear what is left out, and a rule of the job may keep an account off.
        let certainty = match action {
            Action::Restore => Certainty::ServerRuleMayDiffer,
            _ if !wiped.is_empty() => Certainty::ServerRuleMayDiffer,
            _ => Certainty::Known,
        };
        let mut draft = Draft::new(action, reason.unwrap_or(own), certainty);
        draft.place = place;
        draft.active = user.active;
        draft.known = number;
        let name = name_hash(&user.user_name, &mut self.folded);
        if name != name_hash(&before.user_name, &mut self.folded) {
            draft.claim = name;
        }
        let texts = Texts {
            user_name_before: &before.user_name,
            changed: &changed,
            wiped: &wiped,
            ..texts(user)
        };
        self.drafts.add(draft, &texts).map(|_| ())
    }

    /// A record that cannot be sent.
    fn reject(&mut self, external_id: &str, place: Place, code: &'static str) -> Result<(), Error> {
        let mut draft = Draft::new(Action::Rejected, Reason::Same, Certainty::Known);
        draft.place = Some(place);
        draft.reject(code);
        self.drafts.add(draft, &Texts { external_id, ..Texts::default() }).map(|_| ())
    }

    /// A record that turned out unfit once the whole source was known.
    fn reject_late(
        &mut self,
        external_id: &str,
        place: Place,
        code: &'static str,
    ) -> Result<(), Error> {
        if let Some(users) = self.canaries.get_mut(external_id) {
            *users -= 1;
        }
        let row = |draft: &Draft| draft.place.map_or(0, |place| place.row);
        match self.drafts.all[..self.in_order].binary_search_by_key(&place.row, row) {
            Ok(at) => {
                self.drafts.all[at].reject(code);
                Ok(())
            }
            Err(_) => {
                self.unchanged -= 1;
                self.reject(external_id, place, code)
            }
        }
    }
}

impl Visitor for Comparison<'_> {
    fn user(&mut self, user: &User, place: Place) -> Result<(), Error> {
        self.last_row = place.row;
        if let Some(users) = self.canaries.get_mut(&user.external_id) {
            *users += 1;
        }
        match self.known.find(&user.external_id) {
            None => self.add(user, place)?,
            Some(number) => {
                self.known.see(number);
                if user.hash() != self.known.hash(number) {
                    let before = self.before(&user.external_id)?;
                    self.change(user, &before, Some(number), Some(place), None)?;
                } else {
                    let asked = self.full.then_some(Reason::ResendFull);
                    match self.known.resend(number).or(asked) {
                        Some(reason) => self.again(user, number, reason, Some(place))?,
                        None => self.unchanged += 1,
                    }
                }
            }
        }
        self.in_order = self.drafts.all.len();
        Ok(())
    }

    fn left_out(&mut self, external_id: &str, place: Place, why: LeftOut) -> Result<(), Error> {
        let number = self.known.find(external_id);
        if let Some(number) = number {
            self.known.see(number);
        }
        let late = place.row <= self.last_row;
        match why {
            LeftOut::Rejected(rule) if late => {
                return self.reject_late(external_id, place, rule.code());
            }
            LeftOut::Rejected(rule) => self.reject(external_id, place, rule.code())?,
            LeftOut::OutOfScope => {
                self.out_of_scope += 1;
                if let Some(number) = number.filter(|number| self.known.is_active(*number)) {
                    let before = self.before(external_id)?;
                    let mut draft =
                        Draft::new(Action::OutOfScope, Reason::OutOfScope, Certainty::Known);
                    draft.place = Some(place);
                    draft.known = Some(number);
                    self.drafts.add(draft, &texts_before(external_id, &before))?;
                }
            }
        }
        self.last_row = place.row;
        self.in_order = self.drafts.all.len();
        Ok(())
    }
}

/// What a user says of itself; its name before is taken to be its name.
pub(super) fn texts(user: &User) -> Texts<'_> {
    Texts {
        external_id: &user.external_id,
        user_name: &user.user_name,
        user_name_before: &user.user_name,
        display_name: &user.display_name,
        manager: &user.manager,
        changed: "",
        wiped: "",
        user: &user.bytes,
    }
}

/// What the baseline has of a user that is only listed.
pub(super) fn texts_before<'a>(external_id: &'a str, before: &'a BaselineUser) -> Texts<'a> {
    Texts {
        external_id,
        user_name: &before.user_name,
        user_name_before: &before.user_name,
        display_name: &before.display_name,
        manager: &before.manager,
        ..Texts::default()
    }
}

/// What changes, as it is stored.
struct Difference {
    /// A JSON array of changes; empty without the user before.
    changed: String,
    /// A JSON array of paths, or empty.
    wiped: String,
}

impl Difference {
    fn of(before: Option<&[u8]>, after: &[u8]) -> Result<Self, Error> {
        let Some(before) = before else {
            return Ok(Difference { changed: String::new(), wiped: String::new() });
        };
        let changes =
            diff::changes(before, after).map_err(|_| Error::internal("A user is no JSON."))?;
        let wiped: Vec<&str> =
            changes.iter().filter(|change| change.is_wipe()).map(|c| c.path.as_str()).collect();
        let unwritable = |_| Error::internal("A change cannot be written.");
        let wiped = match wiped.as_slice() {
            [] => String::new(),
            paths => serde_json::to_string(paths).map_err(unwritable)?,
        };
        Ok(Difference { changed: serde_json::to_string(&changes).map_err(unwritable)?, wiped })
    }
}

/// Counts how names change.
pub(super) fn count_name(names: &mut NameCounts, reason: &str) {
    let count = match reason {
        code if code == Reason::UserNameCase.code() => &mut names.case,
        code if code == Reason::UserNameMode.code() => &mut names.mode,
        code if code == Reason::UserNameChanged.code() => &mut names.changed,
        code if code == Reason::UserNameTaken.code() => &mut names.taken,
        _ => return,
    };
    *count += 1;
}
