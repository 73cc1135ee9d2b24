//! Eight processes that send to one tenant at once, each to a job of its own.

use std::process::Output;
use std::thread;

use entrabulk::simulator::{LatencySettings, LimitSettings, Settings};
use serde_json::json;

use super::site::Site;
use crate::support::program::{summary, told};
use crate::support::users::User;

const PROCESSES: usize = 8;
const USERS: usize = 30;

fn site(calls_per_day: usize) -> Site {
    let latency = LatencySettings { before_ms: 100, after_ms: 100, jitter_ms: 300 };
    let limits = LimitSettings { calls_per_day, ..LimitSettings::default() };
    let other_job_ids = (0..PROCESSES).map(job).collect();
    let settings = Settings { latency, limits, other_job_ids, ..Settings::default() };
    Site::new(settings, 10, |config| {
        config["limits"] = json!({"operations": 1, "callsPerDay": calls_per_day});
    })
}

fn job(process: usize) -> String {
    format!("API2AAD.crowd.{process}")
}

/// Uploads 30 users, in calls of one, from each of eight processes at once.
fn crowd(site: &Site) -> Vec<Output> {
    let upload = |process: usize| {
        let users = (0..USERS).map(|number| User::new(process * 100 + number));
        let file = site.users(&format!("users{process}.json"), users);
        let file = file.to_str().expect("UTF-8");
        let mut arguments = vec!["upload", file, "--format", "bulk", "--job-id"];
        let job = job(process);
        arguments.push(&job);
        // Every other one keeps nothing; its calls count all the same.
        if process % 2 == 1 {
            arguments.push("--no-state");
        }
        let mut command = site.command(&arguments);
        command.env("ENTRABULK_STATE", site.path("state.db")).output().expect("it runs")
    };
    thread::scope(|scope| {
        let running: Vec<_> =
            (0..PROCESSES).map(|process| scope.spawn(move || upload(process))).collect();
        running.into_iter().map(|running| running.join().expect("no panic")).collect()
    })
}

#[test]
fn together_they_never_exceed_the_window() {
    let site = site(2_000);
    for output in crowd(&site) {
        assert!(output.status.success(), "{}", told(&output));
        assert_eq!(summary(&output)["throttled"], 0);
    }
    let tenant = site.tenant();
    assert_eq!(tenant.staged().len(), PROCESSES * USERS);
    assert!(tenant.worst_window() <= 40, "{} in 5 s", tenant.worst_window());
    assert!(tenant.worst_window() > 20, "{}: they hardly met", tenant.worst_window());
    assert!(tenant.refusals().is_empty(), "{:?}", tenant.refusals());
}

#[test]
fn together_they_never_exceed_the_quota() {
    let site = site(100);
    let mut spent = 0;
    for output in crowd(&site) {
        let code = output.status.code();
        assert!(matches!(code, Some(0 | 13)), "{}", told(&output));
        if code == Some(13) {
            spent += 1;
            assert!(summary(&output)["resumeAt"].is_string(), "{}", told(&output));
        }
    }
    assert!(spent > 0);
    let tenant = site.tenant();
    // Five calls of the hundred are kept for urgent disables.
    assert_eq!(tenant.staged().len(), 95);
    assert!(tenant.refusals().is_empty(), "{:?}", tenant.refusals());
}
