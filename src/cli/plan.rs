//! `plan`: what a file would change, and the plans made before.

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use entrabulk::error::{Error, ErrorKind};
use serde_json::{Value, json};

use super::Outcome;
use super::arguments::{ConversionArguments, TargetArguments, call, text, usage};
use super::output::{Output, counted, finding_line};

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Plan {
    #[command(subcommand)]
    command: Option<PlanCommand>,
    /// The file; - is standard input
    source: Option<PathBuf>,
    #[command(flatten)]
    conversion: ConversionArguments,
    #[command(flatten)]
    target: TargetArguments,
    #[command(flatten)]
    settings: SettingsArguments,
    /// Write the preview to this CSV file as well
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    preview: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum PlanCommand {
    /// Show a plan; without an id the newest
    Show {
        /// The plan's id
        plan: Option<String>,
        #[command(flatten)]
        target: TargetArguments,
    },
    /// List the target's plans, the newest first
    List {
        /// At most this many
        #[arg(long, default_value_t = 20)]
        limit: u64,
        #[command(flatten)]
        target: TargetArguments,
    },
    /// One row for every user and action of a plan; without an id the newest
    Preview {
        /// The plan's id
        plan: Option<String>,
        #[command(flatten)]
        target: TargetArguments,
        /// Write to this file instead of standard output
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
        /// Format
        #[arg(long, default_value = "csv")]
        format: PreviewFormat,
        /// Unchanged users too
        #[arg(long)]
        all: bool,
        /// Begin a CSV file with a byte order mark, by which spreadsheets know UTF-8
        #[arg(long)]
        bom: bool,
    },
    /// Plan the inverse of a run: everybody it changed gets back what they were
    Undo {
        /// The run's id
        run: String,
        #[command(flatten)]
        target: TargetArguments,
        #[command(flatten)]
        settings: SettingsArguments,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum PreviewFormat {
    Csv,
    Jsonl,
}

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
    fn document(&self) -> Result<Value, Error> {
        let mut document = match &self.settings {
            None => json!({}),
            Some(path) => std::fs::read(path)
                .map_err(|error| error.to_string())
                .and_then(|json| serde_json::from_slice(&json).map_err(|error| error.to_string()))
                .map_err(|why| {
                    usage(format!("The file {} cannot be read: {why}.", path.display()))
                })?,
        };
        if !document.is_object() {
            return Err(usage("The plan settings are not a JSON object."));
        }
        let mut set = |path: &[&str], value: Option<Value>| {
            let Some(value) = value else { return Ok(()) };
            let mut place = &mut document;
            for key in path {
                if place.is_null() {
                    *place = json!({});
                }
                let object = place.as_object_mut();
                let object = object.ok_or_else(|| {
                    usage(format!("Beside \"{key}\" the settings hold no object."))
                })?;
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

impl Plan {
    pub(super) fn run(self, output: &mut Output) -> Outcome {
        let Some(command) = self.command else {
            let source = self
                .source
                .ok_or_else(|| usage("Name the file to plan, or show, list, preview."))?;
            let client = self.target.client()?;
            let mut arguments = self.settings.of(self.conversion.document(&source)?)?;
            if let Some(path) = &self.preview {
                arguments["previewPath"] = text(path)?.into();
            }
            let plan = call(&client, "plan.create", &arguments)?;
            return Ok(show(output, &plan));
        };
        match command {
            PlanCommand::Show { plan, target } => {
                let plan = call(&target.client()?, "plan.show", &json!({"plan": plan}))?;
                show(output, &plan);
                Ok(0)
            }
            PlanCommand::List { limit, target } => {
                let list = call(&target.client()?, "plan.list", &json!({"limit": limit}))?;
                show_list(output, &list);
                Ok(0)
            }
            PlanCommand::Preview { plan, target, output: path, format, all, bom } => {
                let arguments = json!({
                    "plan": plan,
                    "path": path.as_deref().map(text).transpose()?,
                    "format": match format { PreviewFormat::Csv => "csv", PreviewFormat::Jsonl => "jsonl" },
                    "rows": if all { "all" } else { "changed" },
                    "bom": bom,
                });
                let preview = call(&target.client()?, "plan.preview", &arguments)?;
                show_preview(output, &preview)?;
                Ok(0)
            }
            PlanCommand::Undo { run, target, settings } => {
                let arguments = json!({"version": 1, "run": run, "settings": settings.document()?});
                Ok(show(output, &call(&target.client()?, "plan.undo", &arguments)?))
            }
        }
    }
}

fn show_preview(output: &Output, preview: &Value) -> Result<(), Error> {
    let Some(rows) = preview["text"].as_str().filter(|_| !output.is_json()) else {
        output.text(&format!("{} rows", preview["rows"]), preview);
        return Ok(());
    };
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(rows.as_bytes()).and_then(|()| stdout.flush()).map_err(|error| {
        Error::new(
            ErrorKind::OutputFailed,
            format!("The preview cannot be written: {error}."),
            "Check who reads it, or name a file with --output.",
        )
    })
}

fn show_list(output: &Output, list: &Value) {
    if output.is_json() {
        output.line(&list.to_string());
        return;
    }
    for plan in list["plans"].as_array().into_iter().flatten() {
        let count = |key: &str| plan["counts"][key].as_u64().unwrap_or_default();
        let state = if plan["tripped"] == true { "  stopped by a brake" } else { "" };
        output.line(&format!(
            "{}  {}  add {}, update {}, disable {}, restore {}{state}",
            plan["plan"].as_str().unwrap_or_default(),
            plan["createdAt"].as_str().unwrap_or_default(),
            count("add"),
            count("update"),
            count("disable"),
            count("restore"),
        ));
    }
}

/// Findings and warnings shown, so that a plan fits one screen.
const SHOWN: usize = 10;

/// Shows a plan on one screen; gives its exit code.
fn show(output: &Output, plan: &Value) -> u8 {
    let code = plan["exitCode"].as_u64().and_then(|code| u8::try_from(code).ok());
    let code = code.unwrap_or(ErrorKind::Internal.exit_code());
    if output.is_json() {
        output.line(&plan.to_string());
        return code;
    }
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let number = |value: &Value| value.as_u64().unwrap_or_default();
    let findings = plan["findings"].as_array().map(Vec::as_slice).unwrap_or_default();
    for finding in findings.iter().take(SHOWN) {
        output.line(&finding_line(&text(&finding["severity"]), finding));
    }
    match findings.len().saturating_sub(SHOWN) as u64 + number(&plan["findingsOmitted"]) {
        0 => {}
        more => output.line(&format!(
            "… and {more} more; with --rejects FILE every rejected record stands in FILE"
        )),
    }
    output.line(&format!("plan {}, made {}", text(&plan["plan"]), text(&plan["createdAt"])));
    for (name, key) in [
        ("add", "add"),
        ("update", "update"),
        ("disable", "disable"),
        ("restore", "restore"),
        ("unchanged", "unchanged"),
        ("missing", "missing"),
        ("out of scope", "outOfScope"),
        ("rejected", "rejected"),
    ] {
        let count = number(&plan["counts"][key]);
        let remark = if key == "disable" { removals(plan) } else { String::new() };
        if count > 0 || key == "disable" {
            output.line(format!("  {name:<13}{count:>9}  {remark}").trim_end());
        }
    }
    if plan["baselineRevision"] == 0 && number(&plan["changes"]) > 0 {
        output.line("The state knows nothing of this target yet: everybody is new.");
    }
    let cost = &plan["about"]["cost"];
    output.line(&format!(
        "{} of {} left today, {} at the service's pace: done at {}",
        counted(number(&cost["calls"]), "call"),
        number(&cost["quotaLeft"]),
        duration(number(&cost["seconds"])),
        text(&cost["finishAt"])
    ));
    let warnings = plan["about"]["warnings"].as_array().map(Vec::as_slice).unwrap_or_default();
    for warning in warnings.iter().take(SHOWN) {
        output.line(&format!("warning: {}", text(warning)));
    }
    if warnings.len() > SHOWN {
        output.line(&format!("… and {} more; --json has them", warnings.len() - SHOWN));
    }
    for verdict in plan["brakes"].as_array().into_iter().flatten() {
        if verdict["verdict"] == "tripped" {
            output.line(&format!("BRAKE {}", verdict_line(verdict)));
        }
    }
    let protected: Vec<String> =
        plan["protected"].as_array().into_iter().flatten().map(text).collect();
    if !protected.is_empty() {
        output.line(&format!(
            "PROTECTED {} would be disabled; no approval allows that",
            protected.join(", ")
        ));
    }
    output.line(match () {
        () if plan["blocked"] == true => {
            "The plan cannot be applied. Mend the source or the mapping."
        }
        () if plan["tripped"] == true => {
            "A brake stops the plan. Look at the preview; if it is right, approve the plan."
        }
        () if number(&plan["changes"]) == 0 => "Nothing to do.",
        () => "Nothing stops the plan.",
    });
    code
}

/// How far the removals are from their limit.
fn removals(plan: &Value) -> String {
    let all = plan["brakes"].as_array().into_iter().flatten();
    let mut run = all
        .filter(|verdict| verdict["brake"] == "removals" && verdict["window"] == "run")
        .map(|verdict| {
            let affected = verdict["affected"].as_u64().unwrap_or_default();
            match verdict["tripsAt"].as_u64() {
                None => format!("{}; no limit", share(verdict)),
                Some(at) if at > affected => {
                    format!("{}; stops at {at}, {} more", share(verdict), at - affected)
                }
                Some(at) => format!("{}; stops at {at}", share(verdict)),
            }
        });
    run.next().unwrap_or_default()
}

/// `0.42 % of 19990`.
fn share(verdict: &Value) -> String {
    let number = |key: &str| verdict[key].as_u64().unwrap_or_default();
    let (touched, base) = (number("affected") + number("earlier"), number("base"));
    let percent = if base == 0 { 0.0 } else { touched as f64 * 100.0 / base as f64 };
    format!("{percent:.2} % of {base}")
}

fn verdict_line(verdict: &Value) -> String {
    let number = |key: &str| verdict[key].as_u64().unwrap_or_default();
    let brake = verdict["brake"].as_str().unwrap_or_default();
    let attribute = match verdict["attribute"].as_str() {
        Some(path) => format!(" of {path}"),
        None => String::new(),
    };
    let earlier = match number("earlier") {
        0 => String::new(),
        earlier => format!(" and {earlier} before"),
    };
    let window = match verdict["window"].as_str() {
        Some("day") => "in 24 hours",
        Some("week") => "in 7 days",
        _ => "in this plan",
    };
    format!(
        "{brake}{attribute}: {}{earlier} {window}, {}; stops at {}",
        number("affected"),
        share(verdict),
        number("tripsAt")
    )
}

fn duration(seconds: u64) -> String {
    match (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60) {
        (0, 0, 0, seconds) => format!("{seconds} s"),
        (0, 0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (0, hours, minutes, _) => format!("{hours} h {minutes} min"),
        (days, hours, ..) => format!("{days} d {hours} h"),
    }
}
