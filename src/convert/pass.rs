//! One reading of the source from its first record to its last.

use std::sync::Arc;

use super::Work;
use super::input::Fingerprint;
use crate::error::Error;
use crate::finding::{Finding, Rule};
use crate::lint;
use crate::mapping::{self, Program, Rendered};
use crate::scim::User;
use crate::source::{Columns, Format, Reader, Record, Row, SourceFacts};

/// What one record came to.
pub(super) enum Step<'a> {
    /// A user, and the line of its record.
    User(&'a User, u64),
    /// Not sent: rejected by itself or, without a finding, outside the mapping's scope.
    LeftOut {
        /// Whose record it is; empty where that is not known.
        external_id: &'a str,
        line: u64,
        why: Option<Finding>,
    },
}

/// A reading in progress.
#[derive(Debug)]
pub(super) struct Pass {
    work: Arc<Work>,
    reader: Reader,
    /// `None` for a source of finished users.
    program: Option<Program>,
    record: Record,
    user: User,
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
        let (record, user) = (Record::default(), User::default());
        Ok(Pass { work, reader, program, record, user, fingerprint })
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

    /// The next record, rendered; `None` after the last.
    pub(super) fn next(&mut self) -> Result<Option<Step<'_>>, Error> {
        let Some(row) = self.reader.next(&mut self.record)? else { return Ok(None) };
        self.user.clear();
        let rendered = match (row, &mut self.program) {
            (Row::Rejected(finding), _) => Rendered::Rejected(finding),
            (Row::Record, Some(program)) => {
                program.render(self.reader.columns(), &self.record, &mut self.user)
            }
            (Row::User, _) | (Row::Record, None) => {
                mapping::ready_user(&self.record, &mut self.user)
            }
        };
        let line = self.record.line;
        let why = match rendered {
            Rendered::User if self.work.conversion.limits.fits_alone(&self.user) => {
                return Ok(Some(Step::User(&self.user, line)));
            }
            Rendered::User => {
                let message = format!(
                    "The user alone takes {} bytes, more than the {} of a whole call. \
                     Shorten its values.",
                    self.user.bytes.len(),
                    self.work.conversion.limits.bytes
                );
                Some(lint::finding(line, Rule::UserTooLarge, &self.user, message))
            }
            Rendered::Rejected(finding) => Some(finding),
            Rendered::OutOfScope => None,
        };
        let line = why.as_ref().map_or(line, |finding| finding.line);
        Ok(Some(Step::LeftOut { external_id: &self.user.external_id, line, why }))
    }
}
