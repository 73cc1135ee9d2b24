//! The check pass: every record is looked at, by itself and beside the others, before anything is sent.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use super::findings::{Findings, GuessedEncoding, UnseenColumns};
use super::pass::{Pass, Step, Work};
use super::{Checked, Prepared, sentences};
use crate::error::{Error, Severity};
use crate::finding::{Finding, Rule};
use crate::lint::{self, Reread, Survey, Suspect};
use crate::scim::User;
use crate::scim::bulk::BatchLimits;
use crate::source::Format;

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

/// For a record that is left out: with a finding it is rejected, without one out of scope.
impl From<Option<&Finding>> for LeftOut {
    fn from(why: Option<&Finding>) -> Self {
        why.map_or(LeftOut::OutOfScope, |finding| LeftOut::Rejected(finding.rule))
    }
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

impl Prepared {
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
        let mut check = Check::begin(&work, &pass, report)?;
        while let Some(step) = pass.next()? {
            check.take(step, visitor)?;
            check.look_at_source(&pass)?;
        }
        if check.totals.rows == 0 {
            return Err(sentences::no_record(work.input.name()));
        }
        if check.totals.users > 0 {
            check.unseen.report(&mut check.findings)?;
        }
        if check.last_is_rejected
            && pass.facts().format == Format::Csv
            && !work.input.ends_a_line()?
        {
            // Cut in the midst of a record, it says nothing of those that would have followed.
            check.unidentified += 1;
        }
        let (fingerprint, columns) = (pass.fingerprint(), pass.columns().clone());
        check.judge(&work, visitor)?;
        let Check { findings, mut totals, unseen, unidentified, bytes, .. } = check;
        findings.close(&mut totals)?;
        totals.calls = calls(totals.users, bytes, work.conversion.limits);
        let unseen = unseen.names();
        Ok(Checked { work, totals, fingerprint, columns, unseen, unidentified })
    }
}

/// A check in progress.
struct Check<'a, 'r> {
    findings: Findings<'a, 'r>,
    totals: Totals,
    survey: Survey,
    unseen: UnseenColumns,
    guessed: GuessedEncoding,
    /// What the users take.
    bytes: u64,
    unidentified: u64,
    last_is_rejected: bool,
}

impl<'a, 'r> Check<'a, 'r> {
    fn begin(work: &Work, pass: &Pass, report: &'a mut Report<'r>) -> Result<Self, Error> {
        let mut findings = Findings::open(&work.conversion, report)?;
        for problem in work.mapping.warnings() {
            let finding = Finding::new(0, Rule::Mapping, problem.to_string());
            findings.warn(finding.column(&problem.path))?;
        }
        Ok(Check {
            findings,
            totals: Totals::default(),
            survey: Survey::default(),
            unseen: UnseenColumns::new(work, pass),
            guessed: GuessedEncoding::new(pass),
            bytes: 0,
            unidentified: 0,
            last_is_rejected: false,
        })
    }

    /// Takes what the next record came to.
    fn take(&mut self, step: Step<'_>, visitor: &mut impl Visitor) -> Result<(), Error> {
        self.totals.rows += 1;
        let row = self.totals.rows;
        self.last_is_rejected = matches!(step, Step::LeftOut { why: Some(_), .. });
        match step {
            Step::LeftOut { external_id, line, why } => {
                self.unidentified += u64::from(external_id.is_empty());
                visitor.left_out(external_id, Place { row, line }, why.as_ref().into())?;
                match why {
                    Some(finding) => {
                        self.survey.observe_rejected(external_id, row);
                        self.findings.reject(finding)?;
                    }
                    None => self.totals.out_of_scope += 1,
                }
                Ok(())
            }
            Step::User(user, line) => {
                self.totals.users += 1;
                self.bytes += user.bytes.len() as u64;
                for (rule, path) in &user.warnings {
                    let finding = lint::finding(line, *rule, user, rule.advice());
                    self.findings.warn(finding.column(path))?;
                }
                if let Some(finding) = self.survey.observe(user, row, line) {
                    self.findings.warn(finding)?;
                }
                visitor.user(user, Place { row, line })
            }
        }
    }

    /// What the record read last says of the source itself.
    fn look_at_source(&mut self, pass: &Pass) -> Result<(), Error> {
        self.unseen.strike(pass);
        match self.guessed.look(pass) {
            Some(finding) => self.findings.warn(finding),
            None => Ok(()),
        }
    }

    /// Judges the records beside each other.
    fn judge(&mut self, work: &Arc<Work>, visitor: &mut impl Visitor) -> Result<(), Error> {
        let suspects = std::mem::take(&mut self.survey).suspects();
        let records = reread(work, &suspects)?;
        let verdict = lint::judge(&suspects, &records, work.conversion.duplicates);
        for (row, finding) in verdict.rejected {
            if let Ok(at) = records.binary_search_by_key(&row, |record| record.row) {
                let place = Place { row, line: finding.line };
                let why = LeftOut::Rejected(finding.rule);
                visitor.left_out(&records[at].external_id, place, why)?;
            }
            self.findings.reject(finding)?;
            self.totals.users -= 1;
        }
        for finding in verdict.warnings {
            self.findings.warn(finding)?;
        }
        Ok(())
    }
}

/// How many calls send so many users of so many bytes.
fn calls(users: u64, bytes: u64, limits: BatchLimits) -> u64 {
    let by_count = users.div_ceil(limits.operations as u64);
    by_count.max(bytes.div_ceil(limits.bytes as u64).min(users))
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
