//! `approve`: one plan let through its brakes, once, knowingly.

use clap::Args;
use serde_json::json;

use super::Outcome;
use super::arguments::{TargetArguments, call, usage};
use super::output::Output;

#[derive(Debug, Args)]
pub(super) struct Approve {
    /// The plan's id
    plan: String,
    /// How many users it disables; must be the plan's own number
    #[arg(long, value_name = "N")]
    removals: u64,
    /// Why it is right
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Who says so; by default whoever is logged in
    #[arg(long, value_name = "NAME", env = "ENTRABULK_APPROVER")]
    approver: Option<String>,
    #[command(flatten)]
    target: TargetArguments,
}

impl Approve {
    pub(super) fn run(self, output: &mut Output) -> Outcome {
        let logged_in =
            || ["USER", "USERNAME", "LOGNAME"].iter().find_map(|name| std::env::var(name).ok());
        let approver = self.approver.or_else(logged_in).ok_or_else(|| {
            usage("USER is not set, so say who approves with --approver or ENTRABULK_APPROVER.")
        })?;
        let arguments = json!({"plan": self.plan, "removals": self.removals,
                               "reason": self.reason, "approver": approver});
        let approval = call(&self.target.client()?, "plan.approve", &arguments)?;
        output.text(
            &format!(
                "Plan {} may be applied once within 24 hours: entrabulk apply {}",
                self.plan, self.plan
            ),
            &approval,
        );
        Ok(0)
    }
}
