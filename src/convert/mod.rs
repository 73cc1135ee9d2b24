//! Source, mapping and lint joined: first a check pass over everything, then the batches.
//!
//! The source is read twice. The check pass reports every finding before anything is sent; the
//! second pass renders the users that passed, a batch at a time, so that memory does not grow with
//! the file. Both read one open file, and the second fails if its bytes are no longer those checked.

mod complete;
mod findings;
mod input;
mod pass;
pub mod rejects;
mod rendered;
pub mod settings;
mod spool;
mod summary;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use xxhash_rust::xxh3::Xxh3;

use crate::error::{Error, ErrorKind, Severity};
use crate::finding::{Finding, Rule};
use crate::lint::{self, Reread, Survey, Suspect};
use crate::mapping::{Mapping, MappingOptions};
use crate::scim::User;
use crate::scim::bulk::BatchLimits;
use crate::source::{Columns, Format, Reader, Record, SourceFacts};

pub use complete::CompleteSource;
use findings::{Findings, GuessedEncoding, UnseenColumns};
use input::{Fingerprint, Input};
use pass::{Pass, Step};
pub use rendered::Rendered;
pub use settings::{Conversion, MappingSource};
pub use spool::Spool;
pub(crate) use summary::Gathered;
pub use summary::{CheckFinding, CheckSummary, MAX_FINDINGS, check};

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

/// Looks at every record of the check pass as it goes by. An error ends the check and comes back
/// unchanged.
pub trait Visitor {
    /// A user, sound by itself. It may be left out later, once the whole source is known.
    fn user(&mut self, user: &User, place: Place) -> Result<(), Error>;

    /// The record there is not sent. `external_id` is whole, or empty where it is not known.
    fn left_out(&mut self, external_id: &str, place: Place, why: LeftOut) -> Result<(), Error>;
}

/// Where a record stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Its number among the rows, from 1; the way to tell records apart.
    pub row: u64,
    /// The line on which it begins; JSON may have many records on one.
    pub line: u64,
}

/// Why a record is not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeftOut {
    /// The mapping's scope leaves it out.
    OutOfScope,
    /// A rule rejects it.
    Rejected(Rule),
}

/// Looks at nothing.
impl Visitor for () {
    fn user(&mut self, _: &User, _: Place) -> Result<(), Error> {
        Ok(())
    }

    fn left_out(&mut self, _: &str, _: Place, _: LeftOut) -> Result<(), Error> {
        Ok(())
    }
}

/// What both passes need.
#[derive(Debug)]
struct Work {
    conversion: Conversion,
    mapping: Mapping,
    mapping_hash: u128,
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
        let (mapping, mapping_hash) = read_mapping(&conversion, &input)?;
        let work = Arc::new(Work { conversion, mapping, mapping_hash, input });
        let pass = Pass::open(Arc::clone(&work))?;
        let maps = work.conversion.mapping != MappingSource::ByColumnNames
            || work.conversion.mapping_options != MappingOptions::default();
        if pass.facts().format == Format::Bulk && maps {
            return Err(Error::new(
                ErrorKind::ConfigInvalid,
                "The source holds finished users (BulkRequest), which no mapping applies to.",
                "Leave mapping, scimSchemaNamespace and userName out.",
            ));
        }
        Ok(Prepared { work, pass })
    }

    /// How large a batch may grow.
    pub fn limits(&self) -> BatchLimits {
        self.work.conversion.limits
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
        self.check_with(report, &mut ())
    }

    /// As [`Self::check`], with somebody who looks on.
    ///
    /// # Errors
    /// Those of [`Self::check`], and the visitor's.
    pub fn check_with(
        self,
        report: &mut Report<'_>,
        visitor: &mut impl Visitor,
    ) -> Result<Checked, Error> {
        let Prepared { work, mut pass } = self;
        let mut findings = Findings::open(&work.conversion, report)?;
        for problem in work.mapping.warnings() {
            let finding = Finding::new(0, Rule::Mapping, problem.to_string());
            findings.warn(finding.column(&problem.path))?;
        }
        let mut totals = Totals::default();
        let mut survey = Survey::default();
        let mut bytes = 0_u64;
        let (mut unidentified, mut last_is_rejected) = (0, false);
        let mut unseen = UnseenColumns::new(&work, &pass);
        let mut guessed = GuessedEncoding::new(&pass);
        while let Some(step) = pass.next()? {
            totals.rows += 1;
            let row = totals.rows;
            last_is_rejected = matches!(step, Step::LeftOut { why: Some(_), .. });
            match step {
                Step::LeftOut { external_id, line, why } => {
                    unidentified += u64::from(external_id.is_empty());
                    visitor.left_out(external_id, Place { row, line }, why.as_ref().into())?;
                    match why {
                        Some(finding) => {
                            survey.observe_rejected(external_id, row);
                            findings.reject(finding)?;
                        }
                        None => totals.out_of_scope += 1,
                    }
                }
                Step::User(user, line) => {
                    totals.users += 1;
                    bytes += user.bytes.len() as u64;
                    for (rule, path) in &user.warnings {
                        let finding = lint::finding(line, *rule, user, rule.advice());
                        findings.warn(finding.column(path))?;
                    }
                    if let Some(finding) = survey.observe(user, row, line) {
                        findings.warn(finding)?;
                    }
                    visitor.user(user, Place { row, line })?;
                }
            }
            unseen.strike(&pass);
            if let Some(finding) = guessed.look(&pass) {
                findings.warn(finding)?;
            }
        }
        if totals.rows == 0 {
            return Err(no_record(&work.input));
        }
        if totals.users > 0 {
            unseen.report(&mut findings)?;
        }
        if last_is_rejected && pass.facts().format == Format::Csv && !work.input.ends_a_line()? {
            // Cut in the midst of a record, it says nothing of those that would have followed.
            unidentified += 1;
        }
        let fingerprint = pass.fingerprint();
        let columns = pass.columns().clone();
        drop(pass);
        let suspects = survey.suspects();
        let records = reread(&work, &suspects)?;
        let verdict = lint::judge(&suspects, &records, work.conversion.duplicates);
        for (row, finding) in verdict.rejected {
            if let Ok(at) = records.binary_search_by_key(&row, |record| record.row) {
                let place = Place { row, line: finding.line };
                let why = LeftOut::Rejected(finding.rule);
                visitor.left_out(&records[at].external_id, place, why)?;
            }
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
        Ok(Checked { work, totals, fingerprint, columns, unseen: unseen.names(), unidentified })
    }
}

