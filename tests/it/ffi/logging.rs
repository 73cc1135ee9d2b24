//! The log callback, set, replaced and cleared by a host.

use std::ffi::c_void;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use entrabulk::ffi::*;

use super::calling::{called, client, run};

/// One callback for the process means one test at a time.
static TURN: Mutex<()> = Mutex::new(());

static CALLS: AtomicU32 = AtomicU32::new(0);
static FREED: AtomicU32 = AtomicU32::new(0);

unsafe extern "C" fn counting(userdata: *mut c_void, level: i32, message: *const u8, len: usize) {
    assert!((ENTRABULK_LOG_ERROR..=ENTRABULK_LOG_TRACE).contains(&level));
    // SAFETY: the library passes a live text.
    let message = unsafe { std::slice::from_raw_parts(message, len) };
    let message = std::str::from_utf8(message).unwrap();
    assert!(message.starts_with("entrabulk"), "{message}");
    // SAFETY: this test's userdata is an AtomicU32 that outlives the callback.
    let alive = unsafe { &*userdata.cast::<AtomicU32>() };
    assert_eq!(alive.load(Ordering::SeqCst), 1, "called after its userdata was freed");
    CALLS.fetch_add(1, Ordering::SeqCst);
}

unsafe extern "C" fn freeing(userdata: *mut c_void) {
    FREED.fetch_add(1, Ordering::SeqCst);
    // SAFETY: as above; leaked, so that a call that comes too late is seen and not undefined.
    unsafe { &*userdata.cast::<AtomicU32>() }.store(0, Ordering::SeqCst);
}

fn userdata() -> *mut c_void {
    Box::into_raw(Box::new(AtomicU32::new(1))).cast()
}

fn set(callback: entrabulk_log_callback, userdata: *mut c_void, level: i32) -> i32 {
    // SAFETY: the userdata lives for ever.
    called(|e| unsafe { entrabulk_log_set(callback, userdata, Some(freeing), level, e) })
        .map_or_else(|failure| failure.status, |()| ENTRABULK_OK)
}

fn clear() {
    // SAFETY: NULL ends logging.
    assert_eq!(unsafe { entrabulk_log_set(None, null_mut(), None, 0, null_mut()) }, ENTRABULK_OK);
}

#[test]
fn userdata_is_freed_once_whatever_becomes_of_the_call() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    clear();
    let before = FREED.load(Ordering::SeqCst);
    let freed = || FREED.load(Ordering::SeqCst) - before;
    assert_eq!(set(Some(counting), userdata(), 0), ENTRABULK_INVALID_ARGUMENT);
    assert_eq!(freed(), 1, "a level that does not exist");
    assert_eq!(set(Some(counting), userdata(), 6), ENTRABULK_INVALID_ARGUMENT);
    assert_eq!(set(None, userdata(), 99), ENTRABULK_OK);
    assert_eq!(freed(), 3, "NULL has no use for it");
    assert_eq!(set(Some(counting), userdata(), ENTRABULK_LOG_INFO), ENTRABULK_OK);
    assert_eq!(freed(), 3, "in use");
    assert_eq!(set(Some(counting), userdata(), ENTRABULK_LOG_TRACE), ENTRABULK_OK);
    assert_eq!(freed(), 4, "replaced");
    clear();
    clear();
    assert_eq!(freed(), 5, "cleared");
}

#[test]
fn callbacks_come_and_go_while_runs_log() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let client = client();
    for round in 0..40 {
        let run = run(client);
        assert_eq!(set(Some(counting), userdata(), ENTRABULK_LOG_TRACE), ENTRABULK_OK);
        // SAFETY: the run is live, and freed once.
        unsafe {
            called(|e| entrabulk_run_cancel(run, e)).unwrap();
            if round % 2 == 0 {
                clear();
            }
            entrabulk_run_free(run);
        }
    }
    clear();
    let silent = CALLS.load(Ordering::SeqCst);
    std::thread::sleep(std::time::Duration::from_millis(20));
    assert_eq!(CALLS.load(Ordering::SeqCst), silent);
    // SAFETY: freed once.
    unsafe { entrabulk_client_free(client) };
}
