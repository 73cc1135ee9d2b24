//! The run handle and its progress.

use std::mem::{offset_of, size_of};
use std::time::{Duration, Instant};

use crate::error::{Error, ErrorKind};
use crate::log;
use crate::run::{Progress, Run};
use crate::runtime;
use crate::time::Timestamp;

use super::buffer::entrabulk_buffer;
use super::client::entrabulk_client;
use super::error::entrabulk_error;
use super::guard::status;
use super::pointer::{Output, free, live, object, output, text};

/// One run: an upload, a plan in the making, a stored plan that is executed, or an interrupted run that goes on.
/// It works on the library's own threads and tells of it in events.
///
/// One thread at a time pushes and finishes; one thread at a time takes events or waits; progress, tokens and
/// cancelling come from any thread, at any time. Events arrive in order; the last, `finished`, exactly once,
/// whatever happens.
///
/// No run hangs on a host that takes no events. It waits for room in the queue only to tell of records, and only
/// while the host takes an event every 5 seconds. Otherwise a full queue drops `progress`, `rejected` and
/// warnings about records, and nothing else: numbers then have gaps, and `finished` counts them as
/// `eventsDropped`.
#[derive(Debug)]
pub struct entrabulk_run(Run);

/// How far a run is, and once it is over how it ended. Set `struct_size` to sizeof(entrabulk_progress) before
/// each call.
///
/// Counts of records and users are 0 until the whole source was checked. From then on `rows` and `users_absent`
/// together are the sum of users accepted, rejected, refused, in doubt, not sent, unchanged, skipped and out of
/// scope, also while the run goes on.
///
/// 192 bytes, aligned to 8, without padding. Later versions add fields at the end only; ABI 1.0 ended with
/// `quota_left`.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct entrabulk_progress {
    /// Set by the caller: the size of the struct it was compiled with. The library fills no more than that.
    pub struct_size: u32,
    /// ENTRABULK_RUN_READING, ENTRABULK_RUN_SENDING or ENTRABULK_RUN_FINISHED.
    pub stage: u32,
    /// Calls made so far, repeats included.
    pub calls: u64,
    /// Calls needed without a repeat.
    pub calls_total: u64,
    /// Users that the service has accepted.
    pub users_accepted: u64,
    /// Users to be sent.
    pub users_total: u64,
    /// Records that were rejected.
    pub users_rejected: u64,
    /// Calls that wait for their answer at this moment.
    pub in_flight: u64,
    /// Calls left of the last 24 hours' quota.
    pub quota_left: u64,
    /// How the run ended: ENTRABULK_OK or another status; -1 until it is over.
    pub status: i32,
    /// The exit code that the command line program would end with; -1 until the run is over.
    pub exit_code: i32,
    /// Users in batches that the service refused.
    pub users_refused: u64,
    /// Users in batches that were sent and not answered: the service may have them.
    pub users_in_doubt: u64,
    /// Users of whom the service has nothing from this run; those under way are among them.
    pub users_not_sent: u64,
    /// Records whose users are as the service has them already.
    pub users_unchanged: u64,
    /// Unknown inactive users, not sent because that was asked for.
    pub users_skipped: u64,
    /// Users to be sent although the source has no record of them in scope.
    pub users_absent: u64,
    /// Records outside the mapping's scope.
    pub users_out_of_scope: u64,
    /// Records of the source.
    pub rows: u64,
    /// Warnings about records that went on.
    pub warnings: u64,
    /// Distinct batches among the calls that are over.
    pub batches: u64,
    /// Repeats among the calls that are over.
    pub retries: u64,
    /// Answers of 429.
    pub throttled: u64,
    /// How long the run goes on, or took, in milliseconds.
    pub elapsed_ms: u64,
    /// Events that the host will never see, because it did not keep up.
    pub events_dropped: u64,
    /// When sending can go on, in milliseconds since 1970-01-01T00:00:00Z, where a limit ended the run; else -1.
    pub resume_at_ms: i64,
}

