//! Plans of records that a host pushes: a run that ends with its plan.

use std::time::Duration;

use entrabulk::client::{Client, Workspace};
use entrabulk::error::ErrorKind;
use entrabulk::run::Run;
use entrabulk::store::Lease;
use entrabulk::time::{Clock, TokioClock};
use serde_json::{Value, json};

use crate::support::state::State;
use crate::support::tenant::call;

fn client(state: &State) -> Client {
    let config = json!({
        "version": 1,
        "simulator": "http://127.0.0.1:9",
        "servicePrincipalId": "22222222-2222-2222-2222-222222222222",
        "jobId": "API2AAD.1",
    });
    Client::new(state.kept(config).to_string().as_bytes()).unwrap()
}

/// Starts a run that only plans; pushes `records`, if there are any. Gives its events.
fn planned(client: &Client, conversion: &Value, settings: &Value, records: &[Value]) -> Vec<Value> {
    let arguments = json!({
        "version": 1, "conversion": conversion, "settings": settings, "planOnly": true,
    });
    let run = Run::start(client, arguments.to_string().as_bytes()).unwrap();
    if !records.is_empty() {
        records.iter().for_each(|record| run.push(record.to_string().as_bytes()).unwrap());
        run.finish_input().unwrap();
    }
    let mut events: Vec<Value> = Vec::new();
    while events.last().is_none_or(|event| event["event"] != "finished") {
        let event = run.next_event(Duration::from_secs(60)).unwrap().expect("an event in a minute");
        events.push(serde_json::from_str(&event).unwrap());
    }
    events
}

fn records() -> Vec<Value> {
    let worker = |id| json!({"externalId": id, "userName": format!("{id}@x"), "active": "true"});
    let mut records: Vec<Value> = (1..=60).map(|id| worker(id.to_string())).collect();
    records.push(json!({"externalId": "61", "active": "true"}));
    records
}

#[test]
fn pushed_records_give_the_plan_of_the_equal_file_and_nothing_else_happens() {
    let state = State::new();
    let client = client(&state);
    let lines: Vec<String> = records().iter().map(Value::to_string).collect();
    let path = state.write("workers.jsonl", lines.join("\n") + "\n");

    // Somebody else runs at the moment; a plan needs no lease.
    let Workspace { store, target, .. } = client.kept().unwrap();
    let target = target.id;
    let now = TokioClock::with_speed(1).now();
    let lease = store.take_lease(target, "another", Duration::from_secs(120), now).unwrap();
    assert_eq!(lease, Lease::Taken);

    let made = call(
        &client,
        "plan.create",
        &json!({"version": 1, "conversion": {"source": {"path": path}}}),
    );
    let file = json!({"source": {"path": path}});
    for (conversion, pushed) in [(&json!({}), records()), (&file, Vec::new())] {
        let events = planned(&client, conversion, &json!({}), &pushed);
        let names: Vec<&str> =
            events.iter().map(|event| event["event"].as_str().unwrap()).collect();
        assert_eq!(names, ["started", "rejected", "planned", "finished"]);
        let (plan, end) = (&events[2]["plan"], &events[3]);
        for key in ["counts", "inputHash", "mappingHash", "changes", "brakes", "exitCode", "rows"] {
            assert_eq!(plan[key], made[key], "{key}");
        }
        // As the operation, which succeeds; the exit code is the plan's.
        assert_eq!((&end["status"], &end["exitCode"]), (&json!(0), &json!(2)), "{end}");
        assert_eq!((&end["plan"], &end["calls"]), (&plan["plan"], &json!(0)), "{end}");
        assert_eq!(
            (&end["rows"], &end["rejected"], &end["notSent"]),
            (&json!(61), &json!(1), &json!(60))
        );
        let preview = |id: &Value| {
            call(&client, "plan.preview", &json!({"plan": id, "rows": "all"}))["text"].clone()
        };
        assert_eq!(preview(&plan["plan"]), preview(&made["plan"]));
        assert_eq!(
            call(&client, "plan.show", &json!({"plan": plan["plan"]}))["plan"],
            plan["plan"]
        );
    }
    assert_eq!(call(&client, "runs.list", &json!({}))["runs"], json!([]));
    assert_eq!(call(&client, "quota", &json!({}))["used"], 0);
}

#[test]
fn what_refuses_a_source_ends_the_run_and_leaves_no_plan() {
    let state = State::new();
    let client = client(&state);
    let events = planned(&client, &json!({}), &json!({"guards": {"minRows": 62}}), &records());
    let end = events.last().unwrap();
    assert_eq!((&end["kind"], &end["exitCode"]), (&json!("SourceRefused"), &json!(11)), "{end}");
    assert_eq!(call(&client, "plan.list", &json!({}))["plans"], json!([]));
}

#[test]
fn a_plan_is_there_already_where_one_is_applied_or_a_run_resumed() {
    let state = State::new();
    let client = client(&state);
    for named in [r#""plan": "x""#, r#""resume": true"#] {
        let arguments = format!(r#"{{"version": 1, {named}, "planOnly": true}}"#);
        let error = Run::start(&client, arguments.as_bytes()).unwrap_err();
        assert_eq!(error.kind, ErrorKind::ConfigInvalid);
        assert_eq!(error.problems[0].path, "planOnly");
    }
}
