//! What a run is to do: the arguments of `entrabulk_run_start`.

use serde_json::Value;

use crate::document::read_document;
use crate::error::Error;
use crate::plan::{Consent, PlanArguments};

/// What to do, and how patiently.
#[derive(Debug, Clone)]
pub struct RunArguments {
    /// What to do.
    pub work: RunWork,
    /// Whether a spent quota, or another run's lease, is waited for.
    pub wait: bool,
}

/// What to do.
#[derive(Debug, Clone)]
pub enum RunWork {
    /// Send a source.
    Upload(Box<PlanArguments>),
    /// Make a plan of a source and send nothing.
    Plan(Box<PlanArguments>),
    /// Execute the stored plan of this id.
    Apply(String),
    /// Go on with the run of this id, or with whichever was interrupted.
    Resume(Option<String>),
}

impl RunArguments {
    /// Reads a run's arguments (`docs/documents.md`, "Run").
    ///
    /// # Errors
    /// `ConfigInvalid`, with every problem and its JSON path.
    pub fn parse(json: &[u8]) -> Result<Self, Error> {
        read_document("run arguments", json, |doc| {
            let wait = doc.flag("wait");
            let plan_only = doc.flag("planOnly");
            let rehearse = doc.flag("rehearse");
            let conversion = doc.value("conversion").is_some();
            let plan = doc.text("plan");
            let resume = match doc.value("resume") {
                Some(Value::Bool(true)) => Some(None),
                Some(_) => Some(doc.text("resume")),
                None => None,
            };
            let named = [conversion, plan.is_some(), resume.is_some()];
            if named.into_iter().filter(|given| *given).count() > 1 {
                doc.problem(
                    "conversion",
                    "cannot be combined with plan or resume; give one of the three",
                );
            }
            if plan_only == Some(true) && (plan.is_some() || resume.is_some()) {
                doc.problem("planOnly", "goes only with conversion; the plan is there already");
            }
            if rehearse == Some(true)
                && (plan.is_some() || resume.is_some() || plan_only == Some(true))
            {
                doc.problem("rehearse", "goes only with an upload");
            }
            let work = match (plan, resume) {
                (Some(plan), _) => RunWork::Apply(plan),
                (None, Some(run)) => RunWork::Resume(run),
                (None, None) => {
                    let mut arguments = Box::new(PlanArguments::read(doc)?);
                    if rehearse? {
                        arguments.settings.consent = Consent::Rehearsal;
                    }
                    if plan_only? { RunWork::Plan(arguments) } else { RunWork::Upload(arguments) }
                }
            };
            Some(RunArguments { work, wait: wait? })
        })
    }
}
