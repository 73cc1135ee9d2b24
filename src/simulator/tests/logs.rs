use std::time::Duration;

use hyper::Request;
use serde_json::{Value, json};

use super::{Caller, bulk, user};
use crate::simulator::{AppSettings, Settings};

const PATH: &str = "/v1.0/auditLogs/provisioning";

/// Settings with a fixed lag and no limit on queries.
fn settings(lag: u64) -> Settings {
    let mut settings = Settings::default();
    settings.logs.lag_min_seconds = lag;
    settings.logs.lag_max_seconds = lag;
    settings.logs.calls_per_window = usize::MAX;
    settings
}

fn ids(answer: &Value) -> Vec<&str> {
    let entries = answer["value"].as_array().unwrap();
    entries.iter().map(|entry| entry["sourceIdentity"]["id"].as_str().unwrap()).collect()
}

async fn query(caller: &Caller, filter: &str) -> super::Answer {
    let filter = filter.replace('%', "%25").replace(' ', "%20").replace('+', "%2B");
    caller.call("GET", &format!("{PATH}?$filter={filter}")).await
}

#[tokio::test(start_paused = true)]
async fn entries_show_five_to_ten_minutes_after_processing() {
    let mut settings = settings(0);
    (settings.logs.lag_min_seconds, settings.logs.lag_max_seconds) = (300, 600);
    let caller = Caller::new(settings);
    let people: Vec<Value> = (0..50).map(|id| user(&id.to_string())).collect();
    assert_eq!(caller.upload(&bulk(&people)).await.0, 202);
    let shown = async || ids(&caller.call("GET", PATH).await.1).len();
    caller.tenant.advance(Duration::from_secs(299));
    assert_eq!(caller.tenant.users().len(), 50);
    assert_eq!(shown().await, 0);
    caller.tenant.advance(Duration::from_secs(151));
    let half = shown().await;
    assert!((1..50).contains(&half), "{half} of 50 at half the lag");
    caller.tenant.advance(Duration::from_secs(151));
    assert_eq!(shown().await, 50);
}

#[tokio::test(start_paused = true)]
async fn filters_find_a_job_a_user_a_time_a_status() {
    let caller = Caller::new(settings(0));
    caller.provision(&[user("1"), user("o'2")]).await;
    let between = caller.tenant.now();
    caller.tenant.advance(Duration::from_secs(1));
    caller.provision(&[user("1")]).await;
    let job = &caller.tenant.settings().job_id;
    let cases = [
        (format!("jobid eq '{job}'"), vec!["1", "o'2", "1"]),
        (format!("jobId eq '{}'", job.to_lowercase()), vec![]),
        ("sourceIdentity/id eq '1'".to_owned(), vec!["1", "1"]),
        ("sourceIdentity/id eq 'o''2'".to_owned(), vec!["o'2"]),
        ("contains(sourceIdentity/id, '''')".to_owned(), vec!["o'2"]),
        (format!("activityDateTime gt {between}"), vec!["1"]),
        (format!("activityDateTime lt {between} and sourceIdentity/id eq '1'"), vec!["1"]),
        ("provisioningStatusInfo/status eq 'skipped'".to_owned(), vec!["1"]),
        ("provisioningAction eq 'create' and sourceIdentity/id eq '1'".to_owned(), vec!["1"]),
    ];
    for (filter, expected) in cases {
        let (status, answer) = query(&caller, &filter).await;
        assert_eq!(status, 200, "{filter}: {answer}");
        assert_eq!(ids(&answer), expected, "{filter}");
    }
    let (_, answer) = query(&caller, &format!("jobId eq '{job}'")).await;
    // Whether all three fall into one cycle depends on the hour.
    let of_cycle = |entry: &&Value| entry["cycleId"] == answer["value"][0]["cycleId"];
    let expected = answer["value"].as_array().unwrap().iter().filter(of_cycle).count();
    let cycle = answer["value"][0]["cycleId"].as_str().unwrap();
    assert_eq!(ids(&query(&caller, &format!("cycleId eq '{cycle}'")).await.1).len(), expected);
    for bad in [
        "",
        "jobId",
        "jobId eq",
        "jobId eq 'x",
        "jobId eq x",
        "jobId like 'x'",
        "jobId eq 'x' or jobId eq 'y'",
        "jobId eq 'x' and",
        "shoeSize eq '42'",
        "statusInfo/status eq 'success'",
        "activityDateTime gt '2026-01-01T00:00:00Z'",
        "activityDateTime ge 2026-01-01T00:00:00Z",
        "jobId ne 'x'",
        "contains(jobId, 'x'",
    ] {
        let (status, answer) = query(&caller, bad).await;
        assert_eq!((status, &answer["error"]["code"]), (400, &json!("BadRequest")), "{bad}");
    }
    for bad in
        ["$filtre=x", "filter=jobId%20eq%20'x'", "$top=0", "$top=1001", "$skiptoken=x", "$top=%"]
    {
        assert_eq!(caller.call("GET", &format!("{PATH}?{bad}")).await.0, 400, "{bad}");
    }
}

