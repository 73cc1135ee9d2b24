//! Both ways, one promise: every upload with a state and without, by the command line, from C and from
//! PowerShell, held against one expectation that is written by hand.

mod scenarios;
mod surfaces;

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use entrabulk::simulator::{Endpoint, SimulatedUser};
use serde_json::{Value, json};

use crate::support::program::{document, has, program, told};
use crate::support::state::State;
use crate::support::tenant::Listening;
use scenarios::{Expected, Scenario, all};
use surfaces::{Ending, Job, Surface};

/// How many times as fast as the clock on the wall.
const SPEED: u32 = 40;

/// One scenario on one surface: a tenant and a state of its own.
struct Stage {
    scenario: Scenario,
    kept: bool,
    tenant: Listening,
    state: State,
}

impl Stage {
    fn new(scenario: Scenario, kept: bool) -> Stage {
        let tenant = Listening::new(scenario.tenant.clone(), SPEED);
        Stage { scenario, kept, tenant, state: State::new() }
    }

    /// What a surface is to do: the `round`th upload of the scenario's file.
    fn job(&self, round: usize) -> Job {
        let Stage { scenario, kept, tenant, state } = self;
        let config = tenant.configuration();
        let mut config = if *kept { state.kept(config) } else { state.unkept(config) };
        config["limits"] = json!({"operations": scenario.operations});
        let source = state.write(scenario.file, &scenario.source);
        let mut settings = scenario.settings.clone();
        if !kept && !scenario.approval.is_null() {
            settings["approval"] = json!({
                "brakes": scenario.approval, "reason": "looked at", "approver": "ann",
            });
        }
        let conversion = json!({"source": {"path": source}, "mapping": scenario.mapping});
        Job {
            config: state.write("client.json", config.to_string()),
            run: state.write(
                &format!("run{round}.json"),
                json!({"version": 1, "conversion": conversion, "settings": settings}).to_string(),
            ),
            source,
            mapping: state.write("mapping.json", scenario.mapping.to_string()),
            settings: state.write("settings.json", scenario.settings.to_string()),
            approval: if *kept { Value::Null } else { scenario.approval.clone() },
            folder: state.folder().to_owned(),
            secret: tenant.secret(),
            client: tenant.configuration()["clientId"].as_str().expect("an id").to_owned(),
        }
    }

    /// How often the file is uploaded: once more where its plan has to be approved in between, or the
    /// scenario is about the second time.
    fn rounds(&self) -> usize {
        let approves = self.kept && !self.scenario.approval.is_null();
        if approves || self.scenario.twice { 2 } else { 1 }
    }

    /// Approves what the first upload was stopped by.
    fn between(&self, first: &Ending) {
        if !self.kept || self.scenario.approval.is_null() {
            return;
        }
        assert_eq!(first.exit_code, 10, "{}: {first:?}", self.scenario.name);
        assert!(self.tenant.tenant().staged().is_empty(), "{}", self.scenario.name);
        let mut arguments = vec!["approve".to_owned(), first.plan.clone().expect("a plan")];
        for (brake, users) in self.scenario.approval.as_object().expect("brakes") {
            arguments.extend(["--approve".to_owned(), format!("{brake}={users}")]);
        }
        let config = self.state.path("client.json");
        let config = config.to_str().expect("UTF-8").to_owned();
        arguments
            .extend(["--reason", "looked at", "--approver", "ann", "--config"].map(str::to_owned));
        arguments.push(config);
        let output = program(&self.state, &arguments).output().expect("it runs");
        assert!(output.status.success(), "{}: {}", self.scenario.name, told(&output));
    }

    fn check(&self, surface: Surface, last: &Ending) {
        let case = format!("{}, {surface:?}, kept {}", self.scenario.name, self.kept);
        let Expected { exit_code, kind, accepted, rejected, not_sent, unchanged, .. } =
            self.scenario.expected(self.kept);
        assert_eq!((last.exit_code, last.kind.as_str()), (exit_code, kind), "{case}: {last:?}");
        let counts = (last.accepted, last.rejected, last.not_sent, last.unchanged);
        assert_eq!(counts, (accepted, rejected, not_sent, unchanged), "{case}: {last:?}");
        let tenant = self.tenant.tenant();
        assert!(tenant.worst_window() <= 40, "{case}: {} in 5 s", tenant.worst_window());
        let wanted = self.scenario.people();
        let began = Instant::now();
        let mut people = directory(&tenant.users());
        while people != wanted && began.elapsed() < Duration::from_secs(20) {
            thread::sleep(Duration::from_millis(50));
            people = directory(&tenant.users());
        }
        assert_eq!(people, wanted, "{case}");
    }
}

/// Whether each person may sign in, and who their manager is.
type People = BTreeMap<String, (bool, Option<String>)>;

