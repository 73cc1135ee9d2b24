//! `quota`: what the day still has for this tenant.

use clap::Args;
use entrabulk::operation;

use super::Outcome;
use super::arguments::TargetArguments;
use super::output::Output;

#[derive(Debug, Args)]
pub(super) struct Quota {
    #[command(flatten)]
    target: TargetArguments,
}

impl Quota {
    pub(super) fn run(self, output: &mut Output) -> Outcome {
        let quota = operation::runs::quota(&self.target.client()?, b"{}")?;
        if output.document(&quota) {
            return Ok(0);
        }
        output.line(&format!(
            "{} of {} calls used in the last 24 hours, {} left, {} more for urgent disables",
            quota.used, quota.per_day, quota.left, quota.reserve
        ));
        if let (Some(next), Some(all)) = (quota.next_free, quota.all_free) {
            output.line(&format!("the next is free again at {next}, all of them at {all}"));
        }
        Ok(0)
    }
}
