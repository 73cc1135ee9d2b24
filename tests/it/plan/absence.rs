//! Who is not in the source: reported, or disabled where it is proven and asked for; never by mistake.

use entrabulk::error::ErrorKind;
use entrabulk::plan;
use entrabulk::plan::PlanArguments;
use entrabulk::store::{Action, Baseline, Journal, Keep, Outcome, Plans, UserState};
use serde_json::json;

use super::house::{House, about};
use crate::support::users::{crowd, csv};

fn disable() -> serde_json::Value {
    json!({"missing": "disable"})
}

#[test]
fn the_missing_are_reported_and_left_alone_unless_asked() {
    let mut house = House::new();
    house.settle(&csv(&["1,ann@x,true", "2,bob@x,true", "3,cy@x,false"]));
    let one = csv(&["1,ann@x,true"]);
    let plan = house.plan(&one);
    house.expect(&plan, &[(Action::Missing, "2", "missing-in-source")]);
    assert_eq!((plan.facts.counts.missing, about(&plan).absent_disabled), (1, 1));

    let plan = house.plan_with(&one, disable());
    house.expect(&plan, &[(Action::Disable, "2", "missing-in-source")]);
    let user = house.items(&plan)[0].user.clone().unwrap();
    assert_eq!((&user["userName"], &user["active"]), (&json!("bob@x"), &json!(false)));
    house.apply(&plan);
    let plan = house.plan_with(&one, disable());
    house.expect(&plan, &[]);
    assert_eq!(about(&plan).absent_disabled, 2);
}

#[test]
fn a_leaver_keeps_every_other_value_to_the_byte() {
    let mut house = House::new();
    let mapping = json!({"mapping": {
        "externalId": "id", "userName": "name", "active": "on",
        "name": {"givenName": "given"}, "urn:x:1.0:User": {"n": "n"}
    }});
    let source = r#"[{"id":"1","name":"a","on":true,"given":"Zoë \"Z\"","n":1.50},{"id":"2","name":"b","on":true,"n":2}]"#;
    let plan = house.try_plan(source, mapping.clone(), &json!({})).unwrap();
    house.apply(&plan);
    let before = house.store.baseline_user(house.target.id, "1").unwrap().unwrap().user.unwrap();
    let rest = r#"[{"id":"2","name":"b","on":true,"n":2}]"#;
    let plan = house.try_plan(rest, mapping, &disable()).unwrap();
    house.apply(&plan);
    let after = house.store.baseline_user(house.target.id, "1").unwrap().unwrap().user.unwrap();
    let before = String::from_utf8(before).unwrap();
    assert!(before.contains("\"active\":true"), "{before}");
    let wanted = before.replace("\"active\":true", "\"active\":false");
    assert_eq!(String::from_utf8(after).unwrap(), wanted);
}

#[test]
fn rejected_and_out_of_scope_are_not_missing() {
    let mut house = House::new();
    let long = "9".repeat(300);
    house.settle(&csv(&["1,ann@x,true", "2,bob@x,true", &format!("{long},cy@x,true")]));
    let mapping = json!({"mapping": {
        "scope": "=IIF([userName]=\"bob@x\", \"false\", \"true\")",
        "externalId": "externalId", "userName": "userName", "active": "active"
    }});
    let source = csv(&["1,ann@x,perhaps", "2,bob@x,true", &format!("{long},cy@x,perhaps")]);
    let plan = house.try_plan(&source, mapping, &disable());
    let plan = plan.unwrap_or_else(|error| panic!("{error}: {:?}", error.problems));
    house.expect(
        &plan,
        &[
            (Action::OutOfScope, "2", "out-of-scope"),
            (Action::Rejected, "1", "not-boolean"),
            (Action::Rejected, &long, "not-boolean"),
        ],
    );
    assert_eq!(plan.facts.counts.out_of_scope, 1);
}

#[test]
fn a_record_that_may_be_anybodys_keeps_everybody() {
    let mut house = House::new();
    house.settle(&csv(&["1,ann@x,true", "2,bob@x,true"]));
    for unknown in [",bob@x,true", "2;bob@x", "2,bob@x,true,more"] {
        let plan = house.plan_with(&csv(&["1,ann@x,true", unknown]), disable());
        assert_eq!(plan.facts.counts.disable, 0, "{unknown}");
        assert_eq!(plan.facts.counts.missing, 1, "{unknown}");
        assert!(
            about(&plan).warnings[0].contains("is not disabled: 1 record was"),
            "{:?}",
            about(&plan)
        );
    }
    let plan = house.plan_with(&csv(&["1,ann@x,true", "5,,true"]), disable());
    assert_eq!(plan.facts.counts.disable, 1, "a rejected record with an id is only itself");
}

