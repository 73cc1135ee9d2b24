//! Users that come finished.

use serde_json::json;

use super::*;
use crate::finding::Rule;
use crate::scim::schema::CORE_USER;

fn ready(json: &str) -> Result<(serde_json::Value, User), Finding> {
    let mut user = User::default();
    match ready_user(&record(&[json]), &mut user) {
        Rendered::User => Ok((serde_json::from_slice(&user.bytes).unwrap(), user)),
        Rendered::Rejected(finding) => {
            assert!(user.bytes.is_empty());
            Err(finding)
        }
        Rendered::OutOfScope => panic!("a finished user has no scope"),
    }
}

#[test]
fn a_finished_user_keeps_its_order_and_gets_its_schemas_first() {
    let given = r#" { "externalId" : "7",
        "urn:x:y": {"n": 1.5, "b": 12345678901234567890}, "active": true,
        "userName": "\u0061nn", "displayName": "Ann",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"manager": {"value": "3"}},
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", "urn:z:z:z"] } "#;
    let (_, user) = ready(given).unwrap();
    let wanted = format!(
        r#"{{"schemas":["{CORE_USER}","{ENTERPRISE}","urn:z:z:z","urn:x:y"],"externalId":"7","urn:x:y":{{"n":1.5,"b":12345678901234567890}},"active":true,"userName":"ann","displayName":"Ann","{ENTERPRISE}":{{"manager":{{"value":"3"}}}}}}"#
    );
    assert_eq!(std::str::from_utf8(&user.bytes).unwrap(), wanted);
    assert_eq!((&*user.external_id, &*user.user_name), ("7", "ann"));
    assert_eq!((&*user.display_name, &*user.manager), ("Ann", "3"));
    assert_eq!(user.active, Some(true));
}

#[test]
fn what_csv2scim_writes_as_text_gets_its_type() {
    let (json, user) = ready(
        r#"{"externalId": 701, "active": "True", "title": null, "nickName": "",
            "emails": [{"type": "work", "primary": "no", "value": "a@x"}]}"#,
    )
    .unwrap();
    assert_eq!(json["externalId"], "701");
    assert_eq!(json["active"], true);
    assert_eq!(json["emails"][0]["primary"], false);
    assert_eq!((json["title"].clone(), json["nickName"].clone()), (json!(null), json!("")));
    assert_eq!((user.active, &*user.external_id), (Some(true), "701"));
}

#[test]
fn what_is_no_user_is_rejected_with_its_rule_and_place() {
    for (given, rule, place) in [
        (r#""#, Rule::NotAUser, None),
        (r#"{"externalId": "7""#, Rule::NotAUser, None),
        (r#"{"externalId": "7", "title": "\ud800"}"#, Rule::NotAUser, None),
        (r#"[]"#, Rule::NotAUser, None),
        (r#"{"externalId": "7", "a": {"b": 1, "B": 2}}"#, Rule::NotAUser, Some("B")),
        (r#"{"userName": "ann"}"#, Rule::RequiredValue, Some("externalId")),
        (r#"{"externalId": " "}"#, Rule::RequiredValue, Some("externalId")),
        (r#"{"externalId": "7", "active": "on leave"}"#, Rule::NotBoolean, Some("active")),
        (r#"{"externalId": "7", "active": 1}"#, Rule::WrongType, Some("active")),
        (r#"{"externalId": "7", "title": {"a": 1}}"#, Rule::WrongType, Some("title")),
        (r#"{"externalId": "7", "name": "Ann"}"#, Rule::WrongType, Some("name")),
        (
            r#"{"externalId": "7", "name": {"givenName": []}}"#,
            Rule::WrongType,
            Some("name.givenName"),
        ),
        (r#"{"externalId": "7", "emails": "a@x"}"#, Rule::WrongType, Some("emails")),
        (r#"{"externalId": "7", "emails": ["a@x"]}"#, Rule::WrongType, Some("emails[0]")),
        (r#"{"externalId": "7", "schemas": "x"}"#, Rule::WrongType, Some("schemas")),
        (r#"{"externalId": "7", "urn:x:y": 1}"#, Rule::WrongType, Some("urn:x:y")),
        (
            r#"{"externalId": "7", "ims": [{"primary": true}, {"primary": "yes"}]}"#,
            Rule::ManyPrimary,
            Some("ims"),
        ),
    ] {
        let finding = ready(given).unwrap_err();
        assert_eq!((finding.rule, finding.column.as_deref()), (rule, place), "{given}");
        if given.contains(r#""externalId": "7""#) && rule != Rule::NotAUser {
            assert_eq!(finding.external_id.as_deref(), Some("7"), "{given}");
        }
    }
    let deep = format!(r#"{{"externalId": "7", "a": {}1{}}}"#, "[".repeat(5000), "]".repeat(5000));
    assert_eq!(ready(&deep).unwrap_err().rule, Rule::NotAUser);
}

#[test]
fn what_entra_ignores_is_warned_of() {
    let (_, user) = ready(
        r#"{"externalId": "7", "urn:x:y": {"hireDate": "2020-01-02", "endDate": "2020-01-02T00:00:00Z"},
            "phoneNumbers": [{"type": "mobile", "value": "1"}, {"type": "Work", "value": "2"}]}"#,
    )
    .unwrap();
    assert_eq!(
        user.warnings,
        [
            (Rule::DateWithoutTime, "urn:x:y:hireDate".to_owned()),
            (Rule::NotWorkEntry, "phoneNumbers[0]".to_owned())
        ]
    );
}
