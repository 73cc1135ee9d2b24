//! What the check pass says: findings counted, reported, and kept in the rejects file.

use std::fs::File;
use std::io;
use std::path::Path;

use super::pass::{Pass, Work};
use super::rejects::RejectsWriter;
use super::{Conversion, MappingSource, Report, Totals, sentences};
use crate::error::{Error, Severity};
use crate::finding::{Finding, Rule};
use crate::scratch::WholeFile;
use crate::source::{CellKind, EncodingFrom, Format};

/// Counts findings, reports them and fills the rejects file.
pub(super) struct Findings<'a, 'r> {
    report: &'a mut Report<'r>,
    rejects: Option<Rejects>,
    rejected: u64,
    warnings: u64,
}

/// The rejects file in the making.
type Rejects = RejectsWriter<WholeFile>;

/// Adds what was found after the check to the rejects file, if there is one.
pub(super) fn add(conversion: &Conversion, findings: &[Finding]) -> Result<(), Error> {
    let Some(path) = conversion.rejects_path.as_deref().filter(|_| !findings.is_empty()) else {
        return Ok(());
    };
    let add = || {
        let mut file = WholeFile::create(path)?;
        io::copy(&mut File::open(path)?, &mut file)?;
        let mut rejects = Rejects::going_on(file);
        findings.iter().try_for_each(|finding| rejects.write(finding))?;
        rejects.into_inner()?.persist()
    };
    add().map_err(sentences::unwritable_rejects)
}

/// A rejects file may not take the place of what it is about.
fn refuse_overwriting(conversion: &Conversion, rejects: &Path) -> Result<(), Error> {
    let mapping = match &conversion.mapping {
        MappingSource::File(path) => Some(path.as_path()),
        _ => None,
    };
    let same = |path: &&Path| match (path.canonicalize(), rejects.canonicalize()) {
        (Ok(path), Ok(rejects)) => path == rejects,
        _ => false,
    };
    match conversion.path().into_iter().chain(mapping).find(same) {
        None => Ok(()),
        Some(path) => Err(sentences::rejects_over(path.display())),
    }
}

impl<'a, 'r> Findings<'a, 'r> {
    pub(super) fn open(conversion: &Conversion, report: &'a mut Report<'r>) -> Result<Self, Error> {
        let rejects = match &conversion.rejects_path {
            Some(path) => {
                refuse_overwriting(conversion, path)?;
                Some(
                    WholeFile::create(path)
                        .and_then(Rejects::new)
                        .map_err(sentences::unwritable_rejects)?,
                )
            }
            None => None,
        };
        Ok(Findings { report, rejects, rejected: 0, warnings: 0 })
    }

    pub(super) fn reject(&mut self, finding: Finding) -> Result<(), Error> {
        self.rejected += 1;
        if let Some(rejects) = &mut self.rejects {
            rejects.write(&finding).map_err(sentences::unwritable_rejects)?;
        }
        (self.report)(Severity::Error, finding)
    }

    pub(super) fn warn(&mut self, finding: Finding) -> Result<(), Error> {
        self.warnings += 1;
        (self.report)(Severity::Warning, finding)
    }

    pub(super) fn close(self, totals: &mut Totals) -> Result<(), Error> {
        if let Some(rejects) = self.rejects {
            rejects
                .into_inner()
                .and_then(WholeFile::persist)
                .map_err(sentences::unwritable_rejects)?;
        }
        totals.rejected = self.rejected;
        totals.warnings = self.warnings;
        Ok(())
    }
}

/// Columns that the mapping names and no record of a source without a header has shown.
pub(super) struct UnseenColumns {
    columns: Vec<(usize, String)>,
    /// Whether the mapping was written for this source, so that such a column is odd.
    odd: bool,
}

impl UnseenColumns {
    pub(super) fn new(work: &Work, pass: &Pass) -> Self {
        let columns = pass.columns();
        let odd = work.conversion.mapping != MappingSource::ByColumnNames;
        if columns.complete() || pass.facts().format == Format::Bulk {
            return UnseenColumns { columns: Vec::new(), odd };
        }
        let named = work.mapping.columns().into_iter();
        let columns = named.filter_map(|name| Some((columns.find(&name)?, name))).collect();
        UnseenColumns { columns, odd }
    }

    pub(super) fn strike(&mut self, pass: &Pass) {
        let kinds = &pass.record().kinds;
        self.columns.retain(|(at, _)| kinds.get(*at).is_none_or(|kind| *kind == CellKind::Absent));
    }

    pub(super) fn names(self) -> Vec<String> {
        self.columns.into_iter().map(|(_, name)| name).collect()
    }

    pub(super) fn report(&self, findings: &mut Findings<'_, '_>) -> Result<(), Error> {
        for (_, name) in self.columns.iter().filter(|_| self.odd) {
            let message = sentences::field_in_no_record(name);
            findings.warn(Finding::new(0, Rule::ColumnAbsent, message).column(name.as_str()))?;
        }
        Ok(())
    }
}

/// Waits for the first text that is not ASCII, where the encoding was guessed.
pub(super) struct GuessedEncoding {
    waiting: bool,
}

impl GuessedEncoding {
    pub(super) fn new(pass: &Pass) -> Self {
        GuessedEncoding { waiting: pass.facts().encoding_from == EncodingFrom::Detected }
    }

    /// Shows that text once, so that a wrong guess is seen before it is sent.
    pub(super) fn look(&mut self, pass: &Pass) -> Option<Finding> {
        if !self.waiting {
            return None;
        }
        let record = pass.record();
        let text = record.cells.iter().find(|cell| !cell.is_ascii())?;
        self.waiting = false;
        let message = sentences::guessed_encoding(&pass.facts().encoding);
        Some(Finding::new(record.line, Rule::EncodingGuessed, message).value(text))
    }
}
