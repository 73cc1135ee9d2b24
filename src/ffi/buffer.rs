//! Bytes that the library gives away.

use bytes::Bytes;

use super::pointer::{free, read};

/// Bytes the library made: a JSON document in UTF-8, compact, without a NUL at its end.
///
/// Free it with entrabulk_buffer_free(). It never changes, so any thread may read it; it outlives the object
/// that gave it.
#[derive(Debug)]
pub struct entrabulk_buffer(pub(super) Bytes);

/// The bytes of `buffer`: never NULL for a buffer, valid until it is freed. NULL for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn entrabulk_buffer_data(buffer: *const entrabulk_buffer) -> *const u8 {
    read!(buffer, std::ptr::null(), |buffer| buffer.0.as_ptr())
}

/// The number of bytes in `buffer`. 0 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn entrabulk_buffer_len(buffer: *const entrabulk_buffer) -> usize {
    read!(buffer, 0, |buffer| buffer.0.len())
}

/// Frees `buffer`. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn entrabulk_buffer_free(buffer: *mut entrabulk_buffer) {
    free!(buffer)
}
