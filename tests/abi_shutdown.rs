//! Shutting the library down, in a process of its own because it is for good.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by them")]
#![allow(unsafe_code, reason = "the exports are called as C calls them")]

#[path = "it/ffi/calling.rs"]
#[allow(dead_code, reason = "shared with the other tests of the ABI")]
mod calling;
#[path = "support/mod.rs"]
#[allow(dead_code, reason = "shared with the other tests")]
mod support;

use entrabulk::ffi::*;

use calling::{builder, called, client, event, given, run};

#[test]
fn after_a_shutdown_runs_have_ended_nothing_starts_and_everything_is_freed() {
    let client = client();
    let (under_way, ended) = (run(client), run(client));
    // SAFETY: the objects are live until they are freed below.
    unsafe {
        called(|e| entrabulk_run_cancel(ended, e)).unwrap();
        called(|e| entrabulk_shutdown(10_000, e)).unwrap();
        called(|e| entrabulk_shutdown(0, e)).unwrap();

        for run in [under_way, ended] {
            let mut terminal = 0;
            loop {
                match event(run) {
                    Ok(event) => terminal += i32::from(event["event"] == "finished"),
                    Err(failure) => {
                        assert_eq!(failure.status, ENTRABULK_END_OF_EVENTS);
                        break;
                    }
                }
            }
            assert_eq!(terminal, 1);
        }

        let arguments = r#"{"version": 1, "conversion": {"version": 1}}"#;
        let refused = given(|out, e| {
            entrabulk_run_start(client, arguments.as_ptr(), arguments.len(), out, e)
        });
        assert_eq!(refused.unwrap_err().status, ENTRABULK_SHUTTING_DOWN);

        // What needs no network goes on.
        entrabulk_builder_free(builder());
        called(|e| entrabulk_run_cancel(under_way, e)).unwrap();
        entrabulk_client_free(client);
        entrabulk_run_free(under_way);
        entrabulk_run_free(ended);
    }
}
