//! What whoever runs the program meets around a run: refusals, leases, quota, approvals, undoing.

use entrabulk::crash::Step;
use entrabulk::simulator::{Fault, Settings};
use serde_json::{Value, json};

use super::play::Play;
use super::site::Site;
use crate::support::program::{document, events, summary, told};
use crate::support::users::User;

/// The events of a run that have this name.
fn named(output: &std::process::Output, name: &str) -> Vec<Value> {
    events(output).into_iter().filter(|event| event["event"] == name).collect()
}

#[test]
fn a_refused_batch_names_its_users_and_a_new_plan_has_them_again() {
    let play = Play::narrow();
    let scene = play.scene();
    let site = &scene.site;
    site.spoil(Fault::Status400, 1);
    let output = scene.apply().output().expect("it runs");
    assert_eq!(output.status.code(), Some(11), "{}", told(&output));
    let end = summary(&output);
    assert_eq!(end["kind"], "RequestRefused");
    assert_eq!(end["error"]["httpStatus"], 400, "{end}");
    assert_eq!(
        (&end["accepted"], &end["refused"], &end["notSent"]),
        (&json!(5), &json!(5), &json!(3))
    );
    let refused = named(&output, "refused");
    let ids = json!(["E3", "E4", "E5", "E6", "E7"]);
    assert_eq!((refused.len(), &refused[0]["externalIds"]), (1, &ids), "{refused:?}");

    // The rest of the run goes on, without those.
    let output = site.run(&["resume"]);
    let end = summary(&output);
    assert_eq!((output.status.code(), &end["kind"]), (Some(11), &json!("RequestRefused")), "{end}");
    assert_eq!(
        (&end["accepted"], &end["refused"], &end["notSent"]),
        (&json!(8), &json!(5), &json!(0))
    );
    let again = site.run(&["resume"]);
    assert_eq!((again.status.code(), &summary(&again)["calls"]), (Some(0), &json!(0)));

    let plan = site.plan(&site.path("users.json"));
    let shown = document(&site.run(&["plan", "show", &plan]));
    assert_eq!(shown["counts"]["update"], 5, "{shown}");
    let output = site.run(&["apply", &plan]);
    assert!(output.status.success(), "{}", told(&output));
    scene.ends_well("refused");
}

#[test]
fn a_dead_runs_lease_is_respected_and_then_taken_over() {
    let scene = Play::narrow().scene();
    let site = &scene.site;
    let mut apply = scene.apply();
    apply.env("ENTRABULK_FAIL_AT", format!("{}:2", Step::Answered.name()));
    assert_eq!(apply.output().expect("it runs").status.code(), None);
    let run = document(&site.run(&["runs", "show"]))["run"].as_str().expect("an id").to_owned();
    let calls = scene.bodies().len();
    for command in [&["resume"][..], &["apply", &scene.plan]] {
        let output = site.run(command);
        let end = summary(&output);
        assert_eq!((output.status.code(), &end["kind"]), (Some(17), &json!("LockHeld")), "{end}");
        let message = end["error"]["message"].as_str().expect("a message");
        let until = end["resumeAt"].as_str().expect("a time");
        assert!(message.contains(&run) && message.contains(until), "{message}");
    }
    assert_eq!(scene.bodies().len(), calls, "a call was made");
    let output = site.run(&["resume", "--wait"]);
    assert!(output.status.success(), "{}", told(&output));
    let warnings = named(&output, "warning");
    for (warning, said) in warnings.iter().zip(["Waiting for the", "taken over"]) {
        let message = warning["message"].as_str().expect("a message");
        assert!(message.contains(&run) && message.contains(said), "{message}");
    }
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    scene.ends_well("lease");
}

