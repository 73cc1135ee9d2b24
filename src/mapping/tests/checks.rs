//! What is wrong with a mapping is said before the first record, all at once, with its place.

use super::*;
use crate::error::ErrorKind;

/// The message at `path` of a mapping with these fields, which must be the only problem.
fn problem(fields: &str, path: &str) -> String {
    let json = format!(r#"{{"externalId": "id", "userName": "name", "active": "on", {fields}}}"#);
    let problems = problems_of(&json);
    assert_eq!(problems.len(), 1, "{problems:?}");
    let message = problems[0].strip_prefix(&format!("{path}: "));
    message.unwrap_or_else(|| panic!("{}", problems[0])).to_owned()
}

#[track_caller]
fn assert_problem(fields: &str, path: &str, says: &str) {
    let message = problem(fields, path);
    assert!(message.contains(says), "{message}");
    assert!(message.ends_with(['.', '?']), "{message}");
}

#[test]
fn every_problem_is_reported_at_once() {
    let json = r#"{"version": 2, "usrName": "a", "name": "a", "emails": {"value": "a"}, "title": ["a"],
        "active": {"const": "yes"}, "id": "a", "nickName": "=!", "locale": {"column": "a", "empty": "drop"},
        "title": "b"}"#;
    let error = Mapping::parse(json.as_bytes(), &MappingOptions::default()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::MappingInvalid);
    let mut paths: Vec<&str> = error.problems.iter().map(|p| p.path.as_str()).collect();
    paths.sort_unstable();
    assert_eq!(
        paths,
        [
            "active.const",
            "emails",
            "externalId",
            "id",
            "locale.empty",
            "name",
            "nickName",
            "title",
            "title",
            "userName",
            "usrName",
            "version",
        ]
    );
}

#[test]
fn what_the_columns_lack_is_reported_together_with_the_rest() {
    let json = br#"{"externalId": "EmpId", "userName": "=[Login] & [Sufix]", "titel": "Job"}"#;
    let options = MappingOptions::default();
    let columns = columns(&["EmployeeId", "Logon", "Suffix"]);
    let error = Mapping::parse_for(json, &options, &columns).unwrap_err();
    let problems: Vec<String> = error.problems.iter().map(ToString::to_string).collect();
    for says in [
        "titel: `titel` is not an attribute of a user; did you mean `title`?",
        "userName: The source has no column `Login`; did you mean `Logon`?",
        "userName: The source has no column `Sufix`; did you mean `Suffix`?",
        "externalId: The source has no column `EmpId`; it has EmployeeId, Logon, Suffix.",
    ] {
        assert!(problems.iter().any(|problem| problem == says), "{problems:#?}");
    }
}

#[test]
fn names_are_found_in_any_case_and_written_as_the_rfc_spells_them() {
    let json = br#"{"EXTERNALID": "ID", "username": "Name", "Name": {"GIVENNAME": "name"},
        "URN:ietf:params:scim:schemas:extension:ENTERPRISE:2.0:user": {"Department": "name"}}"#;
    let columns = columns(&["id", "NAME"]);
    let (_, program) = Mapping::parse_for(json, &MappingOptions::default(), &columns).unwrap();
    let mut user = User::default();
    assert_eq!(program.render(&columns, &record(&["1", "x"]), &mut user), Rendered::User);
    let text = std::str::from_utf8(&user.bytes).unwrap();
    let wanted = format!(
        r#"],"externalId":"1","userName":"x","name":{{"givenName":"x"}},"{ENTERPRISE}":{{"department":"x"}}}}"#
    );
    assert!(text.ends_with(&wanted), "{text}");
}

