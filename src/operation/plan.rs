//! The operations on plans.

use std::path::PathBuf;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Listing, parse, to_value};
use crate::client::{Client, Workspace};
use crate::convert::Gathered;
use crate::error::{Error, ErrorKind};
use crate::plan;
use crate::plan::{PlanArguments, PlanSettings};
use crate::report::preview::{self, PreviewFormat, PreviewRows};
use crate::store::Plan;

pub(super) fn create(client: &Client, arguments: &[u8]) -> Result<Value, Error> {
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
        let format = PreviewFormat::Csv { bom: false };
        preview::write_preview(
            &*workspace.store,
            &made.plan,
            PreviewRows::Noteworthy,
            format,
            path,
        )?;
    }
    let mut document = plan::document(&made.plan)?;
    document["notes"] = to_value(&workspace.notes)?;
    document["findings"] = to_value(gathered.findings)?;
    document["findingsOmitted"] = json!(gathered.omitted);
    Ok(document)
}

pub(super) fn undo(client: &Client, arguments: &[u8]) -> Result<Value, Error> {
    let (run, settings) = PlanSettings::parse_undo(arguments)?;
    let workspace = client.kept()?;
    plan::document(&plan::undo(&workspace.desk(client), &run, settings)?)
}

pub(super) fn show(client: &Client, arguments: &[u8]) -> Result<Value, Error> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Arguments {
        plan: Option<String>,
    }
    let arguments: Arguments = parse(arguments)?;
    plan::document(&find(&client.kept()?, arguments.plan)?)
}

pub(super) fn list(client: &Client, arguments: &[u8]) -> Result<Value, Error> {
    let limit = parse::<Listing>(arguments)?.limit();
    let Workspace { store, target, .. } = client.kept()?;
    let plans = store.plans(Some(target.id), limit)?;
    Ok(json!({"plans": plans.iter().map(plan::document).collect::<Result<Vec<_>, _>>()?}))
}

pub(super) fn preview(client: &Client, arguments: &[u8]) -> Result<Value, Error> {
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
        return Ok(json!({"plan": found.id, "rows": rows, "text": text}));
    };
    let rows = preview::write_preview(&*workspace.store, &found, wanted, format, &path)?;
    Ok(json!({"plan": found.id, "rows": rows, "path": path}))
}

/// The plan of that id, or the target's newest.
fn find(workspace: &Workspace, id: Option<String>) -> Result<Plan, Error> {
    let Workspace { store, target, .. } = workspace;
    let Some(id) = id else {
        return store.plans(Some(target.id), 1)?.pop().ok_or_else(|| {
            Error::new(ErrorKind::NotFound, "This target has no plan yet.", "Make one first.")
        });
    };
    store.plan(&id)
}
