//! `entrabulk plan` as a user meets it: files, flags, exit codes.

use std::process::Output;

use serde_json::Value;

use crate::support::program::{document, program, told};
use crate::support::state::State;
use crate::support::users::{crowd, csv};

struct Desk(State);

impl Desk {
    fn new() -> Self {
        Desk(State::new())
    }

    fn path(&self, name: &str) -> String {
        self.0.path(name).to_str().unwrap().to_owned()
    }

    fn entrabulk(&self, arguments: &[&str]) -> Output {
        let mut command = program(&self.0, arguments);
        command.env("ENTRABULK_STATE", self.0.file());
        for (name, value) in [("TENANT_ID", "t"), ("SERVICE_PRINCIPAL_ID", "s"), ("JOB_ID", "j")] {
            command.env(format!("ENTRABULK_{name}"), value);
        }
        command.output().unwrap()
    }

    /// Exit code and the document printed.
    fn json(&self, arguments: &[&str]) -> (i32, Value) {
        let output = self.entrabulk(&[&["--json"], arguments].concat());
        (output.status.code().unwrap(), document(&output))
    }

    fn text(&self, arguments: &[&str]) -> (i32, String) {
        let output = self.entrabulk(arguments);
        assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
        (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
    }

    fn write(&self, name: &str, content: &str) -> String {
        self.0.write(name, content);
        self.path(name)
    }
}

#[test]
fn a_plan_is_made_shown_listed_and_previewed() {
    let desk = Desk::new();
    let source = desk.write("workers.csv", &csv(&["1,ann@x,true", "2,bob@x,maybe"]));
    let preview = desk.path("preview.csv");
    let (code, plan) = desk.json(&["plan", &source, "--preview", &preview]);
    assert_eq!((code, plan["counts"]["add"].as_u64()), (2, Some(1)), "{plan}");
    assert_eq!(plan["findings"][0]["rule"], "not-boolean");
    assert_eq!(plan["about"]["cost"]["calls"], 1);
    let id = plan["plan"].as_str().unwrap();
    let (code, text) = desk.text(&["plan", "show"]);
    assert_eq!(code, 0);
    assert!(text.contains(id) && text.contains("Nothing stops the plan."), "{text}");
    let (_, list) = desk.json(&["plan", "list"]);
    assert_eq!(list["plans"][0]["plan"], id);
    let (_, rows) = desk.text(&["plan", "preview", id, "--bom"]);
    let file = std::fs::read_to_string(&preview).unwrap();
    assert_eq!(rows, format!("\u{feff}{file}"));
    assert_eq!(file.lines().count(), 3);
    let (_, lines) = desk.text(&["plan", "preview", "--format", "jsonl"]);
    assert_eq!(lines.lines().count(), 2);
    // The same operations again, for a plan that is not there.
    let (code, error) = desk.json(&["plan", "show", "none"]);
    assert_eq!((code, error["kind"].as_str()), (64, Some("NotFound")));
    let (code, error) = desk.json(&["plan", "undo", "none"]);
    assert_eq!((code, error["kind"].as_str()), (64, Some("NotFound")));
}

#[test]
fn the_state_of_whoever_runs_the_tests_is_left_alone() {
    let state = State::new();
    let target = ["--tenant-id", "t", "--service-principal-id", "s", "--job-id", "j"];
    let output = program(&state, &[&["quota"], &target[..]].concat()).output().unwrap();
    assert!(output.status.success(), "{}", told(&output));
    assert!(state.platform().exists());
}

#[test]
fn exit_codes_say_what_comes_next() {
    let desk = Desk::new();
    let refused = desk.write("refused.csv", "externalId,userName,active\n1,ann@x,maybe\n");
    assert_eq!(desk.json(&["plan", &refused]).0, 14, "nothing but rejected records");
    let source = desk.write("workers.csv", &crowd(30));
    assert_eq!(desk.json(&["plan", &source, "--min-rows", "31"]).0, 11);
    let (code, error) = desk.json(&["plan", &source, "--canary", "99", "--require-column", "x"]);
    assert_eq!((code, error["kind"].as_str()), (11, Some("SourceRefused")));
    assert_eq!(error["problems"].as_array().map(Vec::len), Some(2), "{error}");
    let settings = desk.write("settings.json", r#"{"brakes": {"adds": {"count": 30}}}"#);
    let (code, plan) = desk.json(&["plan", &source, "--settings", &settings]);
    assert_eq!((code, plan["tripped"].as_bool()), (10, Some(true)));
    let output = desk.entrabulk(&["plan", &source, "--settings", &settings]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("BRAKE adds: 30 in this plan, 0.00 % of 0; stops at 30"), "{text}");
    assert_eq!(desk.json(&["plan", &source]).0, 2);
    assert_eq!(desk.json(&["plan"]).0, 64);
    let (code, error) = desk.json(&["plan", &source, "--abort-at-percent", "101"]);
    assert_eq!((code, error["kind"].as_str()), (64, Some("ConfigInvalid")), "{error}");
}

#[test]
fn one_problem_is_said_once_and_several_have_a_line_each() {
    let desk = Desk::new();
    let source = desk.write("workers.csv", &crowd(3));
    let told = |guards: &[&str]| {
        let output = desk.entrabulk(&[&["plan", &source], guards].concat());
        assert_eq!((output.status.code(), output.stdout.len()), (Some(11), 0));
        String::from_utf8(output.stderr).unwrap()
    };
    let one = told(&["--require-column", "floor"]);
    assert_eq!((one.lines().count(), one.matches("\"floor\"").count()), (1, 1), "{one}");
    let two = told(&["--require-column", "floor", "--require-column", "desk"]);
    assert_eq!((two.lines().count(), two.matches("\"desk\"").count()), (3, 1), "{two}");
}

#[test]
fn nothing_to_resume_is_one_line() {
    let (code, text) = Desk::new().text(&["resume"]);
    assert_eq!((code, text.as_str()), (0, "There is nothing to resume.\n"));
}

#[test]
fn the_state_is_made_for_its_owner_and_remembers_hashes_only_if_told() {
    let desk = Desk::new();
    let source = desk.write("workers.csv", &crowd(3));
    let (_, plan) = desk.json(&["plan", &source, "--hashes-only"]);
    assert_eq!(plan["about"]["keep"], "hashes");
    let bytes = std::fs::read(desk.0.file()).unwrap();
    assert!(!bytes.windows(4).any(|window| window == b"u1@x"), "no name in the file");
}
