use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Caller, bulk, user};
use crate::simulator::{ConnectionLost, Fault, FaultRule, Settings};

fn caller(faults: Value) -> Caller {
    let faults: Vec<FaultRule> = serde_json::from_value(faults).unwrap();
    Caller::new(Settings { faults, ..Settings::default() })
}

/// The statuses of the next calls; 0 where the connection was lost.
async fn statuses(caller: &Caller, count: usize) -> Vec<u16> {
    let mut statuses = Vec::new();
    for at in 0..count {
        let body = bulk(&[user(&at.to_string())]).to_string();
        let answer = caller.tenant.handle(caller.upload_request(body)).await;
        statuses.push(answer.map_or(0, |response| response.status().as_u16()));
    }
    statuses
}

#[test]
fn the_default_rule_is_what_json_means_that_names_a_fault_alone() {
    let told: FaultRule = serde_json::from_value(json!({"fault": "slow"})).unwrap();
    let made = FaultRule { fault: Fault::Slow, ..FaultRule::default() };
    assert_eq!(serde_json::to_value(told).unwrap(), serde_json::to_value(made).unwrap());
    assert!(serde_json::from_value::<FaultRule>(json!({})).is_err(), "no fault is no rule");
}

#[tokio::test(start_paused = true)]
async fn the_default_rule_strikes_the_next_upload_once() {
    let faults = vec![FaultRule::default()];
    let caller = Caller::new(Settings { faults, ..Settings::default() });
    assert_eq!(statuses(&caller, 2).await, [500, 202]);
}

#[tokio::test(start_paused = true)]
async fn a_storm_begins_lasts_and_ends() {
    let caller = caller(json!([
        {"after": 2, "fault": "status429", "count": 3, "retryAfterSeconds": 2},
        {"after": 6, "fault": "status503"},
    ]));
    assert_eq!(statuses(&caller, 8).await, [202, 202, 429, 429, 429, 202, 503, 202]);
    assert_eq!(caller.tenant.refusals()["fault"], 4);
    assert_eq!(caller.tenant.staged().len(), 4, "a refused call stages nobody");
    assert_eq!(caller.tenant.worst_window(), 8, "and yet it arrived");
}

#[tokio::test(start_paused = true)]
async fn retry_after_is_there_when_asked_for() {
    for (rule, expected) in [
        (json!({"fault": "status429", "retryAfterSeconds": 7}), Some("7")),
        (json!({"fault": "status429"}), None),
        (json!({"fault": "status503", "retryAfterSeconds": 30}), Some("30")),
        (json!({"fault": "status500"}), None),
        (json!({"fault": "status400", "retryAfterSeconds": 7}), None),
    ] {
        let caller = caller(json!([rule]));
        let request = caller.upload_request(bulk(&[user("1")]).to_string());
        let response = caller.tenant.handle(request).await.unwrap();
        let given = response.headers().get("retry-after").map(|value| value.to_str().unwrap());
        assert_eq!(given, expected, "{rule}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_storm_may_last_a_while() {
    let caller = caller(json!([{"fault": "status500", "forMs": 1500}]));
    assert_eq!(statuses(&caller, 2).await, [500, 500]);
    caller.tenant.advance(Duration::from_millis(1499));
    assert_eq!(statuses(&caller, 1).await, [500]);
    caller.tenant.advance(Duration::from_millis(1));
    assert_eq!(statuses(&caller, 2).await, [202, 202]);
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_leaves_the_call_processed_or_not() {
    for (fault, status, staged) in [
        ("resetBeforeProcessing", 0, 0),
        ("resetAfterProcessing", 0, 1),
        ("cutHead", 0, 1),
        ("cutBody", 0, 1),
        ("status504AfterProcessing", 504, 1),
        ("bucketFull", 500, 0),
        ("status400", 400, 0),
        ("slow", 202, 1),
    ] {
        let caller = caller(json!([{"fault": fault}]));
        assert_eq!(statuses(&caller, 1).await, [status], "{fault}");
        assert_eq!(caller.tenant.staged().len(), staged, "{fault}");
    }
    let caller = caller(json!([{"fault": "resetAfterProcessing"}]));
    let request = caller.upload_request(bulk(&[user("1")]).to_string());
    assert_eq!(caller.tenant.handle(request).await.unwrap_err(), ConnectionLost);
    assert_eq!(caller.tenant.calls()[0].status, None);
}

#[tokio::test(start_paused = true)]
async fn tokens_expire_in_the_middle_and_slow_answers_come_late() {
    let mut caller = caller(json!([
        {"after": 1, "fault": "expireTokens"},
        {"after": 2, "fault": "slow", "delayMs": 4000},
    ]));
    assert_eq!(statuses(&caller, 2).await, [202, 401]);
    caller.token = caller.tenant.issue_token();
    let began = caller.tenant.now();
    assert_eq!(statuses(&caller, 1).await, [202]);
    assert!(caller.tenant.now().since(began) >= Duration::from_secs(4));
}

#[tokio::test(start_paused = true)]
async fn faults_keep_to_their_endpoint() {
    let caller = caller(json!([{"fault": "status503", "on": "logs"}]));
    assert_eq!(statuses(&caller, 1).await, [202]);
    assert_eq!(caller.call("GET", "/v1.0/auditLogs/provisioning").await.0, 503);
    assert_eq!(caller.call("GET", "/v1.0/auditLogs/provisioning").await.0, 200);
    caller.tenant.add_faults(
        serde_json::from_value::<Vec<FaultRule>>(
            json!([{"fault": "status500", "on": "jobs", "count": 9}]),
        )
        .unwrap(),
    );
    assert_eq!(caller.call("GET", &caller.jobs()).await.0, 500);
    caller.tenant.clear_faults();
    assert_eq!(caller.call("GET", &caller.jobs()).await.0, 200);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]
    #[test]
    fn chance_is_seeded_and_fair(probability in 0.0_f64..=1.0) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all().start_paused(true).build().unwrap();
        let rule = json!([{"fault": "status500", "probability": probability, "count": 1000}]);
        let run = || runtime.block_on(async {
            let mut settings = Settings {
                faults: serde_json::from_value(rule.clone()).unwrap(),
                ..Settings::default()
            };
            settings.limits.calls_per_window = usize::MAX;
            statuses(&Caller::new(settings), 100).await
        });
        let first = run();
        prop_assert_eq!(&first, &run());
        let struck = first.iter().filter(|status| **status == 500).count() as f64;
        // Six standard deviations of a hundred throws, at the most.
        prop_assert!((struck - 100.0 * probability).abs() <= 30.0, "{struck} of 100 at {probability}");
    }
}
