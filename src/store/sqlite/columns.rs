//! How moments, hashes, texts and documents lie in columns.

use rusqlite::Row;
use rusqlite::types::{Type, ValueRef};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::Error;
use crate::time::Timestamp;

/// A moment as it is stored.
pub(super) fn moment(at: Timestamp) -> i64 {
    i64::try_from(at.0).unwrap_or(i64::MAX)
}

/// A stored moment.
pub(super) fn instant(stored: i64) -> Timestamp {
    Timestamp(u64::try_from(stored).unwrap_or(0))
}

/// A stored moment that may not have come.
pub(super) fn past_moment(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Timestamp>> {
    Ok(row.get::<_, Option<i64>>(column)?.map(instant))
}

/// A stored hash, where there is one.
pub(super) fn hash_of(stored: ValueRef<'_>) -> rusqlite::Result<Option<u128>> {
    let bytes = stored.as_blob_or_null()?;
    Ok(bytes.and_then(|bytes| bytes.try_into().ok()).map(u128::from_be_bytes))
}

/// A text column, borrowed from the row.
pub(super) fn text<'a>(row: &'a Row<'_>, column: usize) -> rusqlite::Result<&'a str> {
    Ok(row.get_ref(column)?.as_str()?)
}

/// A JSON column. What cannot be read is damage, never a default: a brake that tripped must stay so.
pub(super) fn json<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    serde_json::from_str(text(row, column)?).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(column, Type::Text, error.into())
    })
}

/// A document as it is stored.
pub(super) fn stored_json(document: &impl Serialize) -> Result<String, Error> {
    serde_json::to_string(document).map_err(|_| Error::internal("A fact cannot be written."))
}
