//! Named operations, JSON in and JSON out: the one list that C, C#, PowerShell and the command line share.

mod arguments;
pub mod plan;
pub mod runs;
mod sentences;

use std::io::Write;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::client::Client;
use crate::convert::{self, CheckSummary, Conversion};
use crate::error::{Error, TABLE};
use crate::mapping;
use crate::run::Builder;
use arguments::parse;

/// An operation: its name and what it does with its arguments.
struct Operation {
    name: &'static str,
    meaning: &'static str,
    run: Work,
}

/// The work of an operation.
enum Work {
    /// It needs its arguments alone.
    Free(fn(&[u8]) -> Result<Vec<u8>, Error>),
    /// It needs a client, for its target and its state.
    OfClient(fn(&Client, &[u8]) -> Result<Vec<u8>, Error>),
}

/// Every operation.
const OPERATIONS: &[Operation] = &[
    Operation {
        name: "check",
        meaning: "A conversion -> counts and findings; nothing is written or sent.",
        run: Work::Free(|arguments| json(check(arguments)?)),
    },
    Operation {
        name: "convert",
        meaning: "{conversion, directory} -> request bodies as files batch-00001.json …",
        run: Work::Free(|arguments| json(convert(arguments)?)),
    },
    Operation {
        name: "suggest",
        meaning: "{columns} or a conversion's {source} -> {mapping}: a commented first mapping.",
        run: Work::Free(|arguments| json(suggest(arguments)?)),
    },
    Operation {
        name: "errors",
        meaning: "{} -> every status with name, exit code, PowerShell category and meaning.",
        run: Work::Free(|arguments| json(errors(arguments)?)),
    },
    Operation {
        name: "plan.create",
        meaning: "{conversion, settings} -> a stored plan: counts, cost, brakes, findings.",
        run: Work::OfClient(|client, arguments| json(plan::create(client, arguments)?)),
    },
    Operation {
        name: "plan.show",
        meaning: "{plan} -> that plan; without an id the target's newest.",
        run: Work::OfClient(|client, arguments| json(plan::show(client, arguments)?)),
    },
    Operation {
        name: "plan.list",
        meaning: "{limit} -> the target's plans, the newest first.",
        run: Work::OfClient(|client, arguments| json(plan::list(client, arguments)?)),
    },
    Operation {
        name: "plan.preview",
        meaning: "{plan, format, rows, bom, path} -> one row a user and action, in a file or as text.",
        run: Work::OfClient(|client, arguments| json(plan::preview(client, arguments)?)),
    },
    Operation {
        name: "plan.undo",
        meaning: "{run, settings} -> the inverse plan of a run.",
        run: Work::OfClient(|client, arguments| json(plan::undo(client, arguments)?)),
    },
    Operation {
        name: "plan.approve",
        meaning: "{plan, brakes, reason, approver} -> lets one plan through its brakes, once, for 24 hours.",
        run: Work::OfClient(|client, arguments| json(runs::approve(client, arguments)?)),
    },
    Operation {
        name: "quota",
        meaning: "{} -> calls of the last 24 hours: used, left, reserve, when they are free again.",
        run: Work::OfClient(|client, arguments| json(runs::quota(client, arguments)?)),
    },
    Operation {
        name: "runs.list",
        meaning: "{limit} -> the target's runs, the newest first.",
        run: Work::OfClient(|client, arguments| json(runs::list(client, arguments)?)),
    },
    Operation {
        name: "runs.show",
        meaning: "{run} -> that run and its batches; without an id the target's newest.",
        run: Work::OfClient(|client, arguments| json(runs::show(client, arguments)?)),
    },
    Operation {
        name: "runs.abandon",
        meaning: "{run} -> an unfinished run is abandoned; whoever is in doubt is planned again.",
        run: Work::OfClient(|client, arguments| json(runs::abandon(client, arguments)?)),
    },
    Operation {
        name: "operations",
        meaning: "{} -> this list.",
        run: Work::Free(|arguments| json(operations(arguments)?)),
    },
];

