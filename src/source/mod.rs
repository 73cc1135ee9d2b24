//! Bytes to records, streaming: encodings, CSV, JSON, finished BulkRequests.

mod record;

pub use record::{Cell, CellKind, Columns, Record};
