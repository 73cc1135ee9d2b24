//! The process-wide Tokio runtime: made when first needed, stopped only when the host says so.
//!
//! It is never dropped implicitly: a library that a host unloads or a process that exits must not
//! wait for threads of ours.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use once_cell::sync::OnceCell;
use tokio::runtime::{Builder, Handle, Runtime};

use crate::error::{Error, ErrorKind};

/// Threads that drive HTTP; the CPU's work is done on threads of their own.
const WORKERS: usize = 2;

/// Made by whoever needs it first; `None` once it was shut down.
static RUNTIME: OnceCell<Mutex<Option<Runtime>>> = OnceCell::new();

fn lock(runtime: &Mutex<Option<Runtime>>) -> MutexGuard<'_, Option<Runtime>> {
    runtime.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A handle on the runtime, which starts with the first call.
///
/// # Errors
/// `ShuttingDown` after [`shutdown`]; `Internal` if the system gives no threads.
pub fn handle() -> Result<Handle, Error> {
    let runtime = RUNTIME.get_or_try_init(|| {
        let made = Builder::new_multi_thread()
            .worker_threads(WORKERS)
            .thread_name("entrabulk-worker")
            .enable_all()
            .build();
        made.map(|runtime| Mutex::new(Some(runtime)))
            .map_err(|error| Error::internal(format!("No threads could be started: {error}.")))
    })?;
    lock(runtime).as_ref().map(|runtime| runtime.handle().clone()).ok_or_else(|| {
        Error::new(
            ErrorKind::ShuttingDown,
            "The library was shut down; it starts nothing any more.",
            "Start a new process to work on.",
        )
    })
}

/// Stops the runtime for good and waits up to `timeout` for its threads.
///
/// Every run that is still going ends with `ShuttingDown`; every later call that needs the runtime
/// answers the same. Calling it again does nothing. Blocks; not for a thread of a Tokio runtime.
///
/// # Errors
/// `InvalidState` on a thread of an asynchronous runtime, which may not block.
pub fn shutdown(timeout: Duration) -> Result<(), Error> {
    if Handle::try_current().is_ok() {
        return Err(Error::new(
            ErrorKind::InvalidState,
            "The library cannot be shut down from a thread of an asynchronous runtime.",
            "Call shutdown from an ordinary thread.",
        ));
    }
    let before = lock(RUNTIME.get_or_init(|| Mutex::new(None))).take();
    if let Some(runtime) = before {
        runtime.shutdown_timeout(timeout);
    }
    Ok(())
}
