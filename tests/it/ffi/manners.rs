//! NULL, text that is none, and outputs after a failure, for every export.

use std::ptr::{null, null_mut};

use entrabulk::ffi::*;

use super::calling::{Failure, builder, called, client, given, run};

/// Each export that can fail, with one thing wrong with its arguments; `wrong` is the argument's name.
fn is_null_pointer(wrong: &str, outcome: Result<(), Failure>) {
    let failure = outcome.expect_err(wrong);
    assert_eq!(failure.status, ENTRABULK_NULL_POINTER, "{wrong}: {}", failure.message);
    assert!(failure.message.contains(&format!("`{wrong}`")), "{wrong}: {}", failure.message);
}

const TEXT: &str = "{}";
const LEN: usize = TEXT.len();

#[test]
fn null_where_an_object_or_text_must_be_is_a_status_that_names_it() {
    let (client, builder) = (client(), builder());
    let run = run(client);
    let text = TEXT.as_ptr();
    // SAFETY: what is not NULL is live.
    unsafe {
        let new = |config| given(|out, e| entrabulk_client_new(config, LEN, out, e)).map(drop);
        is_null_pointer("config", new(null()));
        let secret = |client, name, secret| {
            called(|e| entrabulk_client_set_secret(client, name, LEN, secret, LEN, e))
        };
        is_null_pointer("client", secret(null(), text, text));
        is_null_pointer("name", secret(client, null(), text));
        is_null_pointer("secret", secret(client, text, null()));
        let call = |name, arguments| {
            given(|out, e| entrabulk_call(null(), name, LEN, arguments, LEN, out, e)).map(drop)
        };
        is_null_pointer("operation", call(null(), text));
        is_null_pointer("arguments", call(text, null()));
        let new = |text| given(|out, e| entrabulk_builder_new(text, LEN, out, e)).map(drop);
        is_null_pointer("conversion", new(null()));
        let push = |builder, text| called(|e| entrabulk_builder_push(builder, text, LEN, e));
        is_null_pointer("builder", push(null_mut(), text));
        is_null_pointer("record", push(builder, null()));
        let finish = given(|out, e| entrabulk_builder_finish(null_mut(), out, e)).map(drop);
        is_null_pointer("builder", finish);
        let next = given(|out, e| entrabulk_builder_next(null_mut(), out, e)).map(drop);
        is_null_pointer("builder", next);
        let start =
            |client, text| given(|out, e| entrabulk_run_start(client, text, LEN, out, e)).map(drop);
        is_null_pointer("client", start(null(), text));
        is_null_pointer("arguments", start(client, null()));
        let push = |run, text| called(|e| entrabulk_run_push(run, text, LEN, e));
        is_null_pointer("run", push(null_mut(), text));
        is_null_pointer("record", push(run, null()));
        is_null_pointer("run", called(|e| entrabulk_run_finish(null_mut(), e)));
        let next = given(|out, e| entrabulk_run_next_event(null_mut(), 0, out, e)).map(drop);
        is_null_pointer("run", next);
        let mut finished = 7;
        is_null_pointer("run", called(|e| entrabulk_run_wait(null_mut(), 0, &mut finished, e)));
        assert_eq!(finished, 7, "a number is written only on success");
        let mut progress: entrabulk_progress = std::mem::zeroed();
        is_null_pointer("run", called(|e| entrabulk_run_progress(null(), &mut progress, e)));
        let token = |run, text| called(|e| entrabulk_run_provide_token(run, text, LEN, 60, e));
        is_null_pointer("run", token(null(), text));
        is_null_pointer("token", token(run, null()));
        is_null_pointer("run", called(|e| entrabulk_run_cancel(null(), e)));
        entrabulk_run_free(run);
        entrabulk_builder_free(builder);
        entrabulk_client_free(client);
    }
}

#[test]
fn null_where_an_output_goes_is_a_status_that_names_it() {
    let (client, builder) = (client(), builder());
    let run = run(client);
    let text = TEXT.as_ptr();
    // SAFETY: what is not NULL is live.
    unsafe {
        is_null_pointer("client", called(|e| entrabulk_client_new(text, LEN, null_mut(), e)));
        let call = called(|e| entrabulk_call(null(), text, LEN, text, LEN, null_mut(), e));
        is_null_pointer("result", call);
        is_null_pointer("builder", called(|e| entrabulk_builder_new(text, LEN, null_mut(), e)));
        is_null_pointer("summary", called(|e| entrabulk_builder_finish(builder, null_mut(), e)));
        is_null_pointer("batch", called(|e| entrabulk_builder_next(builder, null_mut(), e)));
        is_null_pointer("run", called(|e| entrabulk_run_start(client, text, LEN, null_mut(), e)));
        is_null_pointer("event", called(|e| entrabulk_run_next_event(run, 0, null_mut(), e)));
        is_null_pointer("finished", called(|e| entrabulk_run_wait(run, 0, null_mut(), e)));
        is_null_pointer("progress", called(|e| entrabulk_run_progress(run, null_mut(), e)));
        entrabulk_run_free(run);
        entrabulk_builder_free(builder);
        entrabulk_client_free(client);
    }
}

