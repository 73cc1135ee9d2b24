//! Calls of exports with their outputs gathered, and every object freed.

use std::ffi::CStr;
use std::ptr;

use entrabulk::ffi::*;
use serde_json::Value;

use crate::support::state::State;

thread_local! {
    /// Each test has a thread, and so a state.
    static STATE: State = State::new();
}

/// What an error object said.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) status: i32,
    pub(crate) message: String,
    pub(crate) json: Value,
}

/// Makes a call that takes an error place; checks that status and error object agree.
pub(crate) fn called(call: impl FnOnce(*mut *mut entrabulk_error) -> i32) -> Result<(), Failure> {
    let mut error = ptr::dangling_mut();
    let status = call(&mut error);
    if status == ENTRABULK_OK {
        assert!(error.is_null(), "success with an error object");
        return Ok(());
    }
    assert!(!error.is_null(), "status {status} without an error object");
    // SAFETY: the error is live until the end of this block.
    unsafe {
        assert_eq!(entrabulk_error_status(error), status);
        let text = |text| CStr::from_ptr(text).to_str().unwrap().to_owned();
        let message = text(entrabulk_error_message(error));
        let json: Value = serde_json::from_str(&text(entrabulk_error_json(error))).unwrap();
        assert_eq!(json["status"], status);
        entrabulk_error_free(error);
        Err(Failure { status, message, json })
    }
}

/// The same for a call that also gives a pointer: it must come out NULL on failure.
pub(crate) fn given<T>(
    call: impl FnOnce(*mut *mut T, *mut *mut entrabulk_error) -> i32,
) -> Result<*mut T, Failure> {
    let mut output = ptr::dangling_mut();
    let outcome = called(|error| call(&mut output, error));
    if outcome.is_err() {
        assert!(output.is_null(), "an output was left after a failure");
    }
    outcome.map(|()| output)
}

/// The JSON of a buffer, which is freed; `None` for NULL.
pub(crate) fn json_of(buffer: *mut entrabulk_buffer) -> Option<Value> {
    if buffer.is_null() {
        return None;
    }
    // SAFETY: the buffer is live until it is freed here.
    unsafe {
        let (data, len) = (entrabulk_buffer_data(buffer), entrabulk_buffer_len(buffer));
        let json = serde_json::from_slice(std::slice::from_raw_parts(data, len)).unwrap();
        entrabulk_buffer_free(buffer);
        Some(json)
    }
}

/// A client of a simulator that nobody started.
pub(crate) fn client() -> *mut entrabulk_client {
    let config = serde_json::json!({
        "version": 1,
        "simulator": "http://127.0.0.1:9",
        "servicePrincipalId": "22222222-2222-2222-2222-222222222222",
        "jobId": "API2AAD.00000000000000000000000000000000.33333333-3333-3333-3333-333333333333",
    });
    let config = STATE.with(|state| state.unkept(config)).to_string();
    // SAFETY: the arguments are live for the calls.
    unsafe {
        let client = given(|client, error| {
            entrabulk_client_new(config.as_ptr(), config.len(), client, error)
        });
        let client = client.unwrap();
        let (name, token) = ("accessToken", "a.b.c");
        called(|error| {
            entrabulk_client_set_secret(
                client,
                name.as_ptr(),
                name.len(),
                token.as_ptr(),
                token.len(),
                error,
            )
        })
        .unwrap();
        client
    }
}

/// A builder for records that the host pushes.
pub(crate) fn builder() -> *mut entrabulk_builder {
    let conversion = r#"{"version": 1}"#;
    // SAFETY: the arguments are live for the call.
    let builder = given(|builder, error| unsafe {
        entrabulk_builder_new(conversion.as_ptr(), conversion.len(), builder, error)
    });
    builder.unwrap()
}

/// A run for records that the host pushes.
pub(crate) fn run(client: *const entrabulk_client) -> *mut entrabulk_run {
    let arguments = r#"{"version": 1, "conversion": {"version": 1}}"#;
    // SAFETY: the arguments are live for the call.
    let run = given(|run, error| unsafe {
        entrabulk_run_start(client, arguments.as_ptr(), arguments.len(), run, error)
    });
    run.unwrap()
}

/// The next event of `run`, for as long as a test should ever take.
pub(crate) fn event(run: *mut entrabulk_run) -> Result<Value, Failure> {
    // SAFETY: the run is live.
    let event =
        given(|event, error| unsafe { entrabulk_run_next_event(run, 60_000, event, error) });
    event.map(|event| json_of(event).expect("no event in a minute"))
}
