//! Named operations.

use crate::operation;

use super::buffer::entrabulk_buffer;
use super::client::entrabulk_client;
use super::error::entrabulk_error;
use super::guard::status;
use super::pointer::{output, text};

/// Runs the operation named `operation`, such as `check` or `convert`, on a JSON document and gives its result,
/// a JSON document. The operation `operations` lists them all. Returns when the operation is done.
///
/// `client` may be NULL for operations that need no target. Any thread.
///
/// The statuses: ENTRABULK_UNKNOWN_OPERATION, and those of the operation.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn entrabulk_call(
    client: *const entrabulk_client,
    operation: *const u8,
    operation_len: usize,
    arguments: *const u8,
    arguments_len: usize,
    result: *mut *mut entrabulk_buffer,
    error: *mut *mut entrabulk_error,
) -> i32 {
    status!(error, {
        let result = output!(result)?;
        // SAFETY: a client is shared, and freed when no call uses it any more.
        let client = unsafe { client.as_ref() }.map(|client| &client.0);
        let operation = text!(operation, operation_len)?;
        let arguments = text!(arguments, arguments_len)?;
        let answer = operation::call(client, operation, arguments.as_bytes())?;
        result.give(entrabulk_buffer(answer.into()));
        Ok(())
    })
}