const _: () = {
    const fn shared_by_threads<T: Send + Sync>() {}
    shared_by_threads::<entrabulk_run>();
    assert!(size_of::<entrabulk_progress>() == 192 && align_of::<entrabulk_progress>() == 8);
    assert!(offset_of!(entrabulk_progress, stage) == 4);
    assert!(offset_of!(entrabulk_progress, calls) == 8);
    assert!(offset_of!(entrabulk_progress, quota_left) == 56);
    assert!(offset_of!(entrabulk_progress, exit_code) == 68);
    assert!(offset_of!(entrabulk_progress, resume_at_ms) == 184);
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
/// ENTRABULK_OUTPUT_FAILED without a place for temporary files; ENTRABULK_SHUTTING_DOWN. What is wrong with the
/// mapping, the source or the plan is told by the `finished` event, and what fails later too.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn entrabulk_run_start(
    client: *const entrabulk_client,
    arguments: *const u8,
    arguments_len: usize,
    run: *mut *mut entrabulk_run,
    error: *mut *mut entrabulk_error,
) -> i32 {
    status!(error, {
        let run = output!(run)?;
        let client = object!(client)?;
        let arguments = text!(arguments, arguments_len)?;
        run.give(entrabulk_run(Run::start(&client.0, arguments.as_bytes())?));
        Ok(())
    })
}

/// Hands over one record: a JSON object of column names and values. It is copied.
///
/// The statuses: ENTRABULK_INVALID_ARGUMENT for a record that is not such an object, after which the run takes
/// the next one; ENTRABULK_INVALID_STATE after entrabulk_run_finish() or where the conversion names a file;
/// ENTRABULK_CANCELLED after entrabulk_run_cancel().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn entrabulk_run_push(
    run: *mut entrabulk_run,
    record: *const u8,
    record_len: usize,
    error: *mut *mut entrabulk_error,
) -> i32 {
    status!(error, {
        let run = object!(run)?;
        let record = text!(record, record_len)?;
        run.0.push(record.as_bytes())
    })
}

/// Says that the last record was pushed; the run then checks them all. Returns at once.
///
/// The statuses: ENTRABULK_INVALID_STATE the second time, or where the conversion names a file.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn entrabulk_run_finish(
    run: *mut entrabulk_run,
    error: *mut *mut entrabulk_error,
) -> i32 {
    status!(error, object!(run)?.0.finish_input())
}

/// Takes the next event, a JSON document, waiting at most `timeout_ms` milliseconds for it; 0 does not wait.
///
/// ENTRABULK_OK with `*event` NULL means that nothing happened in that time. After the `finished` event was
/// taken the status is ENTRABULK_END_OF_EVENTS. One thread at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn entrabulk_run_next_event(
    run: *mut entrabulk_run,
    timeout_ms: u32,
    event: *mut *mut entrabulk_buffer,
    error: *mut *mut entrabulk_error,
) -> i32 {
    status!(error, {
        let event = output!(event)?;
        let run = object!(run)?;
        if let Some(json) = run.0.next_event(milliseconds(timeout_ms))? {
            event.give(entrabulk_buffer(json.into_bytes().into()));
        }
        Ok(())
    })
}

/// Waits at most `timeout_ms` milliseconds for the run to be over and sets `*finished` to 1 if it is, else to 0.
///
/// Events on the way are thrown away, all but `finished`, which entrabulk_run_next_event() then gives. One
/// thread at a time, and not beside entrabulk_run_next_event().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn entrabulk_run_wait(
    run: *mut entrabulk_run,
    timeout_ms: u32,
    finished: *mut i32,
    error: *mut *mut entrabulk_error,
) -> i32 {
    status!(error, {
        // SAFETY: a variable of the caller's, lent to this call alone.
        let finished = unsafe { Output::number(finished, "finished") }?;
        let run = object!(run)?;
        finished.set(i32::from(run.0.wait(milliseconds(timeout_ms))?));
        Ok(())
    })
}

/// Fills `progress`, as far as its `struct_size` reaches. It takes no event and needs none taken: a host may
/// call nothing else until `stage` is ENTRABULK_RUN_FINISHED. Any thread.
///
/// The statuses: ENTRABULK_INVALID_ARGUMENT where `struct_size` does not even hold `stage`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn entrabulk_run_progress(
    run: *const entrabulk_run,
    progress: *mut entrabulk_progress,
    error: *mut *mut entrabulk_error,
) -> i32 {
    status!(error, {
        let run = object!(run)?;
        // SAFETY: whichever version of the struct the caller has, it begins with its size.
        let struct_size = *unsafe { live(progress.cast::<u32>().cast_const(), "progress") }?;
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
    })
}

