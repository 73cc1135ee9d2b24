//! The operations on plans.

use std::io;
use std::path::PathBuf;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Listing, parse, to_value};
use crate::client::Client;
use crate::convert::builder::Gathered;
use crate::error::{Error, ErrorKind};
use crate::plan::{self, PreviewRows};
use crate::plan::{PlanArguments, PlanSettings};
use crate::report::preview::PreviewFormat;
use crate::scratch::WholeFile;
use crate::store::{Plan, Store};

pub(super) fn create(client: &Client, arguments: &[u8]) -> Result<Value, Error> {
    let arguments = PlanArguments::parse(arguments)?;
    let store = client.store()?;
    let mut gathered = Gathered::default();
    let (made, _) =
        plan::create(&client.desk(&*store)?, arguments, None, &mut |severity, finding| {
            gathered.add(severity, finding);
            Ok(())
        })?;
    let mut document = plan::document(&made)?;
    document["findings"] = to_value(gathered.findings)?;
    document["findingsOmitted"] = json!(gathered.omitted);
    Ok(document)
}

pub(super) fn undo(client: &Client, arguments: &[u8]) -> Result<Value, Error> {
    let (run, settings) = PlanSettings::parse_undo(arguments)?;
    let store = client.store()?;
    plan::document(&plan::undo(&client.desk(&*store)?, &run, settings)?)
}

pub(super) fn show(client: &Client, arguments: &[u8]) -> Result<Value, Error> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Arguments {
        plan: Option<String>,
    }
    let arguments: Arguments = parse(arguments)?;
    let store = client.store()?;
    plan::document(&find(client, &*store, arguments.plan)?)
}

pub(super) fn list(client: &Client, arguments: &[u8]) -> Result<Value, Error> {
    let limit = parse::<Listing>(arguments)?.limit();
    let store = client.store()?;
    let target = client.desk(&*store)?.target.id;
    let plans = store.plans(Some(target), limit)?;
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
    let store = client.store()?;
    let found = find(client, &*store, arguments.plan)?;
    let Some(path) = arguments.path else {
        let mut text = Vec::new();
        let rows = plan::preview(&*store, &found, wanted, format, &mut text)?;
        let text = String::from_utf8(text).map_err(|error| Error::internal(error.to_string()))?;
        return Ok(json!({"plan": found.id, "rows": rows, "text": text}));
    };
    let failed = |error: io::Error| {
        Error::new(
            ErrorKind::OutputFailed,
            format!("The file {} cannot be written: {error}.", path.display()),
            "Check its folder and its permissions.",
        )
    };
    let mut file = WholeFile::create(&path).map_err(failed)?;
    let rows = plan::preview(&*store, &found, wanted, format, &mut file)?;
    file.persist().map_err(failed)?;
    Ok(json!({"plan": found.id, "rows": rows, "path": path}))
}

/// The plan of that id, or the target's newest.
fn find(client: &Client, store: &dyn Store, id: Option<String>) -> Result<Plan, Error> {
    let Some(id) = id else {
        let target = client.desk(store)?.target.id;
        return store.plans(Some(target), 1)?.pop().ok_or_else(|| {
            Error::new(ErrorKind::NotFound, "This target has no plan yet.", "Make one first.")
        });
    };
    store.plan(&id)
}
