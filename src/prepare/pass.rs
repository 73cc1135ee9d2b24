//! One reading of the source from its first record to its last.

use std::sync::Arc;

use super::Work;
use super::input::Fingerprint;
use crate::error::Error;
use crate::lint;
use crate::mapping::{self, Program, Rendered, User};
use crate::rejection::{Finding, Rule};
use crate::source::{Columns, Format, Reader, Record, Row, SourceFacts};

/// What one record came to, and the line it is about.
#[derive(Debug)]
pub(super) enum Step {
    /// A user.
    User(u64),
    /// Not sent: rejected by itself or, without a finding, outside the mapping's scope. Of the user
    /// there is the externalId, where that is known.
    LeftOut(u64, Option<Finding>),
}

/// A reading in progress.
#[derive(Debug)]
pub(super) struct Pass {
    work: Arc<Work>,
    reader: Reader,
    /// `None` for a source of finished users.
    program: Option<Program>,
    record: Record,
    fingerprint: Fingerprint,
}

impl Pass {
    /// Begins at the first record.
    pub(super) fn open(work: Arc<Work>) -> Result<Self, Error> {
        let wanted = work.mapping.columns();
        let (reader, fingerprint) = super::open(&work.conversion, &work.input, &wanted)?;
        let program = match reader.facts().format {
            Format::Bulk => None,
            _ => Some(work.mapping.compile(reader.columns())?),
        };
        Ok(Pass { work, reader, program, record: Record::default(), fingerprint })
    }

    /// What is known of the source.
    pub(super) fn facts(&self) -> &SourceFacts {
        self.reader.facts()
    }

    /// The source's columns, as far as known.
    pub(super) fn columns(&self) -> &Columns {
        self.reader.columns()
    }

    /// The record read last.
    pub(super) fn record(&self) -> &Record {
        &self.record
    }

    /// The hash of the bytes read so far; of the whole file after the last record.
    pub(super) fn fingerprint(&self) -> u128 {
        self.fingerprint.value()
    }

    /// The next record, rendered into `user`; `None` after the last.
    pub(super) fn next(&mut self, user: &mut User) -> Result<Option<Step>, Error> {
        let Some(row) = self.reader.next(&mut self.record)? else { return Ok(None) };
        user.clear();
        let rendered = match (row, &mut self.program) {
            (Row::Rejected(finding), _) => Rendered::Rejected(finding),
            (Row::Record, Some(program)) => {
                program.render(self.reader.columns(), &self.record, user)
            }
            (Row::User, _) | (Row::Record, None) => mapping::ready_user(&self.record, user),
        };
        let line = self.record.line;
        let limits = self.work.conversion.limits;
        Ok(Some(match rendered {
            Rendered::User if limits.fits_alone(user) => Step::User(line),
            Rendered::User => {
                let message = format!(
                    "The user alone takes {} bytes, more than the {} of a whole call. \
                     Shorten its values.",
                    user.bytes.len(),
                    limits.bytes
                );
                Step::LeftOut(line, Some(lint::finding(line, Rule::UserTooLarge, user, message)))
            }
            Rendered::Rejected(finding) => Step::LeftOut(finding.line, Some(finding)),
            Rendered::OutOfScope => Step::LeftOut(line, None),
        }))
    }
}
