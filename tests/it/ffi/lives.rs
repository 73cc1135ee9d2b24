//! How long objects live, how runs end, what progress fills.

use std::ptr::null;
use std::time::{Duration, Instant};

use entrabulk::ffi::*;
use serde_json::Value;

use super::calling::{Failure, builder, called, client, event, given, json_of, run};

const RECORD: &str = r#"{"externalId": "7", "userName": "ada@example.com", "displayName": "Ada"}"#;

fn push(run: *mut entrabulk_run, record: &str) {
    // SAFETY: the run and the record are live.
    called(|e| unsafe { entrabulk_run_push(run, record.as_ptr(), record.len(), e) }).unwrap();
}

fn finish(run: *mut entrabulk_run) {
    // SAFETY: the run is live.
    called(|e| unsafe { entrabulk_run_finish(run, e) }).unwrap();
}

fn cancel(run: *const entrabulk_run) {
    // SAFETY: the run is live.
    called(|e| unsafe { entrabulk_run_cancel(run, e) }).unwrap();
}

/// Takes events to the end, checks that it is one, and gives the last.
fn last_event(run: *mut entrabulk_run) -> Value {
    let mut sequence = 0;
    loop {
        let event = event(run).unwrap();
        sequence += 1;
        assert_eq!(event["sequence"], sequence, "{event}");
        if event["event"] == "finished" {
            for _ in 0..2 {
                let after = super::calling::event(run).unwrap_err();
                assert_eq!(after.status, ENTRABULK_END_OF_EVENTS, "{}", after.message);
            }
            return event;
        }
    }
}

#[test]
fn a_builder_makes_payloads_that_outlive_it() {
    let builder = builder();
    // SAFETY: the objects and the record are live.
    unsafe {
        let push = |record: &str| {
            called(|e| entrabulk_builder_push(builder, record.as_ptr(), record.len(), e))
        };
        push(RECORD).unwrap();
        assert_eq!(push("[]").unwrap_err().status, ENTRABULK_INVALID_ARGUMENT);
        let next = || given(|out, e| entrabulk_builder_next(builder, out, e));
        assert_eq!(next().unwrap_err().status, ENTRABULK_INVALID_STATE);
        let finish = || given(|out, e| entrabulk_builder_finish(builder, out, e));
        let summary = json_of(finish().unwrap()).unwrap();
        assert_eq!((&summary["rows"], &summary["users"]), (&1.into(), &1.into()), "{summary}");
        assert_eq!(finish().unwrap_err().status, ENTRABULK_INVALID_STATE);
        assert_eq!(push(RECORD).unwrap_err().status, ENTRABULK_INVALID_STATE);
        let batch = next().unwrap();
        assert!(next().unwrap().is_null() && next().unwrap().is_null());
        entrabulk_builder_free(builder);
        let batch = json_of(batch).unwrap();
        assert_eq!(batch["Operations"][0]["data"]["externalId"], "7", "{batch}");
    }
}