/// For a record that is left out: with a finding it is rejected, without one out of scope.
impl From<Option<&Finding>> for LeftOut {
    fn from(why: Option<&Finding>) -> Self {
        why.map_or(LeftOut::OutOfScope, |finding| LeftOut::Rejected(finding.rule))
    }
}

/// A source that was read whole: what would be sent is known.
#[derive(Debug)]
pub struct Checked {
    work: Arc<Work>,
    totals: Totals,
    fingerprint: u128,
    columns: Columns,
    /// Columns that the mapping names and no record has.
    unseen: Vec<String>,
    /// Records left out whose externalId is not known, and one more for a source that was cut.
    unidentified: u64,
}

impl Checked {
    /// The counts.
    pub fn totals(&self) -> Totals {
        self.totals
    }

    /// The hash of the source's bytes, XXH3-128.
    pub fn input_hash(&self) -> u128 {
        self.fingerprint
    }

    /// The hash of the mapping's text and of the options that change what it gives.
    pub fn mapping_hash(&self) -> u128 {
        self.work.mapping_hash
    }

    /// Whether the source has a column of that name; for JSON, whether any record has.
    pub fn has_column(&self, name: &str) -> bool {
        self.columns.find(name).is_some()
            && !self.unseen.iter().any(|unseen| unseen.to_lowercase() == name.to_lowercase())
    }

    /// Reads the bytes once more: are they those that were checked?
    ///
    /// # Errors
    /// `SourceUnreadable`; `SourceChanged`.
    pub fn still_the_same(&self) -> Result<(), Error> {
        if self.work.input.hash()? == self.fingerprint { Ok(()) } else { Err(source_changed()) }
    }

    /// SHA-256 of the source's bytes, in lower case hexadecimal. Reads them once more.
    ///
    /// # Errors
    /// `SourceUnreadable`; `SourceChanged` where these are no longer the bytes that were checked.
    pub fn sha256(&self) -> Result<String, Error> {
        let (digest, fingerprint) = self.work.input.sha256()?;
        if fingerprint == self.fingerprint { Ok(digest) } else { Err(source_changed()) }
    }

    /// Adds records that were rejected after the check to the rejects file of the conversion.
    ///
    /// # Errors
    /// `OutputFailed`.
    pub fn add_rejects(&self, findings: &[Finding]) -> Result<(), Error> {
        findings::add(&self.work.conversion, findings)
    }

    /// The same source once more, at its first record.
    ///
    /// # Errors
    /// What opening it again gives.
    pub fn again(&self) -> Result<Prepared, Error> {
        let work = Arc::clone(&self.work);
        Ok(Prepared { pass: Pass::open(Arc::clone(&work))?, work })
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
    if reader.facts().format == Format::Bulk {
        return Err(Error::new(
            ErrorKind::ConfigInvalid,
            format!("{} holds finished users (BulkRequest), which need no mapping.", input.name()),
            "Convert or upload it as it is.",
        ));
    }
    if !reader.columns().complete() && reader.next(&mut Record::default())?.is_none() {
        return Err(no_record(&input));
    }
    Ok(reader.columns().names().to_vec())
}

/// The hashes of a conversion's source and mapping as they are now, as [`Checked::input_hash`] and
/// [`Checked::mapping_hash`] give them.
///
/// # Errors
/// What opening the source and reading the mapping give.
pub fn hashes(conversion: &Conversion) -> Result<(u128, u128), Error> {
    let Some(path) = &conversion.path else { return Err(no_source()) };
    let input = Input::open(path)?;
    Ok((input.hash()?, read_mapping(conversion, &input)?.1))
}

fn source_changed() -> Error {
    Error::new(
        ErrorKind::SourceChanged,
        "The source was changed while it was being read.",
        "Let the export finish first, then run again.",
    )
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
        MappingSource::File(path) => std::fs::read(path).map_err(|error| {
            Error::new(
                ErrorKind::MappingInvalid,
                format!("The mapping {} cannot be read: {error}.", path.display()),
                "Check the path and its permissions.",
            )
        })?,
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
    let mut row = 0;
    while records.len() < suspects.len()
        && let Some(step) = pass.next()?
    {
        row += 1;
        if !suspects.contains_key(&row) {
            continue;
        }
        records.push(match step {
            Step::User(user, line) => Reread {
                row,
                line,
                external_id: user.external_id.clone(),
                user_name: user.user_name.clone(),
                manager: user.manager.clone(),
                rejected: false,
            },
            Step::LeftOut { external_id, line, .. } => Reread {
                row,
                line,
                external_id: external_id.to_owned(),
                user_name: String::new(),
                manager: String::new(),
                rejected: true,
            },
        });
    }
    Ok(records)
}
