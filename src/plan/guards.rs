//! What a source must be like for a plan to be made from it.

use std::io;
use std::path::Path;

use serde::Deserialize;

use super::document::MissingPolicy;
use super::sentences;
use super::settings::{Manifest, PlanSettings, is_sha256};
use super::warnings::Warnings;
use crate::convert::Checked;
use crate::error::{Error, Problem};
use crate::store::LastSource;

/// Refuses a source that a guard does not let through; names every guard that does not.
///
/// `present` says whether the source holds a sound user with that externalId; `read_text` reads a manifest.
///
/// # Errors
/// `SourceRefused`; what reading the manifest or the source again gives.
pub(super) fn check(
    settings: &PlanSettings,
    checked: &Checked,
    last: Option<LastSource>,
    warnings: &mut Warnings,
    present: &dyn Fn(&str) -> bool,
    read_text: fn(&Path) -> io::Result<String>,
) -> Result<(), Error> {
    let (guards, rows) = (&settings.guards, checked.totals().rows);
    let mut problems = Vec::new();
    let mut problem = |path: &str, message: String| problems.push(Problem::error(path, message));
    if rows < guards.min_rows {
        problem("minRows", sentences::too_few_rows(rows, guards.min_rows));
    }
    if let (Some(last), Some(percent)) = (last, guards.max_row_drop_percent) {
        let lost = last.rows.saturating_sub(rows);
        if lost >= guards.row_drop_floor.max(1)
            && u128::from(lost) * 100 >= u128::from(percent) * u128::from(last.rows)
        {
            let message = sentences::rows_lost(rows, &last, lost, percent);
            match settings.missing {
                MissingPolicy::Disable => problem("maxRowDropPercent", message),
                // Where absence does nothing, a smaller file harms nobody.
                MissingPolicy::Report => warnings.say(sentences::much_smaller(&message)),
            }
        }
    }
    for name in guards.required_columns.iter().filter(|name| !checked.has_column(name)) {
        problem("requiredColumns", sentences::no_column(name));
    }
    for id in guards.canaries.iter().filter(|id| !present(id)) {
        problem("canaries", sentences::no_canary(id));
    }
    let (expected_rows, digest) = match &guards.manifest {
        None => (None, None),
        Some(Manifest::Given { rows, sha256 }) => (*rows, sha256.clone()),
        Some(Manifest::File(path)) => read_manifest(path, read_text(path))?,
    };
    if let Some(expected) = expected_rows.filter(|expected| *expected != rows) {
        problem("manifest", sentences::other_rows(rows, expected));
    }
    if let Some(expected) = digest {
        let found = checked.sha256()?;
        if found != expected {
            problem("manifest", sentences::other_digest(&found, &expected));
        }
    }
    match problems.as_slice() {
        [] => Ok(()),
        [first, ..] => {
            let mut error = sentences::refused(first, problems.len());
            error.problems = problems;
            Err(error)
        }
    }
}

/// Rows and SHA-256 out of the text of the manifest at `path`.
fn read_manifest(
    path: &Path,
    text: io::Result<String>,
) -> Result<(Option<u64>, Option<String>), Error> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        rows: Option<u64>,
        sha256: Option<String>,
    }
    let refused = |why: &str| sentences::manifest(path.display(), why);
    let text = text.map_err(|error| refused(&sentences::unreadable_manifest(&error)))?;
    let text = text.trim_start_matches('\u{feff}').trim();
    let file = if text.starts_with('{') {
        serde_json::from_str(text).map_err(|error| refused(&sentences::invalid_manifest(&error)))?
    } else {
        let digest = text.split_whitespace().next().unwrap_or_default();
        File { rows: None, sha256: Some(digest.to_owned()) }
    };
    let sha256 = file.sha256.map(|digest| digest.to_ascii_lowercase());
    if sha256.as_deref().is_some_and(|digest| !is_sha256(digest)) {
        return Err(refused(sentences::NO_DIGEST_IN_MANIFEST));
    }
    if file.rows.is_none() && sha256.is_none() {
        return Err(refused(sentences::EMPTY_MANIFEST));
    }
    Ok((file.rows, sha256))
}
