//! `/simulator/…`: what a test asks and tells the tenant from another process. No token is needed.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use hyper::{Method, Request, Response};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::faults::FaultRule;
use super::reply::{empty_response, json_response};
use super::service::{Call, Service, StagedUser};
use super::settings::JobState;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    seconds: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SetJob {
    state: JobState,
}

/// Answers a request to the control endpoint `path`, for a service that caught up with the clock.
pub(super) fn answer(
    service: &mut Service,
    path: &str,
    request: &Request<Bytes>,
) -> Response<Bytes> {
    let outcome = match (request.method(), path) {
        (&Method::GET, "state") => Ok(Some(service.state())),
        (&Method::GET, "users") => Ok(Some(json!(service.directory.users()))),
        (&Method::GET, "staged") => Ok(Some(staged(&service.staged))),
        (&Method::GET, "calls") => Ok(Some(calls(&service.calls))),
        (&Method::GET, "settings") => Ok(Some(json!(*service.settings))),
        (&Method::POST, "token") => Ok(Some(json!({"accessToken": service.issue_token()}))),
        (&Method::POST, "faults") => read(request).map(|rules: Vec<FaultRule>| {
            service.faults.add(rules);
            None
        }),
        (&Method::DELETE, "faults") => {
            service.faults.clear();
            Ok(None)
        }
        (&Method::POST, "job") => read(request).map(|job: SetJob| {
            service.set_job_state(job.state);
            None
        }),
        (&Method::POST, "clock/advance") => read(request).and_then(|advance: Advance| {
            let time = Duration::try_from_secs_f64(advance.seconds);
            service.clock.skip(time.map_err(|error| error.to_string())?);
            Ok(Some(json!({"now": service.clock.now().to_string()})))
        }),
        _ => return json_response(404, &json!({"error": "docs/simulator.md lists what there is"})),
    };
    match outcome {
        Ok(Some(body)) => json_response(200, &body),
        Ok(None) => empty_response(204),
        Err(message) => json_response(400, &json!({"error": message})),
    }
}

fn read<T: DeserializeOwned>(request: &Request<Bytes>) -> Result<T, String> {
    serde_json::from_slice(request.body()).map_err(|error| error.to_string())
}

fn staged(users: &BTreeMap<String, StagedUser>) -> Value {
    let users = users.iter().map(|(id, user)| {
        let data: Value = serde_json::from_slice(&user.data).unwrap_or_default();
        (id.clone(), json!({"times": user.times, "hash": user.hash, "data": data}))
    });
    Value::Object(users.collect::<Map<_, _>>())
}

fn calls(calls: &[Call]) -> Value {
    let calls = calls.iter().map(|call| {
        json!({
            "endpoint": call.endpoint,
            "arrived": call.arrived.to_string(),
            "arrivedMicros": call.arrived.0,
            "departedMicros": call.departed.map(|moment| moment.0),
            "status": call.status,
            "damage": call.damage,
            "refusal": call.refusal,
            "bodyHash": call.body_hash,
            "requestId": call.request_id,
            "clientRequestId": call.client_request_id,
        })
    });
    calls.collect()
}