fn directory(users: &BTreeMap<String, SimulatedUser>) -> People {
    let person = |(id, user): (&String, &SimulatedUser)| {
        assert_eq!(user.unresolved_manager, None, "{id}'s manager came after them");
        (id.clone(), (user.account_enabled, user.manager.clone()))
    };
    users.iter().map(person).collect()
}

/// Every scenario on one surface, with a state and without.
fn promise(surface: Surface) {
    let stages: Vec<Stage> = all()
        .into_iter()
        .flat_map(|scenario| [true, false].map(|kept| Stage::new(scenario.clone(), kept)))
        .collect();
    let first = surface.upload_all(&stages.iter().map(|stage| stage.job(1)).collect::<Vec<_>>());
    let mut last = Vec::new();
    let (mut again, mut whose) = (Vec::new(), Vec::new());
    for (at, (stage, ending)) in stages.iter().zip(first).enumerate() {
        if stage.rounds() == 2 {
            stage.between(&ending);
            again.push(stage.job(2));
            whose.push(at);
        }
        last.push(ending);
    }
    for (at, ending) in whose.into_iter().zip(surface.upload_all(&again)) {
        last[at] = ending;
    }
    for (stage, ending) in stages.iter().zip(&last) {
        stage.check(surface, ending);
    }
}

#[test]
fn by_the_command_line() {
    promise(Surface::CommandLine);
}

#[test]
fn from_c() {
    let found = std::process::Command::new("gcc").arg("--version").output().is_ok();
    if has("gcc", found) {
        promise(Surface::C);
    }
}

#[test]
fn from_powershell() {
    let found = std::process::Command::new("pwsh").arg("-Version").output().is_ok();
    if has("pwsh", found) {
        promise(Surface::PowerShell);
    }
}

/// A scenario by its name.
fn scenario(name: &str) -> Scenario {
    all().into_iter().find(|scenario| scenario.name == name).expect("a scenario")
}

#[test]
fn what_convert_writes_is_what_an_upload_without_a_state_sends() {
    for name in ["managers further down", "some rejected"] {
        let stage = Stage::new(Scenario { operations: 1, ..scenario(name) }, false);
        let job = stage.job(1);
        let (source, mapping) =
            (job.source.to_str().expect("UTF-8"), job.mapping.to_str().expect("UTF-8"));
        let output = program(
            &stage.state,
            &["convert", source, "--mapping", mapping, "--batch-operations", "1"],
        )
        .output()
        .expect("it runs");
        let written: Vec<&[u8]> =
            output.stdout.split(|byte| *byte == b'\n').filter(|body| !body.is_empty()).collect();
        assert!(written.len() > 1, "{}", told(&output));
        let mut config: Value =
            serde_json::from_slice(&std::fs::read(&job.config).expect("a file")).expect("JSON");
        config["limits"]["inFlight"] = 1.into();
        std::fs::write(&job.config, config.to_string()).expect("written");
        Surface::CommandLine.upload_all(&[job]);
        let hash = |body: &[u8]| format!("{:032x}", xxhash_rust::xxh3::xxh3_128(body));
        let calls = stage.tenant.tenant().calls();
        let uploads = calls.into_iter().filter(|call| call.endpoint == Endpoint::BulkUpload);
        let sent: Vec<String> = uploads.map(|call| call.body_hash).collect();
        let written: Vec<String> = written.into_iter().map(hash).collect();
        assert_eq!(sent, written, "{name}");
    }
}

#[test]
fn an_upload_is_remembered_with_a_state_and_counted_without() {
    for kept in [true, false] {
        let stage = Stage::new(scenario("managers further down"), kept);
        Surface::CommandLine.upload_all(&[stage.job(1)]);
        let config = stage.state.path("client.json");
        let config = config.to_str().expect("UTF-8");
        let run = |command: &[&str]| {
            let arguments = [&["--json"], command, &["--config", config]].concat();
            program(&stage.state, &arguments).output().expect("it runs")
        };
        assert_eq!(document(&run(&["quota"]))["used"], 1, "kept {kept}");
        let runs = run(&["runs", "list"]);
        let (source, mapping) = (stage.state.path("people.csv"), stage.state.path("mapping.json"));
        let plan = [
            "plan",
            source.to_str().expect("UTF-8"),
            "--mapping",
            mapping.to_str().expect("UTF-8"),
        ];
        let plan = document(&run(&plan));
        if kept {
            assert_eq!(document(&runs)["runs"].as_array().map(Vec::len), Some(1));
            assert_eq!(plan["counts"]["unchanged"], 3, "{plan}");
        } else {
            assert_eq!(runs.status.code(), Some(64), "{}", told(&runs));
            assert_eq!(plan["counts"]["add"], 3, "{plan}");
        }
    }
}
