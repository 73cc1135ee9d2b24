//! Bytes to records, streaming: encodings, CSV, JSON, finished BulkRequests.
//!
//! ```text
//! bytes -> Decoded (UTF-8 from here on) -> Lines -> csv     -> Record
//!                                       -> JsonText         -> Flattener -> Record
//!                                                           -> BulkRows  -> finished user
//! ```
//! Memory does not grow with the file: a read holds one sample, a few buffers and one record, and a
//! record may be [`MAX_RECORD_BYTES`] long. Whatever is wrong with the source as a whole (a byte that
//! does not decode, a cut file, broken JSON) is an [`Error`](crate::error::Error) and ends the read;
//! whatever is wrong with one record is a [`Row::Rejected`], and the rest go on.

mod bulk;
mod csv;
mod encoding;
mod flatten;
mod foreign;
mod header;
mod json;
mod lines;
mod options;
mod reader;
mod record;
mod sentences;
#[cfg(test)]
mod tests;

pub use encoding::EncodingFrom;
pub use options::{Format, SourceFacts, SourceOptions};
pub use reader::{Reader, Row};
pub use record::{Cell, CellKind, Columns, Record};

/// The longest record, in bytes of UTF-8: beyond it a quote or a brace was left open.
pub const MAX_RECORD_BYTES: usize = 16 << 20;

/// The most columns the records of a JSON source may have together, so that memory stays bounded.
pub const MAX_COLUMNS: usize = 4096;

/// Decoded text, on its way to a grammar.
type Text = Box<dyn std::io::Read + Send>;
