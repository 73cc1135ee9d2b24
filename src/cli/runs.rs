//! `runs`: what was executed, and how far it came.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::Outcome;
use super::arguments::{TargetArguments, call};
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
    /// Give up an unfinished run that cannot be resumed; whoever is in doubt is planned again
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
                let list = call(&target.client()?, "runs.list", &json!({"limit": limit}))?;
                let lines: Vec<String> =
                    list["runs"].as_array().into_iter().flatten().map(line).collect();
                output.text(&lines.join("\n"), &list);
            }
            RunsCommand::Abandon { run, target } => {
                let done = call(&target.client()?, "runs.abandon", &json!({"run": run}))?;
                let users = counted(done["resend"].as_u64().unwrap_or_default(), "user");
                output
                    .text(&format!("Run {run} is given up; {users} will be planned again."), &done);
            }
            RunsCommand::Show { run, target } => {
                let run = call(&target.client()?, "runs.show", &json!({"run": run}))?;
                let mut lines = vec![line(&run)];
                lines.extend(run["batches"].as_array().into_iter().flatten().map(|batch| {
                    let (state, id) = (batch["state"].as_str(), batch["clientRequestId"].as_str());
                    format!(
                        "  batch {}  {}  attempts {}  {}",
                        batch["batch"],
                        state.unwrap_or_default(),
                        batch["attempts"],
                        id.unwrap_or_default()
                    )
                }));
                output.text(&lines.join("\n"), &run);
            }
        }
        Ok(0)
    }
}

fn line(run: &Value) -> String {
    let text = |key: &str| run[key].as_str().unwrap_or_default();
    let accepted = run["summary"]["accepted"].as_u64();
    let accepted = accepted.map_or(String::new(), |accepted| format!("  {accepted} accepted"));
    format!(
        "{}  {}  {}  plan {}{accepted}",
        text("run"),
        text("startedAt"),
        text("state"),
        text("plan")
    )
}
