//! Why the file cannot be used.

use std::path::Path;

use rusqlite::ErrorCode;

use crate::error::Error;
use crate::store::sentences;

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
        let code = match &error {
            rusqlite::Error::FromSqlConversionFailure(..) => Some(ErrorCode::DatabaseCorrupt),
            error => error.sqlite_error_code(),
        };
        match code {
            Some(ErrorCode::NotADatabase) => sentences::no_database(path),
            Some(ErrorCode::DatabaseCorrupt) => sentences::damaged(path, &error),
            Some(ErrorCode::DiskFull) => sentences::disk_full(path),
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => sentences::read_only(path),
            Some(ErrorCode::CannotOpen) => sentences::not_opened(path, &error),
            Some(ErrorCode::SystemIoFailure) => sentences::not_read_or_written(path, &error),
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                sentences::locked_too_long(path)
            }
            _ => sentences::not_used(path, &error),
        }
    }
}
