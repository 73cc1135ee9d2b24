//! What holds a run up, and how it goes on.

use std::time::Duration;

use entrabulk::run::{Event, Run, Warning};
use entrabulk::simulator::{LatencySettings, Settings};
use entrabulk::store::{Lease, RunState};
use serde_json::{Value, json};

use crate::bench::watch;
use crate::rounds::{Kept, adds_up};

fn slow() -> Settings {
    let latency = LatencySettings { before_ms: 150, after_ms: 150, jitter_ms: 100 };
    Settings { latency, ..Settings::default() }
}

fn operations(users: std::ops::Range<usize>, title: &str, active: bool) -> Vec<Value> {
    let user = |number: usize| {
        let data = json!({
            "schemas": [
                "urn:ietf:params:scim:schemas:core:2.0:User",
                "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
            ],
            "externalId": format!("E{number}"),
            "userName": format!("user{number}@example.com"),
            "displayName": format!("User {number}"),
            "title": title,
            "active": active,
        });
        json!({"method": "POST", "path": "/Users", "bulkId": "any", "data": data})
    };
    users.map(user).collect()
}

async fn resume(kept: &Kept, wait: bool) -> entrabulk::run::Summary {
    let token = kept.bench.tenant.issue_token();
    kept.bench.client.set_secret("accessToken", token.as_bytes()).expect("a token");
    let run = Run::resume(&kept.bench.client, None, wait).expect("a run");
    let summary = watch(&run, |_| ()).await.1;
    adds_up(&summary);
    summary
}

#[tokio::test(start_paused = true)]
async fn a_spent_quota_stops_the_run_which_goes_on_where_it_stood() {
    let kept = Kept::new(slow(), 1, |config| config["limits"]["callsPerDay"] = 20.into());
    let arguments = kept.arguments(&operations(0..150, "Clerk", true));
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
    kept.bench.clock.sleep_until(moment.after(Duration::from_secs(60))).await;
    let late = resume(&kept, false).await;
    assert_eq!((late.exit_code, late.accepted, late.retries), (0, 150, 0));
    assert_eq!(kept.bench.tenant.staged().len(), 150);
    assert_eq!(resume(&kept, false).await.calls, 0, "nothing to do");
}

