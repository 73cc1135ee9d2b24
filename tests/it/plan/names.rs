//! userNames: how they change, and who has them already.

use entrabulk::error::Severity;
use entrabulk::store::{Action, Certainty};
use serde_json::json;

use super::house::{House, about, tripped};
use crate::support::users::csv;

#[test]
fn case_mode_and_other_changes_are_told_apart() {
    let mut house = House::new();
    house.settle(&csv(&["1,ann@x,true", "2,bob@x,true", "3,cy@x,true", "4,dee,true"]));
    let plan = house.plan(&csv(&["1,Ann@X,true", "2,Bob,true", "3,cyd@x,true", "4,dee@x,true"]));
    house.expect(
        &plan,
        &[
            (Action::Update, "1", "user-name-case"),
            (Action::Update, "2", "user-name-mode"),
            (Action::Update, "3", "user-name-changed"),
            (Action::Update, "4", "user-name-mode"),
        ],
    );
    let names = about(&plan).names;
    assert_eq!((names.case, names.mode, names.changed), (1, 2, 1));
    assert_eq!(tripped(&plan), ["Renames Run"], "three renamed of four");
}

#[test]
fn a_name_that_somebody_keeps_is_not_given_twice() {
    let mut house = House::new();
    // 3 is disabled and still has its name; 4 is not in the next source.
    house.settle(&csv(&["1,ann@x,true", "2,bob@x,true", "3,cy@x,false", "4,dee@x,true"]));
    let source =
        csv(&["1,CY@x,true", "2,bob@x,true", "3,cy@x,false", "5,Dee@x,true", "6,new@x,true"]);
    let plan = house.plan(&source);
    // 1 wants the name of 3, within the same source: both records are rejected by the check.
    house.expect(
        &plan,
        &[
            (Action::Add, "6", "new"),
            (Action::Missing, "4", "missing-in-source"),
            (Action::Rejected, "1", "duplicate-user-name"),
            (Action::Rejected, "3", "duplicate-user-name"),
            (Action::Rejected, "5", "user-name-taken"),
        ],
    );
    assert_eq!(about(&plan).names.taken, 1);
    let last = house.findings.iter().rfind(|(severity, _)| *severity == Severity::Error).unwrap();
    assert_eq!((last.1.line, last.1.external_id.as_deref()), (5, Some("5")));
    assert!(last.1.message.contains("\"4\", who keeps it"), "{}", last.1.message);
}

#[test]
fn a_name_that_is_taken_is_in_the_rejects_file_beside_the_others() {
    let mut house = House::new();
    house.settle(&csv(&["1,ann@x,true", "2,bob@x,true"]));
    let rejects = house.rejects_path();
    let source = csv(&["1,ann@x,true", "3,,true", "4,Bob@x,true"]);
    let conversion = json!({"rejectsPath": &rejects});
    let plan = house.try_plan(&source, conversion, &json!({})).unwrap();
    assert_eq!(plan.facts.counts.rejected, 2);
    let text = std::fs::read_to_string(rejects).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 3, "{text}");
    assert!(
        lines[1].starts_with("3,") && lines[2].starts_with("4,duplicate-user-name,4,"),
        "{text}"
    );
}

#[test]
fn names_are_handed_on_along_a_line_that_holds_or_falls_together() {
    let mut house = House::new();
    let rows = ["1,a@x,true", "2,b@x,true", "3,c@x,true", "4,d@x,true"];
    house.settle(&csv(&rows));
    // 1 takes from 2, 2 from 3, 3 a free one.
    let plan = house.plan(&csv(&["1,b@x,true", "2,c@x,true", "3,z@x,true", "4,d@x,true"]));
    assert_eq!(plan.facts.counts.update, 3);
    let certain: Vec<bool> =
        house.items(&plan).iter().map(|item| item.certainty == Certainty::Known).collect();
    assert_eq!(certain, [false, false, true], "the name is free only once it was given up");
    // 3 is gone and keeps its name: 2 cannot have it, so 1 cannot have that of 2.
    let plan = house.plan(&csv(&["1,b@x,true", "2,c@x,true", "4,d@x,true"]));
    house.expect(
        &plan,
        &[
            (Action::Missing, "3", "missing-in-source"),
            (Action::Rejected, "1", "user-name-taken"),
            (Action::Rejected, "2", "user-name-taken"),
        ],
    );
    // Two that change places.
    let plan = house.plan(&csv(&["1,b@x,true", "2,a@x,true", "3,c@x,true", "4,d@x,true"]));
    assert_eq!((plan.facts.counts.update, plan.facts.counts.rejected), (2, 0));
}
