//! A source beside the baseline, to a stored plan.

use super::compare::Comparison;
use super::desk::Desk;
use super::document::Origin;
use super::warnings::Warnings;
use super::write::{Frame, write};
use super::{guards, names, sentences};
use crate::convert::{Checked, Prepared, Report, Spool};
use crate::error::{Error, ErrorKind, Severity};
use crate::finding::{Finding, Rule};
use crate::plan::{Consent, PlanArguments, PlanSettings};
use crate::scim::bulk::BatchLimits;
use crate::store::{Counts, Keep, Plan};

/// A plan, and what it was made from.
#[derive(Debug)]
pub struct Made {
    /// The plan, stored.
    pub plan: Plan,
    /// What is to be said of the plan as a whole, in sentences.
    pub said: Vec<String>,
    /// The source.
    pub source: Checked,
    /// Why a guard refuses the source, where a rehearsal goes on all the same.
    pub refusal: Option<Error>,
}

/// Opens the source of a plan, with batches of at most `batch`.
///
/// # Errors
/// What opening the source and reading the mapping give.
pub fn open(
    batch: BatchLimits,
    arguments: &PlanArguments,
    pushed: Option<Spool>,
) -> Result<Prepared, Error> {
    let mut conversion = arguments.conversion.clone();
    let asked = conversion.limits;
    conversion.limits = BatchLimits {
        operations: asked.operations.min(batch.operations),
        bytes: asked.bytes.min(batch.bytes),
    };
    Prepared::open(conversion, pushed)
}

/// Reads the opened source once, compares every user with the baseline and stores what would be done about
/// it. Findings are reported as a check reports them. Blocks; any thread.
///
/// # Errors
/// What reading and mapping the source give; `SourceRefused` by a guard; `PlanStale` where another run
/// moved the baseline meanwhile; what the store gives. In each case there is no plan.
pub fn create(
    desk: &Desk<'_>,
    arguments: PlanArguments,
    prepared: Prepared,
    report: &mut Report<'_>,
) -> Result<Made, Error> {
    let PlanArguments { conversion, settings, .. } = arguments;
    let now = desk.clock.now();
    let batch = prepared.limits();
    let document = conversion.document.clone();
    let facts = serde_json::to_value(prepared.facts())
        .map_err(|_| Error::internal("The facts of a source cannot be written."))?;
    let store = desk.store;
    let mut comparison = Comparison::new(store, desk.target.id, &settings)?;
    let mut warnings = Warnings::default();
    let checked = {
        let mut listener = Listener { report, warnings: &mut warnings, managers: Vec::new() };
        let checked = prepared.check_with(
            &mut |severity, finding| listener.hear(severity, finding),
            &mut comparison,
        )?;
        listener.close(&comparison)?;
        checked
    };
    // Of a part nobody expects as many rows as of everybody.
    let last = if conversion.part { None } else { store.last_source(desk.target.id)? };
    let present = |id: &str| comparison.has_canary(id);
    let refusal = guards::check(&settings, &checked, last, &mut warnings, &present, desk.read_text);
    let refusal = match (refusal, &settings.consent) {
        (Err(refusal), Consent::Rehearsal) if refusal.kind == ErrorKind::SourceRefused => {
            warnings.say(sentences::would_stop(&refusal.message));
            Some(refusal)
        }
        (refusal, _) => refusal.map(|()| None)?,
    };
    let absent_disabled = match conversion.part {
        true => 0,
        false => absent(&mut comparison, &checked, &settings, &mut warnings)?,
    };
    if store.keep()? == Keep::Hashes && comparison.known.users() > 0 {
        warnings.say(sentences::HASHES_ONLY.into());
    }
    let Comparison { known, drafts, unchanged, out_of_scope, .. } = comparison;
    let (mut drafts, mut texts) = drafts.finish()?;
    let taken = names::settle(store, &known, &mut drafts, &mut texts)?;
    checked.add_rejects(&taken)?;
    for finding in taken {
        report(Severity::Error, finding)?;
    }
    let frame = Frame {
        id: desk.random.uuid_at(now),
        now,
        origin: Origin::Source { conversion: document, facts },
        missing: settings.missing,
        full: settings.full,
        part: conversion.part,
        input_hash: format!("{:032x}", checked.input_hash()),
        mapping_hash: format!("{:032x}", checked.mapping_hash()),
        rows: checked.totals().rows,
        unlisted: Counts { unchanged, out_of_scope, ..Counts::default() },
        absent_disabled,
        limits: settings.brakes,
        protected: settings.protected,
        batch,
        warnings,
    };
    let (plan, said) = write(desk, &known, &drafts, &mut texts, frame)?;
    Ok(Made { plan, said, source: checked, refusal })
}

/// Drafts the absent; says what was not done about them and why. Gives those disabled already.
fn absent(
    comparison: &mut Comparison<'_>,
    checked: &Checked,
    settings: &PlanSettings,
    warnings: &mut Warnings,
) -> Result<u64, Error> {
    let proof = checked.complete();
    let absent = comparison.draft_absent(proof.as_ref().ok(), settings.missing)?;
    if absent.unproven > 0 {
        let records = proof.err().unwrap_or_default();
        warnings.say(sentences::absence_unproven(absent.unproven, records));
    }
    if absent.not_kept > 0 {
        warnings.say(sentences::leavers_not_kept(absent.not_kept));
    }
    Ok(absent.disabled)
}

/// Passes findings on, and keeps those about managers.
struct Listener<'a, 'r> {
    report: &'a mut Report<'r>,
    warnings: &'a mut Warnings,
    /// Managers whom the source does not hold; the baseline may.
    managers: Vec<Finding>,
}

impl Listener<'_, '_> {
    fn hear(&mut self, severity: Severity, finding: Finding) -> Result<(), Error> {
        match finding.rule {
            Rule::ManagerUnknown => {
                self.managers.push(finding);
                return Ok(());
            }
            Rule::ManagerIsSelf => self.note(&finding),
            _ => {}
        }
        (self.report)(severity, finding)
    }

    fn note(&mut self, finding: &Finding) {
        let external_id = finding.external_id.as_deref().unwrap_or_default();
        self.warnings.note(|| sentences::of_user(external_id, &finding.message));
    }

    /// A manager that this job processed before is known to the service.
    fn close(mut self, comparison: &Comparison<'_>) -> Result<(), Error> {
        for finding in std::mem::take(&mut self.managers) {
            let manager = finding.value.as_deref().unwrap_or_default();
            if comparison.known.find(manager).is_none() {
                self.note(&finding);
                (self.report)(Severity::Warning, finding)?;
            }
        }
        Ok(())
    }
}
