//! `approve`: one plan let through its brakes, once, knowingly.

use clap::Args;
use entrabulk::error::Error;
use serde_json::{Map, Value, json};

use super::Outcome;
use super::arguments::{TargetArguments, call, usage};
use super::output::Output;

#[derive(Debug, Args)]
pub(super) struct Approve {
    /// The plan's id
    plan: String,
    #[command(flatten)]
    approval: ApprovalArguments,
    #[command(flatten)]
    target: TargetArguments,
}

/// An approval: one number for each brake that tripped.
#[derive(Debug, Args)]
pub(super) struct ApprovalArguments {
    /// A brake that tripped and how many users it counts in the plan; once for each
    #[arg(long, value_name = "BRAKE=N", value_parser = brake, help_heading = "Approval")]
    approve: Vec<(String, u64)>,
    /// Why it is right
    #[arg(long, value_name = "TEXT", help_heading = "Approval")]
    reason: Option<String>,
    /// Who says so; by default whoever is logged in
    #[arg(long, value_name = "NAME", env = "ENTRABULK_APPROVER", help_heading = "Approval")]
    approver: Option<String>,
}

fn brake(text: &str) -> Result<(String, u64), String> {
    let number = |digits: &str| {
        let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
        plain.then(|| digits.parse().ok()).flatten()
    };
    text.rsplit_once('=')
        .and_then(|(brake, digits)| Some((brake.trim().to_owned(), number(digits)?)))
        .ok_or_else(|| "must be the name of a brake and a number, such as removals=12".into())
}

impl ApprovalArguments {
    /// The approval; nothing where none was given.
    pub(super) fn document(&self) -> Result<Option<Value>, Error> {
        if self.approve.is_empty() && self.reason.is_none() {
            return Ok(None);
        }
        let reason = self.reason.as_deref().ok_or_else(|| usage("Say why with --reason TEXT."))?;
        let logged_in =
            || ["USER", "USERNAME", "LOGNAME"].iter().find_map(|name| std::env::var(name).ok());
        let approver = self.approver.clone().or_else(logged_in).ok_or_else(|| {
            usage("USER is not set, so say who approves with --approver or ENTRABULK_APPROVER.")
        })?;
        let brakes: Map<String, Value> =
            self.approve.iter().map(|(brake, users)| (brake.clone(), (*users).into())).collect();
        Ok(Some(json!({"brakes": brakes, "reason": reason, "approver": approver})))
    }
}

impl Approve {
    pub(super) fn run(self, output: &mut Output) -> Outcome {
        let mut arguments = self.approval.document()?.ok_or_else(|| {
            usage("Name each brake that tripped, with --approve BRAKE=N, and say why with --reason TEXT.")
        })?;
        arguments["plan"] = self.plan.as_str().into();
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
