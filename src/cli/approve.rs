//! `approve`: one plan let through its brakes, once, knowingly.

use std::collections::BTreeMap;

use clap::Args;
use entrabulk::error::Error;
use serde_json::json;

use super::Outcome;
use super::arguments::{TargetArguments, call, usage};
use super::output::Output;

#[derive(Debug, Args)]
pub(super) struct Approve {
    /// The plan's id
    plan: String,
    /// A brake that stops it, with the plan's own number of users; once for each
    #[arg(long, value_name = "NAME=N", required = true, value_parser = brake)]
    approve: Vec<(String, u64)>,
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
        let brakes = distinct(self.approve)?;
        let arguments = json!({"plan": self.plan, "brakes": brakes,
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

/// Reads `removals=12`. The name of a wiped attribute may hold a `=`, the number none.
fn brake(text: &str) -> Result<(String, u64), String> {
    let (name, number) = text.rsplit_once('=').unwrap_or_default();
    let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    match number.parse() {
        Ok(number) if digits && !name.is_empty() => Ok((name.to_owned(), number)),
        _ => Err("it is a brake and its number, such as removals=12".to_owned()),
    }
}

fn distinct(approved: Vec<(String, u64)>) -> Result<BTreeMap<String, u64>, Error> {
    let mut brakes = BTreeMap::new();
    for (brake, number) in approved {
        if brakes.insert(brake.clone(), number).is_some_and(|other| other != number) {
            return Err(usage(format!("The brake {brake} is given two numbers.")));
        }
    }
    Ok(brakes)
}
