use std::time::Duration;

use bytes::Bytes;
use hyper::Request;
use serde_json::{Value, json};

use super::{Caller, bulk, user};
use crate::simulator::{AppSettings, JobSettings, JobState, Settings};

fn caller(job: Value) -> Caller {
    let job: JobSettings = serde_json::from_value(job).unwrap();
    Caller::new(Settings { job, ..Settings::default() })
}

fn people(from: usize, to: usize) -> Value {
    bulk(&(from..to).map(|id| user(&id.to_string())).collect::<Vec<_>>())
}

async fn act(caller: &Caller, action: &str) -> u16 {
    caller.call("POST", &format!("{}/{action}", caller.job())).await.0
}

async fn code(caller: &Caller) -> String {
    let (status, job) = caller.call("GET", &caller.job()).await;
    assert_eq!(status, 200);
    job["status"]["code"].as_str().unwrap().to_owned()
}

#[tokio::test(start_paused = true)]
async fn users_are_processed_in_order_at_the_job_s_own_pace() {
    let caller = caller(json!({"usersPerSecond": 10}));
    assert_eq!(caller.upload(&people(0, 20)).await.0, 202);
    caller.tenant.advance(Duration::from_millis(1000));
    let users = caller.tenant.users();
    assert_eq!(users.len(), 10);
    assert!((0..10).all(|id| users.contains_key(&id.to_string())));
    assert_eq!(caller.tenant.state()["usersWaiting"], 10);
    caller.tenant.advance(Duration::from_millis(1000));
    assert_eq!(caller.tenant.users().len(), 20);
}

#[tokio::test(start_paused = true)]
async fn with_cycles_users_wait_for_the_next_one() {
    let caller = caller(json!({"cycleMinutes": 40}));
    assert_eq!(caller.upload(&people(0, 5)).await.0, 202);
    let cycle = 40 * 60 * 1_000_000;
    let left = Duration::from_micros(cycle - caller.tenant.now().0 % cycle);
    caller.tenant.advance(left);
    assert_eq!(caller.tenant.users().len(), 0);
    caller.tenant.advance(Duration::from_secs(1));
    assert_eq!(caller.tenant.users().len(), 5);
    // Pause, upload, start: what was staged before the start is taken at once.
    assert_eq!(act(&caller, "pause").await, 204);
    assert_eq!(caller.upload(&people(5, 7)).await.0, 202);
    assert_eq!(act(&caller, "start").await, 204);
    caller.tenant.advance(Duration::from_secs(1));
    assert_eq!(caller.tenant.users().len(), 7);
}

#[tokio::test(start_paused = true)]
async fn a_job_that_does_not_run_takes_users_and_does_nothing_with_them() {
    for (state, name) in
        [("paused", "Paused"), ("quarantine", "Quarantine"), ("notConfigured", "NotConfigured")]
    {
        let caller = caller(json!({"state": state}));
        assert_eq!(code(&caller).await, name);
        assert_eq!(caller.upload(&people(0, 5)).await.0, 202);
        caller.tenant.advance(Duration::from_secs(3000));
        assert_eq!(caller.tenant.users().len(), 0);
        assert_eq!(act(&caller, "start").await, 204);
        assert_eq!(code(&caller).await, "Active");
        assert_eq!(caller.tenant.users().len(), 0, "waiting is not working");
        caller.tenant.advance(Duration::from_secs(1));
        assert_eq!(caller.tenant.users().len(), 5);
    }
}

#[tokio::test(start_paused = true)]
async fn a_restart_purges_what_a_standing_job_holds_and_nothing_of_a_running_one() {
    let caller = caller(json!({"usersPerSecond": 1}));
    assert_eq!(caller.upload(&people(0, 5)).await.0, 202);
    assert_eq!(act(&caller, "restart").await, 204);
    assert_eq!(caller.tenant.state()["usersWaiting"], 5);
    assert_eq!(act(&caller, "pause").await, 204);
    assert_eq!(act(&caller, "restart").await, 204);
    assert_eq!(caller.tenant.state()["usersWaiting"], 0);
    assert_eq!(code(&caller).await, "Active");
}

