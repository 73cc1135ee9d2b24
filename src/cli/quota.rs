//! `quota`: what the day still has for this tenant.

use clap::Args;
use serde_json::json;

use super::Outcome;
use super::arguments::{TargetArguments, call};
use super::output::Output;

#[derive(Debug, Args)]
pub(super) struct Quota {
    #[command(flatten)]
    target: TargetArguments,
}

impl Quota {
    pub(super) fn run(self, output: &mut Output) -> Outcome {
        let quota = call(&self.target.client()?, "quota", &json!({}))?;
        let mut text = format!(
            "{} of {} calls used in the last 24 hours, {} left, {} more for urgent disables",
            quota["used"], quota["perDay"], quota["left"], quota["reserve"]
        );
        if let (Some(next), Some(all)) = (quota["nextFree"].as_str(), quota["allFree"].as_str()) {
            text.push_str(&format!("\nthe next is free again at {next}, all of them at {all}"));
        }
        output.text(&text, &quota);
        Ok(0)
    }
}
