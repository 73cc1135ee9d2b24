//! A tenant that listens, and the program run against it as a process of its own.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use entrabulk::simulator::{Endpoint, Fault, FaultRule, RunningSimulator, Settings, Simulator};
use entrabulk::time::{Random, TokioClock};
use serde_json::{Value, json};

use crate::play::Directory;

pub(crate) struct Site {
    // In this order: the tenant goes before its runtime.
    pub(crate) running: RunningSimulator,
    _runtime: tokio::runtime::Runtime,
    pub(crate) folder: tempfile::TempDir,
}

impl Site {
    /// A tenant and a configuration for it, with a state file; both live `speed` times as fast as the
    /// wall clock. `adjust` changes the configuration.
    pub(crate) fn new(settings: Settings, speed: u32, adjust: impl FnOnce(&mut Value)) -> Site {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let running = runtime.block_on(async {
            let clock = Arc::new(TokioClock::with_speed(speed));
            Simulator::start(settings, clock, Random::seeded(1)).expect("a simulator")
        });
        let folder = tempfile::tempdir().expect("a folder");
        let site = Site { running, _runtime: runtime, folder };
        let mut config = crate::bench::configuration(&site.running.tenant(), &site.running.url());
        config["clockSpeed"] = speed.into();
        config["state"] = json!({"path": site.path("state.db")});
        // A second of real time and more, however busy the machine is.
        config["retry"] = json!({"requestTimeoutMs": 600_000});
        adjust(&mut config);
        std::fs::write(site.path("config.json"), config.to_string()).expect("written");
        // Everyone may change at once.
        let settings = json!({"brakes": {"updates": "off"}});
        std::fs::write(site.path("settings.json"), settings.to_string()).expect("written");
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

    /// `command` for a file of finished users.
    pub(crate) fn run_file(&self, command: &[&str], path: &Path) -> Output {
        let settings = self.path("settings.json");
        let text = |path: &Path| path.to_str().expect("UTF-8").to_owned();
        let flags = ["--format", "bulk", "--settings", &text(&settings)];
        self.run(&[command, &[&text(path)], &flags].concat())
    }

    /// Uploads a file, which must go well.
    pub(crate) fn upload(&self, path: &Path) {
        let output = self.run_file(&["upload", "--wait"], path);
        assert!(output.status.success(), "{}", told(&output));
    }

    /// The bodies of all calls that brought users.
    pub(crate) fn uploads(&self) -> Vec<String> {
        let calls = self.running.tenant().calls().into_iter();
        let uploads = calls.filter(|call| call.endpoint == Endpoint::BulkUpload);
        uploads.map(|call| call.body_hash).collect()
    }

    /// What the tenant holds of every user.
    pub(crate) fn directory(&self) -> Directory {
        let staged = self.running.tenant().staged().into_iter();
        staged.map(|(id, user)| (id, user.hash)).collect()
    }

    /// Nobody ever got a value that was older than the one before.
    pub(crate) fn nobody_went_back(&self, generations: &[&Directory], case: &str) {
        for (id, user) in self.running.tenant().staged() {
            let age = |hash| generations.iter().position(|users| users.get(&id) == Some(hash));
            let ages: Vec<_> = user.hashes.iter().map(age).collect();
            assert!(ages.is_sorted() && !ages.contains(&None), "{case}: {id} had {ages:?}");
        }
    }

    /// Lets so many calls go wrong, from the second call from now on.
    pub(crate) fn spoil(&self, fault: Fault, count: u64) {
        self.running.tenant().add_faults([FaultRule {
            fault,
            on: Endpoint::BulkUpload,
            after: 1,
            count: Some(count),
            for_ms: None,
            probability: 1.0,
            retry_after_seconds: None,
            delay_ms: 0,
        }]);
    }

    /// Makes a plan and gives its id.
    pub(crate) fn plan(&self, path: &Path) -> String {
        let output = self.run_file(&["plan"], path);
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
