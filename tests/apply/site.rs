//! A tenant that listens, and the program run against it as a process of its own.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;

use entrabulk::clock::{Random, TokioClock};
use entrabulk::simulator::{RunningSimulator, Settings, Simulator};
use serde_json::{Value, json};

/// How many times as fast as the wall clock the service and the program live.
pub(crate) const SPEED: u32 = 100;

pub(crate) struct Site {
    // In this order: the tenant goes before its runtime.
    pub(crate) running: RunningSimulator,
    _runtime: tokio::runtime::Runtime,
    pub(crate) folder: tempfile::TempDir,
}

impl Site {
    /// A tenant and a configuration for it, with a state file. `adjust` changes the configuration.
    pub(crate) fn new(settings: Settings, adjust: impl FnOnce(&mut Value)) -> Site {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let running = runtime.block_on(async {
            let clock = Arc::new(TokioClock::with_speed(SPEED));
            Simulator::start(settings, clock, Random::seeded(1)).expect("a simulator")
        });
        let folder = tempfile::tempdir().expect("a folder");
        let site = Site { running, _runtime: runtime, folder };
        let mut config = crate::bench::configuration(&site.running.tenant(), &site.running.url());
        config["clockSpeed"] = SPEED.into();
        config["state"] = json!({"path": site.path("state.db")});
        // A second of real time and more, however busy the machine is.
        config["retry"] = json!({"requestTimeoutMs": 600_000});
        adjust(&mut config);
        std::fs::write(site.path("config.json"), config.to_string()).expect("written");
        site
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes finished users: who, with which title, under which manager.
    pub(crate) fn users(&self, name: &str, users: &[(usize, &str, Option<usize>)]) -> PathBuf {
        let operation = |(number, title, manager): &(usize, &str, Option<usize>)| {
            let mut data = json!({
                "schemas": [
                    "urn:ietf:params:scim:schemas:core:2.0:User",
                    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
                ],
                "externalId": format!("E{number}"),
                "userName": format!("user{number}@example.com"),
                "displayName": format!("User {number}"),
                "title": title,
                "active": true,
            });
            if let Some(manager) = manager {
                data["urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"] =
                    json!({"manager": {"value": format!("E{manager}")}});
            }
            json!({"method": "POST", "path": "/Users", "bulkId": "any", "data": data})
        };
        let document = json!({"Operations": users.iter().map(operation).collect::<Vec<_>>()});
        let path = self.path(name);
        std::fs::write(&path, document.to_string()).expect("written");
        path
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_entrabulk"));
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("ENTRABULK_")) {
            command.env_remove(name);
        }
        let secret = self.running.describe()["clientSecret"].as_str().expect("one").to_owned();
        command.arg("--json").args(arguments).arg("--config").arg(self.path("config.json"));
        command.env("ENTRABULK_CLIENT_SECRET", secret);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("it runs")
    }

    pub(crate) fn spawn(&self, arguments: &[&str]) -> Child {
        self.command(arguments).spawn().expect("it starts")
    }

    /// Uploads a file, which must go well.
    pub(crate) fn upload(&self, path: &Path) {
        let path = path.to_str().expect("UTF-8");
        let output = self.run(&["upload", path, "--format", "bulk", "--wait"]);
        assert!(output.status.success(), "{}", told(&output));
    }

    /// Makes a plan and gives its id.
    pub(crate) fn plan(&self, path: &Path) -> String {
        let path = path.to_str().expect("UTF-8");
        let output = self.run(&["plan", path, "--format", "bulk"]);
        assert_eq!(output.status.code(), Some(2), "{}", told(&output));
        let plan: Value = serde_json::from_slice(&output.stdout).expect("a plan");
        plan["plan"].as_str().expect("an id").to_owned()
    }
}

/// What a process said.
pub(crate) fn told(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    format!("{:?}\n{}\n{}", output.status.code(), text(&output.stdout), text(&output.stderr))
}

/// The summary at the end of a run's events.
pub(crate) fn summary(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stdout);
    let last = text.lines().last().unwrap_or_default();
    let event: Value = serde_json::from_str(last).unwrap_or_else(|_| panic!("{}", told(output)));
    assert_eq!(event["event"], "finished", "{}", told(output));
    event
}
