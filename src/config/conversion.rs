//! The conversion: what to read, how to map it, which rules hold.

use std::path::PathBuf;

use super::client::read_batch_limits;
use super::reader::{Reader, read_document};
use crate::error::Error;
use crate::scim::bulk::BatchLimits;

/// Where the mapping comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MappingSource {
    /// The mapping itself, JSON text.
    Inline(String),
    /// A file that holds it.
    File(PathBuf),
    /// None given: columns named as their attributes.
    ByColumnNames,
}

/// What to do with records that share an externalId.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Duplicates {
    /// Reject all of them.
    Reject,
    /// Send the last, reject the others.
    Last,
}

/// Validated settings of a conversion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversion {
    /// The file to read; `None` where the host pushes records.
    pub path: Option<PathBuf>,
    /// The mapping.
    pub mapping: MappingSource,
    /// Every column as text under this URN.
    pub scim_schema_namespace: Option<String>,
    /// Duplicate records.
    pub duplicates: Duplicates,
    /// Size of a batch.
    pub limits: BatchLimits,
    /// Where to write the rejected records.
    pub rejects_path: Option<PathBuf>,
}
