//! Source, mapping and lint joined: first a check pass over everything, then the batches.
//!
//! The source is read twice. The check pass reports every finding before anything is sent; the
//! second pass renders the users that passed, a batch at a time, so that memory does not grow with
//! the file. Both read one open file, and the second fails if its bytes are no longer those checked.

mod input;
mod pass;
mod spool;

use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::io::BufWriter;
use std::sync::Arc;

use serde::Serialize;

use crate::config::{Conversion, MappingSource};
use crate::error::{Error, ErrorKind, Severity};
use crate::lint::{self, Reread, Survey, Suspect};
use crate::mapping::Mapping;
use crate::rejection::{Finding, Rule};
use crate::report::rejects::RejectsWriter;
use crate::scim::bulk::{Batch, BatchBuilder};
use crate::source::{CellKind, Format, Reader, Record, SourceFacts};

use input::{Fingerprint, Input};
use pass::{Pass, Step};
pub use spool::Spool;

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
    /// Calls that sending takes, without repeats; a few more where the byte limit cuts batches short.
    pub calls: u64,
}

/// Where findings go. A failure it gives stops the check and comes back unchanged.
pub type Report<'a> = dyn FnMut(Severity, Finding) -> Result<(), Error> + 'a;

/// What both passes need.
#[derive(Debug)]
struct Work {
    conversion: Conversion,
    mapping: Mapping,
    input: Input,
}

/// An opened source with its mapping, both found sound.
#[derive(Debug)]
pub struct Prepared {
    work: Arc<Work>,
    pass: Pass,
}

impl Prepared {
    /// Opens the source - the file of the conversion, or the pushed records - and checks the mapping
    /// against it. No record is read yet.
    ///
    /// # Errors
    /// `SourceUnreadable`, `SourceEncoding`, `SourceFormat`, `SourceEmpty`, `MappingInvalid`.
    pub fn open(conversion: Conversion, pushed: Option<Spool>) -> Result<Self, Error> {
        let input = match (&conversion.path, pushed) {
            (Some(path), None) => Input::open(path)?,
            (None, Some(spool)) => Input::from_spool(spool)?,
            (Some(_), Some(_)) => {
                return Err(Error::new(
                    ErrorKind::InvalidState,
                    "Records were pushed although the conversion names a file.",
                    "Leave source.path out to push records.",
                ));
            }
            (None, None) => return Err(no_source()),
        };
        let mapping = read_mapping(&conversion, &input)?;
        let work = Arc::new(Work { conversion, mapping, input });
        let pass = Pass::open(Arc::clone(&work))?;
        if pass.facts().format == Format::Bulk
            && work.conversion.mapping != MappingSource::ByColumnNames
        {
            return Err(Error::new(
                ErrorKind::ConfigInvalid,
                "The source holds finished users (BulkRequest), which no mapping applies to.",
                "Leave the mapping out.",
            ));
        }
        Ok(Prepared { work, pass })
    }

    /// What is known of the source before its first record.
    pub fn facts(&self) -> &SourceFacts {
        self.pass.facts()
    }

    /// Reads everything once. Every finding is reported and, where it rejects a record, written to
    /// the rejects file of the conversion.
    ///
    /// # Errors
    /// What reading gives; `SourceEmpty` where there is no record; `OutputFailed` for the rejects file.
    pub fn check(self, report: &mut Report<'_>) -> Result<Checked, Error> {
        let Prepared { work, mut pass } = self;
        let mut findings = Findings::open(&work.conversion, report)?;
        for problem in work.mapping.warnings() {
            let finding = Finding::new(0, Rule::Mapping, problem.to_string());
            findings.warn(finding.column(&problem.path))?;
        }
        let mut totals = Totals::default();
        let mut survey = Survey::default();
        let mut bytes = 0_u64;
        let mut unseen = UnseenColumns::new(&work, &pass);
        while let Some(step) = pass.next()? {
            totals.rows += 1;
            match step {
                Step::OutOfScope => totals.out_of_scope += 1,
                Step::Rejected(finding) => findings.reject(finding)?,
                Step::User(user, line) => {
                    totals.users += 1;
                    bytes += user.bytes.len() as u64;
                    for (rule, path) in &user.warnings {
                        let finding = lint::finding(line, *rule, user, rule.advice());
                        findings.warn(finding.column(path))?;
                    }
                    if let Some(finding) = survey.observe(user, line) {
                        findings.warn(finding)?;
                    }
                }
            }
            unseen.strike(&pass);
        }
        if totals.rows == 0 {
            return Err(no_record(&work.input));
        }
        unseen.report(&mut findings)?;
        let fingerprint = pass.fingerprint();
        drop(pass);
        let suspects = survey.suspects();
        let records = reread(&work, &suspects)?;
        let verdict = lint::judge(&suspects, &records, work.conversion.duplicates);
        let excluded: HashSet<u64> = verdict.rejected.iter().map(|finding| finding.line).collect();
        for finding in verdict.rejected {
            findings.reject(finding)?;
            totals.users -= 1;
        }
        for finding in verdict.warnings {
            findings.warn(finding)?;
        }
        findings.close(&mut totals)?;
        let limits = work.conversion.limits;
        let by_count = totals.users.div_ceil(limits.operations as u64);
        totals.calls = by_count.max(bytes.div_ceil(limits.bytes as u64).min(totals.users));
        Ok(Checked { work, totals, excluded: Arc::new(excluded), fingerprint })
    }
}

