//! What holds a run up, and how it goes on.

use std::time::Duration;

use entrabulk::client::Workspace;
use entrabulk::run::{Event, Run, Warning};
use entrabulk::simulator::{LatencySettings, Settings};
use entrabulk::store::{Lease, RunState};
use serde_json::{Value, json};

use crate::support::tenant::{Bench, adds_up, watch};
use crate::support::users::User;

fn slow() -> Settings {
    let latency = LatencySettings { before_ms: 150, after_ms: 150, jitter_ms: 100 };
    Settings { latency, ..Settings::default() }
}

/// These users, who all have this title.
fn users(users: std::ops::Range<usize>, title: &str) -> impl Iterator<Item = User> {
    users.map(move |number| User::new(number).title(title))
}

async fn resume(kept: &Bench, wait: bool) -> entrabulk::run::Summary {
    kept.sign_in();
    let run = Run::resume(&kept.client, None, wait).expect("a run");
    let summary = watch(&run, |_| ()).await.1;
    adds_up(&summary);
    summary
}

#[tokio::test(start_paused = true)]
async fn a_spent_quota_stops_the_run_which_goes_on_where_it_stood() {
    let kept = Bench::kept(slow(), 1, |config| config["limits"]["callsPerDay"] = 20.into());
    let arguments = kept.arguments(users(0..150, "Clerk"));
    let summary = kept.run(&arguments).await;
    adds_up(&summary);
    // One call of the twenty is kept for urgent disables.
    assert_eq!((summary.exit_code, summary.calls, summary.accepted), (13, 19, 95));
    let quota = kept.call("quota", &json!({}));
    assert_eq!(
        (&quota["used"], &quota["left"], &quota["reserve"]),
        (&json!(19), &json!(0), &json!(1))
    );
    let early = resume(&kept, false).await;
    assert_eq!((early.exit_code, early.accepted, &early.run), (13, 95, &summary.run));
    let moment = summary.resume_at.expect("a time");
    kept.clock.sleep_until(moment.after(Duration::from_secs(60))).await;
    let late = resume(&kept, false).await;
    assert_eq!((late.exit_code, late.accepted, late.retries), (0, 150, 0));
    assert_eq!(kept.tenant.staged().len(), 150);
    assert_eq!(resume(&kept, false).await.calls, 0, "nothing to do");
}

