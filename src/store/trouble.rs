//! Why the file cannot be used, in words for the one who runs it.

use std::path::Path;

use rusqlite::ErrorCode;

use crate::error::{Error, ErrorKind};

/// What stopped a piece of work inside this room; [`Trouble::at`] makes an [`Error`] of it.
#[derive(Debug)]
pub(super) enum Trouble {
    /// SQLite says so.
    Sqlite(rusqlite::Error),
    /// We, or the caller's own callback, say so.
    Ours(Box<Error>),
}

impl From<rusqlite::Error> for Trouble {
    fn from(error: rusqlite::Error) -> Self {
        Trouble::Sqlite(error)
    }
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Trouble::Ours(Box::new(error))
    }
}

impl Trouble {
    /// The error for the outside, naming the file.
    pub(super) fn at(self, path: &Path) -> Error {
        let error = match self {
            Trouble::Ours(error) => return *error,
            Trouble::Sqlite(error) => error,
        };
        let file = path.display();
        let tell = |kind, what: String, advice: &str| Error::new(kind, what, advice);
        use ErrorKind::{LockHeld, StoreDamaged, StoreFailed};
        let code = match &error {
            rusqlite::Error::FromSqlConversionFailure(..) => Some(ErrorCode::DatabaseCorrupt),
            error => error.sqlite_error_code(),
        };
        match code {
            Some(ErrorCode::NotADatabase) => tell(
                StoreDamaged,
                format!("{file} is not a state file: it is not a SQLite database."),
                "Give the path of a state file, or of a file that does not exist yet.",
            ),
            Some(ErrorCode::DatabaseCorrupt) => tell(
                StoreDamaged,
                format!("The state file {file} is damaged: {error}."),
                "Restore it from a backup, with its -wal file; or move it away and begin anew: \
                 then everyone is sent once again.",
            ),
            Some(ErrorCode::DiskFull) => tell(
                StoreFailed,
                format!(
                    "The disk of the state file {file} is full; nothing of this step was kept."
                ),
                "Make room and try again.",
            ),
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => tell(
                StoreFailed,
                format!("The state file {file} or its folder is read-only for this account."),
                "Let this account write to both.",
            ),
            Some(ErrorCode::CannotOpen) => tell(
                StoreFailed,
                format!("The state file {file} cannot be opened: {error}."),
                "Check that its folder exists and that this account may write to it.",
            ),
            Some(ErrorCode::SystemIoFailure) => tell(
                StoreFailed,
                format!("The state file {file} cannot be read or written: {error}."),
                "Check that its disk has room, allows files of this size, and is sound.",
            ),
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => tell(
                LockHeld,
                format!("Another process kept the state file {file} locked for too long."),
                "Wait for it to end, then try again.",
            ),
            _ => tell(
                StoreFailed,
                format!("The state file {file} cannot be used: {error}."),
                "Check the disk it lies on.",
            ),
        }
    }
}
