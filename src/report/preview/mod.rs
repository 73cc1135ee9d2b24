//! A stored plan to a preview: sorted by action, then externalId; the same plan gives the same bytes.

mod rows;

use std::collections::HashSet;
use std::io::{self, Write};
use std::path::Path;

use xxhash_rust::xxh3::xxh3_128;

use super::sentences;
use crate::error::Error;
use crate::plan::Reason;
use crate::scratch::{Pieces, WholeFile};
use crate::store::{Action, Actions, Certainty, ItemFilter, Plan, Store};

use rows::write_head;
pub use rows::{HEADER, PreviewFormat, PreviewRow, name_of};

/// Which rows a preview has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PreviewRows {
    /// Everything worth a look: all but the unchanged.
    #[default]
    Noteworthy,
    /// The unchanged too, and whoever is disabled already and not in the source. They are taken from
    /// the baseline, so it must be the one the plan was made from.
    All,
}

/// Writes the preview of a plan and gives its number of rows.
///
/// # Errors
/// What the store gives; `PlanStale` where all rows are wanted and the baseline moved; `OutputFailed`.
pub fn preview(
    store: &dyn Store,
    plan: &Plan,
    rows: PreviewRows,
    format: PreviewFormat,
    out: &mut dyn Write,
) -> Result<u64, Error> {
    let mut sheet = Sheet::new(format)?;
    let mut listed = HashSet::new();
    let actions = Actions::NOTEWORTHY;
    let filter = ItemFilter { actions, ordinals: 0..u64::MAX, with_users: false };
    store.plan_items(&plan.id, &filter, &mut |item| {
        if rows == PreviewRows::All {
            listed.insert(xxh3_128(item.external_id.as_bytes()));
        }
        sheet.add(&PreviewRow {
            action: item.action,
            external_id: item.external_id,
            user_name_before: item.user_name_before,
            user_name_after: item.user_name,
            display_name: item.display_name,
            changed: item.changed,
            reason: item.reason,
            certainty: item.certainty,
        })
    })?;
    if rows == PreviewRows::All {
        let revision = store.scan_baseline(plan.target, &mut |row| {
            if listed.contains(&xxh3_128(row.external_id.as_bytes())) {
                return Ok(());
            }
            sheet.add(&PreviewRow {
                action: Action::Unchanged,
                external_id: row.external_id,
                user_name_before: row.user_name,
                user_name_after: row.user_name,
                display_name: "",
                changed: "",
                reason: Reason::Same.code(),
                certainty: Certainty::Known,
            })
        })?;
        if revision != plan.baseline_revision {
            return Err(sentences::baseline_moved(&plan.id));
        }
    }
    sheet.write(out)
}

/// Writes the preview of a plan to a file, whole or not at all and for its owner only; gives its number of
/// rows.
///
/// # Errors
/// As [`preview`].
pub fn write_preview(
    store: &dyn Store,
    plan: &Plan,
    rows: PreviewRows,
    format: PreviewFormat,
    path: &Path,
) -> Result<u64, Error> {
    let failed = |error: io::Error| sentences::unwritable_file(path.display(), error);
    let mut file = WholeFile::create(path).map_err(failed)?;
    let rows = preview(store, plan, rows, format, &mut file)?;
    file.persist().map_err(failed)?;
    Ok(rows)
}

/// Rows on their way to be sorted: the text in a temporary file, the order in memory.
struct Sheet {
    format: PreviewFormat,
    text: Pieces,
    /// Action, externalId, where the row begins and how long it is.
    rows: Vec<(u8, Box<str>, u64, u32)>,
    row: Vec<u8>,
}

impl Sheet {
    fn new(format: PreviewFormat) -> Result<Self, Error> {
        Ok(Sheet { format, text: Pieces::new()?, rows: Vec::new(), row: Vec::new() })
    }

    fn add(&mut self, row: &PreviewRow<'_>) -> Result<(), Error> {
        self.row.clear();
        row.write(self.format, &mut self.row).map_err(sentences::unwritable)?;
        let length = u32::try_from(self.row.len())
            .map_err(|_| Error::internal("A row of a preview is too long."))?;
        let at = self.text.add(&self.row)?;
        self.rows.push((row.action as u8, row.external_id.into(), at, length));
        Ok(())
    }

    fn write(mut self, out: &mut dyn Write) -> Result<u64, Error> {
        let mut text = self.text.finish()?;
        // Records of one user keep their order, for they were written in it.
        self.rows.sort();
        write_head(self.format, out).map_err(sentences::unwritable)?;
        for (_, _, at, length) in &self.rows {
            self.row.resize(*length as usize, 0);
            text.read(*at, &mut self.row)?;
            out.write_all(&self.row).map_err(sentences::unwritable)?;
        }
        out.flush().map_err(sentences::unwritable)?;
        Ok(self.rows.len() as u64)
    }
}
