//! Flags to the library's JSON documents (`docs/documents.md`).

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use entrabulk::client::Client;
use entrabulk::error::Error;
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use super::sentences;

/// How to read a source.
#[derive(Debug, Args)]
#[command(next_help_heading = "Source")]
pub(super) struct SourceArguments {
    /// Format: csv, json (an array), jsonl, bulk (finished BulkRequests)
    #[arg(long, default_value = "auto")]
    format: String,
    /// Encoding: a WHATWG label such as utf-16le, shift_jis, euc-jp, windows-1252
    #[arg(long, default_value = "auto")]
    encoding: String,
    /// Delimiter of a CSV file: "," ";" "|" or tab
    #[arg(long, default_value = "auto")]
    delimiter: String,
}

impl SourceArguments {
    /// The `source` of a conversion of the file at `path`; `-` is standard input.
    pub(super) fn document(&self, path: &Path) -> Result<Value, Error> {
        let mut document = json!({
            "format": self.format,
            "encoding": self.encoding,
            "delimiter": self.delimiter,
        });
        if path.as_os_str() == "-" {
            document["stdin"] = true.into();
        } else {
            document["path"] = text(path)?.into();
        }
        Ok(document)
    }
}

/// What to read and how to turn it into users.
#[derive(Debug, Args)]
pub(super) struct ConversionArguments {
    #[command(flatten)]
    pub(super) source: SourceArguments,
    /// Mapping, a JSON file; without one, columns named externalId, userName, displayName, active
    #[arg(long, short, help_heading = "Mapping")]
    pub mapping: Option<PathBuf>,
    /// Send every column as text under this URN
    #[arg(long, value_name = "URN", help_heading = "Mapping")]
    scim_schema_namespace: Option<String>,
    /// userName as mapped, or only the part before "@"
    #[arg(long, default_value = "whole", help_heading = "Mapping")]
    user_name: UserName,
    /// Records that share an externalId: reject them all, or send the last
    #[arg(long, default_value = "reject", help_heading = "Mapping")]
    duplicates: Duplicates,
    /// Write rejected records to this CSV file
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    rejects: Option<PathBuf>,
    /// Users a call, at most 50
    #[arg(long, value_name = "N", help_heading = "Output")]
    batch_operations: Option<u64>,
    /// Bytes a call, at most 1048576
    #[arg(long, value_name = "N", help_heading = "Output")]
    batch_bytes: Option<u64>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum UserName {
    Whole,
    Local,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Duplicates {
    Reject,
    Last,
}

impl ConversionArguments {
    /// The conversion of the file at `path`.
    pub(super) fn document(&self, path: &Path) -> Result<Value, Error> {
        let mut document = json!({
            "version": 1,
            "source": self.source.document(path)?,
            "userName": match self.user_name { UserName::Whole => "whole", UserName::Local => "local" },
            "duplicates": match self.duplicates { Duplicates::Reject => "reject", Duplicates::Last => "last" },
        });
        let mut set = |key: &str, value: Option<Value>| {
            if let Some(value) = value {
                document[key] = value;
            }
        };
        set("mappingPath", self.mapping.as_deref().map(text).transpose()?.map(Value::from));
        set("rejectsPath", self.rejects.as_deref().map(text).transpose()?.map(Value::from));
        set("scimSchemaNamespace", self.scim_schema_namespace.clone().map(Value::from));
        let limits: Map<String, Value> =
            [("operations", self.batch_operations), ("bytes", self.batch_bytes)]
                .into_iter()
                .filter_map(|(key, value)| Some((key.to_owned(), Value::from(value?))))
                .collect();
        set("limits", (!limits.is_empty()).then_some(Value::Object(limits)));
        Ok(document)
    }
}

/// Where to send, and who signs in. Secrets come from the environment or a file, never from the
/// command line, which every process of the machine can read.
#[derive(Debug, Args)]
#[command(next_help_heading = "Target")]
pub(super) struct TargetArguments {
    /// Client configuration, a JSON file (docs/documents.md); the flags below win over it
    #[arg(long, value_name = "FILE", env = "ENTRABULK_CONFIG")]
    config: Option<PathBuf>,
    /// Cloud: global, usGov, usGovDod, china
    #[arg(long, env = "ENTRABULK_CLOUD")]
    cloud: Option<String>,
    /// Tenant id
    #[arg(long, env = "ENTRABULK_TENANT_ID")]
    tenant_id: Option<String>,
    /// Application (client) id that signs in; its secret is read from ENTRABULK_CLIENT_SECRET
    #[arg(long, env = "ENTRABULK_CLIENT_ID")]
    client_id: Option<String>,
    /// Object id of the provisioning app's service principal
    #[arg(long, env = "ENTRABULK_SERVICE_PRINCIPAL_ID")]
    service_principal_id: Option<String>,
    /// Synchronization job id, API2AAD.… or API2AD.…
    #[arg(long, env = "ENTRABULK_JOB_ID")]
    job_id: Option<String>,
    /// Licence that fixes the daily quota: p1, p2, governance
    #[arg(long, env = "ENTRABULK_LICENCE")]
    licence: Option<String>,
    /// Send to a simulated tenant at this loopback address
    #[arg(long, value_name = "URL", env = "ENTRABULK_SIMULATOR")]
    simulator: Option<String>,
    /// State file: baseline, plans, journal, ledger; by default in the platform's folder for state
    /// [env: ENTRABULK_STATE]
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    /// Compare with nothing and remember nothing; only the calls are counted, where the state would lie
    #[arg(long, conflicts_with_all = ["state", "hashes_only"])]
    no_state: bool,
    /// Keep hashes of users only, no HR data; then there are no values before and no undo
    #[arg(long)]
    hashes_only: bool,
    /// File that holds the client secret (instead of ENTRABULK_CLIENT_SECRET)
    #[arg(long, value_name = "FILE")]
    client_secret_file: Option<PathBuf>,
    /// File that holds an access token (instead of ENTRABULK_ACCESS_TOKEN)
    #[arg(long, value_name = "FILE")]
    access_token_file: Option<PathBuf>,
}

impl TargetArguments {
    /// The client configuration.
    fn document(&self) -> Result<Value, Error> {
        let mut document = match &self.config {
            Some(path) => {
                let json =
                    std::fs::read(path).map_err(|error| sentences::unreadable(path, &error))?;
                serde_json::from_slice(&json)
                    .map_err(|error| sentences::configuration_not_json(path, &error))?
            }
            None => json!({"version": 1}),
        };
        let Some(object) = document.as_object_mut() else {
            return Err(sentences::configuration_no_object());
        };
        for (key, value) in [
            ("cloud", &self.cloud),
            ("tenantId", &self.tenant_id),
            ("clientId", &self.client_id),
            ("servicePrincipalId", &self.service_principal_id),
            ("jobId", &self.job_id),
            ("licence", &self.licence),
            ("simulator", &self.simulator),
        ] {
            if let Some(value) = value {
                object.insert(key.into(), value.as_str().into());
            }
        }
        let variable = || std::env::var_os("ENTRABULK_STATE").filter(|path| !path.is_empty());
        let path = self.state.clone().or_else(|| variable().map(PathBuf::from));
        let mut state = match document.get("state") {
            Some(state) if state == "none" => json!({"kept": false}),
            Some(state) => state.clone(),
            None => json!({}),
        };
        if let Some(path) = &path {
            state["path"] = text(path)?.into();
        }
        if self.state.is_some() {
            state["kept"] = true.into();
        }
        if self.no_state {
            state["kept"] = false.into();
        }
        if self.hashes_only {
            state["keep"] = "hashes".into();
        }
        document["state"] = state;
        Ok(document)
    }

    /// A client for the target, with its secrets.
    pub(super) fn client(&self) -> Result<Client, Error> {
        let client = Client::new(self.document()?.to_string().as_bytes())?;
        for (name, mut secret) in self.secrets()? {
            client.set_secret(name, &secret)?;
            secret.fill(0);
        }
        Ok(client)
    }

    /// The secrets, by their names.
    fn secrets(&self) -> Result<Vec<Secret>, Error> {
        let mut secrets = Vec::new();
        for (name, file, variable) in [
            ("clientSecret", &self.client_secret_file, "ENTRABULK_CLIENT_SECRET"),
            ("accessToken", &self.access_token_file, "ENTRABULK_ACCESS_TOKEN"),
        ] {
            let secret = match file {
                Some(path) => {
                    Some(std::fs::read(path).map_err(|error| sentences::unreadable(path, &error))?)
                }
                None => std::env::var(variable).ok().map(String::into_bytes),
            };
            if let Some(secret) = secret.map(Zeroizing::new) {
                secrets.push((name, Zeroizing::new(secret.trim_ascii().to_vec())));
            }
        }
        Ok(secrets)
    }
}

/// A secret by its name.
type Secret = (&'static str, Zeroizing<Vec<u8>>);

/// The arguments of an operation as it takes them.
pub(super) fn json(arguments: &Value) -> Vec<u8> {
    arguments.to_string().into_bytes()
}

/// A path as JSON text.
pub(super) fn text(path: &Path) -> Result<&str, Error> {
    path.to_str().ok_or_else(|| sentences::not_unicode(path))
}