#[tokio::test(start_paused = true)]
async fn a_restart_s_criteria_are_read() {
    let caller = caller(json!({}));
    let restart = async |body: &'static str| {
        let request = Request::post(format!("http://tenant{}/restart", caller.job()))
            .header("Authorization", format!("Bearer {}", caller.token));
        caller.send(request.body(Bytes::from_static(body.as_bytes())).unwrap()).await.0
    };
    let good = r#"{"criteria":{"resetScope":"Watermark, Escrows, QuarantineState"}}"#;
    assert_eq!(restart(good).await, 204);
    assert_eq!(restart(r#"{"criteria":{"resetScope":""}}"#).await, 204);
    for bad in [
        "{",
        "{}",
        r#"{"criteria":{"resetScope":"ConnectorDataStore"}}"#,
        r#"{"criteria":{"resetScope":"watermark"}}"#,
    ] {
        assert_eq!(restart(bad).await, 400, "{bad}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_full_bucket_is_500_until_it_empties() {
    let caller = caller(json!({"bucketCapacity": 60, "usersPerSecond": 10, "state": "paused"}));
    assert_eq!(caller.upload(&people(0, 50)).await.0, 202);
    let (status, answer) = caller.upload(&people(50, 61)).await;
    assert_eq!(status, 500);
    assert!(answer["error"]["message"].as_str().unwrap().contains("bucket"));
    assert_eq!(caller.upload(&people(50, 60)).await.0, 202, "exactly full is not too full");
    assert_eq!(caller.upload(&people(60, 61)).await.0, 500);
    assert_eq!(caller.tenant.staged().len(), 60);
    caller.tenant.set_job_state(JobState::Active);
    caller.tenant.advance(Duration::from_millis(100));
    assert_eq!(caller.upload(&people(60, 61)).await.0, 202);
    assert_eq!(caller.tenant.refusals()["bucketFull"], 2);
}

#[tokio::test(start_paused = true)]
async fn failed_users_fill_the_bucket_until_a_restart() {
    let caller = caller(json!({"bucketCapacity": 3}));
    let nameless: Vec<Value> = (0..3)
        .map(|id| {
            let mut nameless = user(&id.to_string());
            nameless["userName"] = json!("no at");
            nameless
        })
        .collect();
    caller.provision(&nameless).await;
    assert_eq!(caller.upload(&people(9, 10)).await.0, 500);
    assert_eq!(act(&caller, "restart").await, 204);
    assert_eq!(caller.upload(&people(9, 10)).await.0, 202);
}

#[tokio::test(start_paused = true)]
async fn the_job_is_shown_to_those_who_may_see_it() {
    let caller = caller(json!({}));
    caller.provision(&[user("1")]).await;
    let (status, list) = caller.call("GET", &caller.jobs()).await;
    assert_eq!(status, 200);
    let job = &list["value"][0];
    assert_eq!(job["id"], caller.tenant.settings().job_id.as_str());
    assert_eq!(
        (&job["templateId"], &job["schedule"]["state"]),
        (&json!("API2AAD"), &json!("Active"))
    );
    assert_eq!(job["status"]["synchronizedEntryCountByType"][0]["value"], 1);
    let unknown = format!("{}/API2AAD.x.y", caller.jobs());
    assert_eq!(caller.call("GET", &unknown).await.0, 404);
    assert_eq!(caller.call("GET", &format!("{}/start", caller.job())).await.0, 405);

    let roles = vec!["Synchronization.Read.All".to_owned()];
    let apps = vec![AppSettings { roles, ..AppSettings::default() }];
    let reader = Caller::new(Settings { apps, ..Settings::default() });
    assert_eq!(reader.call("GET", &reader.job()).await.0, 200);
    assert_eq!(act(&reader, "start").await, 403);
}
