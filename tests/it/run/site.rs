//! A tenant that listens, and the program run against it as a process of its own.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;

use entrabulk::simulator::{Endpoint, Fault, FaultRule, Settings, Tenant};
use serde_json::{Value, json};

use super::play::Directory;
use crate::support::program::{document, program, told};
use crate::support::state::State;
use crate::support::tenant::{Listening, OPERATIONS};
use crate::support::users::{User, bulk};

pub(crate) struct Site {
    listening: Listening,
    pub(crate) state: State,
}

impl Site {
    /// A tenant and a configuration for it, with a state file; both live `speed` times as fast as the
    /// wall clock. `adjust` changes the configuration.
    pub(crate) fn new(settings: Settings, speed: u32, adjust: impl FnOnce(&mut Value)) -> Site {
        let (listening, state) = (Listening::new(settings, speed), State::new());
        let mut config = listening.configuration();
        config["limits"] = json!({"operations": OPERATIONS});
        // A second of real time and more, however busy the machine is.
        config["retry"] = json!({"requestTimeoutMs": 600_000});
        adjust(&mut config);
        state.write("config.json", state.kept(config).to_string());
        // Everyone may change at once.
        state.write("settings.json", json!({"brakes": {"updates": "off"}}).to_string());
        Site { listening, state }
    }

    pub(crate) fn tenant(&self) -> Arc<Tenant> {
        self.listening.tenant()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.state.path(name)
    }

    /// Writes finished users.
    pub(crate) fn users(&self, name: &str, users: impl IntoIterator<Item = User>) -> PathBuf {
        self.state.write(name, bulk(users))
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = program(&self.state, &[&["--json"], arguments].concat());
        command.arg("--config").arg(self.path("config.json"));
        command.env("ENTRABULK_CLIENT_SECRET", self.listening.secret());
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
        let calls = self.tenant().calls().into_iter();
        let uploads = calls.filter(|call| call.endpoint == Endpoint::BulkUpload);
        uploads.map(|call| call.body_hash).collect()
    }

    /// What the tenant holds of every user.
    pub(crate) fn directory(&self) -> Directory {
        let staged = self.tenant().staged().into_iter();
        staged.map(|(id, user)| (id, user.hash)).collect()
    }

    /// Nobody ever got a value that was older than the one before.
    pub(crate) fn nobody_went_back(&self, generations: &[&Directory], case: &str) {
        for (id, user) in self.tenant().staged() {
            let age = |hash| generations.iter().position(|users| users.get(&id) == Some(hash));
            let ages: Vec<_> = user.hashes.iter().map(age).collect();
            assert!(ages.is_sorted() && !ages.contains(&None), "{case}: {id} had {ages:?}");
        }
    }

    /// Lets so many calls go wrong, from the second call from now on.
    pub(crate) fn spoil(&self, fault: Fault, count: u64) {
        self.tenant().add_faults([FaultRule {
            fault,
            after: 1,
            count: Some(count),
            ..FaultRule::default()
        }]);
    }

    /// Makes a plan and gives its id.
    pub(crate) fn plan(&self, path: &Path) -> String {
        let output = self.run_file(&["plan"], path);
        assert_eq!(output.status.code(), Some(2), "{}", told(&output));
        document(&output)["plan"].as_str().expect("an id").to_owned()
    }
}
