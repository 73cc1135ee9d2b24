//! The command line, a C program and PowerShell, each given the same work.

use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};

use crate::ffi::c_programs::{Manner, command, compiled};
use crate::support::at_root;
use crate::support::program::{library, program, summary, text, told};
use crate::support::state::State;

/// Who uploads.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Surface {
    CommandLine,
    C,
    PowerShell,
}

/// One upload, in files.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) config: PathBuf,
    /// The arguments of a run.
    pub(super) run: PathBuf,
    pub(super) source: PathBuf,
    pub(super) mapping: PathBuf,
    pub(super) settings: PathBuf,
    /// Brakes that the upload itself approves, or null.
    pub(super) approval: Value,
    pub(super) folder: PathBuf,
    pub(super) secret: String,
    pub(super) client: String,
}

/// How it ended, as the surface says it.
#[derive(Debug)]
pub(super) struct Ending {
    pub(super) exit_code: i64,
    pub(super) kind: String,
    pub(super) plan: Option<String>,
    pub(super) accepted: u64,
    pub(super) rejected: u64,
    pub(super) not_sent: u64,
    pub(super) unchanged: u64,
}

impl Ending {
    fn of(summary: &Value, exit_code: i64) -> Ending {
        let count = |key: &str| summary[key].as_u64().unwrap_or_else(|| panic!("{key}: {summary}"));
        assert_eq!(summary["exitCode"].as_i64(), Some(exit_code), "{summary}");
        Ending {
            exit_code,
            kind: summary["kind"].as_str().expect("a kind").to_owned(),
            plan: summary["plan"].as_str().map(str::to_owned),
            accepted: count("accepted"),
            rejected: count("rejected"),
            not_sent: count("notSent"),
            unchanged: count("unchanged"),
        }
    }
}

impl Surface {
    /// Carries all of them out, in order.
    pub(super) fn upload_all(self, jobs: &[Job]) -> Vec<Ending> {
        match self {
            Surface::CommandLine => jobs.iter().map(by_command_line).collect(),
            Surface::C => {
                let uploader = compiled("examples/c/upload.c", Manner::C11, "c11");
                jobs.iter().map(|job| from_c(&uploader, job)).collect()
            }
            Surface::PowerShell => from_powershell(jobs),
        }
    }
}

fn by_command_line(job: &Job) -> Ending {
    let state = State::new();
    let mut upload = program(&state, &["--json", "upload"]);
    upload.arg(&job.source).arg("--mapping").arg(&job.mapping).arg("--config").arg(&job.config);
    upload.arg("--settings").arg(&job.settings).env("ENTRABULK_CLIENT_SECRET", &job.secret);
    for (brake, users) in job.approval.as_object().into_iter().flatten() {
        upload.args(["--approve", &format!("{brake}={users}"), "--reason", "looked at"]);
        upload.args(["--approver", "ann"]);
    }
    let output = upload.output().expect("it runs");
    let code = output.status.code().unwrap_or_else(|| panic!("{}", told(&output)));
    Ending::of(&summary(&output), code.into())
}

fn from_c(uploader: &std::path::Path, job: &Job) -> Ending {
    let state = State::new();
    let mut upload = command(uploader, Manner::C11, &state);
    upload.arg(&job.config).arg(&job.run).env("ENTRABULK_CLIENT_SECRET", &job.secret);
    let output = upload.output().expect("it runs");
    let code = output.status.code().unwrap_or_else(|| panic!("{}", told(&output)));
    Ending::of(&summary(&output), code.into())
}

/// One session for all jobs, for starting one takes seconds.
fn from_powershell(jobs: &[Job]) -> Vec<Ending> {
    let state = State::new();
    let list: Vec<Value> = jobs
        .iter()
        .map(|job| {
            json!({
                "config": job.config, "source": job.source, "mapping": job.mapping,
                "settings": job.settings, "approval": job.approval, "folder": job.folder,
                "secret": job.secret, "client": job.client,
            })
        })
        .collect();
    let jobs_file = state.write("jobs.json", Value::Array(list).to_string());
    let mut pwsh = Command::new("pwsh");
    pwsh.args(["-NoProfile", "-NonInteractive", "-File"]).arg(at_root("tests/powershell/Ways.ps1"));
    pwsh.arg(jobs_file);
    state.cut_off(&mut pwsh).env("ENTRABULK_LIBRARY", library());
    let output = pwsh.output().expect("it runs");
    assert!(output.status.success(), "{}", told(&output));
    let lines = text(&output.stdout);
    let summaries = lines.lines().filter(|line| line.starts_with('{'));
    let endings: Vec<Ending> = summaries
        .map(|line| {
            let summary: Value = serde_json::from_str(line).expect("JSON");
            let code = summary["exitCode"].as_i64().expect("a code");
            Ending::of(&summary, code)
        })
        .collect();
    assert_eq!(endings.len(), jobs.len(), "{}", told(&output));
    endings
}
