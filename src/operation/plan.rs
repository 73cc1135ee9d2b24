//! The operations on plans.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::arguments::{Listing, parse};
use super::sentences;
use crate::client::{Client, Workspace};
use crate::convert::{CheckFinding, Gathered};
use crate::error::Error;
use crate::plan::{self, PlanArguments, PlanDocument, PlanSettings};
use crate::report::preview::{self, PreviewFormat, PreviewRows};
use crate::store::Plan;

/// A plan that was just made, and what was found on the way.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Created {
    /// The plan.
    #[serde(flatten)]
    pub plan: PlanDocument,
    /// What should be known of the state, in sentences.
    pub notes: Vec<String>,
    /// The first findings.
    pub findings: Vec<CheckFinding>,
    /// How many more there are.
    pub findings_omitted: u64,
}

/// Plans, the newest first.
#[derive(Debug, Serialize)]
pub struct Plans {
    /// Each of them.
    pub plans: Vec<PlanDocument>,
}

/// `plan.create`: makes a plan of a source and stores it. Blocks.
///
/// # Errors
/// `ConfigInvalid`; what [`plan::open`] and [`plan::create`] give; `OutputFailed` for the preview.
pub fn create(client: &Client, arguments: &[u8]) -> Result<Created, Error> {
    let arguments = PlanArguments::parse(arguments)?;
    let workspace = client.workspace()?;
    arguments.fit(workspace.kept)?;
    let source = plan::open(client.config().limits.batch, &arguments, None)?;
    let mut gathered = Gathered::default();
    let preview_path = arguments.preview_path.clone();
    let desk = workspace.desk(client);
    let made = plan::create(&desk, arguments, source, &mut |severity, finding| {
        gathered.add(severity, finding);
        Ok(())
    })?;
    if let Some(path) = &preview_path {
        let (rows, format) = (PreviewRows::Noteworthy, PreviewFormat::Csv { bom: false });
        preview::write_preview(&*workspace.store, &made.plan, rows, format, path)?;
    }
    let (plan, notes) = (PlanDocument::of(&made.plan)?, workspace.notes);
    let Gathered { findings, omitted: findings_omitted } = gathered;
    Ok(Created { plan, notes, findings, findings_omitted })
}

/// `plan.undo`: the inverse plan of a run. Blocks.
///
/// # Errors
/// `ConfigInvalid`; what [`plan::undo`] gives.
pub fn undo(client: &Client, arguments: &[u8]) -> Result<PlanDocument, Error> {
    let (run, settings) = PlanSettings::parse_undo(arguments)?;
    let workspace = client.kept()?;
    PlanDocument::of(&plan::undo(&workspace.desk(client), &run, settings)?)
}

/// `plan.show`: a stored plan, or the newest.
///
/// # Errors
/// `ConfigInvalid`; `NotFound`; what the store gives.
pub fn show(client: &Client, arguments: &[u8]) -> Result<PlanDocument, Error> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Arguments {
        plan: Option<String>,
    }
    let arguments: Arguments = parse(arguments)?;
    PlanDocument::of(&find(&client.kept()?, arguments.plan)?)
}

/// `plan.list`: the target's plans.
///
/// # Errors
/// `ConfigInvalid`; what the store gives.
pub fn list(client: &Client, arguments: &[u8]) -> Result<Plans, Error> {
    let limit = parse::<Listing>(arguments)?.limit();
    let Workspace { store, target, .. } = client.kept()?;
    let plans = store.plans(Some(target.id), limit)?;
    Ok(Plans { plans: plans.iter().map(PlanDocument::of).collect::<Result<_, _>>()? })
}

/// A preview that was written, or is here as text.
#[derive(Debug, Serialize)]
pub struct Preview {
    /// Its plan.
    pub plan: String,
    /// Its rows.
    pub rows: u64,
    /// The whole preview, unless a file was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<PathBuf>,
}

/// `plan.preview`: one row for every user and action of a stored plan, or of the newest. Blocks.
///
/// # Errors
/// `ConfigInvalid`; `NotFound`; what [`preview::write_preview`] gives.
pub fn preview(client: &Client, arguments: &[u8]) -> Result<Preview, Error> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields, rename_all = "camelCase")]
    struct Arguments {
        plan: Option<String>,
        #[serde(default)]
        format: Format,
        #[serde(default)]
        rows: Rows,
        #[serde(default)]
        bom: bool,
        path: Option<PathBuf>,
    }
    #[derive(Deserialize, Default)]
    #[serde(rename_all = "camelCase")]
    enum Format {
        #[default]
        Csv,
        Jsonl,
    }
    #[derive(Deserialize, Default)]
    #[serde(rename_all = "camelCase")]
    enum Rows {
        #[default]
        Changed,
        All,
    }
    let arguments: Arguments = parse(arguments)?;
    let format = match arguments.format {
        Format::Csv => PreviewFormat::Csv { bom: arguments.bom },
        Format::Jsonl => PreviewFormat::JsonLines,
    };
    let wanted = match arguments.rows {
        Rows::Changed => PreviewRows::Noteworthy,
        Rows::All => PreviewRows::All,
    };
    let workspace = client.kept()?;
    let (found, store) = (find(&workspace, arguments.plan)?, &workspace.store);
    let Some(path) = arguments.path else {
        let mut text = Vec::new();
        let rows = preview::preview(&**store, &found, wanted, format, &mut text)?;
        let text = String::from_utf8(text).map_err(|error| Error::internal(error.to_string()))?;
        return Ok(Preview { plan: found.id, rows, text: Some(text), path: None });
    };
    let rows = preview::write_preview(&*workspace.store, &found, wanted, format, &path)?;
    Ok(Preview { plan: found.id, rows, text: None, path: Some(path) })
}

/// The plan of that id, or the target's newest.
fn find(workspace: &Workspace, id: Option<String>) -> Result<Plan, Error> {
    let Workspace { store, target, .. } = workspace;
    let Some(id) = id else {
        return store.plans(Some(target.id), 1)?.pop().ok_or_else(sentences::no_plan_yet);
    };
    store.plan(&id)
}
