//! `quota`: what the day still has for this tenant.

use clap::Args;
use entrabulk::operation;

use super::arguments::TargetArguments;
use super::output::{Outcome, Output};
use super::sentences;

#[derive(Debug, Args)]
pub(super) struct Quota {
    #[command(flatten)]
    target: TargetArguments,
}

impl Quota {
    pub(super) fn run(self, output: &mut Output) -> Outcome {
        let quota = operation::runs::quota(&self.target.client()?, b"{}")?;
        if !output.document(&quota) {
            output.line(&sentences::quota(&quota));
        }
        Ok(0)
    }
}
