//! The program killed at every step of a run, and resumed.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::thread;

use entrabulk::fail::Step;
use entrabulk::simulator::{Endpoint, Fault, FaultRule, Settings};

use crate::site::{Site, summary, told};

/// 13 users in three levels, in batches of 5.
const BEFORE: [(usize, &str, Option<usize>); 13] = users("Clerk");
const AFTER: [(usize, &str, Option<usize>); 13] = users("Chief");

const fn users(title: &'static str) -> [(usize, &'static str, Option<usize>); 13] {
    let mut users = [(0, title, None); 13];
    let mut at = 0;
    while at < 13 {
        // Reports stand before their managers, so that the order matters.
        users[at] = (at, title, if at < 11 { Some(11 + at % 2) } else { None });
        at += 1;
    }
    users[12] = (12, title, Some(11));
    users
}

/// What the tenant holds of every user.
fn directory(site: &Site) -> BTreeMap<String, String> {
    site.running.tenant().staged().into_iter().map(|(id, user)| (id, user.hash)).collect()
}

fn uploads(site: &Site) -> Vec<String> {
    let calls = site.running.tenant().calls();
    let uploads = calls.into_iter().filter(|call| call.endpoint == Endpoint::BulkUpload);
    uploads.map(|call| call.body_hash).collect()
}

fn one_at_a_time() -> Site {
    Site::new(Settings::default(), |config| config["limits"]["inFlight"] = 1.into())
}

/// Kills an apply at the `count`th `step`, goes on, and says whether it was killed at all.
fn killed(step: Step, count: u64, wanted: &BTreeMap<String, String>) -> bool {
    let site = one_at_a_time();
    site.upload(&site.users("users.json", &BEFORE));
    let plan = site.plan(&site.users("users.json", &AFTER));
    let before = uploads(&site).len();
    if step == Step::Doubted {
        site.running.tenant().add_faults([FaultRule {
            fault: Fault::ResetAfterProcessing,
            on: Endpoint::BulkUpload,
            after: 1,
            count: Some(1),
            for_ms: None,
            probability: 1.0,
            retry_after_seconds: None,
            delay_ms: 0,
        }]);
    }
    let mut apply = site.command(&["apply", &plan]);
    apply.env("ENTRABULK_FAIL_AT", format!("{}:{count}", step.name()));
    let died = apply.output().expect("it runs");
    let was_killed = died.status.code().is_none();
    assert!(was_killed || died.status.success(), "{step:?}:{count} {}", told(&died));

    let resumed = site.run(&["resume", "--wait"]);
    assert!(resumed.status.success(), "{step:?}:{count} {}", told(&resumed));
    let again = site.run(&["apply", &plan, "--wait"]);
    // Either the run had not begun, or the plan was used up by it.
    assert!(matches!(again.status.code(), Some(0 | 12)), "{step:?}:{count} {}", told(&again));

    assert_eq!(&directory(&site), wanted, "{step:?}:{count}: the tenant differs");
    let bodies = uploads(&site).split_off(before);
    let distinct: std::collections::BTreeSet<&String> = bodies.iter().collect();
    assert_eq!(distinct.len(), 3, "{step:?}:{count}: a repeat differs from its first try");
    let repeats = bodies.len() - 3;
    assert!(repeats <= 1, "{step:?}:{count}: {repeats} calls were repeated");
    let nothing = site.run(&["resume"]);
    assert_eq!(summary(&nothing)["calls"], 0, "{step:?}:{count} {}", told(&nothing));
    was_killed
}

#[test]
fn a_run_killed_at_any_step_ends_as_if_it_had_not_been() {
    let site = one_at_a_time();
    site.upload(&site.users("users.json", &BEFORE));
    let plan = site.plan(&site.users("users.json", &AFTER));
    let output = site.run(&["apply", &plan]);
    assert_eq!(summary(&output)["accepted"], 13, "{}", told(&output));
    let wanted = directory(&site);

    let cases = Step::ALL.into_iter().filter(|step| *step != Step::Refused);
    let cases: Vec<(Step, u64)> =
        cases.flat_map(|step| (1..=3).map(move |count| (step, count))).collect();
    let left = Mutex::new(cases.into_iter());
    let reached = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let case = left.lock().expect("no panic").next();
                    let Some((step, count)) = case else { return };
                    if killed(step, count, &wanted) {
                        reached.lock().expect("no panic").push(step);
                    }
                }
            });
        }
    });
    let reached = reached.into_inner().expect("no panic");
    for step in Step::ALL.into_iter().filter(|step| *step != Step::Refused) {
        assert!(reached.contains(&step), "{step:?} was never reached");
    }
    for step in [Step::Intended, Step::MarkedSent, Step::Answered, Step::Accepted] {
        assert_eq!(reached.iter().filter(|other| **other == step).count(), 3, "{step:?}");
    }
}
