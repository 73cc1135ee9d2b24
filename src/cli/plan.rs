//! `plan`: what a file would change, and the plans made before.

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use entrabulk::error::{Error, ErrorKind};
use entrabulk::operation::{self, plan::Created};
use entrabulk::plan::PlanDocument;
use entrabulk::plan::brakes::{BrakeKind, BrakeVerdict, Window};
use entrabulk::store::Counts;
use serde_json::{Value, json};

use super::Outcome;
use super::arguments::{ConversionArguments, TargetArguments, call, json, text, usage};
use super::output::{Output, counted, finding_line};
use super::safety::SettingsArguments;

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
            let created = operation::plan::create(&client, &json(&arguments))?;
            if output.document(&created) {
                return Ok(created.plan.exit_code);
            }
            for note in &created.notes {
                output.line(note);
            }
            show_findings(output, &created);
            show(output, &created.plan);
            return Ok(created.plan.exit_code);
        };
        match command {
            PlanCommand::Show { plan, target } => {
                let arguments = json(&json!({"plan": plan}));
                let plan = operation::plan::show(&target.client()?, &arguments)?;
                if !output.document(&plan) {
                    show(output, &plan);
                }
                Ok(0)
            }
            PlanCommand::List { limit, target } => {
                let arguments = json(&json!({"limit": limit}));
                let list = operation::plan::list(&target.client()?, &arguments)?;
                if !output.document(&list) {
                    list.plans.iter().for_each(|plan| output.line(&line(plan)));
                }
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
                let plan = operation::plan::undo(&target.client()?, &json(&arguments))?;
                if !output.document(&plan) {
                    show(output, &plan);
                }
                Ok(plan.exit_code)
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

/// One line of a list.
fn line(plan: &PlanDocument) -> String {
    let Counts { add, update, disable, restore, .. } = plan.counts;
    let state = if plan.tripped { "  stopped by a brake" } else { "" };
    format!(
        "{}  {}  add {add}, update {update}, disable {disable}, restore {restore}{state}",
        plan.plan, plan.created_at
    )
}

/// Findings and warnings shown, so that a plan fits one screen.
const SHOWN: usize = 10;

fn show_findings(output: &Output, created: &Created) {
    for found in created.findings.iter().take(SHOWN) {
        output.line(&finding_line(found.severity, &found.finding));
    }
    match created.findings.len().saturating_sub(SHOWN) as u64 + created.findings_omitted {
        0 => {}
        more => output.line(&format!(
            "… and {more} more; with --rejects FILE every rejected record stands in FILE"
        )),
    }
}

/// Shows a plan on one screen.
fn show(output: &Output, plan: &PlanDocument) {
    output.line(&format!("plan {}, made {}", plan.plan, plan.created_at));
    let counts = &plan.counts;
    for (name, count) in [
        ("add", counts.add),
        ("update", counts.update),
        ("disable", counts.disable),
        ("restore", counts.restore),
        ("unchanged", counts.unchanged),
        ("skipped", counts.skipped),
        ("missing", counts.missing),
        ("out of scope", counts.out_of_scope),
        ("rejected", counts.rejected),
    ] {
        let removes = name == "disable";
        let remark = if removes { removals(plan) } else { String::new() };
        if count > 0 || removes {
            output.line(format!("  {name:<13}{count:>9}  {remark}").trim_end());
        }
    }
    if plan.baseline_revision == 0 && plan.changes > 0 {
        output.line("Nothing is known of this target yet: everybody is new.");
    }
    let cost = &plan.about.cost;
    output.line(&format!(
        "{} of {} left today, {} at the service's pace: done at {}",
        counted(cost.calls, "call"),
        cost.quota_left,
        duration(cost.seconds),
        cost.finish_at
    ));
    let warnings = &plan.about.warnings;
    for warning in warnings.iter().take(SHOWN) {
        output.line(&format!("warning: {warning}"));
    }
    if warnings.len() > SHOWN {
        output.line(&format!("… and {} more; --json has them", warnings.len() - SHOWN));
    }
    for verdict in plan.brakes.iter().filter(|verdict| verdict.tripped()) {
        output.line(&format!("BRAKE {}", verdict_line(verdict)));
    }
    if !plan.protected.is_empty() {
        output.line(&format!(
            "PROTECTED {} would be disabled, which no approval allows",
            plan.protected.join(", ")
        ));
    }
    output.line(match () {
        () if plan.blocked => "The plan cannot be applied. Fix the source or the mapping.",
        () if plan.tripped => {
            "A brake stops the plan. Look at the preview; if it is right, approve the plan."
        }
        () if plan.changes == 0 => "Nothing to do.",
        () => "Nothing stops the plan.",
    });
}

/// How far the removals are from their limit.
fn removals(plan: &PlanDocument) -> String {
    let of_run = |verdict: &&BrakeVerdict| {
        verdict.brake == BrakeKind::Removals && verdict.window == Window::Run
    };
    let Some(verdict) = plan.brakes.iter().find(of_run) else { return String::new() };
    match verdict.trips_at {
        None => format!("{}; no limit", share(verdict)),
        Some(at) if at > verdict.affected => {
            format!("{}; stops at {at}, {} more", share(verdict), at - verdict.affected)
        }
        Some(at) => format!("{}; stops at {at}", share(verdict)),
    }
}

/// `0.42 % of 19990`.
fn share(verdict: &BrakeVerdict) -> String {
    let (touched, base) = (verdict.affected + verdict.earlier, verdict.base);
    let percent = if base == 0 { 0.0 } else { touched as f64 * 100.0 / base as f64 };
    format!("{percent:.2} % of {base}")
}

fn verdict_line(verdict: &BrakeVerdict) -> String {
    let attribute = match &verdict.attribute {
        Some(path) => format!(" of {path}"),
        None => String::new(),
    };
    let earlier = match verdict.earlier {
        0 => String::new(),
        earlier => format!(" and {earlier} before"),
    };
    let window = match verdict.window {
        Window::Run => "in this plan",
        Window::Day => "in 24 hours",
        Window::Week => "in 7 days",
    };
    format!(
        "{}{attribute}: {}{earlier} {window}, {}; stops at {}",
        verdict.brake.name(),
        verdict.affected,
        share(verdict),
        verdict.trips_at.unwrap_or_default()
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