#[test]
fn text_that_is_not_utf8_has_a_status_of_its_own() {
    let (client, builder) = (client(), builder());
    let run = run(client);
    let bad = b"{\xff}";
    let (bad, len) = (bad.as_ptr(), bad.len());
    let (name, name_len) = ("accessToken".as_ptr(), "accessToken".len());
    // SAFETY: the text and the objects are live.
    unsafe {
        let outcomes = [
            given(|out, e| entrabulk_client_new(bad, len, out, e)).map(drop),
            called(|e| entrabulk_client_set_secret(client, bad, len, bad, len, e)),
            called(|e| entrabulk_client_set_secret(client, name, name_len, bad, len, e)),
            given(|out, e| entrabulk_call(null(), bad, len, bad, len, out, e)).map(drop),
            given(|out, e| entrabulk_call(null(), name, name_len, bad, len, out, e)).map(drop),
            given(|out, e| entrabulk_builder_new(bad, len, out, e)).map(drop),
            called(|e| entrabulk_builder_push(builder, bad, len, e)),
            given(|out, e| entrabulk_run_start(client, bad, len, out, e)).map(drop),
            called(|e| entrabulk_run_push(run, bad, len, e)),
            called(|e| entrabulk_run_provide_token(run, bad, len, 60, e)),
        ];
        for (index, outcome) in outcomes.into_iter().enumerate() {
            let failure = outcome.expect_err("bytes that are not UTF-8");
            assert_eq!(failure.status, ENTRABULK_INVALID_UTF8, "{index}: {}", failure.message);
            assert!(failure.message.contains("byte "), "{index}: {}", failure.message);
        }
        entrabulk_run_free(run);
        entrabulk_builder_free(builder);
        entrabulk_client_free(client);
    }
}

#[test]
fn a_negative_length_is_an_argument_out_of_range() {
    let name = TEXT.as_ptr();
    // SAFETY: a length that no memory can have is refused before the text is looked at.
    let outcome =
        given(|out, e| unsafe { entrabulk_call(null(), name, usize::MAX, name, LEN, out, e) });
    assert_eq!(outcome.unwrap_err().status, ENTRABULK_INVALID_ARGUMENT);
}

#[test]
fn no_bytes_at_null_are_an_empty_text() {
    let name = "operations";
    // SAFETY: the name is live.
    let result = given(|out, e| unsafe {
        entrabulk_call(null(), name.as_ptr(), name.len(), null(), 0, out, e)
    });
    assert!(super::calling::json_of(result.unwrap()).unwrap().is_array());
}

#[test]
fn null_is_nothing_to_free_and_nothing_to_read() {
    // SAFETY: NULL is allowed everywhere here.
    unsafe {
        entrabulk_client_free(null_mut());
        entrabulk_builder_free(null_mut());
        entrabulk_run_free(null_mut());
        entrabulk_buffer_free(null_mut());
        entrabulk_error_free(null_mut());
        assert!(entrabulk_buffer_data(null()).is_null());
        assert_eq!(entrabulk_buffer_len(null()), 0);
        assert_eq!(entrabulk_error_status(null()), ENTRABULK_OK);
        assert_eq!(*entrabulk_error_message(null()), 0);
        assert_eq!(entrabulk_error_http_status(null()), 0);
        assert!(entrabulk_error_request_id(null()).is_null());
        assert_eq!(entrabulk_error_retry_after_ms(null()), -1);
        assert_eq!(entrabulk_error_line(null()), -1);
        assert_eq!(std::ffi::CStr::from_ptr(entrabulk_error_json(null())), c"null");
    }
}

#[test]
fn a_failure_without_an_error_place_is_a_status_all_the_same() {
    let mut client = std::ptr::dangling_mut();
    // SAFETY: the error place may be NULL.
    let status = unsafe { entrabulk_client_new(TEXT.as_ptr(), LEN, &mut client, null_mut()) };
    assert_eq!(status, ENTRABULK_CONFIG_INVALID);
    assert!(client.is_null());
}

#[test]
fn an_error_names_all_problems_of_a_configuration() {
    let config = r#"{"version": 1, "licence": "p9", "retry": {"attempts": 0}}"#;
    // SAFETY: the configuration is live.
    let failure =
        given(|out, e| unsafe { entrabulk_client_new(config.as_ptr(), config.len(), out, e) });
    let failure = failure.unwrap_err();
    assert_eq!(failure.status, ENTRABULK_CONFIG_INVALID);
    assert!(failure.json["problems"].as_array().unwrap().len() >= 3, "{}", failure.json);
    assert!(!failure.json["advice"].as_str().unwrap().is_empty());
}

#[test]
fn an_unknown_operation_is_told_which_there_are() {
    let name = "chekc";
    // SAFETY: the name is live.
    let failure = given(|out, e| unsafe {
        entrabulk_call(null(), name.as_ptr(), name.len(), null(), 0, out, e)
    });
    let failure = failure.unwrap_err();
    assert_eq!(failure.status, ENTRABULK_UNKNOWN_OPERATION);
    assert!(failure.message.contains("check"), "{}", failure.message);
}

#[test]
fn versions_agree() {
    // SAFETY: a static text.
    let version = unsafe { std::ffi::CStr::from_ptr(entrabulk_version()) };
    assert_eq!(version.to_str().unwrap(), env!("CARGO_PKG_VERSION"));
    assert_eq!(entrabulk_abi_version(), ENTRABULK_ABI_VERSION);
    assert_eq!(ENTRABULK_ABI_VERSION, 0x0001_0001);
}
