//! What every export wears: a panic becomes a status, a fallback value, and no text on stderr.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

use crate::error::{Error, ErrorKind, STATUS_OK};

use super::error::entrabulk_error;

/// The body of an export that answers with a status, which goes to its parameter `$error` as well.
macro_rules! status {
    ($error:ident, $body:expr) => {{
        let body = || $body;
        // SAFETY: NULL, or a variable of the caller's, lent to this call alone.
        unsafe { $crate::ffi::guard::answer($error, body) }
    }};
}

pub(super) use status;

/// Runs the body of an export that answers with a status. `error`, unless NULL, is set to NULL on success
/// and to a new error object otherwise.
///
/// # Safety
/// `error` is NULL or may be written.
pub(super) unsafe fn answer(
    error: *mut *mut entrabulk_error,
    body: impl FnOnce() -> Result<(), Error>,
) -> i32 {
    let failure = match caught(body) {
        Ok(Ok(())) => None,
        Ok(Err(failure)) => Some(failure),
        Err(panic) => Some(panic),
    };
    let status = failure.as_ref().map_or(STATUS_OK, Error::status);
    if !error.is_null() {
        let object = failure.map_or(std::ptr::null_mut(), |failure| {
            Box::into_raw(Box::new(entrabulk_error::from(failure)))
        });
        // SAFETY: not NULL, and writable by this function's contract.
        unsafe { error.write(object) };
    }
    status
}

/// Runs the body of an export that cannot fail; `fallback` is its answer to a panic.
pub(super) fn value<T>(fallback: T, body: impl FnOnce() -> T) -> T {
    caught(body).unwrap_or(fallback)
}

thread_local! {
    /// How many guards are on this thread's stack.
    static GUARDS: Cell<u32> = const { Cell::new(0) };
    /// Where the panic that is being caught began.
    static ORIGIN: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Runs `body`; a panic comes back as an error that carries its text and its place.
fn caught<T>(body: impl FnOnce() -> T) -> Result<T, Error> {
    silence_our_panics();
    GUARDS.set(GUARDS.get() + 1);
    // What a panic may leave half-changed is behind locks that know they are poisoned.
    let outcome = panic::catch_unwind(AssertUnwindSafe(body));
    GUARDS.set(GUARDS.get() - 1);
    outcome.map_err(|payload| {
        let origin = ORIGIN.take().map(|place| format!(" ({place})")).unwrap_or_default();
        Error::new(
            ErrorKind::Panic,
            format!("A panic inside entrabulk: {}{origin}.", text_of(payload)),
            "Please report it, with this message.",
        )
    })
}

fn text_of(payload: Box<dyn Any + Send>) -> String {
    let payload = match payload.downcast::<String>() {
        Ok(text) => return *text,
        Err(payload) => payload,
    };
    match payload.downcast::<&'static str>() {
        Ok(text) => text.to_string(),
        Err(payload) => {
            // Its destructor is unknown code that could panic again, outside any guard.
            std::mem::forget(payload);
            "its payload is not text".to_owned()
        }
    }
}

/// Rust's panic hook prints to stderr, which belongs to the host. Panics that a guard or one of our own
/// threads catches are reported as errors and events instead; any other goes to the hook there was.
fn silence_our_panics() {
    static ONCE: Once = Once::new();
    if std::thread::panicking() {
        // The hook cannot be set from a destructor that runs because of a panic.
        return;
    }
    ONCE.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if GUARDS.get() > 0 {
                ORIGIN.set(info.location().map(ToString::to_string));
            } else if !std::thread::current().name().is_some_and(|n| n.starts_with("entrabulk")) {
                previous(info);
            }
        }));
    });
}

#[cfg(test)]
mod tests {
    use std::ptr;

    use super::*;
    use crate::ffi::{entrabulk_error_free, entrabulk_error_message, entrabulk_error_status};

    fn message_of(error: *const entrabulk_error) -> String {
        // SAFETY: a live error object's message is NUL-terminated.
        unsafe { std::ffi::CStr::from_ptr(entrabulk_error_message(error)) }
            .to_str()
            .unwrap()
            .to_owned()
    }

    #[test]
    fn a_panic_becomes_a_status_with_its_text_and_place() {
        let mut error = ptr::null_mut();
        // SAFETY: `error` may be written.
        let status = unsafe { answer(&mut error, || panic!("wheel number {} came off", 3)) };
        assert_eq!(status, 901);
        let message = message_of(error);
        assert!(message.contains("wheel number 3 came off"), "{message}");
        assert!(message.contains("guard.rs:"), "{message}");
        // SAFETY: the error is live and freed once.
        unsafe {
            assert_eq!(entrabulk_error_status(error), 901);
            entrabulk_error_free(error);
        }
    }

    #[test]
    fn a_panic_without_an_error_place_is_still_a_status() {
        // SAFETY: NULL is allowed.
        assert_eq!(unsafe { answer(ptr::null_mut(), || panic!("no")) }, 901);
    }

    #[test]
    fn success_clears_what_an_earlier_call_left_in_the_error_place() {
        let mut error = ptr::dangling_mut::<entrabulk_error>();
        // SAFETY: `error` may be written.
        assert_eq!(unsafe { answer(&mut error, || Ok(())) }, 0);
        assert!(error.is_null());
    }

    #[test]
    fn a_payload_whose_destructor_panics_stays_inside() {
        struct Spiteful;
        impl Drop for Spiteful {
            fn drop(&mut self) {
                panic!("again");
            }
        }
        assert_eq!(value(7, || panic::panic_any(Spiteful)), 7);
    }

    #[test]
    fn the_guard_counts_itself_out_after_a_panic() {
        let before = GUARDS.get();
        assert_eq!(value(1, || value(2, || panic!("inner"))), 2);
        assert_eq!(GUARDS.get(), before);
    }

    /// Runs itself as a child, because only a process of its own has a stderr to look at.
    #[test]
    fn a_caught_panic_leaves_stderr_alone_and_an_uncaught_one_does_not() {
        const NAME: &str = "ffi::guard::tests::\
                            a_caught_panic_leaves_stderr_alone_and_an_uncaught_one_does_not";
        if std::env::var_os("ENTRABULK_GUARD_CHILD").is_some() {
            assert_eq!(value(0, || panic!("caught-by-the-guard")), 0);
            let ours = std::thread::Builder::new().name("entrabulk-test".to_owned());
            assert!(ours.spawn(|| panic!("on-our-thread")).unwrap().join().is_err());
            assert!(std::thread::spawn(|| panic!("on-a-host-thread")).join().is_err());
            return;
        }
        let child = std::process::Command::new(std::env::current_exe().unwrap())
            .args([NAME, "--exact", "--nocapture"])
            .env("ENTRABULK_GUARD_CHILD", "1")
            .output()
            .unwrap();
        let stderr = String::from_utf8_lossy(&child.stderr);
        assert!(child.status.success(), "{stderr}");
        assert!(stderr.contains("on-a-host-thread"), "{stderr}");
        assert!(!stderr.contains("on-our-thread"), "{stderr}");
        assert!(!stderr.contains("caught-by-the-guard"), "{stderr}");
    }
}
