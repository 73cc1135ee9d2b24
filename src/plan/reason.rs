//! Why an item is in a plan: codes, never a value of a record.

/// Why a plan does something with a user. [`Reason::code`] is its stable name in files and documents.
/// A rejected record has the code of the rule it broke instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The baseline does not know the user.
    New,
    /// The user differs from the baseline.
    Changed,
    /// The userName changes in upper and lower case only; Entra takes both for the same.
    UserNameCase,
    /// The userName changes between whole (`ann@example.com`) and local (`ann`).
    UserNameMode,
    /// The userName changes.
    UserNameChanged,
    /// The source says that the user is no longer active.
    InactiveInSource,
    /// The source says that the user is active again.
    ActiveInSource,
    /// The provisioning log says that the accepted user failed: sent again.
    ResendFailed,
    /// The accepted user was not confirmed in time: sent again.
    ResendUnconfirmed,
    /// Everybody is sent because that was asked for.
    ResendFull,
    /// The baseline has the user as active, and the source does not hold it.
    MissingInSource,
    /// As before; not disabled, for some records of the source could not be told apart from it.
    MissingUnproven,
    /// As before; not disabled, for only hashes are kept and there is no user to send.
    MissingNotKept,
    /// The baseline has the user as active, and the mapping's scope leaves it out.
    OutOfScope,
    /// Another user of the baseline has that userName and keeps it.
    UserNameTaken,
    /// The user was new in the run to undo. It cannot be deleted by this API, so it is disabled.
    UndoAdd,
    /// The user gets back what it was before the run to undo.
    Undo,
    /// A later run changed the user, so that the older run is not undone for it.
    ChangedSinceRun,
    /// The baseline does not know the user, who is not said to be active; such users are not to be sent.
    UnknownInactive,
    /// Not changed: listed only where everybody is asked for.
    Same,
}

const RESEND: &str = "resend-";

impl Reason {
    /// The stable name.
    pub const fn code(self) -> &'static str {
        match self {
            Reason::New => "new",
            Reason::Changed => "changed",
            Reason::UserNameCase => "user-name-case",
            Reason::UserNameMode => "user-name-mode",
            Reason::UserNameChanged => "user-name-changed",
            Reason::InactiveInSource => "inactive-in-source",
            Reason::ActiveInSource => "active-in-source",
            Reason::ResendFailed => "resend-failed",
            Reason::ResendUnconfirmed => "resend-unconfirmed",
            Reason::ResendFull => "resend-full",
            Reason::MissingInSource => "missing-in-source",
            Reason::MissingUnproven => "missing-unproven",
            Reason::MissingNotKept => "missing-not-kept",
            Reason::OutOfScope => "out-of-scope",
            Reason::UserNameTaken => "user-name-taken",
            Reason::UndoAdd => "undo-add",
            Reason::Undo => "undo",
            Reason::ChangedSinceRun => "changed-since-run",
            Reason::UnknownInactive => "unknown-inactive",
            Reason::Same => "same",
        }
    }

    /// Whether the code says that a user is sent although nothing about it changed.
    pub fn is_resend(code: &str) -> bool {
        code.starts_with(RESEND)
    }

    /// Whether the code says that a userName changes, other than in case.
    pub fn is_rename(code: &str) -> bool {
        code == Reason::UserNameMode.code() || code == Reason::UserNameChanged.code()
    }
}

/// How a userName changes; nothing if it does not, or where one of the two is not known.
pub(super) fn renamed(before: &str, after: &str) -> Option<Reason> {
    if before.is_empty() || after.is_empty() || before == after {
        return None;
    }
    let (before, after) = (before.to_lowercase(), after.to_lowercase());
    let local = |name: &str| name.split('@').next().unwrap_or_default().to_owned();
    Some(if before == after {
        Reason::UserNameCase
    } else if before.contains('@') != after.contains('@') && local(&before) == local(&after) {
        Reason::UserNameMode
    } else {
        Reason::UserNameChanged
    })
}

/// Whether a userName changes other than in case; not where one of the two is not known.
pub(super) fn is_rename(before: &str, after: &str) -> bool {
    renamed(before, after).is_some_and(|reason| reason != Reason::UserNameCase)
}
