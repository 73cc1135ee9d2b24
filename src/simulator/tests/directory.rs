use std::time::Duration;

use serde_json::{Value, json};

use super::{CORE, Caller, ENTERPRISE, bulk, user};
use crate::simulator::{Settings, SimulatedUser};

fn caller(directory: Value) -> Caller {
    let settings = json!({"directory": directory, "domains": ["Example.com"]});
    let mut settings: Settings = serde_json::from_value(settings).unwrap();
    settings.logs.lag_min_seconds = 0;
    settings.logs.lag_max_seconds = 0;
    Caller::new(settings)
}

fn find(caller: &Caller, id: &str) -> SimulatedUser {
    caller.tenant.users().remove(id).unwrap_or_else(|| panic!("nobody is {id}"))
}

/// Action, status and error code of the last log entry.
async fn last_log(caller: &Caller) -> (String, String, Option<String>) {
    caller.tenant.advance(Duration::from_secs(10));
    let (status, answer) = caller.call("GET", "/v1.0/auditLogs/provisioning?$top=1").await;
    assert_eq!(status, 200);
    let entry = &answer["value"][0];
    let info = &entry["provisioningStatusInfo"];
    let text = |value: &Value| value.as_str().map(str::to_owned);
    (
        text(&entry["provisioningAction"]).unwrap(),
        text(&info["status"]).unwrap(),
        text(&info["errorInformation"]["errorCode"]),
    )
}

async fn expect_log(caller: &Caller, action: &str, status: &str, code: Option<&str>) {
    let expected = (action.to_owned(), status.to_owned(), code.map(str::to_owned));
    assert_eq!(last_log(caller).await, expected);
}

#[tokio::test(start_paused = true)]
async fn create_update_disable_enable_skip() {
    let caller = caller(json!({}));
    let mut ada = user("1");
    caller.provision(&[ada.clone()]).await;
    expect_log(&caller, "create", "success", None).await;
    let created = find(&caller, "1");
    assert!(created.account_enabled);
    assert_eq!(created.attributes["employeeId"], "1");
    assert_eq!(created.attributes["userPrincipalName"], "user1@example.com");
    assert_eq!(created.attributes["surname"], "1");
    assert_eq!(created.attributes["department"], "Sales");
    assert!(!created.attributes.contains_key("mail"), "Exchange owns mail");

    caller.provision(&[ada.clone()]).await;
    expect_log(&caller, "other", "skipped", Some("RedundantExport")).await;

    ada["active"] = json!(false);
    caller.provision(&[ada.clone()]).await;
    expect_log(&caller, "update", "success", None).await;
    assert!(!find(&caller, "1").account_enabled);
    let (_, answer) = caller.call("GET", "/v1.0/auditLogs/provisioning?$top=1").await;
    assert_eq!(
        answer["value"][0]["modifiedProperties"],
        json!([{"displayName": "accountEnabled", "oldValue": "True", "newValue": "False"}])
    );

    ada["active"] = json!(true);
    ada[ENTERPRISE]["department"] = json!("Support");
    caller.provision(&[ada]).await;
    expect_log(&caller, "update", "success", None).await;
    let again = find(&caller, "1");
    assert!(again.account_enabled);
    assert_eq!(again.attributes["department"], "Support");
    assert_eq!(again.object_id, created.object_id);
}

#[tokio::test(start_paused = true)]
async fn a_new_user_needs_names_that_are_good_and_free() {
    let caller = caller(json!({"onlyVerifiedDomains": true}));
    caller.provision(&[user("1")]).await;
    for (name, code) in [
        ("USER1@example.com", "EntryConflict"),
        ("ada@elsewhere.com", "InvalidDomain"),
        ("ada", "AzureActiveDirectoryInvalidUserPrincipalName"),
        ("a d a@example.com", "AzureActiveDirectoryInvalidUserPrincipalName"),
        ("zoë@example.com", "AzureActiveDirectoryInvalidUserPrincipalName"),
        ("ada.@example.com", "AzureActiveDirectoryInvalidUserPrincipalName"),
        ("@example.com", "AzureActiveDirectoryInvalidUserPrincipalName"),
        ("ada@b@example.com", "AzureActiveDirectoryInvalidUserPrincipalName"),
    ] {
        let mut other = user("2");
        other["userName"] = json!(name);
        caller.provision(&[other]).await;
        expect_log(&caller, "create", "failure", Some(code)).await;
        assert_eq!(caller.tenant.users().len(), 1, "{name}");
    }
    let mut nameless = user("2");
    nameless.as_object_mut().unwrap().remove("displayName");
    caller.provision(&[nameless]).await;
    expect_log(&caller, "create", "failure", Some("MandatoryFieldsMissing")).await;
    assert_eq!(caller.tenant.state()["usersFailed"], 1, "it stays in the bucket");

    let mut renamed = user("1");
    renamed["userName"] = json!("ada@example.com");
    caller.provision(&[renamed]).await;
    let mut heir = user("2");
    heir["userName"] = json!("user1@example.com");
    caller.provision(&[heir]).await;
    expect_log(&caller, "create", "success", None).await;
    assert_eq!(caller.tenant.state()["usersFailed"], 0);
}

