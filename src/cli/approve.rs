//! `approve`: one plan let through its brakes, once, knowingly.

use clap::Args;
use entrabulk::error::Error;
use entrabulk::operation;
use serde_json::{Map, Value, json};

use super::arguments::{TargetArguments, json};
use super::output::{Outcome, Output};
use super::sentences;

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
        .ok_or_else(|| sentences::NO_BRAKE.into())
}

impl ApprovalArguments {
    /// The approval; nothing where none was given.
    pub(super) fn document(&self) -> Result<Option<Value>, Error> {
        if self.approve.is_empty() && self.reason.is_none() {
            return Ok(None);
        }
        let reason = self.reason.as_deref().ok_or_else(sentences::no_reason)?;
        let logged_in =
            || ["USER", "USERNAME", "LOGNAME"].iter().find_map(|name| std::env::var(name).ok());
        let approver =
            self.approver.clone().or_else(logged_in).ok_or_else(sentences::no_approver)?;
        let brakes: Map<String, Value> =
            self.approve.iter().map(|(brake, users)| (brake.clone(), (*users).into())).collect();
        Ok(Some(json!({"brakes": brakes, "reason": reason, "approver": approver})))
    }
}

impl Approve {
    pub(super) fn run(self, output: &mut Output) -> Outcome {
        let mut arguments = self.approval.document()?.ok_or_else(sentences::no_approval)?;
        arguments["plan"] = self.plan.as_str().into();
        let approval = operation::runs::approve(&self.target.client()?, &json(&arguments))?;
        if !output.document(&approval) {
            output.line(&sentences::approved(&approval.plan));
        }
        Ok(0)
    }
}
