//! The error object, and its accessors.

use std::ffi::{CStr, CString};

use libc::c_char;

use crate::error::Error;

use super::pointer::{free, read};
use super::status::ENTRABULK_OK;

/// Why a call failed: what happened, to what, and the one thing to do next.
///
/// Every function that takes an `entrabulk_error **` sets it to NULL on success and to a new object on
/// failure; pass NULL if the status is enough. Free it with entrabulk_error_free(). It never changes, so any
/// thread may read it. No text in it holds a secret, a token or a whole record.
#[derive(Debug)]
pub struct entrabulk_error {
    status: i32,
    message: CString,
    http_status: i32,
    request_id: Option<CString>,
    retry_after_ms: i64,
    line: i64,
    json: CString,
}

impl From<Error> for entrabulk_error {
    fn from(error: Error) -> Self {
        let number = |value: Option<u64>| value.and_then(|v| i64::try_from(v).ok()).unwrap_or(-1);
        entrabulk_error {
            status: error.status(),
            message: c_text(&error.to_string()),
            http_status: error.http_status.map_or(0, i32::from),
            request_id: error.request_id.as_deref().map(c_text),
            retry_after_ms: number(error.retry_after_ms),
            line: number(error.line),
            json: c_text(&serde_json::to_string(&error).unwrap_or_else(|_| "null".to_owned())),
        }
    }
}

/// C ends a text at its first NUL, so one inside is shown instead.
fn c_text(text: &str) -> CString {
    CString::new(text.replace('\0', "\u{2400}")).unwrap_or_default()
}

/// The status of `error`, an ENTRABULK_ constant. ENTRABULK_OK for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn entrabulk_error_status(error: *const entrabulk_error) -> i32 {
    read!(error, ENTRABULK_OK, |error| error.status)
}

/// What happened and what to do next, in English: NUL-terminated UTF-8, valid until the error is freed.
/// An empty text for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn entrabulk_error_message(error: *const entrabulk_error) -> *const c_char {
    read!(error, c"".as_ptr(), |error| error.message.as_ptr())
}

/// The HTTP status of the service's answer, or 0 where there was none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn entrabulk_error_http_status(error: *const entrabulk_error) -> i32 {
    read!(error, 0, |error| error.http_status)
}

/// The `request-id` under which Microsoft can find the call: NUL-terminated, valid until the error is freed.
/// NULL where there is none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn entrabulk_error_request_id(
    error: *const entrabulk_error,
) -> *const c_char {
    read!(error, std::ptr::null(), |error| {
        error.request_id.as_deref().map_or(std::ptr::null(), CStr::as_ptr)
    })
}

/// How many milliseconds to wait before trying again, or -1 where the service did not say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn entrabulk_error_retry_after_ms(error: *const entrabulk_error) -> i64 {
    read!(error, -1, |error| error.retry_after_ms)
}

/// The line in the source of the record concerned, from 1, or -1 where there is none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn entrabulk_error_line(error: *const entrabulk_error) -> i64 {
    read!(error, -1, |error| error.line)
}

/// The whole error as the JSON document of docs/documents.md, with its `advice` and every one of its
/// `problems`: NUL-terminated UTF-8, valid until the error is freed. The text `null` for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn entrabulk_error_json(error: *const entrabulk_error) -> *const c_char {
    read!(error, c"null".as_ptr(), |error| error.json.as_ptr())
}

/// Frees `error` and every text it gave. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn entrabulk_error_free(error: *mut entrabulk_error) {
    free!(error)
}