#[tokio::test(start_paused = true)]
async fn a_manager_must_come_first_or_wait_for_a_restart() {
    let caller = caller(json!({}));
    let mut report = user("2");
    report[ENTERPRISE]["manager"] = json!({"value": "1"});
    caller.provision(&[report.clone(), user("1")]).await;
    let (_, answer) = caller.call("GET", "/v1.0/auditLogs/provisioning").await;
    let info = &answer["value"][1]["provisioningStatusInfo"];
    assert_eq!(info["status"], "warning");
    assert_eq!(info["errorInformation"]["errorCode"], "UnableToResolveReferenceAttributeValue");
    assert_eq!(find(&caller, "2").manager, None);
    let restart = format!("{}/restart", caller.job());
    assert_eq!(caller.call("POST", &restart).await.0, 204);
    assert_eq!(find(&caller, "2").manager.as_deref(), Some("1"));

    let mut third = user("3");
    third[ENTERPRISE]["manager"] = json!({"value": "2"});
    caller.provision(&[third]).await;
    expect_log(&caller, "create", "success", None).await;
    assert_eq!(find(&caller, "3").manager.as_deref(), Some("2"));
}

#[tokio::test(start_paused = true)]
async fn null_empty_and_omitted_values_clear_nothing_unless_told_to() {
    let emptied = |how: &str| {
        let mut ada = user("1");
        let department = ada[ENTERPRISE].as_object_mut().unwrap();
        match how {
            "null" => department.insert("department".to_owned(), json!(null)),
            "empty" => department.insert("department".to_owned(), json!("")),
            _ => department.remove("department"),
        };
        ada
    };
    for how in ["null", "omitted", "empty"] {
        let strict = caller(json!({}));
        strict.provision(&[user("1")]).await;
        strict.provision(&[emptied(how)]).await;
        if how == "empty" {
            expect_log(&strict, "update", "failure", Some("InvalidAttributeSyntax")).await;
        } else {
            expect_log(&strict, "other", "skipped", Some("RedundantExport")).await;
        }
        assert_eq!(find(&strict, "1").attributes["department"], "Sales");

        let clearing = caller(json!({"clearAttributes": true}));
        clearing.provision(&[user("1")]).await;
        clearing.provision(&[emptied(how)]).await;
        assert!(!find(&clearing, "1").attributes.contains_key("department"), "{how}");
    }
    // A child is cleared by omission only where its parent was sent.
    let clearing = caller(json!({"clearAttributes": true}));
    clearing.provision(&[user("1")]).await;
    let mut bare = user("1");
    bare.as_object_mut().unwrap().remove(ENTERPRISE);
    bare.as_object_mut().unwrap().remove("displayName");
    clearing.provision(&[bare]).await;
    let kept = find(&clearing, "1").attributes;
    assert_eq!((&*kept["department"], &*kept["displayName"]), ("Sales", "User 1"));

    let writing = caller(json!({"writeEmptyStrings": true}));
    writing.provision(&[emptied("empty")]).await;
    assert_eq!(find(&writing, "1").attributes["department"], "");
}

#[tokio::test(start_paused = true)]
async fn only_work_entries_and_known_custom_attributes_are_processed() {
    let urn = "urn:ietf:params:scim:schemas:extension:csv:1.0:User";
    let mut ada = user("1");
    ada["schemas"] = json!([CORE, ENTERPRISE, urn]);
    ada[urn] = json!({"CostCode": "77", "Other": "x"});
    ada["userName"] = json!("ada");
    ada["phoneNumbers"] = json!([{"type": "mobile", "value": "1"}, {"type": "work", "value": "2"}]);
    let known = format!("{urn}:CostCode");
    for (other_types, mobile) in [(false, None), (true, Some("1"))] {
        let caller = caller(json!({
            "customAttributes": [known], "otherPhoneTypes": other_types,
            "userNameDomain": "example.com",
        }));
        caller.provision(&[ada.clone()]).await;
        let attributes = find(&caller, "1").attributes;
        assert_eq!(attributes["telephoneNumber"], "2");
        assert_eq!(attributes.get("mobile").map(String::as_str), mobile);
        assert_eq!(attributes[&known], "77");
        assert_eq!(attributes["userPrincipalName"], "ada@example.com");
        assert!(!attributes.keys().any(|name| name.ends_with("Other")));
    }
}

#[tokio::test(start_paused = true)]
async fn partial_users_update_who_is_known_and_create_nobody() {
    let mut settings = Settings::default();
    settings.allow.partial_users = true;
    let caller = Caller::new(settings);
    let partial =
        |id: &str| json!({"schemas": [CORE, ENTERPRISE], "externalId": id, "active": false});
    caller.provision(&[user("1")]).await;
    let body = bulk(&[partial("1"), partial("2")]);
    assert_eq!(caller.upload(&body).await.0, 202);
    caller.tenant.advance(Duration::from_secs(1));
    assert!(!find(&caller, "1").account_enabled);
    assert_eq!(caller.tenant.users().len(), 1);
    assert_eq!(caller.tenant.staged().len(), 2);
}
