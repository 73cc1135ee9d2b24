//! The program and other processes, run as a user runs them, and what they said.

use std::ffi::OsStr;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::support::state::State;

/// The program, ready to run with these arguments and nothing of the account's own.
pub(crate) fn program(state: &State, arguments: &[impl AsRef<OsStr>]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_entrabulk"));
    command.args(arguments);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    state.cut_off(&mut command);
    command
}

/// Runs the program once, with a state that is forgotten.
pub(crate) fn entrabulk(arguments: &[impl AsRef<OsStr>]) -> Output {
    program(&State::new(), arguments).output().expect("it runs")
}

/// The native library that cargo built for this test. It lies beside the test, among the dependencies;
/// only `cargo build` copies it one folder up.
pub(crate) fn library() -> PathBuf {
    let name = format!("{}entrabulk{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    std::env::current_exe().expect("a path").with_file_name(name)
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What a process said, and how it ended.
pub(crate) fn told(output: &Output) -> String {
    format!("{}\n{}\n{}", output.status, text(&output.stdout), text(&output.stderr))
}

/// The one document that a process printed, on stderr where stdout is empty.
pub(crate) fn document(output: &Output) -> Value {
    let text = if output.stdout.is_empty() { &output.stderr } else { &output.stdout };
    serde_json::from_slice(text).unwrap_or_else(|_| panic!("{}", told(output)))
}

/// The documents that a process printed, one a line.
pub(crate) fn events(output: &Output) -> Vec<Value> {
    let text = text(&output.stdout);
    let event = |line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{}", told(output)));
    text.lines().map(event).collect()
}

/// The summary at the end of a run's events.
pub(crate) fn summary(output: &Output) -> Value {
    let event = events(output).pop().unwrap_or_default();
    assert_eq!(event["event"], "finished", "{}", told(output));
    event
}

/// Whether this machine has a tool. What it lacks is skipped by name, or is a failure where
/// `ENTRABULK_REQUIRE` names it.
pub(crate) fn has(tool: &str, found: bool) -> bool {
    if !found {
        let required = std::env::var("ENTRABULK_REQUIRE").unwrap_or_default();
        assert!(!required.split(',').any(|one| one == tool), "{tool} is required and missing");
        skipped(&format!("{tool} is missing"));
    }
    found
}

/// Says what is skipped past the harness, which keeps to itself what a test prints that passes.
pub(crate) fn skipped(why: &str) {
    writeln!(io::stderr(), "skipped: {why}").expect("told");
}