#[tokio::test(start_paused = true)]
async fn a_run_that_waits_needs_nobody_to_resume_it() {
    let settings = Settings { token_lifetime_seconds: 1_000_000, ..slow() };
    let kept = Kept::new(settings, 2, |config| config["limits"]["callsPerDay"] = 20.into());
    let mut arguments = kept.arguments(&operations(0..150, "Clerk", true));
    arguments["wait"] = true.into();
    // A token handed in without its lifetime is good for an hour; hand in one for the whole wait.
    let token = kept.bench.tenant.issue_token();
    let run = Run::start(&kept.bench.client, arguments.to_string().as_bytes()).expect("a run");
    run.provide_token(token.as_bytes(), Duration::from_secs(1_000_000)).expect("a token");
    let (_, summary) = watch(&run, |_| ()).await;
    assert_eq!((summary.exit_code, summary.accepted, summary.calls), (0, 150, 30), "{summary:?}");
    assert!(summary.elapsed_ms > 86_000_000);
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_run_is_resumed_and_settles_its_doubts_first() {
    let kept = Kept::new(slow(), 3, |_| ());
    let arguments = kept.arguments(&operations(0..300, "Clerk", true));
    let run = Run::start(&kept.bench.client, arguments.to_string().as_bytes()).expect("a run");
    let cancel = async {
        kept.bench.clock.sleep_until(kept.bench.clock.now().after(Duration::from_secs(3))).await;
        run.cancel();
    };
    let ((_, summary), ()) = tokio::join!(watch(&run, |_| ()), cancel);
    adds_up(&summary);
    assert_eq!(summary.exit_code, 130);
    assert!(summary.accepted > 0 && summary.not_sent > 0, "{summary:?}");
    let store = kept.bench.client.store().expect("a store");
    assert_eq!(store.run(&summary.run).expect("kept").state, RunState::Stopped);
    let rest = resume(&kept, false).await;
    assert_eq!((rest.exit_code, rest.accepted), (0, 300), "{rest:?}");
    assert!(kept.bench.tenant.staged().values().all(|user| user.times <= 2));
}

#[tokio::test(start_paused = true)]
async fn a_lease_is_respected_while_its_holder_may_live_and_taken_over_after() {
    let kept = Kept::new(slow(), 4, |_| ());
    let store = kept.bench.client.store().expect("a store");
    let target = kept.bench.client.desk(&*store).expect("a desk").target.id;
    let (clock, life) = (&kept.bench.clock, Duration::from_secs(120));
    let taken = store.take_lease(target, "run of another", life, clock.now());
    assert_eq!(taken.expect("free"), Lease::Taken);
    let arguments = kept.arguments(&operations(0..5, "Clerk", true));
    let refused = kept.run(&arguments).await;
    assert_eq!((refused.exit_code, refused.calls), (17, 0), "{refused:?}");
    assert!(refused.error.expect("one").message.contains("run of another"));
    clock.sleep_until(refused.resume_at.expect("a time").after(Duration::from_millis(1))).await;
    let run = Run::start(&kept.bench.client, arguments.to_string().as_bytes()).expect("a run");
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
    let kept = Kept::new(slow(), 5, |_| ());
    let apply = async |plan: &Value| {
        let id = plan["plan"].as_str().expect("an id");
        let run = Run::apply(&kept.bench.client, id, false).expect("a run");
        watch(&run, |_| ()).await.1
    };
    let arguments = kept.arguments(&operations(0..20, "Clerk", true));
    let first = kept.call("plan.create", &arguments);
    let second = kept.call("plan.create", &arguments);
    assert_eq!(apply(&first).await.exit_code, 0);
    let summary = apply(&second).await;
    assert_eq!((summary.exit_code, summary.calls), (12, 0));
    assert!(summary.error.expect("one").message.contains("baseline moved"));
    let arguments = kept.arguments(&operations(0..20, "Chief", true));
    let third = kept.call("plan.create", &arguments);
    kept.arguments(&operations(0..20, "Boss", true));
    let summary = apply(&third).await;
    assert_eq!(summary.exit_code, 12);
    let message = summary.error.expect("one").message;
    assert!(message.contains("users.json") && message.contains("changed"), "{message}");
}

#[tokio::test(start_paused = true)]
async fn a_tripped_brake_holds_until_this_very_plan_is_approved() {
    let kept = Kept::new(slow(), 6, |_| ());
    let mut arguments = kept.arguments(&operations(0..40, "Clerk", true));
    assert_eq!(kept.run(&arguments).await.exit_code, 0);
    arguments = kept.arguments(&operations(0..30, "Clerk", true));
    arguments["settings"]["brakes"] = json!({});
    let summary = kept.run(&arguments).await;
    assert_eq!((summary.exit_code, summary.calls), (10, 0), "{summary:?}");
    let plan = kept.call("plan.show", &json!({}));
    let approval = |removals: u64| json!({"plan": plan["plan"], "brakes": {"removals": removals}, "reason": "site closed", "approver": "ann"});
    let call = |arguments: &Value| {
        let json = arguments.to_string();
        entrabulk::operation::call(Some(&kept.bench.client), "plan.approve", json.as_bytes())
    };
    call(&approval(9)).expect_err("another number");
    call(&approval(10)).expect("approved");
    let id = plan["plan"].as_str().expect("an id");
    let run = Run::apply(&kept.bench.client, id, false).expect("a run");
    let (_, summary) = watch(&run, |_| ()).await;
    assert_eq!((summary.exit_code, summary.accepted, summary.absent), (0, 10, 10), "{summary:?}");
    adds_up(&summary);
}

#[tokio::test(start_paused = true)]
async fn an_approval_is_over_after_a_day() {
    for (hours, code) in [(23, 0), (24, 10)] {
        let kept = Kept::new(slow(), 7, |_| ());
        assert_eq!(kept.run(&kept.arguments(&operations(0..40, "Clerk", true))).await.exit_code, 0);
        let mut arguments = kept.arguments(&operations(0..30, "Clerk", true));
        arguments["settings"]["brakes"] = json!({});
        let plan = kept.call("plan.create", &arguments);
        let approval = json!({"plan": plan["plan"], "brakes": {"removals": 10}, "reason": "site closed", "approver": "ann"});
        kept.call("plan.approve", &approval);
        let clock = &kept.bench.clock;
        clock.sleep_until(clock.now().after(Duration::from_secs(hours * 3_600))).await;
        let token = kept.bench.tenant.issue_token();
        kept.bench.client.set_secret("accessToken", token.as_bytes()).expect("a token");
        let calls = kept.bench.tenant.calls().len();
        let id = plan["plan"].as_str().expect("an id");
        let run = Run::apply(&kept.bench.client, id, false).expect("a run");
        let (_, summary) = watch(&run, |_| ()).await;
        assert_eq!(summary.exit_code, code, "after {hours} h: {summary:?}");
        if code != 0 {
            assert!(summary.error.expect("one").message.contains("expired"));
            assert_eq!(kept.bench.tenant.calls().len(), calls, "a call was made");
        }
    }
}
