//! A plan, applied, leaves nothing to plan.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use entrabulk::operation;
use entrabulk::run::{Run, Summary};
use entrabulk::simulator::{LatencySettings, Settings};
use entrabulk::store::SqliteStore;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::bench::{Bench, watch};

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

/// A bench that keeps state in a folder.
pub(crate) struct Kept {
    pub(crate) bench: Bench,
    pub(crate) folder: tempfile::TempDir,
}

impl Kept {
    pub(crate) fn new(settings: Settings, seed: u64, adjust: impl FnOnce(&mut Value)) -> Kept {
        let folder = tempfile::tempdir().expect("a folder");
        let bench = Bench::new(settings, seed, adjust);
        let store = SqliteStore::open(&folder.path().join("state.db"), None).expect("a store");
        bench.client.set_store(Arc::new(store));
        Kept { bench, folder }
    }

    /// The arguments that send `operations`.
    pub(crate) fn arguments(&self, operations: &[Value]) -> Value {
        let path = self.folder.path().join("users.json");
        std::fs::write(&path, json!({"Operations": operations}).to_string()).expect("written");
        json!({
            "version": 1,
            "conversion": {"source": {"path": path, "format": "bulk"}},
            "settings": {
                "missing": "disable",
                "brakes": {"removals": "off", "wipes": "off", "updates": "off", "renames": "off",
                           "inactiveAdds": "off"},
                "guards": {"maxRowDropPercent": "off"},
            },
        })
    }

    pub(crate) async fn run(&self, arguments: &Value) -> Summary {
        let run = Run::start(&self.bench.client, arguments.to_string().as_bytes()).expect("a run");
        watch(&run, |_| ()).await.1
    }

    pub(crate) fn call(&self, operation: &str, arguments: &Value) -> Value {
        let answer =
            operation::call(Some(&self.bench.client), operation, arguments.to_string().as_bytes());
        serde_json::from_slice(&answer.expect(operation)).expect("JSON")
    }
}

fn operations(population: &Population) -> Vec<Value> {
    let user = |(id, worker): (&u8, &Worker)| {
        let mut data = json!({
            "schemas": [
                "urn:ietf:params:scim:schemas:core:2.0:User",
                "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
            ],
            "externalId": format!("E{id}"),
            "userName": format!("user{id}@example.com"),
            "displayName": format!("User {id}"),
            "title": format!("Title {}", worker.title),
            "active": worker.active,
        });
        if let Some(manager) = worker.manager {
            data["urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"] =
                json!({"manager": {"value": format!("E{manager}")}});
        }
        json!({"method": "POST", "path": "/Users", "bulkId": "any", "data": data})
    };
    population.iter().map(user).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_was_applied_needs_no_plan(before in populations(), after in populations(), seed: u64) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .expect("a runtime");
        runtime.block_on(async {
            let latency = LatencySettings { before_ms: 50, after_ms: 50, jitter_ms: 400 };
            let kept = Kept::new(Settings { latency, ..Settings::default() }, seed, |_| ());
            for population in [&before, &after] {
                let arguments = kept.arguments(&operations(population));
                let summary = kept.run(&arguments).await;
                assert_eq!((summary.kind, summary.in_doubt, summary.not_sent), ("Ok", 0, 0), "{summary:?}");
                adds_up(&summary);
                let calls = kept.bench.tenant.calls().len();
                let plan = kept.call("plan.create", &arguments);
                assert_eq!(plan["changes"], 0, "{plan}");
                let again = kept.run(&arguments).await;
                assert_eq!((again.accepted, again.calls), (0, 0));
                assert_eq!(kept.bench.tenant.calls().len(), calls, "a call for nothing");
            }
            for (id, user) in kept.bench.tenant.staged() {
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
    let kept = Kept::new(Settings::default(), 1, |config| {
        config["state"] = json!({"retentionDays": 7});
    });
    let worker = |title| Worker { title, active: true, manager: None };
    let arguments = |title| kept.arguments(&operations(&Population::from([(1, worker(title))])));
    let sleep = async |days: u64| {
        let later = kept.bench.clock.now().after(Duration::from_secs(days * 86_400));
        kept.bench.clock.sleep_until(later).await;
        let token = kept.bench.tenant.issue_token();
        kept.bench.client.set_secret("accessToken", token.as_bytes()).expect("a token");
    };
    let preview = |plan: &str| {
        let arguments = json!({"plan": plan}).to_string();
        operation::call(Some(&kept.bench.client), "plan.preview", arguments.as_bytes())
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

/// Every row of the source and every user sent beside them is in exactly one count.
pub(crate) fn adds_up(summary: &Summary) {
    let sum = summary.accepted
        + summary.rejected
        + summary.out_of_scope
        + summary.unchanged
        + summary.refused
        + summary.in_doubt
        + summary.not_sent;
    assert_eq!(summary.rows + summary.absent, sum, "{summary:?}");
    assert_eq!(summary.calls, summary.batches + summary.retries, "{summary:?}");
}
