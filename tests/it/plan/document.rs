//! The document of a plan, to the letter: hosts read it by its keys, scripts by its exit code.

use entrabulk::plan::PlanDocument;
use entrabulk::store::Plan;
use serde_json::json;

use super::house::House;
use crate::support::users::{crowd, csv};

fn document(plan: &Plan) -> PlanDocument {
    PlanDocument::of(plan).unwrap()
}

#[test]
fn a_plan_is_written_with_these_keys_in_this_order() {
    let mut house = House::new();
    let settings = json!({
        "brakes": {"removals": {"count": 1, "day": "off", "week": "off"}, "updates": "off",
                   "inactiveAdds": "off"},
        "protected": {"externalIds": ["2"]}
    });
    house.settle(&csv(&["1,ann@x,true", "2,bob@x,true"]));
    let plan = house.plan_with(&csv(&["1,Ann@x,true", "2,bob@x,false", "3,,true"]), settings);
    let source = house.state.path("source");
    let written = serde_json::to_string(&document(&plan)).unwrap();
    let written = written
        .replace(source.to_str().unwrap(), "workers.csv")
        .replace(&plan.facts.mapping_hash, "…");
    let expected: String = include_str!("document.json").lines().map(str::trim).collect();
    assert_eq!(written, expected);
}

#[test]
fn the_exit_code_says_what_comes_next() {
    let mut house = House::new();
    let code = |plan: &Plan| document(plan).exit_code;
    let people = crowd(30);
    let first = house.plan(&people);
    let stopped = house.plan_with(&people, json!({"brakes": {"adds": {"count": 30}}}));
    let protected = json!({"protected": {"externalIds": ["7"]}});
    house.apply(&first);
    let same = house.plan(&people);
    let leaver = house.plan(&people.replace("7,u7@x,true", "7,u7@x,false"));
    let blocked = house.plan_with(&people.replace("7,u7@x,true", "7,u7@x,false"), protected);
    let refused = house.plan(&csv(&["0,u0@x,maybe"]));
    assert_eq!((code(&first), code(&stopped), code(&same)), (2, 10, 0));
    assert_eq!((code(&leaver), code(&blocked), code(&refused)), (2, 10, 14));
}
