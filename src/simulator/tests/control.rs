use bytes::Bytes;
use hyper::Request;
use serde_json::{Value, json};

use super::{Caller, bulk, user};
use crate::error::ErrorKind;
use crate::simulator::Settings;

async fn control(caller: &Caller, method: &str, path: &str, body: Value) -> super::Answer {
    let request = Request::builder().method(method).uri(format!("http://tenant/simulator/{path}"));
    let body = if body.is_null() { Bytes::new() } else { body.to_string().into() };
    caller.send(request.body(body).unwrap()).await
}

#[tokio::test(start_paused = true)]
async fn another_process_sees_what_arrived() {
    let caller = Caller::new(Settings::default());
    caller.upload(&bulk(&[user("1"), user("2")])).await;
    caller.upload(&bulk(&[user("1")])).await;
    caller.upload(&bulk(&[])).await;
    let get = async |path: &str| {
        let (status, body) = control(&caller, "GET", path, Value::Null).await;
        assert_eq!(status, 200, "{path}");
        body
    };
    let moved = control(&caller, "POST", "clock/advance", json!({"seconds": 1.5})).await;
    assert_eq!(moved.0, 200);
    let state = get("state").await;
    assert_eq!(
        (&state["users"], &state["calls"], &state["worstWindow"]),
        (&json!(2), &json!(3), &json!(3))
    );
    assert_eq!(state["refusals"], json!({"noOperations": 1}));
    assert_eq!(get("users").await["2"]["attributes"]["displayName"], "User 2");
    let staged = get("staged").await;
    assert_eq!((&staged["1"]["times"], &staged["2"]["times"]), (&json!(2), &json!(1)));
    assert_eq!(staged["1"]["data"], user("1"));
    let calls = get("calls").await;
    assert_eq!((&calls[0]["status"], &calls[2]["refusal"]), (&json!(202), &json!("noOperations")));
    assert_eq!(calls[0]["endpoint"], "bulkUpload");
    assert_eq!(get("settings").await["limits"]["callsPerWindow"], 40);
}

#[tokio::test(start_paused = true)]
async fn another_process_tells_the_tenant_what_to_do() {
    let mut caller = Caller::new(Settings::default());
    let (_, answer) = control(&caller, "POST", "token", Value::Null).await;
    caller.token = answer["accessToken"].as_str().unwrap().to_owned();
    let rules = json!([{"fault": "status503", "count": 9}]);
    assert_eq!(control(&caller, "POST", "faults", rules).await.0, 204);
    assert_eq!(caller.upload(&bulk(&[user("1")])).await.0, 503);
    assert_eq!(control(&caller, "DELETE", "faults", Value::Null).await.0, 204);
    assert_eq!(caller.upload(&bulk(&[user("1")])).await.0, 202);
    assert_eq!(control(&caller, "POST", "job", json!({"state": "quarantine"})).await.0, 204);
    assert_eq!(caller.tenant.state()["jobState"], "quarantine");
    for (path, body) in [
        ("faults", json!([{"fault": "meteorite"}])),
        ("faults", json!([{"fault": "slow", "delay": 1}])),
        ("job", json!({"state": "asleep"})),
        ("clock/advance", json!({"seconds": -1})),
        ("clock/advance", Value::Null),
    ] {
        let (status, answer) = control(&caller, "POST", path, body).await;
        assert_eq!(status, 400);
        assert!(answer["error"].is_string());
    }
    assert_eq!(control(&caller, "GET", "nothing", Value::Null).await.0, 404);
}

#[test]
fn settings_that_make_no_tenant_are_refused_all_at_once() {
    let settings: Settings = serde_json::from_value(json!({
        "listen": "0.0.0.0:0", "tenantId": "x", "domains": ["a.b", "common"], "jobId": "y",
        "apps": [],
        "limits": {"windowMs": 0},
        "logs": {"lagMinSeconds": 2, "lagMaxSeconds": 1, "pageSize": 0, "windowMs": 0},
        "job": {"usersPerSecond": 0},
        "faults": [{"fault": "slow", "probability": 1.5}],
    }))
    .unwrap();
    let error = settings.validate().unwrap_err();
    assert_eq!(error.kind, ErrorKind::ConfigInvalid);
    let paths: Vec<&str> = error.problems.iter().map(|problem| problem.path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "listen",
            "tenantId",
            "domains",
            "jobId",
            "apps",
            "limits.windowMs",
            "logs.windowMs",
            "logs.pageSize",
            "logs.lagMinSeconds",
            "job.usersPerSecond",
            "faults",
        ]
    );
    assert!(serde_json::from_value::<Settings>(json!({"lissen": "127.0.0.1:1"})).is_err());
    assert!(serde_json::from_value::<Settings>(json!({"limits": {"calls": 1}})).is_err());
}

#[test]
fn the_manual_lists_every_setting_with_its_default() {
    let manual = include_str!("../../../docs/simulator.md");
    let settings = serde_json::to_value(Settings::default()).unwrap();
    let mut missing = Vec::new();
    for (key, value) in settings.as_object().unwrap() {
        let leaves = match value {
            Value::Object(group) => {
                group.iter().map(|(leaf, value)| (format!("{key}.{leaf}"), value)).collect()
            }
            value => vec![(key.clone(), value)],
        };
        for (name, value) in leaves {
            let row = manual.lines().find(|line| line.starts_with(&format!("| `{name}` |")));
            // Long lists are described, not repeated.
            let shown =
                value.is_array() || row.is_some_and(|row| row.contains(&format!("| `{value}` |")));
            if row.is_none() || !shown {
                missing.push(format!("{name} = {value}"));
            }
        }
    }
    assert!(missing.is_empty(), "docs/simulator.md lacks {missing:?}");
}