#[tokio::test(start_paused = true)]
async fn a_run_that_waits_needs_nobody_to_resume_it() {
    let settings = Settings { token_lifetime_seconds: 1_000_000, ..slow() };
    let kept = Bench::kept(settings, 2, |config| config["limits"]["callsPerDay"] = 20.into());
    let mut arguments = kept.arguments(users(0..150, "Clerk"));
    arguments["wait"] = true.into();
    // A token handed in without its lifetime is good for an hour; hand in one for the whole wait.
    let token = kept.tenant.issue_token();
    let run = Run::start(&kept.client, arguments.to_string().as_bytes()).expect("a run");
    run.provide_token(token.as_bytes(), Duration::from_secs(1_000_000)).expect("a token");
    let (_, summary) = watch(&run, |_| ()).await;
    assert_eq!((summary.exit_code, summary.accepted, summary.calls), (0, 150, 30), "{summary:?}");
    assert!(summary.elapsed_ms > 86_000_000);
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_run_is_resumed_and_settles_its_doubts_first() {
    let kept = Bench::kept(slow(), 3, |_| ());
    let arguments = kept.arguments(users(0..300, "Clerk"));
    let run = Run::start(&kept.client, arguments.to_string().as_bytes()).expect("a run");
    let cancel = async {
        kept.clock.sleep_until(kept.clock.now().after(Duration::from_secs(3))).await;
        run.cancel();
    };
    let ((_, summary), ()) = tokio::join!(watch(&run, |_| ()), cancel);
    adds_up(&summary);
    assert_eq!(summary.exit_code, 130);
    assert!(summary.accepted > 0 && summary.not_sent > 0, "{summary:?}");
    let store = kept.client.kept().expect("a store").store;
    assert_eq!(store.run(&summary.run).expect("kept").state, RunState::Stopped);
    let rest = resume(&kept, false).await;
    assert_eq!((rest.exit_code, rest.accepted), (0, 300), "{rest:?}");
    assert!(kept.tenant.staged().values().all(|user| user.times <= 2));
}

#[tokio::test(start_paused = true)]
async fn a_lease_is_respected_while_its_holder_may_live_and_taken_over_after() {
    let kept = Bench::kept(slow(), 4, |_| ());
    let Workspace { store, target, .. } = kept.client.kept().expect("a store");
    let target = target.id;
    let (clock, life) = (&kept.clock, Duration::from_secs(120));
    let taken = store.take_lease(target, "run of another", life, clock.now());
    assert_eq!(taken.expect("free"), Lease::Taken);
    let arguments = kept.arguments(users(0..5, "Clerk"));
    let refused = kept.run(&arguments).await;
    assert_eq!((refused.exit_code, refused.calls), (17, 0), "{refused:?}");
    assert!(refused.error.expect("one").message.contains("run of another"));
    clock.sleep_until(refused.resume_at.expect("a time").after(Duration::from_millis(1))).await;
    let run = Run::start(&kept.client, arguments.to_string().as_bytes()).expect("a run");
    let mut told = false;
    let (_, summary) = watch(&run, |event| {
        if let Event::Warning(Warning::Run { message }) = event {
            told |= message.contains("run of another");
        }
    })
    .await;
    assert!(told, "nobody was told of the takeover");
    assert_eq!(summary.exit_code, 0, "{summary:?}");
}

#[tokio::test(start_paused = true)]
async fn a_plan_whose_ground_moved_is_refused_and_says_what_moved() {
    let kept = Bench::kept(slow(), 5, |_| ());
    let apply = async |plan: &Value| {
        let id = plan["plan"].as_str().expect("an id");
        let run = Run::apply(&kept.client, id, false).expect("a run");
        watch(&run, |_| ()).await.1
    };
    let arguments = kept.arguments(users(0..20, "Clerk"));
    let first = kept.call("plan.create", &arguments);
    let second = kept.call("plan.create", &arguments);
    assert_eq!(apply(&first).await.exit_code, 0);
    let summary = apply(&second).await;
    assert_eq!((summary.exit_code, summary.calls), (12, 0));
    assert!(summary.error.expect("one").message.contains("baseline moved"));
    let arguments = kept.arguments(users(0..20, "Chief"));
    let third = kept.call("plan.create", &arguments);
    kept.arguments(users(0..20, "Boss"));
    let summary = apply(&third).await;
    assert_eq!(summary.exit_code, 12);
    let message = summary.error.expect("one").message;
    assert!(message.contains("users.json") && message.contains("changed"), "{message}");
}

#[tokio::test(start_paused = true)]
async fn a_tripped_brake_holds_until_this_very_plan_is_approved() {
    let kept = Bench::kept(slow(), 6, |_| ());
    let mut arguments = kept.arguments(users(0..40, "Clerk"));
    assert_eq!(kept.run(&arguments).await.exit_code, 0);
    arguments = kept.arguments(users(0..30, "Clerk"));
    arguments["settings"]["brakes"] = json!({});
    let summary = kept.run(&arguments).await;
    assert_eq!((summary.exit_code, summary.calls), (10, 0), "{summary:?}");
    adds_up(&summary);
    let plan = kept.call("plan.show", &json!({}));
    assert_eq!((summary.plan.as_deref(), summary.rows > 0), (plan["plan"].as_str(), true));
    let approval = |removals: u64| json!({"plan": plan["plan"], "brakes": {"removals": removals}, "reason": "site closed", "approver": "ann"});
    let call = |arguments: &Value| {
        let json = arguments.to_string();
        entrabulk::operation::call(Some(&kept.client), "plan.approve", json.as_bytes())
    };
    call(&approval(9)).expect_err("another number");
    call(&approval(10)).expect("approved");
    let id = plan["plan"].as_str().expect("an id");
    let run = Run::apply(&kept.client, id, false).expect("a run");
    let (_, summary) = watch(&run, |_| ()).await;
    assert_eq!((summary.exit_code, summary.accepted, summary.absent), (0, 10, 10), "{summary:?}");
    adds_up(&summary);
}

#[tokio::test(start_paused = true)]
async fn an_approval_is_over_after_a_day() {
    for (hours, code) in [(23, 0), (24, 10)] {
        let kept = Bench::kept(slow(), 7, |_| ());
        assert_eq!(kept.run(&kept.arguments(users(0..40, "Clerk"))).await.exit_code, 0);
        let mut arguments = kept.arguments(users(0..30, "Clerk"));
        arguments["settings"]["brakes"] = json!({});
        let plan = kept.call("plan.create", &arguments);
        let approval = json!({"plan": plan["plan"], "brakes": {"removals": 10}, "reason": "site closed", "approver": "ann"});
        kept.call("plan.approve", &approval);
        let clock = &kept.clock;
        clock.sleep_until(clock.now().after(Duration::from_secs(hours * 3_600))).await;
        kept.sign_in();
        let calls = kept.tenant.calls().len();
        let id = plan["plan"].as_str().expect("an id");
        let run = Run::apply(&kept.client, id, false).expect("a run");
        let (_, summary) = watch(&run, |_| ()).await;
        assert_eq!(summary.exit_code, code, "after {hours} h: {summary:?}");
        if code != 0 {
            assert!(summary.error.expect("one").message.contains("expired"));
            assert_eq!(kept.tenant.calls().len(), calls, "a call was made");
        }
    }
}
