//! `runs`: what was executed, and how far it came.

use clap::{Args, Subcommand};
use entrabulk::operation;
use serde_json::json;

use super::arguments::{TargetArguments, json};
use super::output::{Outcome, Output};
use super::sentences;

#[derive(Debug, Args)]
pub(super) struct Runs {
    #[command(subcommand)]
    command: RunsCommand,
}

#[derive(Debug, Subcommand)]
enum RunsCommand {
    /// List the target's runs, the newest first
    List {
        /// At most this many
        #[arg(long, default_value_t = 20)]
        limit: u64,
        #[command(flatten)]
        target: TargetArguments,
    },
    /// Abandon an unfinished run that cannot be resumed; whoever is in doubt is planned again
    Abandon {
        /// The run's id
        run: String,
        #[command(flatten)]
        target: TargetArguments,
    },
    /// Show a run and its batches; without an id the newest
    Show {
        /// The run's id
        run: Option<String>,
        #[command(flatten)]
        target: TargetArguments,
    },
}

impl Runs {
    pub(super) fn run(self, output: &mut Output) -> Outcome {
        match self.command {
            RunsCommand::List { limit, target } => {
                let arguments = json(&json!({"limit": limit}));
                let list = operation::runs::list(&target.client()?, &arguments)?;
                if !output.document(&list) {
                    list.runs.iter().for_each(|run| output.line(&sentences::run(run)));
                }
            }
            RunsCommand::Abandon { run, target } => {
                let arguments = json(&json!({"run": run}));
                let done = operation::runs::abandon(&target.client()?, &arguments)?;
                if !output.document(&done) {
                    output.line(&sentences::abandoned(&done.run, done.resend));
                }
            }
            RunsCommand::Show { run, target } => {
                let arguments = json(&json!({"run": run}));
                let run = operation::runs::show(&target.client()?, &arguments)?;
                if !output.document(&run) {
                    output.line(&sentences::run(&run));
                    for batch in run.batches.iter().flatten() {
                        output.line(&sentences::batch(batch));
                    }
                }
            }
        }
        Ok(0)
    }
}
