//! The log callback.

use libc::c_void;

use tracing::Level;

use crate::error::{Error, ErrorKind};
use crate::log;

use super::error::entrabulk_error;
use super::guard::status;

/// Something cannot go on.
pub const ENTRABULK_LOG_ERROR: i32 = 1;

/// Something is odd; the work goes on.
pub const ENTRABULK_LOG_WARN: i32 = 2;

/// What an operator wants to know.
pub const ENTRABULK_LOG_INFO: i32 = 3;

/// What a developer wants to know.
pub const ENTRABULK_LOG_DEBUG: i32 = 4;

/// Everything.
pub const ENTRABULK_LOG_TRACE: i32 = 5;

/// Receives one log record: its level and `message_len` bytes of UTF-8, one line without a NUL, valid until the
/// callback returns.
///
/// It is called on a thread of the library's, never twice at a time. It may call the library, but not
/// entrabulk_shutdown(), and what that call logs is left out. It must return normally: no longjmp() and no C++
/// exception.
pub type entrabulk_log_callback = Option<
    unsafe extern "C" fn(userdata: *mut c_void, level: i32, message: *const u8, message_len: usize),
>;

/// Frees the userdata of a log callback. Called once, on any thread, when that callback can no longer be called.
pub type entrabulk_userdata_free = Option<unsafe extern "C" fn(userdata: *mut c_void)>;

/// The host's half of a sink.
struct Userdata {
    pointer: *mut c_void,
    free: entrabulk_userdata_free,
}

// SAFETY: the header says that the callback and its free function are called from the library's threads.
unsafe impl Send for Userdata {}
// SAFETY: the sink is never called twice at a time.
unsafe impl Sync for Userdata {}

impl Drop for Userdata {
    fn drop(&mut self) {
        if let Some(free) = self.free {
            // SAFETY: the host handed both over, and a Userdata is dropped once.
            unsafe { free(self.pointer) };
        }
    }
}

/// Sends log records of `level` and more important ones to `callback`, in place of the callback there was. One
/// for the whole process; without one the library is silent, on stdout and stderr too.
///
/// A NULL `callback` ends logging and throws away records that are still queued. Either way this returns only
/// when a running call of the old callback has ended (unless called from inside it, so hold no lock that the
/// callback takes), and the old one is not called again. The library owns `userdata` from here on, also if this
/// fails: it is freed by `userdata_free`, which may be NULL, once it is no longer needed.
///
/// No record holds a secret or a token. Records that a slow callback leaves no room for are dropped, and a
/// record tells how many. Any thread.
///
/// The statuses: ENTRABULK_INVALID_ARGUMENT for a level that is none of ENTRABULK_LOG_.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn entrabulk_log_set(
    callback: entrabulk_log_callback,
    userdata: *mut c_void,
    userdata_free: entrabulk_userdata_free,
    level: i32,
    error: *mut *mut entrabulk_error,
) -> i32 {
    status!(error, {
        let userdata = Userdata { pointer: userdata, free: userdata_free };
        let Some(callback) = callback else {
            log::clear();
            return Ok(());
        };
        let level = match level {
            ENTRABULK_LOG_ERROR => Level::ERROR,
            ENTRABULK_LOG_WARN => Level::WARN,
            ENTRABULK_LOG_INFO => Level::INFO,
            ENTRABULK_LOG_DEBUG => Level::DEBUG,
            ENTRABULK_LOG_TRACE => Level::TRACE,
            unknown => {
                return Err(Error::new(
                    ErrorKind::InvalidArgument,
                    format!("The log level {unknown} does not exist."),
                    "Use one of the ENTRABULK_LOG_ constants.",
                ));
            }
        };
        let sink = move |level: Level, message: &str| {
            let level = match level {
                Level::ERROR => ENTRABULK_LOG_ERROR,
                Level::WARN => ENTRABULK_LOG_WARN,
                Level::INFO => ENTRABULK_LOG_INFO,
                Level::DEBUG => ENTRABULK_LOG_DEBUG,
                Level::TRACE => ENTRABULK_LOG_TRACE,
            };
            let userdata = &userdata;
            // SAFETY: the host gave the callback and its userdata for this.
            unsafe { callback(userdata.pointer, level, message.as_ptr(), message.len()) };
        };
        log::set(Box::new(sink), level)
    })
}
