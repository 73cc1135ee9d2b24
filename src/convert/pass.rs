//! One reading of the source from its first record to its last, and what every reading needs.

use std::sync::Arc;

use xxhash_rust::xxh3::Xxh3;

use super::input::{Fingerprint, Input};
use super::{Conversion, MappingSource, Spool, sentences};
use crate::error::Error;
use crate::finding::{Finding, Rule};
use crate::lint;
use crate::mapping::{self, Mapping, Program, Rendered};
use crate::scim::User;
use crate::source::{Columns, Format, Reader, Record, Row, SourceFacts};

/// What every pass needs.
#[derive(Debug)]
pub(super) struct Work {
    pub(super) conversion: Conversion,
    pub(super) mapping: Mapping,
    pub(super) mapping_hash: u128,
    pub(super) input: Input,
}

impl Work {
    /// Opens the source and reads the mapping.
    pub(super) fn open(conversion: Conversion, pushed: Option<Spool>) -> Result<Self, Error> {
        let input = Input::open(&conversion.records, pushed)?;
        let (mapping, mapping_hash) = read_mapping(&conversion, &input)?;
        Ok(Work { conversion, mapping, mapping_hash, input })
    }
}

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
        let (reader, fingerprint) = open(&work.conversion, &work.input, &wanted)?;
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
                let most = self.work.conversion.limits.bytes;
                let message = sentences::user_too_large(self.user.bytes.len(), most);
                Some(lint::finding(line, Rule::UserTooLarge, &self.user, message))
            }
            Rendered::Rejected(finding) => Some(finding),
            Rendered::OutOfScope => None,
        };
        let line = why.as_ref().map_or(line, |finding| finding.line);
        Ok(Some(Step::LeftOut { external_id: &self.user.external_id, line, why }))
    }
}

/// Opens the input at its start.
pub(super) fn open(
    conversion: &Conversion,
    input: &Input,
    wanted: &[String],
) -> Result<(Reader, Fingerprint), Error> {
    let (bytes, fingerprint) = input.rewind()?;
    Ok((Reader::open(bytes, &input.options(&conversion.source), wanted)?, fingerprint))
}

/// The mapping and its hash.
fn read_mapping(conversion: &Conversion, input: &Input) -> Result<(Mapping, u128), Error> {
    let options = &conversion.mapping_options;
    let hash = |json: &[u8]| {
        let mut hasher = Xxh3::new();
        hasher.update(json);
        hasher.update(format!("{options:?}{:?}", conversion.duplicates).as_bytes());
        hasher.digest128()
    };
    let json = match &conversion.mapping {
        MappingSource::ByColumnNames => {
            return Ok((Mapping::by_column_names(options)?, hash(b"")));
        }
        MappingSource::Inline(json) => json.clone().into_bytes(),
        MappingSource::File(path) => std::fs::read(path)
            .map_err(|error| sentences::unreadable_mapping(path.display(), error))?,
    };
    let mapping = Mapping::parse(&json, options).map_err(|error| {
        // With a header at hand, what it lacks is told in the same breath.
        match open(conversion, input, &[]) {
            Ok((reader, _)) if reader.columns().complete() => {
                Mapping::parse_for(&json, options, reader.columns()).err().unwrap_or(error)
            }
            _ => error,
        }
    })?;
    Ok((mapping, hash(&json)))
}
