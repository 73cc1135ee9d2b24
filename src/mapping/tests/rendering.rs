//! Records become the users they should.

use serde_json::json;

use super::*;
use crate::finding::Rule;

const REFERENCE: &str = include_str!("../../../examples/data/mapping-csv2scim.json");

const HEADER: &str = "WorkerID,WorkerStatus,WorkerType,UserID,FirstName,LastName,FullName,\
    GenderPronoun,ManagerID,HireDate,OnLeave,Department,Division,CostCenter,Company,Location,\
    JobTitle,StreetAddress,City,CountryCode,OfficePhone,Custom01,Custom02,ZipCode";

const ROWS: [&str; 2] = [
    "1222,Inactive,Contractor,EMP1222,Talya,Fleeta,Talya Fleeta,HE/HIM,1684,2013-01-01,True,Sales,\
     Electronics,CC3035,Woodgrove,Europe,Sales Executive,303 Mansion Ct,Chicago,UK,259-915-1098,\
     T1001,BTK39,85434",
    "1513,Active,Employee,EMP1513,Ginnie,Fadiman,Ginnie Fadiman,HE/HIM,1959,2010-07-10,False,\
     Product Engineering,Food,CC3035,Woodgrove,Asia Pacific,Project Manager,101 Woodgrove Way,\
     Frankfurt,UK,259-915-1098,Y1083,,79985",
];

const USERS: [&str; 2] = [
    concat!(
        r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","#,
        r#""urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],"externalId":"1222","#,
        r#""name":{"familyName":"Fleeta","givenName":"Talya"},"active":false,"#,
        r#""userName":"EMP1222","displayName":"Talya Fleeta","nickName":"EMP1222","#,
        r#""userType":"Contractor","title":"Sales Executive","addresses":[{"type":"work","#,
        r#""streetAddress":"303 Mansion Ct","locality":"Chicago","postalCode":"85434","#,
        r#""country":"UK"}],"phoneNumbers":[{"type":"work","value":"259-915-1098"}],"#,
        r#""urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"employeeNumber":"1222","#,
        r#""costCenter":"CC3035","organization":"Woodgrove","division":"Electronics","#,
        r#""department":"Sales","manager":{"value":"1684"}}}"#,
    ),
    concat!(
        r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","#,
        r#""urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],"externalId":"1513","#,
        r#""name":{"familyName":"Fadiman","givenName":"Ginnie"},"active":true,"#,
        r#""userName":"EMP1513","displayName":"Ginnie Fadiman","nickName":"EMP1513","#,
        r#""userType":"Employee","title":"Project Manager","addresses":[{"type":"work","#,
        r#""streetAddress":"101 Woodgrove Way","locality":"Frankfurt","postalCode":"79985","#,
        r#""country":"UK"}],"phoneNumbers":[{"type":"work","value":"259-915-1098"}],"#,
        r#""urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"employeeNumber":"1513","#,
        r#""costCenter":"CC3035","organization":"Woodgrove","division":"Food","#,
        r#""department":"Product Engineering","manager":{"value":"1959"}}}"#,
    ),
];

#[test]
fn the_reference_mapping_gives_the_users_that_csv2scim_means() {
    let columns = columns(&HEADER.split(',').collect::<Vec<_>>());
    let (mapping, program) =
        Mapping::parse_for(REFERENCE.as_bytes(), &MappingOptions::default(), &columns).unwrap();
    assert!(mapping.warnings().is_empty());
    let mut user = User::default();
    for (row, wanted) in ROWS.iter().zip(USERS) {
        let record = record(&row.split(',').collect::<Vec<_>>());
        assert_eq!(program.render(&columns, &record, &mut user), Rendered::User);
        assert_eq!(std::str::from_utf8(&user.bytes).unwrap(), wanted);
    }
    assert_eq!(user.external_id, "1513");
    assert_eq!(user.user_name, "EMP1513");
    assert_eq!(user.display_name, "Ginnie Fadiman");
    assert_eq!(user.manager, "1959");
    assert_eq!(user.active, Some(true));
}

#[test]
fn an_object_without_a_value_of_its_own_is_omitted_constants_and_all() {
    let fields = format!(
        r#""name": {{"givenName": "a"}},
           "emails": [{{"type": {{"const": "work"}}, "value": "a"}},
                      {{"type": "=\"work\"", "value": "b", "primary": {{"const": true}}}}],
           "addresses": [{{"type": "b", "locality": "a"}}],
           "roles": [{{"value": {{"const": "staff"}}}}],
           "{ENTERPRISE}": {{"manager": {{"value": "a"}}}}"#
    );
    let (json, _) = rendered(&fields, &[("a", ""), ("b", "")]).unwrap();
    assert_eq!(json, json!({"roles": [{"value": "staff"}]}));
    let (json, _) = rendered(&fields, &[("a", " \u{3000}"), ("b", "b@x")]).unwrap();
    assert_eq!(
        json,
        json!({"roles": [{"value": "staff"}],
               "emails": [{"type": "work", "value": "b@x", "primary": true}]})
    );
}

