//! The store in one SQLite file.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use super::alone::Alone;
use super::packing::Packing;
use super::temporary::Temporary;
use super::trouble::Trouble;
use super::{
    Approval, BaselineUser, Batch, CallId, CallLimits, CallRequest, EachBefore, EachItem, EachUser,
    Grant, ItemFilter, Keep, LastSource, Lease, Merged, NewBatch, NewRun, Outcome, Plan,
    PlanWriter, Pruned, Quota, Retention, Run, RunState, Store, Target, TargetId, TargetKey,
    TenantId, Totals, Tripped, approval, baseline, file, items, journal, keep, lease, ledger,
    plans, prune, rolling, runs, schema, target, tenants,
};
use crate::error::{Error, ErrorKind};
use crate::time::{Clock, Timestamp};

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
    pub(super) packing: Packing,
    _alone: Alone,
    temporary: Option<Temporary>,
}

impl SqliteStore {
    /// Opens the file, or makes it, readable for its owner only; a folder that is missing is made too.
    ///
    /// `keep` is what the file must keep; `None` takes it as it is, and a new file then keeps users. A
    /// file that keeps something else is an error: see [`Store::change_keep`]. The path means the same file
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
        let folder = Temporary::new().map_err(|error| {
            Error::new(
                ErrorKind::StoreFailed,
                format!("A temporary state cannot be made: {error}."),
                "Check the folder for temporary files, and that this account may write to it.",
            )
        })?;
        let path = folder.path().join("state.db");
        Self::open_in(Some(folder), path, None)
    }

    fn open_in(
        temporary: Option<Temporary>,
        path: PathBuf,
        keep: Option<Keep>,
    ) -> Result<Self, Error> {
        let refused = |error: std::io::Error| {
            Error::new(
                ErrorKind::StoreFailed,
                format!("The state file {} cannot be made or opened: {error}.", path.display()),
                "Check its folder, and that this account may write to it.",
            )
        };
        file::make_folder(&path).map_err(refused)?;
        let alone = Alone::with(&path).map_err(refused)?.ok_or_else(|| {
            Error::new(
                ErrorKind::StoreFailed,
                "Another copy of entrabulk in this process has the state open.",
                "Load the library once in a process: from one path, and not both linked in and loaded.",
            )
        })?;
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
    pub(super) fn with<T>(
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
    pub(super) fn read<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Trouble>,
    ) -> Result<T, Error> {
        self.with(|connection| work(&*connection.transaction()?))
    }

    /// Changes the file: all of it or nothing, and on the disk when this returns.
    pub(super) fn write<T>(
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

impl Store for SqliteStore {
    fn keep(&self) -> Result<Keep, Error> {
        self.read(keep::current)
    }

    fn change_keep(&self, wanted: Keep) -> Result<(), Error> {
        self.with(|connection| keep::change(connection, wanted))?;
        self.packing.forget();
        Ok(())
    }

    fn target(&self, key: &TargetKey) -> Result<Target, Error> {
        // Whoever only looks writes nothing.
        match self.read(|state| target::find(state, key))? {
            Some(target) => Ok(target),
            None => self.write(|change| target::make(change, key)),
        }
    }

    fn same_tenant(
        &self,
        simulator: &str,
        cloud: &str,
        name: &str,
        id: &str,
    ) -> Result<Option<Merged>, Error> {
        self.write(|change| tenants::join(change, simulator, cloud, name, id))
    }

    fn baseline_revision(&self, target: TargetId) -> Result<u64, Error> {
        self.read(|state| baseline::revision(state, target))
    }

    fn scan_baseline(&self, target: TargetId, each: EachUser<'_>) -> Result<u64, Error> {
        self.read(|state| baseline::scan(state, target, each))
    }

    fn baseline_user(&self, target: TargetId, id: &str) -> Result<Option<BaselineUser>, Error> {
        self.read(|state| baseline::user(state, &self.packing, target, id))
    }

    fn note_outcomes(
        &self,
        target: TargetId,
        outcomes: &[Outcome],
        now: Timestamp,
    ) -> Result<u64, Error> {
        self.write(|change| baseline::note(change, target, outcomes, now))
    }

    fn mark_unconfirmed(
        &self,
        target: TargetId,
        deadline: Timestamp,
        now: Timestamp,
    ) -> Result<u64, Error> {
        self.write(|change| baseline::mark_unconfirmed(change, target, deadline, now))
    }

    fn write_plan<'a>(
        &'a self,
        id: &str,
        target: TargetId,
        baseline_revision: u64,
        now: Timestamp,
    ) -> Result<Box<dyn PlanWriter + 'a>, Error> {
        Ok(Box::new(items::Writer::begin(self, id, target, baseline_revision, now)?))
    }

    fn plan(&self, id: &str) -> Result<Plan, Error> {
        self.read(|state| Ok(plans::find(state, id)?.1))
    }

    fn plans(&self, target: Option<TargetId>, limit: usize) -> Result<Vec<Plan>, Error> {
        self.read(|state| plans::list(state, target, limit))
    }

    fn plan_items(&self, id: &str, filter: &ItemFilter, each: EachItem<'_>) -> Result<(), Error> {
        self.read(|state| items::stream(state, &self.packing, id, filter, each))
    }

    fn last_source(&self, target: TargetId) -> Result<Option<LastSource>, Error> {
        self.read(|state| plans::last_source(state, target))
    }

    fn prune(
        &self,
        target: TargetId,
        retention: &Retention,
        now: Timestamp,
    ) -> Result<Pruned, Error> {
        prune::prune(self, target, retention, now)
    }

    fn approve(&self, approval: &Approval, tripped: &Tripped, now: Timestamp) -> Result<(), Error> {
        self.write(|change| approval::approve(change, approval, tripped, now))
    }

    fn approved_twin(&self, plan: &Plan, now: Timestamp) -> Result<Option<String>, Error> {
        self.read(|state| plans::approved_twin(state, plan, now))
    }

    fn start_run(&self, run: &NewRun<'_>, now: Timestamp) -> Result<Run, Error> {
        self.write(|change| runs::start(change, run, now))
    }

    fn run(&self, id: &str) -> Result<Run, Error> {
        self.read(|state| Ok(runs::find(state, id)?.1))
    }

    fn runs(&self, target: Option<TargetId>, limit: usize) -> Result<Vec<Run>, Error> {
        self.read(|state| runs::list(state, target, limit))
    }

    fn unfinished_runs(&self, target: TargetId) -> Result<Vec<Run>, Error> {
        self.read(|state| runs::unfinished(state, target))
    }

    fn set_run_state(
        &self,
        run: &str,
        state: RunState,
        summary: Option<&str>,
        now: Timestamp,
    ) -> Result<(), Error> {
        self.write(|change| runs::set_state(change, run, state, summary, now))
    }

    fn abandon_run(&self, run: &str, now: Timestamp) -> Result<u64, Error> {
        self.write(|change| runs::abandon(change, run, now))
    }

    fn intend(&self, run: &str, batch: &NewBatch<'_>, now: Timestamp) -> Result<(), Error> {
        self.write(|change| journal::intend(change, run, batch, now))
    }

    fn mark_sent(
        &self,
        run: &str,
        number: u64,
        client_request_id: &str,
        now: Timestamp,
    ) -> Result<(), Error> {
        self.write(|change| journal::mark_sent(change, run, number, client_request_id, now))
    }

    fn unmark_sent(&self, run: &str, number: u64, left: bool) -> Result<(), Error> {
        self.write(|change| journal::unmark_sent(change, run, number, left))
    }

    fn mark_in_doubt(&self, run: &str, number: u64, error: &str) -> Result<(), Error> {
        self.write(|change| journal::mark_in_doubt(change, run, number, error))
    }

    fn accept(
        &self,
        run: &str,
        number: u64,
        body_hash: u128,
        request_id: &str,
        now: Timestamp,
    ) -> Result<bool, Error> {
        self.write(|change| journal::accept(change, run, (number, body_hash), request_id, now))
    }

    fn refuse(
        &self,
        run: &str,
        number: u64,
        body_hash: u128,
        error: &str,
        now: Timestamp,
    ) -> Result<(), Error> {
        self.write(|change| journal::refuse(change, run, (number, body_hash), error, now))
    }

    fn batches(&self, run: &str) -> Result<Vec<Batch>, Error> {
        self.read(|state| journal::batches(state, run, false))
    }

    fn batches_to_settle(&self, run: &str) -> Result<Vec<Batch>, Error> {
        self.read(|state| journal::batches(state, run, true))
    }

    fn values_before(&self, run: &str, each: EachBefore<'_>) -> Result<(), Error> {
        self.read(|state| journal::values_before(state, &self.packing, run, each))
    }

    fn totals_since(&self, target: TargetId, since: Timestamp) -> Result<Totals, Error> {
        self.read(|state| rolling::since(state, target, since))
    }

    fn acquire(
        &self,
        tenant: TenantId,
        limits: &CallLimits,
        call: &CallRequest<'_>,
        clock: &dyn Clock,
    ) -> Result<Grant, Error> {
        self.write(|change| ledger::acquire(change, tenant, limits, call, clock))
    }

    fn finish_call(&self, call: CallId, status: u16, clock: &dyn Clock) -> Result<(), Error> {
        self.write(|change| ledger::finish(change, call, status, clock))
    }

    fn quota(
        &self,
        tenant: TenantId,
        limits: &CallLimits,
        clock: &dyn Clock,
    ) -> Result<Quota, Error> {
        self.read(|state| ledger::quota(state, tenant, limits, clock))
    }

    fn take_lease(
        &self,
        target: TargetId,
        holder: &str,
        ttl: Duration,
        now: Timestamp,
    ) -> Result<Lease, Error> {
        self.write(|change| lease::take(change, target, holder, ttl, now))
    }

    fn renew_lease(
        &self,
        target: TargetId,
        holder: &str,
        ttl: Duration,
        now: Timestamp,
    ) -> Result<bool, Error> {
        self.write(|change| lease::renew(change, target, holder, ttl, now))
    }

    fn release_lease(&self, target: TargetId, holder: &str) -> Result<(), Error> {
        self.write(|change| lease::release(change, target, holder))
    }
}
