//! A state that keeps only hashes: users are rendered again when they are sent.

use std::io::Write;
use std::process::Stdio;

use entrabulk::simulator::Settings;

use crate::site::{Site, summary, told};

const SECRETS: [&str; 3] = ["Clerk", "User 1", "user1@example.com"];

fn site() -> Site {
    Site::new(Settings::default(), 100, |config| config["state"]["keep"] = "hashes".into())
}

/// 40 users, reports before their managers; `chiefs` of them have risen.
fn users(chiefs: usize) -> Vec<(usize, &'static str, Option<usize>)> {
    let title = |number| if number < chiefs { "Chief" } else { "Clerk" };
    (0..40)
        .map(|number| (number, title(number), (number < 30).then_some(30 + number % 10)))
        .collect()
}

fn sent(site: &Site) -> usize {
    site.running.tenant().staged().len()
}

#[test]
fn hashes_are_enough_to_plan_apply_and_resume() {
    let site = site();
    let plan = site.plan(&site.users("users.json", &users(0)));
    let output = site
        .command(&["apply", &plan])
        .env("ENTRABULK_FAIL_AT", "Accepted:3")
        .output()
        .expect("it runs");
    assert_eq!(output.status.code(), None, "{}", told(&output));
    let output = site.run(&["resume", "--wait"]);
    assert_eq!(summary(&output)["accepted"], 40, "{}", told(&output));
    assert_eq!(sent(&site), 40);

    site.upload(&site.users("users.json", &users(15)));
    let hash = |(_, user): (_, entrabulk::simulator::StagedUser)| user.hash;
    let staged: Vec<String> = site.running.tenant().staged().into_iter().map(hash).collect();
    let fresh = Site::new(Settings::default(), 100, |_| ());
    fresh.upload(&fresh.users("users.json", &users(15)));
    let whole: Vec<String> = fresh.running.tenant().staged().into_iter().map(hash).collect();
    assert_eq!(staged, whole, "what is rendered again is what a whole state would have sent");

    for name in ["state.db", "state.db-wal"] {
        let bytes = std::fs::read(site.path(name)).unwrap_or_default();
        for secret in SECRETS {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{name} holds {secret}");
        }
    }
}

#[test]
fn a_source_that_is_gone_is_named_and_nothing_is_sent() {
    let site = site();
    let file = site.users("users.json", &users(0));
    let plan = site.plan(&file);
    site.users("users.json", &users(15));
    let output = site.run(&["apply", &plan]);
    assert_eq!(summary(&output)["kind"], "PlanStale", "{}", told(&output));

    let piped = |arguments: &[&str]| {
        let mut child = site.command(arguments).stdin(Stdio::piped()).spawn().expect("it runs");
        let bytes = std::fs::read(&file).expect("the file");
        child.stdin.take().expect("piped").write_all(&bytes).expect("written");
        child.wait_with_output().expect("it ends")
    };
    let output = piped(&["plan", "-", "--format", "bulk"]);
    let plan: serde_json::Value = serde_json::from_slice(&output.stdout).expect("a plan");
    let output = site.run(&["apply", plan["plan"].as_str().expect("an id")]);
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
