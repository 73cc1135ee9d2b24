//! The builder handle.

use std::sync::{Mutex, MutexGuard, TryLockError};

use crate::error::{Error, ErrorKind};
use crate::run::Builder;

use super::buffer::entrabulk_buffer;
use super::error::entrabulk_error;
use super::guard::status;
use super::pointer::{free, object, output, text};

/// Payloads without a network: records in, finished BulkRequest documents out.
///
/// One thread at a time; a call that finds another one still inside answers ENTRABULK_INVALID_STATE.
#[derive(Debug)]
pub struct entrabulk_builder(Mutex<Builder>);

impl entrabulk_builder {
    fn alone(&self) -> Result<MutexGuard<'_, Builder>, Error> {
        self.0.try_lock().map_err(|refusal| {
            let (message, advice) = match refusal {
                TryLockError::WouldBlock => (
                    "Another thread is inside a call on this builder.",
                    "Use a builder from one thread at a time.",
                ),
                TryLockError::Poisoned(_) => (
                    "An earlier call on this builder ended in a panic.",
                    "Free it and begin again with a new one.",
                ),
            };
            Error::new(ErrorKind::InvalidState, message, advice)
        })
    }
}

/// Makes a builder from the JSON document "Conversion" of docs/documents.md.
///
/// The statuses: ENTRABULK_CONFIG_INVALID, with all problems in entrabulk_error_json().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn entrabulk_builder_new(
    conversion: *const u8,
    conversion_len: usize,
    builder: *mut *mut entrabulk_builder,
    error: *mut *mut entrabulk_error,
) -> i32 {
    status!(error, {
        let builder = output!(builder)?;
        let conversion = text!(conversion, conversion_len)?;
        builder.give(entrabulk_builder(Mutex::new(Builder::new(conversion.as_bytes())?)));
        Ok(())
    })
}

/// Hands over one record: a JSON object of column names and values. It is copied.
///
/// The statuses: ENTRABULK_INVALID_ARGUMENT for a record that is not such an object, after which the builder
/// takes the next one; ENTRABULK_INVALID_STATE after entrabulk_builder_finish() or where the conversion names a
/// file.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn entrabulk_builder_push(
    builder: *mut entrabulk_builder,
    record: *const u8,
    record_len: usize,
    error: *mut *mut entrabulk_error,
) -> i32 {
    status!(error, {
        let builder = object!(builder)?;
        let record = text!(record, record_len)?;
        builder.alone()?.push(record.as_bytes())
    })
}

/// Ends the input, checks every record and gives a JSON document that counts what becomes of them and lists
/// the rejected ones. Where the conversion names a file, it is read now.
///
/// The statuses: ENTRABULK_INVALID_STATE the second time; ENTRABULK_MAPPING_INVALID with all problems in
/// entrabulk_error_json(); those from ENTRABULK_SOURCE_UNREADABLE on, for a source that cannot be used at all.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn entrabulk_builder_finish(
    builder: *mut entrabulk_builder,
    summary: *mut *mut entrabulk_buffer,
    error: *mut *mut entrabulk_error,
) -> i32 {
    status!(error, {
        let summary = output!(summary)?;
        let builder = object!(builder)?;
        let counts = serde_json::to_vec(&builder.alone()?.finish()?)
            .map_err(|error| Error::internal(error.to_string()))?;
        summary.give(entrabulk_buffer(counts.into()));
        Ok(())
    })
}

/// Gives the next BulkRequest, the exact bytes of one call's body. After the last one the status is
/// ENTRABULK_OK and `*batch` is NULL.
///
/// The statuses: ENTRABULK_INVALID_STATE before entrabulk_builder_finish().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn entrabulk_builder_next(
    builder: *mut entrabulk_builder,
    batch: *mut *mut entrabulk_buffer,
    error: *mut *mut entrabulk_error,
) -> i32 {
    status!(error, {
        let batch = output!(batch)?;
        let builder = object!(builder)?;
        if let Some(bytes) = builder.alone()?.next_body()? {
            batch.give(entrabulk_buffer(bytes));
        }
        Ok(())
    })
}

/// Frees `builder`; buffers it gave stay valid. NULL is allowed. Never blocks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn entrabulk_builder_free(builder: *mut entrabulk_builder) {
    free!(builder)
}

#[cfg(test)]
mod tests {
    use std::ptr::{null, null_mut};

    use super::*;
    use crate::ffi::{ENTRABULK_INVALID_STATE, guard};

    fn builder() -> entrabulk_builder {
        entrabulk_builder(Mutex::new(Builder::new(br#"{"version": 1}"#).unwrap()))
    }

    fn statuses(builder: &entrabulk_builder) -> [i32; 3] {
        let (mut buffer, builder) = (null_mut(), (&raw const *builder).cast_mut());
        // SAFETY: no export writes through the pointer; the builder and the place of the buffer are live.
        unsafe {
            [
                entrabulk_builder_push(builder, null(), 0, null_mut()),
                entrabulk_builder_finish(builder, &mut buffer, null_mut()),
                entrabulk_builder_next(builder, &mut buffer, null_mut()),
            ]
        }
    }

    #[test]
    fn a_call_that_finds_another_thread_inside_is_refused() {
        let builder = builder();
        let _inside = builder.0.lock().unwrap();
        assert_eq!(statuses(&builder), [ENTRABULK_INVALID_STATE; 3]);
    }

    #[test]
    fn a_builder_whose_call_panicked_is_refused_from_then_on() {
        let builder = builder();
        guard::value((), || {
            let _inside = builder.0.lock().unwrap();
            panic!("in the middle of a push");
        });
        assert_eq!(statuses(&builder), [ENTRABULK_INVALID_STATE; 3]);
    }
}
