//! Runs over sockets, on the library's own runtime.

use std::time::Duration;

use entrabulk::client::Client;
use entrabulk::error::ErrorKind;
use entrabulk::run::Run;
use entrabulk::simulator::{Fault, FaultRule, LatencySettings, Settings};
use serde_json::{Value, json};

use crate::support::state::State;
use crate::support::tenant::{Listening, OPERATIONS, start};

/// A tenant that listens, and a client that may sign in to it.
fn wired(settings: Settings, state: &State) -> (Listening, Client) {
    let listening = Listening::new(settings, 50);
    let mut config = listening.configuration();
    config["limits"] = json!({"operations": OPERATIONS});
    let client = client(state, config);
    client.set_secret("clientSecret", listening.secret().as_bytes()).expect("a secret");
    (listening, client)
}

fn client(state: &State, config: Value) -> Client {
    Client::new(state.unkept(config).to_string().as_bytes()).expect("a client")
}

fn finish(run: &Run) -> Vec<Value> {
    let mut events = Vec::new();
    loop {
        match run.next_event(Duration::from_secs(60)) {
            Ok(Some(event)) => events.push(serde_json::from_str(&event).expect("JSON")),
            Ok(None) => panic!("nothing for a minute"),
            Err(error) => {
                assert_eq!(error.kind, ErrorKind::EndOfEvents);
                return events;
            }
        }
    }
}

#[test]
fn an_upload_over_sockets_survives_a_storm_resets_and_cut_answers() {
    let rule = |fault, after, count, retry_after_seconds| FaultRule {
        fault,
        after,
        count: Some(count),
        retry_after_seconds,
        ..FaultRule::default()
    };
    let settings = Settings {
        latency: LatencySettings { before_ms: 150, after_ms: 150, jitter_ms: 0 },
        faults: vec![
            rule(Fault::ResetAfterProcessing, 3, 2, None),
            rule(Fault::CutHead, 10, 2, None),
            rule(Fault::CutBody, 20, 2, None),
            rule(Fault::Status429, 30, 5, Some(3)),
        ],
        ..Settings::default()
    };
    let state = State::new();
    let (listening, client) = wired(settings, &state);
    let events = finish(&start(&client, &state, 300));
    let first = &events[0];
    assert_eq!((first["event"].as_str(), first["sequence"].as_u64()), (Some("started"), Some(1)));
    assert_eq!(first["source"]["format"], "bulk");
    assert!(first["at"].as_str().is_some_and(|at| at.ends_with('Z')));
    let last = events.last().expect("one");
    assert_eq!((last["event"].as_str(), last["status"].as_i64()), (Some("finished"), Some(0)));
    assert_eq!(last["accepted"], 300);
    assert_eq!(last["error"], Value::Null);
    let accepted = events.iter().find(|event| event["event"] == "accepted").expect("one");
    for key in ["requestId", "clientRequestId", "location"] {
        assert!(accepted[key].is_string(), "{accepted}");
    }
    let tenant = listening.tenant();
    assert_eq!(tenant.staged().len(), 300);
    assert!(tenant.worst_window() <= 40);
    let known = accepted["clientRequestId"].as_str().expect("text");
    assert!(tenant.calls().iter().any(|call| call.client_request_id == known));
}

#[test]
fn nobody_at_the_address_is_a_sentence() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = free.local_addr().expect("an address");
    drop(free);
    let config = json!({
        "version": 1,
        "simulator": format!("http://{address}"),
        "clockSpeed": 1_000,
        "servicePrincipalId": "s",
        "jobId": "j",
    });
    let state = State::new();
    let client = client(&state, config);
    client.set_secret("accessToken", b"token").expect("a token");
    let run = start(&client, &state, 20);
    assert!(run.wait(Duration::from_secs(60)).expect("no error"), "it ends");
    let summary = run.summary().expect("it ended");
    assert_eq!((summary.kind, summary.calls, summary.not_sent), ("Unreachable", 0, 20));
    assert!(summary.error.expect("one").message.contains(&address.to_string()));
}

#[test]
fn waits_are_bounded() {
    let (_listening, client) = wired(Settings::default(), &State::new());
    let run = Run::start(&client, br#"{"version":1,"conversion":{}}"#).expect("a run");
    assert_eq!(run.next_event(Duration::from_millis(10)).expect("no error"), None);
    assert!(!run.wait(Duration::from_millis(10)).expect("no error"));
    assert!(run.summary().is_none());
    run.cancel();
    assert!(run.wait(Duration::from_secs(60)).expect("no error"));
}
