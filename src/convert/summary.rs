//! What a check of a whole source says.

use serde::Serialize;

use super::{Checked, Conversion, Prepared, Spool, Totals};
use crate::error::{Error, Severity};
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
