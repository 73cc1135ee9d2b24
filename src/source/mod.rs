//! Bytes to records, streaming: encodings, CSV, JSON, finished BulkRequests.
#![allow(missing_docs)]
mod record;

use crate::error::Error;
use crate::rejection::Finding;
pub use record::{Cell, CellKind, Columns, Record};

#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Format {
    Auto,
    Csv,
    Json,
    JsonLines,
    Bulk,
}

#[derive(Debug, Clone)]
pub struct SourceOptions {
    pub format: Format,
    pub encoding: Option<String>,
    pub delimiter: Option<u8>,
}

#[derive(Debug, Clone, serde::Serialize)]
pub struct SourceFacts {
    pub format: Format,
}

#[derive(Debug)]
pub enum Row {
    Record,
    User,
    Rejected(Finding),
}

#[derive(Debug)]
pub struct Reader(SourceFacts, Columns);

impl Reader {
    pub fn open(
        _input: impl std::io::Read + Send + 'static,
        _options: &SourceOptions,
        _wanted: &[String],
    ) -> Result<Self, Error> {
        Err(Error::internal("unfinished"))
    }
    pub fn facts(&self) -> &SourceFacts {
        &self.0
    }
    pub fn columns(&self) -> &Columns {
        &self.1
    }
    pub fn next(&mut self, _record: &mut Record) -> Result<Option<Row>, Error> {
        Ok(None)
    }
}