/// A source that was read whole: what would be sent is known.
#[derive(Debug)]
pub struct Checked {
    work: Arc<Work>,
    totals: Totals,
    /// Lines of records that are sound by themselves but not beside the others.
    excluded: Arc<HashSet<u64>>,
    fingerprint: u128,
}

impl Checked {
    /// The counts.
    pub fn totals(&self) -> Totals {
        self.totals
    }

    /// Begins the second pass.
    ///
    /// # Errors
    /// What opening the source again gives.
    pub fn batches(&self) -> Result<Batches, Error> {
        Ok(Batches {
            pass: Pass::open(Arc::clone(&self.work))?,
            builder: BatchBuilder::new(self.work.conversion.limits),
            excluded: Arc::clone(&self.excluded),
            fingerprint: self.fingerprint,
            done: false,
        })
    }
}

/// The batches of all users that passed the check, in order. After an error there are no more.
#[derive(Debug)]
pub struct Batches {
    pass: Pass,
    builder: BatchBuilder,
    excluded: Arc<HashSet<u64>>,
    fingerprint: u128,
    done: bool,
}

impl Batches {
    fn step(&mut self) -> Result<Option<Batch>, Error> {
        while let Some(step) = self.pass.next()? {
            let Step::User(user, line) = step else { continue };
            if self.excluded.contains(&line) {
                continue;
            }
            let full = self.builder.is_full_for(user).then(|| self.builder.take()).flatten();
            self.builder.push(user, line);
            if full.is_some() {
                return Ok(full);
            }
        }
        self.done = true;
        if self.pass.fingerprint() != self.fingerprint {
            return Err(Error::new(
                ErrorKind::SourceChanged,
                "The source was changed while it was being read.",
                "Let the export finish first, then run again.",
            ));
        }
        Ok(self.builder.take())
    }
}

impl Iterator for Batches {
    type Item = Result<Batch, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let batch = self.step();
        self.done |= batch.is_err();
        batch.transpose()
    }
}

/// The columns of a conversion's source: of its header, or of its first record.
///
/// # Errors
/// What opening and reading the source give; `SourceEmpty` for JSON without a record.
pub fn columns(conversion: &Conversion) -> Result<Vec<String>, Error> {
    let Some(path) = &conversion.path else { return Err(no_source()) };
    let input = Input::open(path)?;
    let (mut reader, _) = open(conversion, &input, &[])?;
    if !reader.columns().complete() && reader.next(&mut Record::default())?.is_none() {
        return Err(no_record(&input));
    }
    Ok(reader.columns().names().to_vec())
}

fn no_source() -> Error {
    Error::new(ErrorKind::ConfigInvalid, "The conversion names no source.", "Give source.path.")
}

fn no_record(input: &Input) -> Error {
    Error::new(
        ErrorKind::SourceEmpty,
        format!("{} holds no record.", input.name()),
        "Check the export; an empty source changes nobody.",
    )
}

