//! The run handle and its progress.

use std::mem::{offset_of, size_of};
use std::time::{Duration, Instant};

use crate::error::{Error, ErrorKind};
use crate::log;
use crate::run::{Progress, Run};
use crate::runtime;

use super::buffer::entrabulk_buffer;
use super::client::entrabulk_client;
use super::error::entrabulk_error;
use super::guard;
use super::pointer::{self, Output, object, text};

/// One upload: it reads records, sends them on the library's own threads, and tells of it in events.
///
/// One thread at a time pushes and finishes; one thread at a time takes events or waits; progress, tokens and
/// cancelling come from any thread, at any time. Events arrive in order; the last, `finished`, exactly once,
/// whatever happens.
#[derive(Debug)]
pub struct entrabulk_run(Run);

/// How far a run is. Set `struct_size` to sizeof(entrabulk_progress) before each call.
///
/// 64 bytes, aligned to 8, without padding. Later versions add fields at the end only.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct entrabulk_progress {
    /// Set by the caller: the size of the struct it was compiled with. The library fills no more than that.
    pub struct_size: u32,
    /// ENTRABULK_RUN_READING, ENTRABULK_RUN_SENDING or ENTRABULK_RUN_FINISHED.
    pub state: u32,
    /// Calls made so far, repeats included.
    pub calls: u64,
    /// Calls needed without a repeat; 0 until the whole source was read.
    pub calls_total: u64,
    /// Users that the service has accepted.
    pub users_accepted: u64,
    /// Users to be sent; 0 until the whole source was read.
    pub users_total: u64,
    /// Records that were rejected; 0 until the whole source was read.
    pub users_rejected: u64,
    /// Calls that wait for their answer at this moment.
    pub in_flight: u64,
    /// Calls left of the last 24 hours' quota.
    pub quota_left: u64,
}

const _: () = {
    const fn shared_by_threads<T: Send + Sync>() {}
    shared_by_threads::<entrabulk_run>();
    assert!(size_of::<entrabulk_progress>() == 64 && align_of::<entrabulk_progress>() == 8);
    assert!(offset_of!(entrabulk_progress, state) == 4);
    assert!(offset_of!(entrabulk_progress, calls) == 8);
    assert!(offset_of!(entrabulk_progress, quota_left) == 56);
};

/// The run is reading, mapping and checking records; nothing was sent.
pub const ENTRABULK_RUN_READING: u32 = 0;

/// The run is sending.
pub const ENTRABULK_RUN_SENDING: u32 = 1;

/// The run is over; its last event may still wait to be taken.
pub const ENTRABULK_RUN_FINISHED: u32 = 2;

/// Starts a run from the JSON document "Run" of docs/documents.md and returns at once.
///
/// Where the conversion names no file, hand over records with entrabulk_run_push() and end them with
/// entrabulk_run_finish(). The client may be freed while the run goes on.
///
/// The statuses: ENTRABULK_CONFIG_INVALID, with all problems in entrabulk_error_json();
/// ENTRABULK_OUTPUT_FAILED without a place for temporary files; ENTRABULK_SHUTTING_DOWN. What
/// fails later, the mapping and the source among it, is told by the `finished` event.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn entrabulk_run_start(
    client: *const entrabulk_client,
    arguments: *const u8,
    arguments_len: usize,
    run: *mut *mut entrabulk_run,
    error: *mut *mut entrabulk_error,
) -> i32 {
    let body = || {
        // SAFETY: by the header's contract.
        let run = unsafe { Output::pointer(run, "run") }?;
        // SAFETY: by the header's contract.
        let client = unsafe { object(client, "client") }?;
        // SAFETY: by the header's contract.
        let arguments = unsafe { text(arguments, arguments_len, "arguments") }?;
        run.give(entrabulk_run(Run::start(&client.0, arguments.as_bytes())?));
        Ok(())
    };
    // SAFETY: by the header's contract.
    unsafe { guard::status(error, body) }
}