#[tokio::test(start_paused = true)]
async fn tutorials_operators_are_a_switch() {
    let mut settings = settings(0);
    settings.allow.undocumented_filter_operators = true;
    let caller = Caller::new(settings);
    caller.provision(&[user("1")]).await;
    let (_, answer) = caller.call("GET", PATH).await;
    let at = answer["value"][0]["activityDateTime"].as_str().unwrap();
    let job = &caller.tenant.settings().job_id;
    // The moment is printed to the millisecond and kept to the microsecond.
    for (filter, found) in [
        (format!("activityDateTime ge {at}"), 1),
        ("activityDateTime le 2000-01-01T00:00:00+09:00".to_owned(), 0),
        (format!("jobId ne '{job}'"), 0),
    ] {
        assert_eq!(ids(&query(&caller, &filter).await.1).len(), found, "{filter}");
    }
}

#[tokio::test(start_paused = true)]
async fn pages_follow_each_other_and_hold_still() {
    let mut settings = settings(0);
    settings.logs.page_size = 7;
    let caller = Caller::new(settings);
    let people: Vec<Value> = (0..20).map(|id| user(&id.to_string())).collect();
    caller.provision(&people).await;
    let job = &caller.tenant.settings().job_id;
    let (status, mut page) =
        query(&caller, &format!("jobId eq '{job}'&$top=6&$orderby=activityDateTime asc")).await;
    assert_eq!(status, 200, "{page}");
    let mut seen: Vec<String> = Vec::new();
    let mut pages = 0;
    loop {
        seen.extend(ids(&page).into_iter().map(str::to_owned));
        pages += 1;
        // More is processed meanwhile; the pages stay as they were.
        caller.provision(&[user(&format!("late{pages}"))]).await;
        let Some(next) = page["@odata.nextLink"].as_str() else { break };
        let request =
            Request::get(next).header("Authorization", format!("Bearer {}", caller.token));
        page = caller.send(request.body(bytes::Bytes::new()).unwrap()).await.1;
    }
    assert_eq!(pages, 4);
    assert_eq!(seen, (0..20).map(|id| id.to_string()).collect::<Vec<_>>());
    let (_, newest) = caller.call("GET", PATH).await;
    assert_eq!(ids(&newest)[0], "late4", "newest first unless asked otherwise");
    assert_eq!(ids(&newest).len(), 7);
}

#[tokio::test(start_paused = true)]
async fn beta_keeps_the_older_names_and_the_location_leads_to_them() {
    let caller = Caller::new(settings(0));
    let request = caller.upload_request(bulk(&[user("1")]).to_string());
    let response = caller.tenant.handle(request).await.unwrap();
    let location = response.headers()["location"].to_str().unwrap().to_owned();
    caller.tenant.advance(Duration::from_secs(1));
    let request =
        Request::get(location).header("Authorization", format!("Bearer {}", caller.token));
    let (status, answer) = caller.send(request.body(bytes::Bytes::new()).unwrap()).await;
    assert_eq!(status, 200);
    let entry = &answer["value"][0];
    assert_eq!(
        (&entry["action"], &entry["statusInfo"]["status"]),
        (&json!("create"), &json!("success"))
    );
    assert!(entry.get("provisioningAction").is_none());
    let filter = "/beta/auditLogs/provisioning?$filter=statusInfo/status%20eq%20'failure'";
    assert_eq!(ids(&caller.call("GET", filter).await.1).len(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_logs_have_a_limit_and_permissions_of_their_own() {
    let caller = Caller::new(Settings::default());
    for _ in 0..5 {
        assert_eq!(caller.call("GET", PATH).await.0, 200);
    }
    assert_eq!(caller.call("GET", PATH).await.0, 429);
    assert_eq!(caller.upload(&bulk(&[user("1")])).await.0, 202, "uploads do not share it");
    caller.tenant.advance(Duration::from_secs(10));
    assert_eq!(caller.call("GET", PATH).await.0, 200);

    let roles = vec!["ProvisioningLog.Read.All".to_owned()];
    let apps = vec![AppSettings { roles: roles.clone(), ..AppSettings::default() }];
    for (log_permissions, status) in [(Settings::default().log_permissions, 403), (roles, 200)] {
        let settings = Settings { apps: apps.clone(), log_permissions, ..Settings::default() };
        assert_eq!(Caller::new(settings).call("GET", PATH).await.0, status);
    }
}
