//! The store in one SQLite file.

mod alone;
mod baseline;
mod batches;
mod columns;
mod file;
mod flag;
mod items;
mod journal;
mod keep;
mod ledger;
mod packing;
mod place;
mod plans;
mod prune;
mod runs;
mod schema;
mod temporary;
mod tenants;
#[cfg(test)]
mod tests;
mod totals;
mod trouble;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use alone::Alone;
use packing::Packing;
pub use place::state_path;
use temporary::Temporary;
use trouble::Trouble;

use super::{Keep, sentences};
use crate::error::Error;

/// How long one waits for another process to end its transaction.
const BUSY: Duration = Duration::from_secs(30);
/// Connections kept open between uses.
const IDLE: usize = 8;
/// Of the page cache, in KiB (negative, as SQLite wants it).
const CACHE: i64 = -16 * 1024;

/// The store in one SQLite file, in write-ahead mode with full synchronisation.
///
/// Several processes of one host may share a file, and several threads one `SqliteStore`; every
/// thread gets a connection of its own. The file must lie on a local disk: SQLite's locks and shared
/// memory do not reach over a network.
#[derive(Debug)]
pub struct SqliteStore {
    path: PathBuf,
    // Closed before the rest is dropped.
    idle: Mutex<Vec<Connection>>,
    packing: Packing,
    _alone: Alone,
    temporary: Option<Temporary>,
}

impl SqliteStore {
    /// Opens the file, or makes it, readable for its owner only; a folder that is missing is made too.
    ///
    /// `keep` is what the file must keep; `None` takes it as it is, and a new file then keeps users. A
    /// file that keeps something else is an error: see [`super::Baseline::change_keep`]. The path means the same file
    /// whatever becomes of the working directory.
    ///
    /// # Errors
    /// `ConfigInvalid` if it is not the path of a file, or the file keeps something else; `StoreFailed`, also
    /// where another copy of this library in the same process has the file; `StoreDamaged`, `StoreNewer`.
    pub fn open(path: &Path, keep: Option<Keep>) -> Result<Self, Error> {
        Self::open_in(None, file::absolute(path)?, keep)
    }

    /// A store in a folder of its own in the system's temporary folder, gone with this value. What killed
    /// processes left of theirs is removed first. Nothing in it need survive a power cut.
    ///
    /// # Errors
    /// `StoreFailed`.
    pub fn temporary() -> Result<Self, Error> {
        let folder = Temporary::new().map_err(|error| sentences::no_temporary(&error))?;
        let path = folder.path().join("state.db");
        Self::open_in(Some(folder), path, None)
    }

    fn open_in(
        temporary: Option<Temporary>,
        path: PathBuf,
        keep: Option<Keep>,
    ) -> Result<Self, Error> {
        let refused = |error| sentences::not_made_or_opened(&path, &error);
        file::make_folder(&path).map_err(refused)?;
        let alone = Alone::with(&path).map_err(refused)?.ok_or_else(sentences::another_copy)?;
        file::make(&path).map_err(refused)?;
        let store = SqliteStore {
            path: path.clone(),
            idle: Mutex::default(),
            packing: Packing::default(),
            _alone: alone,
            temporary,
        };
        let mut connection = store.connect().map_err(|trouble| trouble.at(&path))?;
        schema::migrate(&mut connection, schema::STEPS).map_err(|trouble| trouble.at(&path))?;
        // Not before it is known to be ours.
        file::owner_only(&path).map_err(refused)?;
        store.put_back(connection);
        store.write(|change| keep::settle(change, keep))?;
        Ok(store)
    }

    /// The file, by an absolute path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn connect(&self) -> Result<Connection, Trouble> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags)?;
        connection.busy_timeout(BUSY)?;
        connection.set_prepared_statement_cache_capacity(64);
        write_ahead(&connection)?;
        let durable = if self.temporary.is_some() { "OFF" } else { "FULL" };
        connection.pragma_update(None, "synchronous", durable)?;
        connection.pragma_update(None, "foreign_keys", true)?;
        connection.pragma_update(None, "cache_size", CACHE)?;
        Ok(connection)
    }

    fn put_back(&self, connection: Connection) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < IDLE {
            idle.push(connection);
        }
    }

    /// Does `work` with a connection of its own, which is kept only if all went well.
    fn with<T>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, Trouble>,
    ) -> Result<T, Error> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let done = match idle {
            Some(connection) => Ok(connection),
            None => self.connect(),
        }
        .and_then(|mut connection| Ok((work(&mut connection)?, connection)));
        let (value, connection) = done.map_err(|trouble| trouble.at(&self.path))?;
        self.put_back(connection);
        Ok(value)
    }

    /// Reads one state of the file.
    fn read<T>(&self, work: impl FnOnce(&Connection) -> Result<T, Trouble>) -> Result<T, Error> {
        self.with(|connection| work(&*connection.transaction()?))
    }

    /// Changes the file: all of it or nothing, and on the disk when this returns.
    fn write<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, Trouble>,
    ) -> Result<T, Error> {
        self.with(|connection| {
            let change = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let value = work(&change)?;
            change.commit()?;
            Ok(value)
        })
    }
}

/// Several processes may open a new file at once; only one can switch it, and the others are told to
/// come again. Waiting for its lock in a transaction of our own is coming again.
fn write_ahead(connection: &Connection) -> Result<(), Trouble> {
    let switch = || connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()));
    let mut result = switch();
    for _ in 0..100 {
        let busy = matches!(&result, Err(error)
            if error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy));
        if !busy {
            break;
        }
        connection.execute_batch("BEGIN IMMEDIATE; COMMIT")?;
        result = switch();
    }
    Ok(result?)
}