fn described(progress: Progress, struct_size: u32) -> entrabulk_progress {
    entrabulk_progress {
        struct_size,
        stage: progress.stage as u32,
        calls: progress.calls,
        calls_total: progress.calls_total,
        users_accepted: progress.users_accepted,
        users_total: progress.users_total,
        users_rejected: progress.users_rejected,
        in_flight: progress.in_flight,
        quota_left: progress.quota_left,
        status: progress.status.unwrap_or(-1),
        exit_code: progress.exit_code.map_or(-1, i32::from),
        users_refused: progress.users_refused,
        users_in_doubt: progress.users_in_doubt,
        users_not_sent: progress.users_not_sent,
        users_unchanged: progress.users_unchanged,
        users_skipped: progress.users_skipped,
        users_absent: progress.users_absent,
        users_out_of_scope: progress.users_out_of_scope,
        rows: progress.rows,
        warnings: progress.warnings,
        batches: progress.batches,
        retries: progress.retries,
        throttled: progress.throttled,
        elapsed_ms: progress.elapsed_ms,
        events_dropped: progress.events_dropped,
        resume_at_ms: progress.resume_at.map_or(-1, in_milliseconds),
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
    status!(error, {
        let run = object!(run)?;
        let token = text!(token, token_len)?;
        run.0.provide_token(token.as_bytes(), Duration::from_secs(expires_in_seconds))
    })
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
    status!(error, {
        object!(run)?.0.cancel();
        Ok(())
    })
}

/// Frees `run`; one that is not over is cancelled and ends in the background. NULL is allowed. Never blocks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn entrabulk_run_free(run: *mut entrabulk_run) {
    free!(run)
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
    status!(error, {
        let (began, timeout) = (Instant::now(), milliseconds(timeout_ms));
        runtime::shutdown(timeout)?;
        log::flush(timeout.saturating_sub(began.elapsed()));
        Ok(())
    })
}

fn in_milliseconds(moment: Timestamp) -> i64 {
    i64::try_from(moment.0 / 1_000).unwrap_or(i64::MAX)
}

fn milliseconds(count: u32) -> Duration {
    Duration::from_millis(count.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::Stage;

    /// In every field another number.
    fn progress() -> Progress {
        let mut progress = Progress {
            stage: Stage::Finished,
            status: Some(205),
            exit_code: Some(14),
            resume_at: Some(Timestamp(1_700_000_000_123_456)),
            ..Progress::default()
        };
        let counts = [
            &mut progress.calls,
            &mut progress.calls_total,
            &mut progress.users_accepted,
            &mut progress.users_total,
            &mut progress.users_rejected,
            &mut progress.in_flight,
            &mut progress.quota_left,
            &mut progress.users_refused,
            &mut progress.users_in_doubt,
            &mut progress.users_not_sent,
            &mut progress.users_unchanged,
            &mut progress.users_skipped,
            &mut progress.users_absent,
            &mut progress.users_out_of_scope,
            &mut progress.rows,
            &mut progress.warnings,
            &mut progress.batches,
            &mut progress.retries,
            &mut progress.throttled,
            &mut progress.elapsed_ms,
            &mut progress.events_dropped,
        ];
        for (count, number) in counts.into_iter().zip(1_000..) {
            *count = number;
        }
        progress
    }

    fn camel(snake: &str) -> String {
        let mut words = snake.split('_');
        let first = words.next().unwrap().to_owned();
        words.fold(first, |name, word| name + &word[..1].to_uppercase() + &word[1..])
    }

    #[test]
    fn the_struct_is_that_of_the_page_and_says_what_the_document_says() {
        let (progress, mut end) = (progress(), 0);
        let json = serde_json::to_value(progress).unwrap();
        let given = described(progress, 192);
        // SAFETY: the struct has no padding.
        let bytes: [u8; 192] = unsafe { std::mem::transmute(given) };
        let page = include_str!("../../docs/abi.md");
        let table = page.lines().skip_while(|line| !line.starts_with("| offset |")).skip(2);
        for row in table.take_while(|line| line.starts_with('|')) {
            let cells: Vec<&str> = row.split(['|', '`', ' ']).filter(|it| !it.is_empty()).collect();
            let (offset, kind, field): (usize, _, _) =
                (cells[0].parse().unwrap(), cells[1], cells[2]);
            assert_eq!(offset, end, "{row}");
            let number = if kind.contains("32") {
                end += 4;
                i64::from(i32::from_ne_bytes(bytes[offset..end].try_into().unwrap()))
            } else {
                end += 8;
                i64::from_ne_bytes(bytes[offset..end].try_into().unwrap())
            };
            match field {
                "struct_size" => assert_eq!(number, 192),
                "stage" => assert_eq!(number, 2),
                "resume_at_ms" => assert_eq!(number, 1_700_000_000_123),
                count => assert_eq!(json[camel(count)], number, "{row}"),
            }
        }
        assert_eq!(end, bytes.len(), "the page has all of it");
    }
}
