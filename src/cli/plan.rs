//! `plan`: what a file would change, and the plans made before.

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use entrabulk::error::Error;
use entrabulk::operation;
use entrabulk::operation::plan::{Created, Preview};
use entrabulk::plan::PlanDocument;
use serde_json::json;

use super::arguments::{ConversionArguments, TargetArguments, json, text};
use super::output::{Outcome, Output};
use super::safety::SettingsArguments;
use super::sentences;

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
            let source = self.source.ok_or_else(sentences::nothing_to_plan)?;
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
                    list.plans.iter().for_each(|plan| output.line(&sentences::plan_line(plan)));
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
                let preview = operation::plan::preview(&target.client()?, &json(&arguments))?;
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

fn show_preview(output: &Output, preview: &Preview) -> Result<(), Error> {
    if output.document(preview) {
        return Ok(());
    }
    let Some(rows) = &preview.text else {
        output.line(&sentences::preview_written(preview.rows));
        return Ok(());
    };
    let mut stdout = std::io::stdout().lock();
    let written = stdout.write_all(rows.as_bytes()).and_then(|()| stdout.flush());
    written.map_err(|error| sentences::preview_failed(&error))
}

/// Findings and warnings shown, so that a plan fits one screen.
const SHOWN: usize = 10;

fn show_findings(output: &Output, created: &Created) {
    for found in created.findings.iter().take(SHOWN) {
        output.line(&sentences::finding(found.severity, &found.finding));
    }
    match created.findings.len().saturating_sub(SHOWN) as u64 + created.findings_omitted {
        0 => {}
        more => output.line(&sentences::findings_left_out(more)),
    }
}

/// Shows a plan on one screen.
fn show(output: &Output, plan: &PlanDocument) {
    output.line(&sentences::plan_made(plan));
    sentences::plan_counts(plan).iter().for_each(|line| output.line(line));
    sentences::plan_remarks(plan, SHOWN).iter().for_each(|line| output.line(line));
}