#[test]
fn the_quota_is_what_the_tenant_counted() {
    let scene = Play::wide().scene();
    let site = &scene.site;
    // One repeat, which counts as well.
    site.spoil(Fault::ResetAfterProcessing, 1);
    let output = scene.apply().output().expect("it runs");
    assert!(output.status.success(), "{}", told(&output));
    let quota = document(&site.run(&["quota"]));
    let counted = &site.tenant().state()["callsInLastDay"];
    assert_eq!(counted, 25, "twelve calls twice, and a repeat");
    assert_eq!(
        (&quota["used"], &quota["perDay"], &quota["reserve"]),
        (counted, &json!(2000), &json!(100))
    );
    assert_eq!(quota["left"], 2000 - 100 - 25, "{quota}");
    assert!(quota["nextFree"].as_str() < quota["allFree"].as_str(), "{quota}");
}

/// A site at the speed of the wall clock, with a plan that disables so many of forty users.
fn leaving(leavers: usize) -> (Site, String) {
    let site = Site::new(Settings::default(), 1, |_| ());
    site.upload(&site.users("users.json", (0..40).map(User::new)));
    let file = site.users("users.json", (leavers..40).map(User::new));
    let settings = json!({"missing": "disable", "guards": {"maxRowDropPercent": "off"}});
    site.state.write("settings.json", settings.to_string());
    let output = site.run_file(&["plan"], &file);
    assert_eq!(output.status.code(), Some(10), "{}", told(&output));
    let plan = document(&output)["plan"].as_str().expect("an id").to_owned();
    (site, plan)
}

#[test]
fn an_approval_is_for_one_plan_one_number_and_one_run() {
    let (site, plan) = leaving(10);
    let approve = |removals: &str| {
        let why = ["--reason", "a site was closed", "--approver", "ann"];
        let brake = format!("removals={removals}");
        site.run(&[&["approve", &plan, "--approve", &brake], &why[..]].concat())
    };
    let calls = site.uploads().len();
    let braked = site.run(&["apply", &plan]);
    assert_eq!(braked.status.code(), Some(10), "{}", told(&braked));
    for wrong in ["9", "11", "0"] {
        let output = approve(wrong);
        assert_eq!(output.status.code(), Some(64), "{wrong}: {}", told(&output));
        let error = document(&output);
        assert_eq!(error["kind"], "ApprovalRefused", "{error}");
        assert!(error["advice"].as_str().is_some_and(|text| text.contains("removals=10")));
    }
    assert_eq!(site.run(&["apply", &plan]).status.code(), Some(10));
    assert_eq!(site.uploads().len(), calls, "a call was made");
    let approved = approve("10");
    assert!(approved.status.success(), "{}", told(&approved));
    let applied = site.run(&["apply", &plan]);
    assert!(applied.status.success(), "{}", told(&applied));
    assert_eq!(summary(&applied)["accepted"], 10);
    let again = site.run(&["apply", &plan]);
    assert_eq!(again.status.code(), Some(12), "{}", told(&again));
    let late = approve("10");
    assert_eq!(late.status.code(), Some(64), "{}", told(&late));
    assert!(document(&late)["message"].as_str().is_some_and(|text| text.contains("already")));
}

#[test]
fn undoing_a_run_gives_everyone_back_what_they_were() {
    let (site, plan) = leaving(10);
    let before = site.directory();
    let why = ["--approve", "removals=10", "--reason", "a site was closed", "--approver", "ann"];
    let approved = site.run(&[&["approve", &plan], &why[..]].concat());
    assert!(approved.status.success(), "{}", told(&approved));
    let run = summary(&site.run(&["apply", &plan]))["run"].as_str().expect("an id").to_owned();
    assert_eq!(site.directory().iter().filter(|(id, hash)| before[*id] != **hash).count(), 10);
    let undo = site.run(&["plan", "undo", &run]);
    assert_eq!(undo.status.code(), Some(2), "{}", told(&undo));
    let undo = document(&undo);
    assert_eq!(undo["counts"]["restore"], 10, "{undo}");
    let applied = site.run(&["apply", undo["plan"].as_str().expect("an id")]);
    assert!(applied.status.success(), "{}", told(&applied));
    assert_eq!(site.directory(), before);
}
