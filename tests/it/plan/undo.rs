//! A run backwards.

use entrabulk::error::ErrorKind;
use entrabulk::plan;
use entrabulk::plan::PlanSettings;
use entrabulk::store::{Action, Baseline, Journal, Keep, NewRun, Plan};
use serde_json::json;

use super::house::{House, about, tripped};
use crate::support::users::{crowd, csv};

fn undo(house: &House, run: &str) -> Plan {
    plan::undo(&house.desk(), run, PlanSettings::default()).unwrap()
}

fn baseline(house: &House) -> Vec<(String, u128, Option<bool>)> {
    let mut users = Vec::new();
    let each = &mut |row: entrabulk::store::BaselineRow<'_>| {
        users.push((row.external_id.to_owned(), row.hash, row.active));
        Ok(())
    };
    house.store.scan_baseline(house.target.id, each).unwrap();
    users
}

#[test]
fn everybody_gets_back_what_they_were() {
    let mut house = House::new();
    house.settle(&csv(&["1,ann@x,true", "2,bob@x,true", "3,cy@x,false", "4,dee@x,true"]));
    let before = baseline(&house);
    let settings = json!({"missing": "disable", "brakes": {"removals": "off"}});
    let source = csv(&["1,anna@x,true", "2,bob@x,false", "3,cy@x,true", "5,eve@x,true"]);
    let plan = house.plan_with(&source, settings);
    let run = house.apply(&plan);
    let back = undo(&house, &run);
    house.expect(
        &back,
        &[
            (Action::Update, "1", "undo"),
            (Action::Disable, "3", "undo"),
            (Action::Disable, "5", "undo-add"),
            (Action::Restore, "2", "undo"),
            (Action::Restore, "4", "undo"),
        ],
    );
    house.apply(&back);
    let mut after = baseline(&house);
    let added = after.pop().unwrap();
    assert_eq!((added.0.as_str(), added.2), ("5", Some(false)), "it cannot be deleted");
    assert_eq!(after, before);
}

#[test]
fn undoing_is_held_by_the_same_brakes() {
    let mut house = House::new();
    let plan = house.plan(&crowd(50));
    let run = house.apply(&plan);
    assert_eq!(tripped(&undo(&house, &run)), ["Removals Run", "Removals Day", "Removals Week"]);
}

#[test]
fn whoever_changed_since_is_left_alone() {
    let mut house = House::new();
    house.settle(&csv(&["1,ann@x,true", "2,bob@x,true"]));
    let plan = house.plan(&csv(&["1,anna@x,true", "2,bobby@x,true"]));
    let run = house.apply(&plan);
    house.settle(&csv(&["1,anna@x,true", "2,robert@x,true"]));
    let back = undo(&house, &run);
    house.expect(
        &back,
        &[(Action::Update, "1", "undo"), (Action::Rejected, "2", "changed-since-run")],
    );
    assert_eq!(about(&back).warnings, ["1 user was changed by a later run and stays as it is."]);
}

#[test]
fn an_undo_that_renames_is_braked_as_any_other() {
    let mut house = House::new();
    house.settle(&crowd(40));
    let settings = json!({"brakes": {"renames": "off"}});
    let plan = house.plan_with(&crowd(40).replace(",u1", ",v1"), settings);
    let run = house.apply(&plan);
    let back = undo(&house, &run);
    let tripped = tripped(&back);
    assert!(tripped.contains(&"Renames Run".to_owned()), "{tripped:?}");
}

#[test]
fn the_next_source_is_measured_by_the_last_one() {
    let mut house = House::new();
    house.settle(&crowd(100));
    let plan = house.plan(&crowd(101));
    let run = house.apply(&plan);
    let back = undo(&house, &run);
    house.apply(&back);
    let settings = json!({"missing": "disable"});
    let error = house.try_plan(&crowd(70), json!({}), &settings).unwrap_err();
    assert_eq!(error.kind, ErrorKind::SourceRefused);
}

#[test]
fn what_cannot_be_undone_says_why() {
    let mut house = House::keeping(Keep::Hashes);
    house.settle(&crowd(3));
    let plan = house.plan(&crowd(3).replace("u1", "v1"));
    let run = house.apply(&plan);
    let kind = |house: &House, run: &str| {
        plan::undo(&house.desk(), run, PlanSettings::default()).unwrap_err().kind
    };
    assert_eq!(kind(&house, &run), ErrorKind::InvalidState);
    assert_eq!(kind(&house, "nobody"), ErrorKind::NotFound);
    let plan = house.plan(&crowd(4));
    let run = NewRun { id: "open", plan: &plan.id, tripped: &plan.facts.tripped, holder: None };
    house.store.start_run(&run, house.now()).unwrap();
    assert_eq!(kind(&house, "open"), ErrorKind::RunUnfinished);
}
