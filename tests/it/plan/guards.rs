//! Sources that no plan is made from.

use entrabulk::error::{Error, ErrorKind};
use serde_json::{Value, json};

use super::house::{House, about};
use crate::support::users::{crowd, csv};

fn refused(house: &mut House, source: &str, guards: Value) -> Vec<String> {
    let settings = json!({"missing": "disable", "guards": guards});
    problems(&house.try_plan(source, json!({}), &settings).unwrap_err())
}

fn problems(error: &Error) -> Vec<String> {
    assert_eq!((error.kind, error.kind.exit_code()), (ErrorKind::SourceRefused, 11), "{error}");
    error.problems.iter().map(ToString::to_string).collect()
}

#[test]
fn every_guard_that_refuses_is_named() {
    let mut house = House::new();
    let source = csv(&["1,ann@x,true", "2,bob@x,maybe"]);
    let found = refused(
        &mut house,
        &source,
        json!({
            "minRows": 3, "requiredColumns": ["USERNAME", "mail"], "canaries": ["1", "2", "3"],
            "manifest": {"rows": 4, "sha256": "00".repeat(32)}
        }),
    );
    assert_eq!(found.len(), 6, "{found:#?}");
    assert_eq!(found[0], "minRows: the source has 2 rows, and at least 3 are required");
    assert_eq!(found[1], "requiredColumns: there is no column \"mail\"");
    assert_eq!(found[2], "canaries: the user \"2\" is missing or was rejected");
    assert_eq!(found[3], "canaries: the user \"3\" is missing or was rejected");
    assert!(found[4].starts_with("manifest: the source has 2 rows"));
    assert!(found[5].starts_with("manifest: the SHA-256 of the source is "));
}

#[test]
fn a_source_that_lost_too_many_rows_since_the_last_run_is_refused_where_absence_disables() {
    let mut house = House::new();
    house.settle(&crowd(100));
    let plan = house.plan(&crowd(81));
    assert_eq!(plan.facts.counts.missing, 19);
    assert!(about(&plan).warnings.is_empty());
    let found = refused(&mut house, &crowd(80), json!({}));
    assert!(found[0].contains("the last run had 100 rows"), "{found:?}");
    house.plan_with(&crowd(10), json!({"guards": {"maxRowDropPercent": "off"}}));
    assert_eq!(refused(&mut house, &crowd(99), json!({"maxRowDropPercent": 1})).len(), 1);
    house.plan_with(&crowd(100), json!({"guards": {"maxRowDropPercent": 0}}));
    assert_eq!(refused(&mut house, &crowd(99), json!({"maxRowDropPercent": 0})).len(), 1);
    let mut small = House::new();
    small.settle(&crowd(4));
    small.plan(&crowd(1));
}

#[test]
fn fewer_rows_are_a_warning_where_absence_does_nothing_and_nothing_at_all_for_a_part() {
    let mut house = House::new();
    house.settle(&crowd(100));
    let plan = house.plan(&crowd(3));
    assert_eq!(plan.facts.counts.missing, 97);
    let warnings = about(&plan).warnings;
    assert!(warnings.iter().any(|text| text.contains("--partial")), "{warnings:?}");

    let part = json!({"source": {"complete": false}});
    let joiners = csv(&["0,u0@x,true", "900,new@x,true"]);
    let plan = house.try_plan(&joiners, part.clone(), &json!({})).unwrap();
    let counts = plan.facts.counts;
    assert_eq!((counts.add, counts.unchanged, counts.missing), (1, 1, 0));
    assert!(about(&plan).warnings.is_empty(), "{:?}", about(&plan).warnings);
    // The next whole file is measured by the last whole one.
    house.apply(&plan);
    assert_eq!(refused(&mut house, &crowd(80), json!({})).len(), 1);

    let error = house.try_arguments(&joiners, part, &json!({"missing": "disable"})).unwrap_err();
    assert_eq!((error.kind, error.problems.len()), (ErrorKind::ConfigInvalid, 1), "{error}");
}

#[test]
fn a_manifest_is_held_to_the_byte() {
    let mut house = House::new();
    let source = "externalId,userName,active\n1,ann@x,true\n";
    let path = house.state.path("manifest");
    let refused_for = |house: &mut House, why: &str| {
        let settings = json!({"guards": {"manifestPath": path}});
        let error = house.try_plan(source, json!({}), &settings).unwrap_err();
        assert_eq!(error.kind, ErrorKind::SourceRefused, "{why}");
        assert!(error.message.contains(&format!("{} {why}", path.display())), "{error}");
    };
    // sha256sum of the source above.
    let digest = house.try_plan(
        source,
        json!({}),
        &json!({
            "guards": {"manifest": {"sha256": "00".repeat(32)}}
        }),
    );
    let message = digest.unwrap_err().problems[0].to_string();
    let digest = message.split_whitespace().find(|word| word.len() >= 64).unwrap();
    let digest = digest.trim_end_matches(',').to_owned();
    for manifest in [
        format!("{digest}  workers.csv\n"),
        format!("\u{feff}{{\"rows\": 1, \"sha256\": \"{}\"}}", digest.to_uppercase()),
    ] {
        std::fs::write(&path, manifest).unwrap();
        let guards = json!({"manifestPath": path});
        house.plan_with(source, json!({"guards": guards}));
        assert_eq!(refused(&mut house, &source.replace("ann", "bob"), guards).len(), 1);
    }
    for (broken, why) in [
        ("", "has no SHA-256"),
        ("{}", "names neither"),
        ("{\"row\": 1}", "is not valid"),
        ("12ab  x", "has no SHA-256"),
    ] {
        std::fs::write(&path, broken).unwrap();
        refused_for(&mut house, why);
    }
    std::fs::remove_file(&path).unwrap();
    refused_for(&mut house, "cannot be read");
}

#[test]
fn a_required_column_of_a_json_source_must_be_in_some_record() {
    let mut house = House::new();
    let source = r#"[{"externalId":"1","userName":"a","active":true},
                     {"externalId":"2","userName":"b","active":true,"mail":null}]"#;
    let guards = json!({"requiredColumns": ["mail", "displayName", "phone"]});
    let found = refused(&mut house, source, guards);
    assert_eq!(
        found,
        [
            "requiredColumns: there is no column \"displayName\"",
            "requiredColumns: there is no column \"phone\""
        ]
    );
}