/// Hands over one record: a JSON object of column names and values. It is copied.
///
/// The statuses: ENTRABULK_INVALID_ARGUMENT for a record that is not such an object, after which the run takes
/// the next one; ENTRABULK_INVALID_STATE after entrabulk_run_finish() or where the conversion names a file;
/// ENTRABULK_CANCELLED after entrabulk_run_cancel().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn entrabulk_run_push(
    run: *const entrabulk_run,
    record: *const u8,
    record_len: usize,
    error: *mut *mut entrabulk_error,
) -> i32 {
    let body = || {
        // SAFETY: by the header's contract.
        let run = unsafe { object(run, "run") }?;
        // SAFETY: by the header's contract.
        let record = unsafe { text(record, record_len, "record") }?;
        run.0.push(record.as_bytes())
    };
    // SAFETY: by the header's contract.
    unsafe { guard::status(error, body) }
}

/// Says that the last record was pushed; sending begins. Returns at once.
///
/// The statuses: ENTRABULK_INVALID_STATE the second time, or where the conversion names a file.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn entrabulk_run_finish(
    run: *const entrabulk_run,
    error: *mut *mut entrabulk_error,
) -> i32 {
    // SAFETY: by the header's contract.
    let body = || unsafe { object(run, "run") }?.0.finish_input();
    // SAFETY: by the header's contract.
    unsafe { guard::status(error, body) }
}

/// Takes the next event, a JSON document, waiting at most `timeout_ms` milliseconds for it; 0 does not wait.
///
/// ENTRABULK_OK with `*event` NULL means that nothing happened in that time. After the `finished` event was
/// taken the status is ENTRABULK_END_OF_EVENTS. One thread at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn entrabulk_run_next_event(
    run: *const entrabulk_run,
    timeout_ms: u32,
    event: *mut *mut entrabulk_buffer,
    error: *mut *mut entrabulk_error,
) -> i32 {
    let body = || {
        // SAFETY: by the header's contract.
        let event = unsafe { Output::pointer(event, "event") }?;
        // SAFETY: by the header's contract.
        let run = unsafe { object(run, "run") }?;
        if let Some(json) = run.0.next_event(milliseconds(timeout_ms))? {
            event.give(entrabulk_buffer(json.into_bytes().into()));
        }
        Ok(())
    };
    // SAFETY: by the header's contract.
    unsafe { guard::status(error, body) }
}

/// Waits at most `timeout_ms` milliseconds for the run to be over and sets `*finished` to 1 if it is, else to 0.
///
/// Events on the way are thrown away, all but `finished`, which entrabulk_run_next_event() then gives. One
/// thread at a time, and not beside entrabulk_run_next_event().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn entrabulk_run_wait(
    run: *const entrabulk_run,
    timeout_ms: u32,
    finished: *mut i32,
    error: *mut *mut entrabulk_error,
) -> i32 {
    let body = || {
        // SAFETY: by the header's contract.
        let finished = unsafe { Output::number(finished, "finished") }?;
        // SAFETY: by the header's contract.
        let run = unsafe { object(run, "run") }?;
        finished.set(i32::from(run.0.wait(milliseconds(timeout_ms))?));
        Ok(())
    };
    // SAFETY: by the header's contract.
    unsafe { guard::status(error, body) }
}

