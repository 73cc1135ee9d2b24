//! Source, mapping and lint joined: what would be sent, and then the batches.

use serde::Serialize;

use crate::config::Conversion;
use crate::error::{Error, Severity};
use crate::rejection::Finding;
use crate::scim::bulk::Batch;

/// What the check pass counted. `rows = users + rejected + out_of_scope`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Totals {
    /// Records read.
    pub rows: u64,
    /// Users that would be sent.
    pub users: u64,
    /// Records rejected.
    pub rejected: u64,
    /// Records outside the mapping's scope.
    pub out_of_scope: u64,
    /// Warnings about records that go on.
    pub warnings: u64,
    /// Calls that sending takes, without repeats.
    pub calls: u64,
}

/// Records pushed by a host, kept until the last has come.
#[derive(Debug)]
pub struct Spool {}

/// An opened source with its compiled mapping.
#[derive(Debug)]
pub struct Prepared {}

impl Prepared {
    /// Opens the source: the file of the conversion, or the pushed records.
    pub fn open(_conversion: &Conversion, _pushed: Option<Spool>) -> Result<Self, Error> {
        Err(Error::internal("unfinished"))
    }

    /// Reads everything once: every finding is reported, nothing is sent.
    pub fn check(
        &mut self,
        _report: &mut dyn FnMut(Severity, Finding) -> Result<(), Error>,
    ) -> Result<Totals, Error> {
        Err(Error::internal("unfinished"))
    }

    /// Reads again and delivers the batches of the users that passed the check, in order.
    pub fn batches(
        &mut self,
        _deliver: &mut dyn FnMut(Batch) -> Result<(), Error>,
    ) -> Result<(), Error> {
        Err(Error::internal("unfinished"))
    }
}

impl Spool {
    /// An empty spool.
    pub fn new() -> Result<Self, Error> {
        Ok(Spool {})
    }

    /// Adds one record: a JSON object, UTF-8.
    pub fn push(&mut self, _record: &[u8]) -> Result<(), Error> {
        Ok(())
    }
}
