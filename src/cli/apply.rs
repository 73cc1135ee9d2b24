//! `apply`: a stored plan, executed.

use clap::Args;
use entrabulk::run::Run;

use super::arguments::TargetArguments;
use super::output::{Outcome, Output};
use super::upload::follow;

#[derive(Debug, Args)]
pub(super) struct Apply {
    /// The plan's id
    plan: String,
    #[command(flatten)]
    target: TargetArguments,
    /// Wait for quota, and for another run's end, instead of stopping with a time to go on
    #[arg(long)]
    wait: bool,
}

impl Apply {
    pub(super) fn run(self, output: &mut Output) -> Outcome {
        follow(&Run::apply(&self.target.client()?, &self.plan, self.wait)?, output)
    }
}