fn read_mapping(conversion: &Conversion, input: &Input) -> Result<Mapping, Error> {
    let options = &conversion.mapping_options;
    let json = match &conversion.mapping {
        MappingSource::ByColumnNames => return Mapping::by_column_names(options),
        MappingSource::Inline(json) => json.clone().into_bytes(),
        MappingSource::File(path) => std::fs::read(path).map_err(|error| {
            Error::new(
                ErrorKind::MappingInvalid,
                format!("The mapping {} cannot be read: {error}.", path.display()),
                "Check the path and its permissions.",
            )
        })?,
    };
    Mapping::parse(&json, options).map_err(|error| {
        // With a header at hand, what it lacks is told in the same breath.
        match open(conversion, input, &[]) {
            Ok((reader, _)) if reader.columns().complete() => {
                Mapping::parse_for(&json, options, reader.columns()).err().unwrap_or(error)
            }
            _ => error,
        }
    })
}

/// Opens the input at its start.
fn open(
    conversion: &Conversion,
    input: &Input,
    wanted: &[String],
) -> Result<(Reader, Fingerprint), Error> {
    let (bytes, fingerprint) = input.rewind()?;
    Ok((Reader::open(bytes, &input.options(&conversion.source), wanted)?, fingerprint))
}

/// Reads the suspects' records again, as far as the last of them.
fn reread(work: &Arc<Work>, suspects: &BTreeMap<u64, Vec<Suspect>>) -> Result<Vec<Reread>, Error> {
    let mut records = Vec::with_capacity(suspects.len());
    if suspects.is_empty() {
        return Ok(records);
    }
    let mut pass = Pass::open(Arc::clone(work))?;
    while records.len() < suspects.len()
        && let Some(step) = pass.next()?
    {
        if let Step::User(user, line) = step
            && suspects.contains_key(&line)
        {
            records.push(Reread {
                line,
                external_id: user.external_id.clone(),
                user_name: user.user_name.clone(),
                manager: user.manager.clone(),
            });
        }
    }
    Ok(records)
}

/// Counts findings, reports them and fills the rejects file.
struct Findings<'a, 'r> {
    report: &'a mut Report<'r>,
    rejects: Option<RejectsWriter<BufWriter<File>>>,
    rejected: u64,
    warnings: u64,
}

impl<'a, 'r> Findings<'a, 'r> {
    fn open(conversion: &Conversion, report: &'a mut Report<'r>) -> Result<Self, Error> {
        let rejects = match &conversion.rejects_path {
            Some(path) => {
                let file = File::create(path).map_err(output_failed)?;
                Some(RejectsWriter::new(BufWriter::new(file)).map_err(output_failed)?)
            }
            None => None,
        };
        Ok(Findings { report, rejects, rejected: 0, warnings: 0 })
    }

    fn reject(&mut self, finding: Finding) -> Result<(), Error> {
        self.rejected += 1;
        if let Some(rejects) = &mut self.rejects {
            rejects.write(&finding).map_err(output_failed)?;
        }
        (self.report)(Severity::Error, finding)
    }

    fn warn(&mut self, finding: Finding) -> Result<(), Error> {
        self.warnings += 1;
        (self.report)(Severity::Warning, finding)
    }

    fn close(mut self, totals: &mut Totals) -> Result<(), Error> {
        if let Some(rejects) = &mut self.rejects {
            rejects.flush().map_err(output_failed)?;
        }
        totals.rejected = self.rejected;
        totals.warnings = self.warnings;
        Ok(())
    }
}

fn output_failed(error: std::io::Error) -> Error {
    Error::new(
        ErrorKind::OutputFailed,
        format!("The rejects file cannot be written: {error}."),
        "Check its folder, its permissions and the space left.",
    )
}

/// Columns that the mapping names and no record of a source without a header has shown.
struct UnseenColumns(Vec<(usize, String)>);

impl UnseenColumns {
    fn new(work: &Work, pass: &Pass) -> Self {
        let columns = pass.columns();
        let given = work.conversion.mapping != MappingSource::ByColumnNames;
        if columns.complete() || !given || pass.facts().format == Format::Bulk {
            return UnseenColumns(Vec::new());
        }
        let named = work.mapping.columns().into_iter();
        UnseenColumns(named.filter_map(|name| Some((columns.find(&name)?, name))).collect())
    }

    fn strike(&mut self, pass: &Pass) {
        let kinds = &pass.record().kinds;
        self.0.retain(|(at, _)| kinds.get(*at).is_none_or(|kind| *kind == CellKind::Absent));
    }

    fn report(self, findings: &mut Findings<'_, '_>) -> Result<(), Error> {
        for (_, name) in self.0 {
            let message = format!("No record has a field \"{name}\", which the mapping names.");
            findings.warn(Finding::new(0, Rule::ColumnAbsent, message).column(name))?;
        }
        Ok(())
    }
}