/// Carries out the operation `name` with JSON `arguments` (empty: `{}`) and gives its JSON result.
///
/// Answers when the work is done, which for a large file may take seconds; any thread may call.
///
/// # Errors
/// `UnknownOperation`, `InvalidArgument` where a client is missing, `ConfigInvalid` for the arguments,
/// and what the operation itself gives.
pub fn call(client: Option<&Client>, name: &str, arguments: &[u8]) -> Result<Vec<u8>, Error> {
    let operation =
        OPERATIONS.iter().find(|operation| operation.name == name).ok_or_else(|| {
            let names: Vec<&str> = OPERATIONS.iter().map(|operation| operation.name).collect();
            sentences::unknown(name, &names.join(", "))
        })?;
    let arguments = if arguments.is_empty() { b"{}" } else { arguments };
    match (&operation.run, client) {
        (Work::Free(work), _) => work(arguments),
        (Work::OfClient(work), Some(client)) => work(client, arguments),
        (Work::OfClient(_), None) => Err(sentences::without_client(name)),
    }
}

/// The answer of an operation, as it crosses the border.
fn json(answer: impl Serialize) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(&answer).map_err(|error| Error::internal(error.to_string()))
}

fn check(arguments: &[u8]) -> Result<CheckSummary, Error> {
    Ok(convert::check(Conversion::parse(arguments)?, None)?.0)
}

/// What a check found, and the files that hold the bodies.
#[derive(Debug, Serialize)]
struct Converted {
    #[serde(flatten)]
    summary: CheckSummary,
    files: Vec<String>,
}

fn convert(arguments: &[u8]) -> Result<Converted, Error> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Arguments {
        conversion: Value,
        directory: std::path::PathBuf,
    }
    let arguments: Arguments = parse(arguments)?;
    let mut builder = Builder::new(arguments.conversion.to_string().as_bytes())?;
    let summary = builder.finish()?;
    let mut files = Vec::new();
    while let Some(body) = builder.next_body()? {
        let path = arguments.directory.join(batch_name(files.len() + 1));
        write_new(&path, &body)?;
        files.push(path.display().to_string());
    }
    Ok(Converted { summary, files })
}

/// The file name of batch `number`, from 1.
pub fn batch_name(number: usize) -> String {
    format!("batch-{number:05}.json")
}

/// Writes a file that must not be there yet: payloads are never mixed with those of another run.
pub fn write_new(path: &Path, body: &[u8]) -> Result<(), Error> {
    let written = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(path)
        .and_then(|mut file| file.write_all(body));
    written.map_err(|error| sentences::unwritable(path.display(), error))
}

/// A first mapping.
#[derive(Debug, Serialize)]
pub struct Suggestion {
    /// The mapping, a JSON text with remarks.
    pub mapping: String,
}

/// `suggest`: a first mapping of the columns named, or of those that a source has.
///
/// # Errors
/// `ConfigInvalid`; what opening the source gives.
pub fn suggest(arguments: &[u8]) -> Result<Suggestion, Error> {
    let value: Value = parse(arguments)?;
    let columns = match value.get("columns") {
        Some(columns) => {
            serde_json::from_value(columns.clone()).map_err(sentences::invalid_arguments)?
        }
        None => convert::columns(&Conversion::parse(arguments)?)?,
    };
    Ok(Suggestion { mapping: mapping::suggest(&columns) })
}

fn errors(_: &[u8]) -> Result<Value, Error> {
    let rows = TABLE.iter().map(|row| {
        json!({
            "status": row.kind.status(),
            "name": row.name,
            "exitCode": row.exit_code,
            "category": row.category,
            "meaning": row.meaning,
        })
    });
    Ok(rows.collect())
}

fn operations(_: &[u8]) -> Result<Value, Error> {
    let rows = OPERATIONS
        .iter()
        .map(|operation| json!({"name": operation.name, "meaning": operation.meaning}));
    Ok(rows.collect())
}
