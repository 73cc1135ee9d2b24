//! What a source must be like for a plan to be made from it.

use std::path::Path;

use serde::Deserialize;

use super::document::MissingPolicy;
use super::settings::{Manifest, PlanSettings, is_sha256};
use super::warnings::Warnings;
use crate::convert::Checked;
use crate::error::{Error, ErrorKind, Problem};
use crate::store::LastSource;

/// Refuses a source that a guard does not let through; names every guard that does not.
///
/// `present` says whether the source holds a sound user with that externalId.
///
/// # Errors
/// `SourceRefused`; what reading the manifest or the source again gives.
pub(super) fn check(
    settings: &PlanSettings,
    checked: &Checked,
    last: Option<LastSource>,
    warnings: &mut Warnings,
    present: &dyn Fn(&str) -> bool,
) -> Result<(), Error> {
    let (guards, rows) = (&settings.guards, checked.totals().rows);
    let mut problems = Vec::new();
    let mut problem = |path: &str, message: String| problems.push(Problem::error(path, message));
    if rows < guards.min_rows {
        problem(
            "minRows",
            format!("there are {rows} rows, and at least {} must be", guards.min_rows),
        );
    }
    if let (Some(last), Some(percent)) = (last, guards.max_row_drop_percent) {
        let lost = last.rows.saturating_sub(rows);
        if lost >= guards.row_drop_floor.max(1)
            && u128::from(lost) * 100 >= u128::from(percent) * u128::from(last.rows)
        {
            let message = format!(
                "the last run had {} rows ({}), and now there are {rows}: {lost} fewer, which is \
                 {percent} % or more",
                last.rows, last.at
            );
            match settings.missing {
                MissingPolicy::Disable => problem("maxRowDropPercent", message),
                // Where absence does nothing, a smaller file harms nobody.
                MissingPolicy::Report => warnings.say(format!(
                    "The file is much smaller: {message}. If it holds only a part of the people, say so with \
                     --partial (-Partial, source.complete: false)."
                )),
            }
        }
    }
    for name in guards.required_columns.iter().filter(|name| !checked.has_column(name)) {
        problem("requiredColumns", format!("there is no column \"{name}\""));
    }
    for id in guards.canaries.iter().filter(|id| !present(id)) {
        problem("canaries", format!("the user \"{id}\" is not there"));
    }
    let (expected_rows, digest) = match &guards.manifest {
        None => (None, None),
        Some(Manifest::Given { rows, sha256 }) => (*rows, sha256.clone()),
        Some(Manifest::File(path)) => read_manifest(path)?,
    };
    if let Some(expected) = expected_rows.filter(|expected| *expected != rows) {
        problem("manifest", format!("there are {rows} rows, and the manifest says {expected}"));
    }
    if let Some(expected) = digest {
        let found = checked.sha256()?;
        if found != expected {
            problem(
                "manifest",
                format!("its SHA-256 is {found}, and the manifest says {expected}"),
            );
        }
    }
    match problems.as_slice() {
        [] => Ok(()),
        [first, ..] => {
            let mut error = Error::new(
                ErrorKind::SourceRefused,
                format!("The source is refused by {}. {first}.", guards_text(problems.len())),
                "Check the export; if it is right, change the guard's setting.",
            );
            error.problems = problems;
            Err(error)
        }
    }
}

fn guards_text(count: usize) -> String {
    if count == 1 { "a guard".into() } else { format!("{count} guards") }
}

/// Rows and SHA-256 out of a manifest file.
fn read_manifest(path: &Path) -> Result<(Option<u64>, Option<String>), Error> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        rows: Option<u64>,
        sha256: Option<String>,
    }
    let refused = |why: String| {
        Error::new(
            ErrorKind::SourceRefused,
            format!("The manifest {} {why}.", path.display()),
            "Write it as {\"rows\": …, \"sha256\": \"…\"}, or as sha256sum does.",
        )
    };
    let text = std::fs::read_to_string(path)
        .map_err(|error| refused(format!("cannot be read: {error}")))?;
    let text = text.trim_start_matches('\u{feff}').trim();
    let file = if text.starts_with('{') {
        serde_json::from_str(text).map_err(|error| refused(format!("is not right: {error}")))?
    } else {
        let digest = text.split_whitespace().next().unwrap_or_default();
        File { rows: None, sha256: Some(digest.to_owned()) }
    };
    let sha256 = file.sha256.map(|digest| digest.to_ascii_lowercase());
    if sha256.as_deref().is_some_and(|digest| !is_sha256(digest)) {
        return Err(refused("holds no SHA-256 of 64 hexadecimal digits".into()));
    }
    if file.rows.is_none() && sha256.is_none() {
        return Err(refused("says nothing".into()));
    }
    Ok((file.rows, sha256))
}
