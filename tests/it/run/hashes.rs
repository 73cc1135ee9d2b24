//! A state that keeps only hashes: users are rendered again when they are sent.

use std::io::Write;
use std::process::Stdio;

use entrabulk::simulator::{Fault, Settings};

use super::site::Site;
use crate::support::program::{document, summary, told};
use crate::support::users::User;

const SECRETS: [&str; 3] = ["Clerk", "User 1", "user1@example.com"];

fn site() -> Site {
    Site::new(Settings::default(), 100, |config| config["state"]["keep"] = "hashes".into())
}

/// 40 users, reports before their managers; `chiefs` of them have risen.
fn users(chiefs: usize) -> impl Iterator<Item = User> {
    (0..40).map(move |number| {
        let title = if number < chiefs { "Chief" } else { "Clerk" };
        User::new(number).title(title).under((number < 30).then_some(30 + number % 10))
    })
}

fn sent(site: &Site) -> usize {
    site.tenant().staged().len()
}

#[test]
fn hashes_are_enough_to_plan_apply_and_resume() {
    let site = site();
    let plan = site.plan(&site.users("users.json", users(0)));
    let output = site
        .command(&["apply", &plan])
        .env("ENTRABULK_FAIL_AT", "Accepted:3")
        .output()
        .expect("it runs");
    assert_eq!(output.status.code(), None, "{}", told(&output));
    let output = site.run(&["resume", "--wait"]);
    assert_eq!(summary(&output)["accepted"], 40, "{}", told(&output));
    assert_eq!(sent(&site), 40);

    site.upload(&site.users("users.json", users(15)));
    let hash = |(_, user): (_, entrabulk::simulator::StagedUser)| user.hash;
    let staged: Vec<String> = site.tenant().staged().into_iter().map(hash).collect();
    let fresh = Site::new(Settings::default(), 100, |_| ());
    fresh.upload(&fresh.users("users.json", users(15)));
    let whole: Vec<String> = fresh.tenant().staged().into_iter().map(hash).collect();
    assert_eq!(staged, whole, "what is rendered again is what a whole state would have sent");

    for name in ["state.db", "state.db-wal"] {
        let bytes = std::fs::read(site.path(name)).unwrap_or_default();
        for secret in SECRETS {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{name} holds {secret}");
        }
    }
}

/// A service that answers but stages nobody leaves no doubt, and so nothing in the way of the next export.
#[test]
fn a_call_that_nobody_staged_is_in_nobodys_way() {
    let site = Site::new(Settings::default(), 100, |config| {
        config["state"]["keep"] = "hashes".into();
        config["retry"]["attempts"] = 1.into();
    });
    site.spoil(Fault::Status503, 100);
    let file = site.users("users.json", users(0));
    let file = file.to_str().expect("UTF-8");
    let output = site.run(&["upload", file, "--format", "bulk"]);
    let summary_of = summary(&output);
    assert_eq!((&summary_of["kind"], &summary_of["inDoubt"]), (&"ServiceFailed".into(), &0.into()));
    site.tenant().clear_faults();
    site.upload(&site.users("users.json", users(15)));
    assert_eq!(sent(&site), 40);
}

/// A call in doubt whose users are gone: the run is given up, and they are planned again.
#[test]
fn a_run_that_cannot_be_resumed_is_given_up() {
    let site = site();
    let plan = site.plan(&site.users("users.json", users(0)));
    let mut apply = site.command(&["apply", &plan]);
    apply.env("ENTRABULK_FAIL_AT", "Answered:2");
    assert_eq!(apply.output().expect("it runs").status.code(), None);
    let next = site.users("users.json", users(15));
    assert_eq!(summary(&site.run(&["resume", "--wait"]))["kind"], "PlanStale");
    let upload = ["upload", next.to_str().expect("UTF-8"), "--format", "bulk", "--wait"];
    let output = site.run(&upload);
    let blocked = summary(&output);
    assert_eq!(blocked["kind"], "RunUnfinished", "{}", told(&output));
    assert!(blocked["error"]["advice"].as_str().expect("advice").contains("abandon"), "{blocked}");
    let runs = document(&site.run(&["runs", "list"]));
    let run = runs["runs"][0]["run"].as_str().expect("an id");
    let output = site.run(&["runs", "abandon", run]);
    assert!(output.status.success(), "{}", told(&output));
    site.upload(&next);
    assert_eq!(sent(&site), 40);
    let again = site.run(&["runs", "abandon", run]);
    assert!(!again.status.success(), "{}", told(&again));
}

#[test]
fn a_source_that_is_gone_is_named_and_nothing_is_sent() {
    let site = site();
    let file = site.users("users.json", users(0));
    let plan = site.plan(&file);
    site.users("users.json", users(15));
    let output = site.run(&["apply", &plan]);
    assert_eq!(summary(&output)["kind"], "PlanStale", "{}", told(&output));

    let piped = |arguments: &[&str]| {
        let mut child = site.command(arguments).stdin(Stdio::piped()).spawn().expect("it runs");
        let bytes = std::fs::read(&file).expect("the file");
        child.stdin.take().expect("piped").write_all(&bytes).expect("written");
        child.wait_with_output().expect("it ends")
    };
    let output = piped(&["plan", "-", "--format", "bulk"]);
    let output = site.run(&["apply", document(&output)["plan"].as_str().expect("an id")]);
    let summary_of = summary(&output);
    assert_eq!(summary_of["kind"], "InvalidState", "{}", told(&output));
    let message = summary_of["error"]["message"].as_str().unwrap_or_default().to_owned();
    assert!(message.contains("their source is gone"), "{message}");
    assert_eq!(sent(&site), 0);

    // In one step there is nothing to come back to.
    let output = piped(&["upload", "-", "--format", "bulk"]);
    assert_eq!(summary(&output)["accepted"], 40, "{}", told(&output));
    assert_eq!(sent(&site), 40);
}