/// Fills `progress`, as far as its `struct_size` reaches. Any thread.
///
/// The statuses: ENTRABULK_INVALID_ARGUMENT where `struct_size` does not even hold `state`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn entrabulk_run_progress(
    run: *const entrabulk_run,
    progress: *mut entrabulk_progress,
    error: *mut *mut entrabulk_error,
) -> i32 {
    let body = || {
        // SAFETY: by the header's contract.
        let run = unsafe { object(run, "run") }?;
        // SAFETY: by the header's contract the caller's struct begins with its size.
        let struct_size = *unsafe { object(progress.cast::<u32>().cast_const(), "progress") }?;
        if struct_size < 8 {
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                format!("`struct_size` of `progress` is {struct_size}."),
                "Set it to sizeof(entrabulk_progress) before the call.",
            ));
        }
        let whole = described(run.0.progress(), struct_size);
        let size = size_of::<entrabulk_progress>().min(struct_size as usize);
        // SAFETY: both hold at least `size` bytes and are different objects.
        unsafe { progress.cast::<u8>().copy_from_nonoverlapping((&raw const whole).cast(), size) };
        Ok(())
    };
    // SAFETY: by the header's contract.
    unsafe { guard::status(error, body) }
}

fn described(progress: Progress, struct_size: u32) -> entrabulk_progress {
    entrabulk_progress {
        struct_size,
        state: progress.stage as u32,
        calls: progress.calls,
        calls_total: progress.calls_total,
        users_accepted: progress.users_accepted,
        users_total: progress.users_total,
        users_rejected: progress.users_rejected,
        in_flight: progress.in_flight,
        quota_left: progress.quota_left,
    }
}

/// Hands `run` a fresh access token that lives for `expires_in_seconds` more seconds, in place of the one that
/// entrabulk_client_set_secret() gave as `accessToken`. It is copied and wiped after use. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn entrabulk_run_provide_token(
    run: *const entrabulk_run,
    token: *const u8,
    token_len: usize,
    expires_in_seconds: u64,
    error: *mut *mut entrabulk_error,
) -> i32 {
    let body = || {
        // SAFETY: by the header's contract.
        let run = unsafe { object(run, "run") }?;
        // SAFETY: by the header's contract.
        let token = unsafe { text(token, token_len, "token") }?;
        run.0.provide_token(token.as_bytes(), Duration::from_secs(expires_in_seconds))
    };
    // SAFETY: by the header's contract.
    unsafe { guard::status(error, body) }
}

/// Asks `run` to stop and returns at once: no call begins any more, and those on their way have 5 seconds to be
/// answered. The `finished` event then tells how many users were accepted, are in doubt (sent, but no answer
/// came) and were not sent.
///
/// Cancelling twice, or a run that is over, changes nothing and is no error. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn entrabulk_run_cancel(
    run: *const entrabulk_run,
    error: *mut *mut entrabulk_error,
) -> i32 {
    let body = || {
        // SAFETY: by the header's contract.
        unsafe { object(run, "run") }?.0.cancel();
        Ok(())
    };
    // SAFETY: by the header's contract.
    unsafe { guard::status(error, body) }
}

/// Frees `run`; one that is not over is cancelled and ends in the background. NULL is allowed. Never blocks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn entrabulk_run_free(run: *mut entrabulk_run) {
    // SAFETY: NULL or a live run that is not used again, by the header's contract.
    guard::value((), || unsafe { pointer::free(run) })
}

/// Ends the library's threads for good and delivers the log records that are still queued, waiting at most
/// `timeout_ms` milliseconds: for a host about to exit, and for leak checkers.
///
/// Runs that are not over end: their `finished` event has the status ENTRABULK_SHUTTING_DOWN, and calls on their
/// way are in doubt, so cancel first where that matters. From here on no run starts; events can still be taken
/// and everything can be freed. Calling it twice is no error. Any thread, but not inside a log callback.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn entrabulk_shutdown(
    timeout_ms: u32,
    error: *mut *mut entrabulk_error,
) -> i32 {
    let body = || {
        let (began, timeout) = (Instant::now(), milliseconds(timeout_ms));
        runtime::shutdown(timeout)?;
        log::flush(timeout.saturating_sub(began.elapsed()));
        Ok(())
    };
    // SAFETY: by the header's contract.
    unsafe { guard::status(error, body) }
}

fn milliseconds(count: u32) -> Duration {
    Duration::from_millis(count.into())
}