#[test]
fn an_unknown_attribute_is_told_where_it_belongs() {
    assert_problem(r#""displyName": "a""#, "displyName", "`displayName`");
    assert_problem(r#""department": "a""#, "department", ENTERPRISE);
    assert_problem(r#""name.givenName": "a""#, "name.givenName", r#""name": {"givenName": …}"#);
    assert_problem(r#""shoeSize": "a""#, "shoeSize", "schema");
    assert_problem(r#""name": {"firstName": "a"}"#, "name.firstName", "`givenName`");
    assert_problem(r#""schemas": "a""#, "schemas", "written for you");
    assert_problem(r#""name": {"shoe": "a"}"#, "name.shoe", "familyName, givenName");
    let fields = format!(r#""{ENTERPRISE}": {{"title": "a"}}"#);
    assert_problem(&fields, &format!("{ENTERPRISE}:title"), "top level");
    let fields = format!(r#""{ENTERPRISE}": {{"manager": {{"displayName": "a"}}}}"#);
    assert_problem(&fields, &format!("{ENTERPRISE}:manager.displayName"), "read-only");
}

#[test]
fn attributes_the_service_does_not_take_are_refused_with_the_reason() {
    assert_problem(r#""id": "a""#, "id", "externalId");
    assert_problem(r#""meta": {"version": "a"}"#, "meta", "itself");
    assert_problem(r#""password": "a""#, "password", "Temporary Access Pass");
    assert_problem(r#""groups": [{"value": "a"}]"#, "groups", "read-only");
}

#[test]
fn the_shape_of_a_value_must_be_that_of_its_attribute() {
    assert_problem(r#""emails": "a""#, "emails", r#"[{"type": {"const": "work"}, "value""#);
    assert_problem(r#""emails": ["a"]"#, "emails[0]", "made of parts");
    assert_problem(r#""emails": []"#, "emails", "no attribute");
    assert_problem(r#""name": {"column": "a"}"#, "name", r#"{"familyName": "Column"}"#);
    assert_problem(r#""name": {}"#, "name", "made of parts");
    assert_problem(r#""title": {"value": "a"}"#, "title", "one value");
    assert_problem(r#""title": ["a"]"#, "title", "array");
    assert_problem(r#""title": true"#, "title", r#"{"const": …}"#);
    assert_problem(r#""title": null"#, "title", "null");
    assert_problem(r#""title": " ""#, "title", "empty");
    assert_problem(r#""urn:x:y": "a""#, "urn:x:y", "object");
    assert_problem(r#""urn:x": {"a": "b"}"#, "urn:x", "not a URN");
    assert_problem(r#""urn:x:y": {}"#, "urn:x:y", "no attribute");
    let core = crate::scim::schema::CORE_USER;
    assert_problem(&format!(r#""{core}": {{"title": "b"}}"#), core, "top level");
}

#[test]
fn the_long_form_says_exactly_one_thing() {
    assert_problem(r#""title": {"column": "a", "const": "b"}"#, "title", "exactly one");
    assert_problem(r#""title": {"empty": "null"}"#, "title", "exactly one");
    assert_problem(r#""title": {"column": "a", "defualt": "b"}"#, "title.defualt", "`default`");
    assert_problem(r#""title": {"column": "a", "default": 1}"#, "title.default", "text");
    assert_problem(r#""title": {"column": 1}"#, "title.column", "text");
    assert_problem(r#""title": {"const": "a", "empty": "null"}"#, "title", "constant");
    assert_problem(r#""title": {"const": null}"#, "title.const", "text");
    assert_problem(r#""title": {"column": "a", "column": "b"}"#, "title.column", "twice");
    assert_problem(r#""urn:x:y": {"a": {"const": {}}}"#, "urn:x:y:a.const", "number");
    assert_problem(
        r#""emails": [{"type": {"const": "work"}, "primary": {"column": "a", "empty": "empty"}}]"#,
        "emails[0].primary.empty",
        "boolean",
    );
}

#[test]
fn what_tells_users_apart_is_never_constant() {
    let problems = |id: &str, name: &str| {
        problems_of(&format!(r#"{{"externalId": {id}, "userName": {name}, "active": "a"}}"#))
    };
    assert!(problems(r#""id""#, r#"{"column": "n", "empty": "error"}"#).is_empty());
    for id in [
        r#"{"const": "1"}"#,
        r#""=\"1\"""#,
        r#"{"column": "a", "default": "1"}"#,
        r#"{"column": "a", "empty": "null"}"#,
    ] {
        let found = problems(id, r#""n""#);
        assert!(found.len() == 1 && found[0].starts_with("externalId: "), "{found:?}");
        let found = problems(r#""i""#, id);
        assert!(found.len() == 1 && found[0].starts_with("userName: "), "{found:?}");
    }
}

#[test]
fn keys_are_not_repeated_in_any_case_but_comments_may_be() {
    assert_problem(r#""title": "a", "TITLE": "b""#, "TITLE", "twice");
    assert_problem(r#""urn:x:y": {"a": "b", "a": "c"}"#, "urn:x:y:a", "twice");
    let commented = r#"{"//": "x", "//": 1, "$comment": {}, "// why": "y", "active": "a",
        "externalId": {"//": "x", "column": "a"}, "userName": "b"}"#;
    assert_eq!(problems_of(commented), Vec::<String>::new());
}

#[test]
fn entries_that_entra_ignores_are_warned_of_and_two_primaries_refused() {
    assert_problem(r#""emails": [{"value": "a"}]"#, "emails[0]", "no type");
    let home = r#""addresses": [{"locality": "a", "type": {"const": "home"}}]"#;
    assert_problem(home, "addresses[0]", "work");
    let fields = r#""ims": [{"value": "a", "primary": {"const": true}},
        {"value": "b", "primary": {"const": true}}]"#;
    assert_problem(fields, "ims", "primary");
    let json = format!(r#"{{"externalId": "i", "userName": "n", "active": "a", {home}}}"#);
    assert!(Mapping::parse(json.as_bytes(), &MappingOptions::default()).is_ok(), "only a warning");
}

#[test]
fn a_mapping_without_active_is_warned_of() {
    let found = problems_of(r#"{"externalId": "i", "userName": "n"}"#);
    assert!(found.len() == 1 && found[0].contains("disabled"), "{found:?}");
}

#[test]
fn custom_schemas_may_nest_so_far_and_are_warned_of() {
    let nest =
        |depth| format!(r#""urn:x:y": {}"a"{}"#, r#"{"b": "#.repeat(depth), "}".repeat(depth));
    assert_problem(&nest(2), "urn:x:y:b", "single values");
    let json = format!(r#"{{"externalId": "i", "userName": "n", {}}}"#, nest(20));
    let error = Mapping::parse(json.as_bytes(), &MappingOptions::default()).unwrap_err();
    assert!(error.message.contains("deeper"), "{error}");
}

#[test]
fn a_mapping_that_is_no_json_object_says_where() {
    let error =
        |bytes: &[u8]| Mapping::parse(bytes, &MappingOptions::default()).unwrap_err().message;
    assert!(error(b"").contains("line 1"));
    assert!(error(b"{\n  \"a\": }").contains("line 2 column 8"));
    assert!(error(b"[]").contains("an array"));
    assert!(error(b"{} {}").contains("trailing"));
    assert!(error(b"{\"\x83\x65\": 1}").contains("byte 3"));
    assert!(error(br#"{"a": "\ud800"}"#).contains("hex escape"));
    assert!(error("[".repeat(100_000).as_bytes()).contains("recursion"));
}

#[test]
fn a_mapping_is_read_as_windows_editors_save_it() {
    let text = "\u{feff}{\"externalId\": \"社員番号\", \"userName\": \"n\"}";
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for bytes in [text.as_bytes(), &utf16] {
        let mapping = Mapping::parse(bytes, &MappingOptions::default()).unwrap();
        assert_eq!(mapping.columns(), ["社員番号", "n"]);
    }
    let error = Mapping::parse(&utf16[..41], &MappingOptions::default()).unwrap_err();
    assert!(error.message.contains("UTF-16"), "{error}");
}

#[test]
fn a_whole_row_namespace_is_a_urn_of_its_own() {
    let problems = |urn: &str| {
        let options = MappingOptions {
            scim_schema_namespace: Some(urn.to_owned()),
            ..MappingOptions::default()
        };
        let json = br#"{"externalId": "i", "userName": "n", "active": "a", "urn:x:y": {"a": "b"}}"#;
        let by_names = Mapping::by_column_names(&options).is_ok();
        let parsed = Mapping::parse(json, &options);
        (by_names, parsed.err().map_or_else(String::new, |error| error.message))
    };
    assert_eq!(problems("urn:x:z"), (true, String::new()));
    let (by_names, message) = problems("urn:X:y");
    assert!(by_names && message.contains("only one"), "{message}");
    for urn in ["x:y:z", "urn:x", "urn:x:", "urn:a b:c", ENTERPRISE] {
        let (by_names, message) = problems(urn);
        assert!(!by_names && message.contains("scimSchemaNamespace: "), "{message}");
    }
}

#[test]
fn every_column_is_named_once_in_the_order_of_the_mapping() {
    let json = br#"{"scope": "=[In]", "userName": "n", "externalId": "I", "nickName": "N",
        "title": "=[i] & [t]", "emails": [{"value": {"column": "e", "default": "x"}}]}"#;
    let mapping = Mapping::parse(json, &MappingOptions::default()).unwrap();
    assert_eq!(mapping.columns(), ["In", "n", "I", "t", "e"]);
}
