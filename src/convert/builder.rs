//! Payloads without a network: records or a file in, request bodies out.

use serde::Serialize;

use crate::convert::Conversion;
use crate::convert::{Batches, Checked, Prepared, Spool, Totals};
use crate::error::{Error, ErrorKind, Severity};
use crate::finding::Finding;
use crate::source::SourceFacts;

/// The most findings a check's summary repeats; the rejects file has no limit.
pub const MAX_FINDINGS: usize = 10_000;

/// What a check found, as `docs/documents.md` shows it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CheckSummary {
    /// The counts.
    #[serde(flatten)]
    pub totals: Totals,
    /// The source.
    pub source: SourceFacts,
    /// The first [`MAX_FINDINGS`] findings: rejected records first by themselves, then beside others.
    pub findings: Vec<CheckFinding>,
    /// How many more there are.
    pub findings_omitted: u64,
}

/// A finding and whether it rejects its record.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CheckFinding {
    /// `rejected` or `warning`.
    pub severity: &'static str,
    /// What is said.
    #[serde(flatten)]
    pub finding: Finding,
}

/// Runs the check pass of a conversion and gathers what it finds.
///
/// # Errors
/// What [`Prepared::open`] and [`Prepared::check`] give.
pub fn check(
    conversion: Conversion,
    pushed: Option<Spool>,
) -> Result<(CheckSummary, Checked), Error> {
    let prepared = Prepared::open(conversion, pushed)?;
    let source = prepared.facts().clone();
    let mut gathered = Gathered::default();
    let checked = prepared.check(&mut |severity, finding| {
        gathered.add(severity, finding);
        Ok(())
    })?;
    let Gathered { findings, omitted: findings_omitted } = gathered;
    let totals = checked.totals();
    Ok((CheckSummary { totals, source, findings, findings_omitted }, checked))
}

/// The first [`MAX_FINDINGS`] findings, and how many more there are.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    pub(crate) findings: Vec<CheckFinding>,
    pub(crate) omitted: u64,
}

impl Gathered {
    /// Takes one more.
    pub(crate) fn add(&mut self, severity: Severity, finding: Finding) {
        let severity = match severity {
            Severity::Error => "rejected",
            Severity::Warning => "warning",
        };
        if self.findings.len() < MAX_FINDINGS {
            self.findings.push(CheckFinding { severity, finding });
        } else {
            self.omitted += 1;
        }
    }
}

/// Builds request bodies: push records (unless the conversion names a file), finish, take batches.
///
/// Same records and same conversion give the same bytes, whoever asks. Not shared between threads.
#[derive(Debug)]
pub struct Builder {
    conversion: Conversion,
    state: State,
}

#[derive(Debug)]
enum State {
    Filling(Option<Spool>),
    Emptying(Box<Batches>),
    Failed,
}

impl Builder {
    /// A builder for a conversion (`docs/documents.md`).
    ///
    /// # Errors
    /// `ConfigInvalid`; `OutputFailed` where no temporary file can be made.
    pub fn new(conversion: &[u8]) -> Result<Self, Error> {
        Self::from_conversion(Conversion::parse(conversion)?)
    }

    /// A builder for a validated conversion.
    ///
    /// # Errors
    /// `OutputFailed` where no temporary file can be made.
    pub fn from_conversion(conversion: Conversion) -> Result<Self, Error> {
        let spool = if conversion.is_pushed() { Some(Spool::new()?) } else { None };
        Ok(Builder { conversion, state: State::Filling(spool) })
    }

    /// Adds a record: one JSON object of column names and values.
    ///
    /// # Errors
    /// `InvalidArgument` where it is no JSON object, and nothing is added; `InvalidState` after
    /// [`Self::finish`] or where the conversion names a file.
    pub fn push(&mut self, record: &[u8]) -> Result<(), Error> {
        match &mut self.state {
            State::Filling(Some(spool)) => spool.push(record),
            State::Filling(None) => Err(Error::new(
                ErrorKind::InvalidState,
                "The conversion names a file, so no record can be pushed.",
                "Leave source.path out of the conversion to push records.",
            )),
            _ => Err(already_finished()),
        }
    }

    /// No more records: checks everything and says what was found.
    ///
    /// # Errors
    /// `InvalidState` the second time; otherwise what [`Prepared::open`] and [`Prepared::check`] give.
    pub fn finish(&mut self) -> Result<CheckSummary, Error> {
        let State::Filling(spool) = &mut self.state else { return Err(already_finished()) };
        let spool = spool.take();
        self.state = State::Failed;
        let (summary, checked) = check(self.conversion.clone(), spool)?;
        self.state = State::Emptying(Box::new(checked.batches()?));
        Ok(summary)
    }

    /// The next request body, UTF-8 JSON; `None` after the last.
    ///
    /// # Errors
    /// `InvalidState` before [`Self::finish`] or after an error; otherwise what reading gives.
    pub fn next_body(&mut self) -> Result<Option<bytes::Bytes>, Error> {
        let State::Emptying(batches) = &mut self.state else {
            return Err(Error::new(
                ErrorKind::InvalidState,
                "There are no batches to take before the records are finished.",
                "Finish the builder first.",
            ));
        };
        match batches.next().transpose() {
            Ok(batch) => Ok(batch.map(|batch| batch.body)),
            Err(error) => {
                self.state = State::Failed;
                Err(error)
            }
        }
    }
}

fn already_finished() -> Error {
    Error::new(
        ErrorKind::InvalidState,
        "The builder is finished already.",
        "Make a new one for further records.",
    )
}
