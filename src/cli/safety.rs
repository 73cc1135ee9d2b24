//! What stops a plan or refuses a source, as flags.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use entrabulk::error::Error;
use serde_json::{Value, json};

use super::arguments::text;
use super::sentences;

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Missing {
    Report,
    Disable,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum UnknownInactive {
    Send,
    Skip,
}

/// What stops a plan or refuses a source.
#[derive(Debug, Args)]
#[command(next_help_heading = "Safety")]
pub(super) struct SettingsArguments {
    /// Plan settings, a JSON file (docs/documents.md); the flags below win over it
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// Users of the baseline that the file no longer holds: report them, or disable them
    #[arg(long)]
    missing: Option<Missing>,
    /// The file holds only a part of the people: whoever is not in it is not missing
    #[arg(long)]
    partial: bool,
    /// Users whom the state does not know and who are not active: send them, or skip them
    #[arg(long, value_name = "HOW")]
    unknown_inactive: Option<UnknownInactive>,
    /// Send everybody, changed or not
    #[arg(long)]
    full: bool,
    /// Stop when this percentage or more of the active users would be disabled [default: 5]
    #[arg(long, value_name = "N")]
    abort_at_percent: Option<u64>,
    /// Stop when this many users or more would be disabled [default: 500]
    #[arg(long, value_name = "N")]
    abort_at_count: Option<u64>,
    /// Refuse a file with fewer rows
    #[arg(long, value_name = "N")]
    min_rows: Option<u64>,
    /// Refuse a file that lost this percentage or more of the last run's rows; "off" never
    /// [default: 20]
    #[arg(long, value_name = "N")]
    max_row_drop: Option<String>,
    /// Refuse a file without this column; may be repeated
    #[arg(long, value_name = "NAME")]
    require_column: Vec<String>,
    /// Refuse a file that is not the one this manifest describes
    #[arg(long, value_name = "FILE")]
    manifest: Option<PathBuf>,
    /// Refuse a file without this externalId; may be repeated
    #[arg(long, value_name = "ID")]
    canary: Vec<String>,
    /// Never disable this externalId; may be repeated
    #[arg(long, value_name = "ID")]
    protect: Vec<String>,
    /// Never disable this userName; may be repeated
    #[arg(long, value_name = "NAME")]
    protect_user_name: Vec<String>,
}

impl SettingsArguments {
    /// The arguments of a plan or an upload of `conversion`.
    pub(super) fn of(&self, mut conversion: Value) -> Result<Value, Error> {
        if self.partial {
            conversion["source"]["complete"] = false.into();
        }
        Ok(json!({"version": 1, "conversion": conversion, "settings": self.document()?}))
    }

    /// The settings of a plan.
    pub(super) fn document(&self) -> Result<Value, Error> {
        let mut document = match &self.settings {
            None => json!({}),
            Some(path) => std::fs::read(path)
                .map_err(|error| error.to_string())
                .and_then(|json| serde_json::from_slice(&json).map_err(|error| error.to_string()))
                .map_err(|why| sentences::unreadable(path, &why))?,
        };
        if !document.is_object() {
            return Err(sentences::settings_no_object());
        }
        let mut set = |path: &[&str], value: Option<Value>| {
            let Some(value) = value else { return Ok(()) };
            let mut place = &mut document;
            for (at, key) in path.iter().enumerate() {
                if place.is_null() {
                    *place = json!({});
                }
                let object = place.as_object_mut();
                let object =
                    object.ok_or_else(|| sentences::no_object_at(&path[..at].join(".")))?;
                place = object.entry(*key).or_insert(Value::Null);
            }
            *place = value;
            Ok(())
        };
        let list = |texts: &[String]| (!texts.is_empty()).then(|| json!(texts));
        set(
            &["missing"],
            self.missing.map(|missing| match missing {
                Missing::Report => "report".into(),
                Missing::Disable => "disable".into(),
            }),
        )?;
        set(
            &["unknownInactive"],
            self.unknown_inactive.map(|how| match how {
                UnknownInactive::Send => "send".into(),
                UnknownInactive::Skip => "skip".into(),
            }),
        )?;
        set(&["full"], self.full.then_some(Value::Bool(true)))?;
        set(&["brakes", "removals", "percent"], self.abort_at_percent.map(Value::from))?;
        set(&["brakes", "removals", "count"], self.abort_at_count.map(Value::from))?;
        set(&["guards", "minRows"], self.min_rows.map(Value::from))?;
        let row_drop = self.max_row_drop.as_deref();
        let row_drop = row_drop.map(|drop| drop.parse::<u64>().map_or(drop.into(), Value::from));
        set(&["guards", "maxRowDropPercent"], row_drop)?;
        set(&["guards", "requiredColumns"], list(&self.require_column))?;
        let manifest = self.manifest.as_deref().map(text).transpose()?;
        set(&["guards", "manifestPath"], manifest.map(Value::from))?;
        set(&["guards", "canaries"], list(&self.canary))?;
        set(&["protected", "externalIds"], list(&self.protect))?;
        set(&["protected", "userNames"], list(&self.protect_user_name))?;
        Ok(document)
    }
}
