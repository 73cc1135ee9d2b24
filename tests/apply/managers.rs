//! Managers reach the service before their reports, however many calls are under way.

use entrabulk::simulator::{Endpoint, Fault, FaultRule, LatencySettings, Settings};
use entrabulk::time::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::rounds::{Kept, adds_up};

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

fn operations(managers: &[Option<usize>]) -> Vec<Value> {
    let user = |(number, manager): (usize, &Option<usize>)| {
        let mut data = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE],
            "externalId": format!("E{number}"),
            "userName": format!("user{number}@example.com"),
            "displayName": format!("User {number}"),
            "active": true,
        });
        if let Some(manager) = manager {
            data[ENTERPRISE] = json!({"manager": {"value": format!("E{manager}")}});
        }
        json!({"method": "POST", "path": "/Users", "bulkId": "any", "data": data})
    };
    managers.iter().enumerate().map(user).collect()
}

/// Forests of 60 to 150 users: each one's manager stands further down in the file, so that the order of
/// the file is the wrong one.
fn forests() -> impl Strategy<Value = Vec<Option<usize>>> {
    (60..150_usize).prop_flat_map(|users| {
        let manager = move |number: usize| match number + 1 {
            next if next == users => Just(None).boxed(),
            next => prop::option::weighted(0.8, next..users).boxed(),
        };
        (0..users).map(manager).collect::<Vec<_>>()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nobody_arrives_before_their_manager(managers in forests(), seed: u64) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .expect("a runtime");
        runtime.block_on(async {
            let latency = LatencySettings { before_ms: 50, after_ms: 50, jitter_ms: 2_000 };
            let kept = Kept::new(Settings { latency, ..Settings::default() }, seed, |config| {
                config["limits"]["inFlight"] = 16.into();
            });
            kept.bench.tenant.add_faults([FaultRule {
                fault: Fault::Status500,
                on: Endpoint::BulkUpload,
                after: 0,
                count: Some(10),
                for_ms: None,
                probability: 0.3,
                retry_after_seconds: None,
                delay_ms: 0,
            }]);
            let summary = kept.run(&kept.arguments(&operations(&managers))).await;
            adds_up(&summary);
            assert_eq!(summary.accepted, managers.len() as u64, "{summary:?}");
            let staged = kept.bench.tenant.staged();
            let first = |number: usize| -> Timestamp {
                staged[&format!("E{number}")].first.expect("a moment")
            };
            for (number, manager) in managers.iter().enumerate() {
                let Some(manager) = *manager else { continue };
                assert!(first(manager) <= first(number), "E{number} came before E{manager}");
            }
        });
    }
}