#[test]
fn an_empty_cell_follows_its_policy() {
    let fields = r#""title": "a", "nickName": {"column": "a", "empty": "empty"},
        "userType": {"column": "a", "empty": "null"}, "active": {"column": "a", "empty": "null"},
        "locale": {"column": "a", "default": "ja-JP", "empty": "error"},
        "addresses": [{"type": {"const": "work"}, "region": {"column": "a", "empty": "null"}}]"#;
    let (json, user) = rendered(fields, &[("a", " ")]).unwrap();
    assert_eq!(
        json,
        json!({"nickName": "", "userType": null, "active": null, "locale": "ja-JP",
               "addresses": [{"type": "work", "region": null}]})
    );
    assert_eq!(user.active, None);
    let finding = rendered(r#""title": {"column": "Job", "empty": "error"}"#, &[("Job", "")]);
    let finding = finding.unwrap_err();
    assert_eq!(finding.rule, Rule::RequiredValue);
    assert_eq!(finding.column.as_deref(), Some("Job"));
    assert_eq!(finding.external_id.as_deref(), Some("1"));
}

#[test]
fn active_is_never_guessed() {
    for (cell, wanted) in [("Yes", json!(true)), (" 0 ", json!(false)), ("", json!(null))] {
        let (json, user) = rendered(r#""active": "Status""#, &[("Status", cell)]).unwrap();
        assert_eq!(json["active"], wanted);
        assert_eq!(user.active, wanted.as_bool());
    }
    let finding = rendered(r#""active": "Status""#, &[("Status", "on leave")]).unwrap_err();
    assert_eq!(finding.rule, Rule::NotBoolean);
    assert_eq!(finding.column.as_deref(), Some("Status"));
    assert_eq!(finding.value.as_deref(), Some("on leave"));
}

#[test]
fn a_record_without_id_or_name_is_rejected_and_says_who_where_it_can() {
    let (program, columns) = program(r#""title": "title""#, &["title"]);
    let mut user = User::default();
    let mut reject = |cells: &[&str]| match program.render(&columns, &record(cells), &mut user) {
        Rendered::Rejected(finding) => {
            // Nothing is left of it but whose it is.
            let left = User { external_id: user.external_id.clone(), ..User::default() };
            assert_eq!(format!("{user:?}"), format!("{left:?}"));
            assert_eq!(user.external_id, finding.external_id.clone().unwrap_or_default());
            finding
        }
        other => panic!("{other:?}"),
    };
    let nameless = reject(&["7", " ", "x"]);
    assert_eq!((nameless.rule, nameless.line), (Rule::RequiredValue, 2));
    assert_eq!(nameless.external_id.as_deref(), Some("7"));
    assert_eq!(nameless.column.as_deref(), Some("name"));
    assert_eq!(reject(&["", "ann", "x"]).column.as_deref(), Some("id"));
    assert_eq!(reject(&[]).external_id, None);
}

#[test]
fn the_id_is_told_though_the_rejection_came_before_its_turn() {
    let json = r#"{"active": "s", "userName": "n", "externalId": "i"}"#;
    let columns = columns(&["s", "n", "i"]);
    let options = MappingOptions::default();
    let (_, program) = Mapping::parse_for(json.as_bytes(), &options, &columns).unwrap();
    let rendered = program.render(&columns, &record(&["?", "ann", "42"]), &mut User::default());
    let Rendered::Rejected(finding) = rendered else { panic!("{rendered:?}") };
    assert_eq!(finding.external_id.as_deref(), Some("42"));
}

#[test]
fn the_local_user_name_stands_before_the_at() {
    let options = MappingOptions { user_name: UserNameMode::Local, ..MappingOptions::default() };
    let mapping = Mapping::parse(br#"{"externalId": "i", "userName": "n"}"#, &options).unwrap();
    let columns = columns(&["i", "n"]);
    let program = mapping.compile(&columns).unwrap();
    let mut user = User::default();
    assert_eq!(program.render(&columns, &record(&["1", "ann@x.org"]), &mut user), Rendered::User);
    assert_eq!(user.user_name, "ann");
    assert!(user.bytes.ends_with(br#""userName":"ann"}"#));
    let nameless = program.render(&columns, &record(&["1", "@x.org"]), &mut user);
    assert!(matches!(nameless, Rendered::Rejected(f) if f.rule == Rule::RequiredValue));
}

#[test]
fn rows_outside_the_scope_are_told_apart_from_rejected_ones() {
    let (program, columns) = program(r#""scope": "in""#, &["in"]);
    let mut user = User::default();
    let mut render = |cell| program.render(&columns, &record(&["1", "ann", cell]), &mut user);
    assert_eq!(render("yes"), Rendered::User);
    assert_eq!(render("no"), Rendered::OutOfScope);
    for unclear in ["", "perhaps"] {
        let rendered = render(unclear);
        let Rendered::Rejected(finding) = rendered else { panic!("{rendered:?}") };
        assert_eq!((finding.rule, &*finding.column.unwrap()), (Rule::NotBoolean, "in"));
    }
}

#[test]
fn an_entry_of_another_type_warns_and_a_second_primary_rejects() {
    let emails = r#""emails": [{"type": "t", "value": "v", "primary": "p"},
                               {"type": {"const": "work"}, "value": "v", "primary": "q"}]"#;
    let cells = |t, p, q| [("t", t), ("v", "x"), ("p", p), ("q", q)];
    let (_, user) = rendered(emails, &cells("home", "true", "false")).unwrap();
    assert_eq!(user.warnings, [(Rule::NotWorkEntry, "emails[0]".to_owned())]);
    let (_, user) = rendered(emails, &cells("", "", "")).unwrap();
    assert_eq!(user.warnings.len(), 1);
    let (_, user) = rendered(emails, &cells("Work", "0", "1")).unwrap();
    assert!(user.warnings.is_empty());
    let finding = rendered(emails, &cells("work", "1", "1")).unwrap_err();
    assert_eq!((finding.rule, &*finding.column.unwrap()), (Rule::ManyPrimary, "emails"));
    let absent = r#""emails": [{"value": "t", "primary": {"const": true}},
                               {"value": "v", "primary": "p"}]"#;
    assert!(rendered(absent, &cells("", "1", "")).is_ok(), "an omitted entry is not primary");
}

#[test]
fn custom_attributes_keep_their_type_and_dates_want_a_time() {
    let fields = r#""urn:x:y": {"level": "a", "on": "b", "hireDate": "c", "n": {"const": 1}}"#;
    let (program, columns) = program(fields, &["a", "b", "c"]);
    let mut user = User::default();
    let record = typed(&[
        ("1", CellKind::Number),
        ("ann", CellKind::Text),
        ("1.50", CellKind::Number),
        ("true", CellKind::Bool),
        ("2020-04-01", CellKind::Text),
    ]);
    assert_eq!(program.render(&columns, &record, &mut user), Rendered::User);
    let text = std::str::from_utf8(&user.bytes).unwrap();
    let wanted = r#","externalId":"1","userName":"ann","urn:x:y":{"level":1.50,"on":true,"hireDate":"2020-04-01","n":1}}"#;
    assert!(text.ends_with(wanted), "{text}");
    assert!(text.contains(r#"2.0:User","urn:x:y"],"#), "{text}");
    assert_eq!(user.warnings, [(Rule::DateWithoutTime, "urn:x:y:hireDate".to_owned())]);
}

#[test]
fn a_whole_row_namespace_holds_every_column_as_text() {
    let options = MappingOptions {
        scim_schema_namespace: Some("urn:x:csv:User".to_owned()),
        ..MappingOptions::default()
    };
    let mapping = Mapping::by_column_names(&options).unwrap();
    let mut columns = Columns::growing(&mapping.columns());
    let program = mapping.compile(&columns).unwrap();
    columns.add("Say \"hi\"");
    columns.add("");
    let text = CellKind::Text;
    let record = typed(&[
        ("7", CellKind::Number),
        ("ann", text),
        ("", CellKind::Absent),
        ("true", CellKind::Bool),
        ("a\\b", text),
        ("x", text),
    ]);
    let mut user = User::default();
    assert_eq!(program.render(&columns, &record, &mut user), Rendered::User);
    let json: serde_json::Value = serde_json::from_slice(&user.bytes).unwrap();
    let row = json!({"externalId": "7", "userName": "ann", "active": "True", "Say \"hi\"": "a\\b"});
    assert_eq!(json["urn:x:csv:User"], row);
    assert_eq!(json["schemas"][2], "urn:x:csv:User");
    assert_eq!(json["active"], true);
}

#[test]
fn without_a_mapping_the_columns_of_those_names_are_taken() {
    let mapping = Mapping::by_column_names(&MappingOptions::default()).unwrap();
    let columns = columns(&["ACTIVE", "externalid", "UserName"]);
    let program = mapping.compile(&columns).unwrap();
    let mut user = User::default();
    assert_eq!(program.render(&columns, &record(&["no", "1", "ann"]), &mut user), Rendered::User);
    assert!(user.bytes.ends_with(br#""externalId":"1","userName":"ann","active":false}"#));
    let error = mapping.compile(&super::columns(&["external_id", "userName"])).unwrap_err();
    let paths: Vec<&str> = error.problems.iter().map(|p| p.path.as_str()).collect();
    assert_eq!(paths, ["externalId", "active"]);
    assert!(error.problems[0].message.contains("`external_id`"));
}
