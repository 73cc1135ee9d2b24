//! `runs`: what was executed, and how far it came.

use clap::{Args, Subcommand};
use entrabulk::operation::{self, runs::RunDocument};
use serde_json::json;

use super::Outcome;
use super::arguments::{TargetArguments, json};
use super::output::{Output, counted};

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
                    list.runs.iter().for_each(|run| output.line(&line(run)));
                }
            }
            RunsCommand::Abandon { run, target } => {
                let arguments = json(&json!({"run": run}));
                let done = operation::runs::abandon(&target.client()?, &arguments)?;
                if !output.document(&done) {
                    let users = counted(done.resend, "user");
                    output.line(&format!("Run {run} is abandoned; {users} will be planned again."));
                }
            }
            RunsCommand::Show { run, target } => {
                let arguments = json(&json!({"run": run}));
                let run = operation::runs::show(&target.client()?, &arguments)?;
                if !output.document(&run) {
                    output.line(&line(&run));
                    for batch in run.batches.iter().flatten() {
                        output.line(&format!(
                            "  batch {}  {}  attempts {}  {}",
                            batch.batch, batch.state, batch.attempts, batch.client_request_id
                        ));
                    }
                }
            }
        }
        Ok(0)
    }
}

fn line(run: &RunDocument) -> String {
    let accepted = run.accepted().map_or(String::new(), |users| format!("  {users} accepted"));
    format!("{}  {}  {}  plan {}{accepted}", run.run, run.started_at, run.state, run.plan)
}
