//! Named operations, JSON in and JSON out: the one list that C, C#, PowerShell and the command line share.

pub mod plan;
pub mod runs;

use std::io::Write;
use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::client::Client;
use crate::convert::{self, Conversion};
use crate::error::{Error, ErrorKind, TABLE};
use crate::mapping;
use crate::run::Builder;

/// An operation: its name and what it does with its arguments.
struct Operation {
    name: &'static str,
    meaning: &'static str,
    run: Work,
}

/// The work of an operation.
enum Work {
    /// It needs its arguments alone.
    Free(fn(&[u8]) -> Result<Value, Error>),
    /// It needs a client, for its target and its state.
    OfClient(fn(&Client, &[u8]) -> Result<Value, Error>),
}

/// Every operation.
const OPERATIONS: &[Operation] = &[
    Operation {
        name: "check",
        meaning: "A conversion -> counts and findings; nothing is written or sent.",
        run: Work::Free(check),
    },
    Operation {
        name: "convert",
        meaning: "{conversion, directory} -> request bodies as files batch-00001.json …",
        run: Work::Free(convert),
    },
    Operation {
        name: "suggest",
        meaning: "{columns} or a conversion's {source} -> {mapping}: a commented first mapping.",
        run: Work::Free(suggest),
    },
    Operation {
        name: "errors",
        meaning: "{} -> every status with name, exit code, PowerShell category and meaning.",
        run: Work::Free(errors),
    },
    Operation {
        name: "plan.create",
        meaning: "{conversion, settings} -> a stored plan: counts, cost, brakes, findings.",
        run: Work::OfClient(|client, arguments| to_value(plan::create(client, arguments)?)),
    },
    Operation {
        name: "plan.show",
        meaning: "{plan} -> that plan; without an id the target's newest.",
        run: Work::OfClient(|client, arguments| to_value(plan::show(client, arguments)?)),
    },
    Operation {
        name: "plan.list",
        meaning: "{limit} -> the target's plans, the newest first.",
        run: Work::OfClient(|client, arguments| to_value(plan::list(client, arguments)?)),
    },
    Operation {
        name: "plan.preview",
        meaning: "{plan, format, rows, bom, path} -> one row a user and action, in a file or as text.",
        run: Work::OfClient(plan::preview),
    },
    Operation {
        name: "plan.undo",
        meaning: "{run, settings} -> the inverse plan of a run.",
        run: Work::OfClient(|client, arguments| to_value(plan::undo(client, arguments)?)),
    },
    Operation {
        name: "plan.approve",
        meaning: "{plan, brakes, reason, approver} -> lets one plan through its brakes, once, for 24 hours.",
        run: Work::OfClient(runs::approve),
    },
    Operation {
        name: "quota",
        meaning: "{} -> calls of the last 24 hours: used, left, reserve, when they are free again.",
        run: Work::OfClient(|client, arguments| to_value(runs::quota(client, arguments)?)),
    },
    Operation {
        name: "runs.list",
        meaning: "{limit} -> the target's runs, the newest first.",
        run: Work::OfClient(|client, arguments| to_value(runs::list(client, arguments)?)),
    },
    Operation {
        name: "runs.show",
        meaning: "{run} -> that run and its batches; without an id the target's newest.",
        run: Work::OfClient(|client, arguments| to_value(runs::show(client, arguments)?)),
    },
    Operation {
        name: "runs.abandon",
        meaning: "{run} -> an unfinished run is abandoned; whoever is in doubt is planned again.",
        run: Work::OfClient(|client, arguments| to_value(runs::abandon(client, arguments)?)),
    },
    Operation { name: "operations", meaning: "{} -> this list.", run: Work::Free(operations) },
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
            Error::new(
                ErrorKind::UnknownOperation,
                format!("There is no operation \"{name}\"."),
                format!("Use one of: {}.", names.join(", ")),
            )
        })?;
    let arguments = if arguments.is_empty() { b"{}" } else { arguments };
    let result = match (&operation.run, client) {
        (Work::Free(work), _) => work(arguments),
        (Work::OfClient(work), Some(client)) => work(client, arguments),
        (Work::OfClient(_), None) => Err(Error::new(
            ErrorKind::InvalidArgument,
            format!("The operation \"{name}\" is about a target, and no client was given."),
            "Make a client for the target and hand it in.",
        )),
    };
    Ok(result?.to_string().into_bytes())
}

fn to_value(value: impl serde::Serialize) -> Result<Value, Error> {
    serde_json::to_value(value).map_err(|error| Error::internal(error.to_string()))
}

/// The arguments of an operation, from their document.
fn parse<T: DeserializeOwned>(arguments: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(arguments).map_err(arguments_invalid)
}

/// The arguments of a list: how many of the newest it has at most.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listing {
    limit: Option<usize>,
}

impl Listing {
    fn limit(self) -> usize {
        self.limit.unwrap_or(20)
    }
}

fn check(arguments: &[u8]) -> Result<Value, Error> {
    let (summary, _) = convert::check(Conversion::parse(arguments)?, None)?;
    to_value(summary)
}

fn arguments_invalid(error: impl std::fmt::Display) -> Error {
    Error::new(
        ErrorKind::ConfigInvalid,
        format!("The arguments are not right: {error}."),
        "The operation \"operations\" says what each one takes.",
    )
}

fn convert(arguments: &[u8]) -> Result<Value, Error> {
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
    let mut summary = to_value(summary)?;
    summary["files"] = json!(files);
    Ok(summary)
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
    written.map_err(|error| {
        Error::new(
            ErrorKind::OutputFailed,
            format!("The file {} cannot be written: {error}.", path.display()),
            "Name an empty folder that you may write to.",
        )
    })
}

fn suggest(arguments: &[u8]) -> Result<Value, Error> {
    let value: Value = parse(arguments)?;
    let columns = match value.get("columns") {
        Some(columns) => serde_json::from_value(columns.clone()).map_err(arguments_invalid)?,
        None => convert::columns(&Conversion::parse(arguments)?)?,
    };
    Ok(json!({"mapping": mapping::suggest(&columns)}))
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
