//! The program killed at every step of a run, and resumed.

use entrabulk::crash::Step;
use entrabulk::simulator::Fault;

use super::play::{Play, each};
use crate::support::program::{document, summary, told};

/// Kills an apply at the `count`th `step`, and goes on.
fn killed(play: &Play, step: Step, count: u64) {
    let case = format!("{} in flight, {}:{count}", play.in_flight, step.name());
    let scene = play.scene();
    match step {
        Step::Doubted => scene.site.spoil(Fault::ResetAfterProcessing, count),
        Step::Refused => scene.site.spoil(Fault::Status400, count),
        Step::Unsent => scene.site.spoil(Fault::Status503, count),
        _ => {}
    }
    let mut apply = scene.apply();
    apply.env("ENTRABULK_FAIL_AT", format!("{}:{count}", step.name()));
    let died = apply.output().expect("it runs");
    assert_eq!(died.status.code(), None, "{case}: not killed: {}", told(&died));
    let repeats = scene.goes_on(step == Step::Refused, &case);
    assert!(repeats <= play.in_flight, "{case}: {repeats} calls were repeated");
}

fn killed_at_every_step(play: &Play, often: &[u64], failing: &[u64]) {
    let cases = Step::ALL.into_iter().flat_map(|step| {
        let counts = match step {
            Step::LeaseTaken | Step::RunStarted | Step::RunEnded | Step::LeaseReleased => &[1],
            Step::Doubted | Step::Refused | Step::Unsent => failing,
            _ => often,
        };
        counts.iter().map(move |count| (step, *count))
    });
    each(cases.collect(), |(step, count)| killed(play, step, count));
}

#[test]
fn a_run_killed_at_any_step_ends_as_if_it_had_not_been() {
    killed_at_every_step(Play::narrow(), &[1, 2, 3], &[1]);
}

#[test]
fn so_does_one_with_many_calls_under_way() {
    killed_at_every_step(Play::wide(), &[1, 9], &[3]);
}

/// The file changed again while a killed run waited to be resumed.
#[test]
fn an_old_run_never_overtakes_a_newer_plan() {
    let play = Play::narrow();
    // After these, is a call in doubt?
    let cases =
        vec![(Step::Accepted, 1, false), (Step::CallEnded, 2, false), (Step::Answered, 2, true)];
    each(cases, |(step, count, doubt)| {
        let case = format!("{}:{count}", step.name());
        let scene = play.scene();
        let site = &scene.site;
        let mut apply = scene.apply();
        apply.env("ENTRABULK_FAIL_AT", &case);
        assert_eq!(apply.output().expect("it runs").status.code(), None, "{case}");
        let runs = document(&site.run(&["runs", "list"]));
        let run = runs["runs"][0]["run"].as_str().expect("an id");

        let newer = site.users("users.json", play.users("Boss"));
        if doubt {
            let plan = site.plan(&newer);
            let refused = site.run(&["apply", &plan, "--wait"]);
            assert_eq!(refused.status.code(), Some(17), "{case}: {}", told(&refused));
            assert_eq!(summary(&refused)["kind"], "RunUnfinished", "{case}");
        }
        // An upload settles it first.
        let output = site.run_file(&["upload", "--wait"], &newer);
        assert!(output.status.success(), "{case}: {}", told(&output));
        let settled = told(&output).contains("\"event\":\"settled\"");
        assert_eq!(settled, doubt, "{case}: {}", told(&output));
        let boss = site.directory();
        let calls = site.uploads().len();
        assert_eq!(summary(&site.run(&["resume"]))["calls"], 0, "{case}");
        let older = site.run(&["resume", run]);
        let nothing = summary(&older)["calls"] == 0;
        assert!(nothing, "{case}: {}", told(&older));
        assert_eq!(site.uploads().len(), calls, "{case}: an old run sent something");
        site.nobody_went_back(&[&play.before, &play.after, &boss], &case);
    });
}