#[test]
fn a_run_whose_records_are_all_rejected_ends_once_and_calls_nobody() {
    let client = client();
    let run = run(client);
    // SAFETY: the run goes on without its client.
    unsafe { entrabulk_client_free(client) };
    push(run, r#"{"userName": "nobody@example.com"}"#);
    finish(run);
    let last = last_event(run);
    assert_eq!(last["status"], ENTRABULK_RECORDS_REJECTED, "{last}");
    assert_eq!((&last["rejected"], &last["calls"]), (&1.into(), &0.into()), "{last}");
    // SAFETY: freed once.
    unsafe { entrabulk_run_free(run) };
}

#[test]
fn a_cancelled_run_ends_once_with_every_row_accounted_for() {
    let client = client();
    let run = run(client);
    push(run, RECORD);
    cancel(run);
    cancel(run);
    let last = last_event(run);
    assert_eq!(last["status"], ENTRABULK_CANCELLED, "{last}");
    let count = |key: &str| last[key].as_u64().unwrap();
    let parts = ["accepted", "rejected", "outOfScope", "refused", "inDoubt", "notSent"];
    assert_eq!(count("rows"), parts.into_iter().map(count).sum::<u64>(), "{last}");
    cancel(run);
    // SAFETY: freed once, the run first.
    unsafe {
        entrabulk_run_free(run);
        entrabulk_client_free(client);
    }
}

#[test]
fn waiting_leaves_the_finished_event_to_be_taken() {
    let client = client();
    let run = run(client);
    let wait = |timeout_ms| {
        let mut finished = 7;
        // SAFETY: the run is live.
        called(|e| unsafe { entrabulk_run_wait(run, timeout_ms, &mut finished, e) }).unwrap();
        finished
    };
    assert_eq!(wait(10), 0, "no record was pushed yet");
    cancel(run);
    let deadline = Instant::now() + Duration::from_secs(60);
    while wait(1_000) == 0 {
        assert!(Instant::now() < deadline, "a cancelled run does not end");
    }
    assert_eq!(wait(0), 1);
    assert_eq!(event(run).unwrap()["event"], "finished");
    assert_eq!(event(run).unwrap_err().status, ENTRABULK_END_OF_EVENTS);
    assert_eq!(wait(0), 1);
    // SAFETY: freed once.
    unsafe {
        entrabulk_run_free(run);
        entrabulk_client_free(client);
    }
}

#[test]
fn freeing_a_run_under_way_does_not_block() {
    let client = client();
    let run = run(client);
    push(run, RECORD);
    finish(run);
    let before = Instant::now();
    // SAFETY: freed once; it is trying to reach a host that is not there.
    unsafe { entrabulk_run_free(run) };
    // A try and its waits take many seconds; a loaded machine may take one.
    assert!(before.elapsed() < Duration::from_secs(2), "{:?}", before.elapsed());
    // SAFETY: freed once.
    unsafe { entrabulk_client_free(client) };
}

#[test]
fn an_event_that_does_not_come_is_ok_and_null() {
    let client = client();
    let run = run(client);
    // SAFETY: the run is live, and waits for records.
    let next = given(|out, e| unsafe { entrabulk_run_next_event(run, 1, out, e) }).unwrap();
    assert_eq!(json_of(next), None);
    // SAFETY: freed once.
    unsafe {
        entrabulk_run_free(run);
        entrabulk_client_free(client);
    }
}

/// Fills a progress struct of `struct_size` bytes, in room for one that a later header may declare. Gives the
/// struct, and how many bytes of the room were written.
fn progress(
    run: *const entrabulk_run,
    struct_size: usize,
) -> Result<(entrabulk_progress, usize), Failure> {
    const UNTOUCHED: u8 = 0x5a;
    const WORDS: usize = size_of::<entrabulk_progress>() / 8 + 2;
    let mut room = [u64::from_ne_bytes([UNTOUCHED; 8]); WORDS];
    let place = room.as_mut_ptr().cast::<entrabulk_progress>();
    // SAFETY: the room is larger than the struct, and aligned as its words are; the run is live.
    let filled = unsafe {
        (*place).struct_size = u32::try_from(struct_size).unwrap();
        called(|e| entrabulk_run_progress(run, place, e))?;
        *place
    };
    let bytes = room.iter().flat_map(|word| word.to_ne_bytes()).collect::<Vec<u8>>();
    let untouched = bytes.iter().rev().take_while(|byte| **byte == UNTOUCHED).count();
    Ok((filled, bytes.len() - untouched))
}

#[test]
fn progress_fills_what_the_caller_has_room_for() {
    let client = client();
    let run = run(client);
    push(run, RECORD);
    cancel(run);
    last_event(run);
    for size in [0, 7] {
        let refused = progress(run, size).unwrap_err();
        assert_eq!(refused.status, ENTRABULK_INVALID_ARGUMENT, "{}", refused.message);
    }
    // The smallest; a part; ABI 1.0; a part of what came after it; all; more than there is.
    for (size, filled) in [(8, 8), (16, 16), (64, 64), (70, 70), (72, 72), (192, 192), (208, 192)] {
        let (given, written) = progress(run, size).unwrap();
        assert_eq!((written, given.struct_size as usize), (filled, size));
        assert_eq!(given.stage, ENTRABULK_RUN_FINISHED);
        if size >= 64 {
            assert_eq!((given.calls, given.quota_left), (0, 2_000));
        }
        if size >= 72 {
            assert_eq!((given.status, given.exit_code), (ENTRABULK_CANCELLED, 130));
        }
        if size >= 192 {
            assert_eq!((given.events_dropped, given.resume_at_ms), (0, -1));
        }
    }
    // SAFETY: freed once.
    unsafe {
        entrabulk_run_free(run);
        entrabulk_client_free(client);
    }
}

#[test]
fn progress_says_how_a_run_ended_and_not_before() {
    let client = client();
    let run = run(client);
    let whole = || progress(run, size_of::<entrabulk_progress>()).unwrap().0;
    let before = whole();
    assert_eq!((before.stage, before.status, before.exit_code), (ENTRABULK_RUN_READING, -1, -1));
    push(run, r#"{"userName": "nobody@example.com"}"#);
    finish(run);
    let deadline = Instant::now() + Duration::from_secs(60);
    while whole().stage != ENTRABULK_RUN_FINISHED {
        assert!(Instant::now() < deadline, "the run does not end");
        std::thread::sleep(Duration::from_millis(1));
    }
    let end = whole();
    let last = last_event(run);
    let fields = [
        ("status", end.status.into()),
        ("exitCode", end.exit_code.into()),
        ("elapsedMs", i64::try_from(end.elapsed_ms).unwrap()),
    ];
    for (key, value) in fields {
        assert_eq!(last[key], value, "{key}: {last}");
    }
    assert_eq!((end.rows, end.users_rejected, end.users_not_sent), (1, 1, 0));
    // SAFETY: freed once.
    unsafe {
        entrabulk_run_free(run);
        entrabulk_client_free(client);
    }
}

#[test]
fn one_client_serves_many_threads_and_runs() {
    /// A client that crosses threads, as the header allows.
    #[derive(Clone, Copy)]
    struct Shared(*mut entrabulk_client);
    // SAFETY: the header says that any number of threads may share a client.
    unsafe impl Send for Shared {}
    let shared = Shared(client());
    let threads: Vec<_> = (0..4)
        .map(|_| {
            std::thread::spawn(move || {
                let Shared(client) = { shared };
                let run = run(client);
                cancel(run);
                assert_eq!(last_event(run)["status"], ENTRABULK_CANCELLED);
                // SAFETY: freed once.
                unsafe { entrabulk_run_free(run) };
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    // SAFETY: freed once, and no thread uses it any more.
    unsafe { entrabulk_client_free(shared.0) };
    // SAFETY: NULL is allowed.
    assert_eq!(unsafe { entrabulk_error_status(null()) }, ENTRABULK_OK);
}
