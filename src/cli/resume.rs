//! `resume`: an interrupted, cancelled or quota-stopped run goes on.

use clap::Args;
use entrabulk::run::Run;

use super::arguments::TargetArguments;
use super::output::{Outcome, Output};
use super::upload::follow;

#[derive(Debug, Args)]
pub(super) struct Resume {
    /// The run's id; without one the run that was interrupted last
    run: Option<String>,
    #[command(flatten)]
    target: TargetArguments,
    /// Wait for quota, and for another run's end, instead of stopping with a time to go on
    #[arg(long)]
    wait: bool,
}

impl Resume {
    pub(super) fn run(self, output: &mut Output) -> Outcome {
        follow(&Run::resume(&self.target.client()?, self.run.as_deref(), self.wait)?, output)
    }
}
