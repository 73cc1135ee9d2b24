//! `rehearse`: the whole way from file to accepted users, in a simulated tenant inside this process.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use entrabulk::client::Client;
use entrabulk::error::Error;
use entrabulk::run::Run;
use entrabulk::store::SqliteStore;
use serde_json::{Value, json};

use super::arguments::ConversionArguments;
use super::output::{Outcome, Output};
use super::safety::SettingsArguments;
use super::sentences;
use super::simulate::TenantArguments;
use super::upload::follow;

/// The shipped sample: Microsoft's own export of 1,000 rows, 376 of which repeat an id.
const SAMPLE: &[u8] = include_bytes!("../../examples/data/csv2scim-1000-records.csv");
/// The mapping that goes with it.
const SAMPLE_MAPPING: &[u8] = include_bytes!("../../examples/data/mapping-csv2scim.json");

#[derive(Debug, Args)]
pub(super) struct Rehearse {
    /// The file; without one, the shipped sample of 1,000 rows
    source: Option<PathBuf>,
    #[command(flatten)]
    conversion: ConversionArguments,
    #[command(flatten)]
    settings: SettingsArguments,
    #[command(flatten)]
    tenant: TenantArguments,
    /// Every call takes this long
    #[arg(long, value_name = "MS", default_value_t = 0, help_heading = "Simulated tenant")]
    latency: u64,
    /// Answer this many calls with 429, from the third call on
    #[arg(long, value_name = "N", help_heading = "Simulated tenant")]
    throttle: Option<u64>,
    /// Cut this many answers in the middle, from the second call on
    #[arg(long, value_name = "N", help_heading = "Simulated tenant")]
    cut: Option<u64>,
    /// Answer this many calls with 400, from the second call on; the first of them ends the run
    #[arg(long, value_name = "N", help_heading = "Simulated tenant")]
    refuse: Option<u64>,
}

impl Rehearse {
    pub(super) fn run(mut self, output: &mut Output) -> Outcome {
        let mut settings = self.tenant.settings()?;
        // The sample's user names have no domain; the job's mapping would add one.
        settings.directory.user_name_domain.get_or_insert_with(|| "contoso.com".into());
        settings.latency.after_ms += self.latency;
        for (fault, after, count) in [
            ("status400", 1, self.refuse),
            ("status429", 2, self.throttle),
            ("cutHead", 1, self.cut),
        ] {
            if let Some(count) = count {
                let rule = json!({"fault": fault, "after": after, "count": count,
                                  "retryAfterSeconds": 2});
                settings.faults.push(serde_json::from_value(rule).map_err(internal)?);
            }
        }
        let running = self.tenant.start(settings)?;
        let description = running.describe();
        let mut configuration = json!({"version": 1, "simulator": description["url"],
                                       "clockSpeed": self.tenant.speed});
        for key in ["tenantId", "clientId", "servicePrincipalId", "jobId"] {
            configuration[key] = description[key].clone();
        }
        let client = Client::new(configuration.to_string().as_bytes())?;
        // What is rehearsed is neither remembered nor counted.
        client.set_store(Arc::new(SqliteStore::temporary()?));
        let secret = description["clientSecret"].as_str().unwrap_or_default();
        client.set_secret("clientSecret", secret.as_bytes())?;

        let mut sample = Vec::new();
        let source = match self.source.take() {
            Some(source) => source,
            None => {
                sample = vec![temporary(SAMPLE)?, temporary(SAMPLE_MAPPING)?];
                self.conversion.mapping.get_or_insert_with(|| sample[1].path().into());
                sample[0].path().into()
            }
        };
        let mut arguments = self.settings.of(self.conversion.document(&source)?)?;
        arguments["rehearse"] = true.into();
        let code = follow(&Run::start(&client, arguments.to_string().as_bytes())?, output)?;
        drop(sample);
        let state = running.tenant().state();
        report(&state, output);
        Ok(code)
    }
}

fn report(state: &Value, output: &Output) {
    if !output.document(&json!({"event": "simulated", "state": state})) {
        output.line(&sentences::rehearsed(state));
    }
}

fn temporary(content: &[u8]) -> Result<tempfile::NamedTempFile, Error> {
    let written = tempfile::NamedTempFile::new().and_then(|mut file| {
        file.write_all(content)?;
        Ok(file)
    });
    written.map_err(|error| sentences::temporary_failed(&error))
}

fn internal(error: serde_json::Error) -> Error {
    Error::internal(error.to_string())
}
