//! A plan, applied, leaves nothing to plan.

use std::collections::BTreeMap;
use std::time::Duration;

use entrabulk::operation;
use entrabulk::simulator::{LatencySettings, Settings};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::cases;
use crate::support::tenant::{Bench, adds_up, virtually};
use crate::support::users::User;

#[derive(Debug, Clone)]
struct Worker {
    title: u8,
    active: bool,
    manager: Option<u8>,
}

type Population = BTreeMap<u8, Worker>;

fn populations() -> impl Strategy<Value = Population> {
    let worker = (0..3_u8, prop::bool::weighted(0.8), prop::option::of(0..40_u8));
    let worker = worker.prop_map(|(title, active, manager)| Worker { title, active, manager });
    prop::collection::btree_map(0..40_u8, worker, 1..40)
}

fn users(population: &Population) -> impl Iterator<Item = User> {
    population.iter().map(|(id, worker)| {
        let user = User::new((*id).into()).title(format!("Title {}", worker.title));
        user.active(worker.active).under(worker.manager.map(usize::from))
    })
}

proptest! {
    #![proptest_config(cases(24))]

    #[test]
    fn what_was_applied_needs_no_plan(before in populations(), after in populations(), seed: u64) {
        virtually(async {
            let latency = LatencySettings { before_ms: 50, after_ms: 50, jitter_ms: 400 };
            let kept = Bench::kept(Settings { latency, ..Settings::default() }, seed, |_| ());
            for population in [&before, &after] {
                let arguments = kept.arguments(users(population));
                let summary = kept.run(&arguments).await;
                assert_eq!((summary.kind, summary.in_doubt, summary.not_sent), ("Ok", 0, 0), "{summary:?}");
                adds_up(&summary);
                let calls = kept.tenant.calls().len();
                let plan = kept.call("plan.create", &arguments);
                assert_eq!(plan["changes"], 0, "{plan}");
                let again = kept.run(&arguments).await;
                assert_eq!((again.accepted, again.calls), (0, 0));
                assert_eq!(kept.tenant.calls().len(), calls, "a call for nothing");
            }
            for (id, user) in kept.tenant.staged() {
                let data: Value = serde_json::from_slice(&user.data).expect("JSON");
                let number: u8 = id[1..].parse().expect("a number");
                let wanted = after.get(&number).is_some_and(|worker| worker.active);
                assert_eq!(data["active"], wanted, "{id}");
            }
        });
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_lets_go_of_what_is_old() {
    let kept = Bench::kept(Settings::default(), 1, |config| {
        config["state"] = json!({"retentionDays": 7});
    });
    let worker = |title| Worker { title, active: true, manager: None };
    let arguments = |title| kept.arguments(users(&Population::from([(1, worker(title))])));
    let sleep = async |days: u64| {
        let later = kept.clock.now().after(Duration::from_secs(days * 86_400));
        kept.clock.sleep_until(later).await;
        kept.sign_in();
    };
    let preview = |plan: &str| {
        let arguments = json!({"plan": plan}).to_string();
        operation::call(Some(&kept.client), "plan.preview", arguments.as_bytes())
    };
    let first = kept.run(&arguments(1)).await.plan.expect("a plan");
    sleep(6).await;
    kept.run(&arguments(2)).await;
    preview(&first).expect("young enough");
    sleep(2).await;
    let last = kept.run(&arguments(3)).await.plan.expect("a plan");
    let error = preview(&first).expect_err("old");
    assert!(error.message.contains("only its counts are kept"), "{error}");
    assert_eq!(kept.call("plan.show", &json!({"plan": first}))["counts"]["add"], 1);
    preview(&last).expect("new");
}