#[test]
fn a_file_cut_within_its_last_record_removes_nobody() {
    let mut house = House::new();
    house.settle(&crowd(40));
    let whole = crowd(30);
    let options = json!({
        "missing": "disable", "brakes": {"removals": "off"}, "guards": {"maxRowDropPercent": "off"}
    });
    // Within the last cell, "true".
    let plan = house.plan_with(&whole[..whole.len() - 3], options.clone());
    assert_eq!((plan.facts.counts.disable, plan.facts.counts.rejected), (0, 1));
    assert!(about(&plan).warnings[0].contains("cut off"), "{:?}", about(&plan).warnings);
    // A bad record in the last line of a file that is whole is only that.
    let bad = format!("{}tru\n", &whole[..whole.len() - 5]);
    let plan = house.plan_with(&bad, options);
    assert_eq!((plan.facts.counts.disable, plan.facts.counts.rejected), (10, 1));
}

#[test]
fn a_source_that_grows_while_it_is_planned_is_noticed() {
    let house = House::new();
    let path = house.rejects_path();
    std::fs::write(&path, crowd(3)).unwrap();
    let arguments = json!({"version": 1, "conversion": {"source": {"path": &path}}});
    let arguments = PlanArguments::parse(arguments.to_string().as_bytes()).unwrap();
    let desk = house.desk();
    let opened = plan::open(desk.batch, &arguments, None).unwrap();
    let source = plan::create(&desk, arguments, opened, &mut |_, _| Ok(())).unwrap().source;
    source.still_the_same().unwrap();
    let mut file = std::fs::OpenOptions::new().append(true).open(&path).unwrap();
    std::io::Write::write_all(&mut file, b"4,u4@x,true\n").unwrap();
    assert_eq!(source.still_the_same().unwrap_err().kind, ErrorKind::SourceChanged);
}

#[test]
fn a_source_that_fails_on_its_way_leaves_no_plan() {
    let mut house = House::new();
    house.settle(&crowd(30));
    let before = house.store.plans(None, 100).unwrap().len();
    let good = crowd(20);
    for bad in [
        format!("{good}21,\"cut"),
        String::new(),
        "externalId,userName,active\n".into(),
        format!("[{{\"externalId\":\"1\",\"userName\":\"u\",\"active\":true}},{good}"),
        "externalId,active\n1,true\n".into(),
    ] {
        let error = house.try_plan(&bad, json!({}), &disable()).unwrap_err();
        assert_eq!(error.kind.exit_code(), 11, "{bad}: {error}");
    }
    assert_eq!(house.store.plans(None, 100).unwrap().len(), before);
}

#[test]
fn without_stored_users_nobody_can_be_disabled_for_being_absent() {
    let mut house = House::keeping(Keep::Hashes);
    house.settle(&csv(&["1,ann@x,true", "2,bob@x,true"]));
    let plan = house.plan_with(&csv(&["1,ann@x,true"]), disable());
    house.expect(&plan, &[(Action::Missing, "2", "missing-not-kept")]);
    assert!(about(&plan).warnings[0].contains("keeps hashes only"), "{:?}", about(&plan));
}

#[test]
fn a_leaver_whose_disabling_failed_is_disabled_again() {
    let mut house = House::new();
    house.settle(&csv(&["1,ann@x,true", "2,bob@x,true"]));
    let one = csv(&["1,ann@x,true"]);
    let plan = house.plan_with(&one, disable());
    house.apply(&plan);
    let hash = house.store.baseline_user(house.target.id, "2").unwrap().unwrap().hash;
    let failed = Outcome { external_id: "2".into(), hash, state: UserState::Failed };
    house.store.note_outcomes(house.target.id, &[failed], house.now()).unwrap();
    let plan = house.plan(&one);
    house.expect(&plan, &[(Action::Update, "2", "resend-failed")]);
    let user = house.items(&plan)[0].user.clone().unwrap();
    assert_eq!(user["active"], false);
}

#[test]
fn a_baseline_that_moves_meanwhile_ends_the_plan() {
    let mut house = House::new();
    house.settle(&csv(&["1,ann@x,true", "2,bob@x,true"]));
    // An older plan holds no longer once another one was applied.
    let plan = house.plan(&csv(&["1,anna@x,true", "2,bob@x,true"]));
    house.settle(&csv(&["1,ann@x,true", "2,robert@x,true"]));
    let run = entrabulk::store::NewRun {
        id: "r",
        plan: &plan.id,
        tripped: &plan.facts.tripped,
        holder: None,
    };
    let error = house.store.start_run(&run, house.now()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::PlanStale);
}
