//! Brakes on real plans: over time, for protected users, and again at apply.

use entrabulk::plan::{StoredBrakes, judge_again};
use entrabulk::store::{Keep, Plans};
use serde_json::json;

use super::house::{DAY, House, tripped};
use crate::support::users::{crowd, csv};

/// A file of `count` users of whom the first `disabled` are not active.
fn leaving(count: u64, disabled: u64) -> String {
    let rows: Vec<String> =
        (0..count).map(|id| format!("{id},u{id}@x,{}", id >= disabled)).collect();
    csv(&rows)
}

#[test]
fn sixty_five_percent_stops_at_sixty_five() {
    let mut house = House::new();
    house.settle(&crowd(1_000));
    let settings = json!({"brakes": {"removals": {"percent": 65}, "updates": "off"}});
    for (disabled, stops) in [(649, false), (650, true), (651, true)] {
        let plan = house.plan_with(&leaving(1_000, disabled), settings.clone());
        assert_eq!(!plan.facts.tripped.is_empty(), stops, "{disabled}");
        assert_eq!(plan.facts.counts.disable, disabled);
    }
    // Whoever is disabled already is neither a removal nor part of what the percentage is of.
    let plan = house.plan_with(&leaving(1_000, 600), settings.clone());
    house.apply(&plan);
    house.wait(8 * DAY);
    let plan = house.plan_with(&leaving(1_000, 859), settings.clone());
    assert!(plan.facts.tripped.is_empty(), "259 of 400");
    let plan = house.plan_with(&leaving(1_000, 860), settings);
    assert_eq!(tripped(&plan), ["Removals Run", "Removals Day", "Removals Week"]);
}

#[test]
fn many_small_plans_are_one_large_one() {
    let mut house = House::new();
    house.settle(&crowd(100));
    for (hour, disabled) in (1..).zip([2, 4]) {
        let plan = house.plan(&leaving(100, disabled));
        assert!(plan.facts.tripped.is_empty(), "hour {hour}");
        house.apply(&plan);
    }
    let plan = house.plan(&leaving(100, 5));
    assert_eq!(tripped(&plan), ["Removals Day", "Removals Week"]);
    assert!(house.plan(&leaving(100, 4)).facts.tripped.is_empty(), "nobody leaves");
    house.wait(DAY);
    assert_eq!(tripped(&house.plan(&leaving(100, 5))), ["Removals Week"]);
    house.wait(6 * DAY);
    assert!(house.plan(&leaving(100, 5)).facts.tripped.is_empty());
}

#[test]
fn what_was_approved_is_not_held_against_later_plans() {
    let mut house = House::new();
    house.settle(&crowd(100));
    let plan = house.plan(&leaving(100, 30));
    assert!(!plan.facts.tripped.is_empty());
    house.apply(&plan);
    assert!(house.plan(&leaving(100, 31)).facts.tripped.is_empty());
    let plan = house.plan(&leaving(100, 32));
    house.apply(&plan);
    assert_eq!(tripped(&house.plan(&leaving(100, 34))), ["Removals Day", "Removals Week"]);
}

#[test]
fn an_approval_forgives_nothing_but_what_it_approved() {
    let mut house = House::new();
    house.settle(&crowd(100));
    let plan = house.plan(&leaving(100, 4));
    assert!(plan.facts.tripped.is_empty());
    house.apply(&plan);
    // Renames, approved with no removal.
    let renamed = leaving(100, 4).replace(",u9", ",v9");
    let plan = house.plan(&renamed);
    assert_eq!(tripped(&plan), ["Renames Run"]);
    house.apply(&plan);
    let more = leaving(100, 8).replace(",u9", ",v9");
    assert_eq!(tripped(&house.plan(&more)), ["Removals Day", "Removals Week"]);
}

#[test]
fn each_attribute_has_its_own_brake_against_being_emptied() {
    let mut house = House::new();
    let file = |empty: u64| {
        let rows = (0..40).map(|id| {
            let title = if id < empty { "" } else { "Clerk" };
            format!("{id},u{id}@x,true,{title},Ann{}\n", if id < 2 { "a" } else { "" })
        });
        format!("externalId,userName,active,title,displayName\n{}", rows.collect::<String>())
    };
    let mapping = json!({"mapping": {
        "externalId": "externalId", "userName": "userName", "active": "active", "title": "title",
        "displayName": "displayName"
    }});
    let plan = house.try_plan(&file(0), mapping.clone(), &json!({})).unwrap();
    house.apply(&plan);
    let settings = json!({"brakes": {"wipes": {"percent": 10}, "updates": "off"}});
    let plan = house.try_plan(&file(3), mapping.clone(), &settings).unwrap();
    assert!(plan.facts.tripped.is_empty());
    let plan = house.try_plan(&file(4), mapping, &settings).unwrap();
    assert_eq!(tripped(&plan), ["Wipes title Run", "Wipes title Day", "Wipes title Week"]);
}

#[test]
fn adds_and_updates_stop_where_told() {
    let mut house = House::new();
    house.settle(&crowd(40));
    let renamed = crowd(40).replace(",true", ",TRUE").replace("u1", "v1");
    let settings = json!({"brakes": {"updates": {"count": 11}, "renames": "off"}});
    let plan = house.plan_with(&renamed, settings);
    assert_eq!((plan.facts.counts.update, plan.facts.tripped.is_empty()), (11, false));
    let settings = json!({"brakes": {"adds": {"percent": 5}}});
    assert!(house.plan_with(&crowd(41), settings.clone()).facts.tripped.is_empty());
    assert_eq!(
        tripped(&house.plan_with(&crowd(42), settings)),
        ["Adds Run", "Adds Day", "Adds Week"],
        "two of forty are five percent; the first forty do not count"
    );
}

#[test]
fn protected_users_block_a_plan_for_good() {
    for keep in [Keep::Users, Keep::Hashes] {
        let mut house = House::keeping(keep);
        house.settle(&crowd(10));
        let settings = json!({
            "protected": {"externalIds": ["0"], "userNames": ["U1@X"]},
            "guards": {"canaries": ["2"]}
        });
        let plan = house.plan_with(&leaving(10, 3), settings.clone());
        let judgement = StoredBrakes::of(&plan).unwrap().judgement;
        assert!(judgement.blocked() && !plan.facts.tripped.is_empty());
        assert_eq!(judgement.protected, ["0", "1", "2"]);
        assert_eq!(judge_again(&house.store, &plan, house.now()).unwrap(), judgement);
        let renamed = leaving(10, 0).replace("\n0,u0@x", "\n0,root@x");
        assert!(
            house.plan_with(&renamed, settings).facts.tripped.is_empty(),
            "only disabling is forbidden"
        );
    }
}

#[test]
fn apply_judges_by_the_limits_of_the_plan_and_by_what_was_accepted_since() {
    let mut house = House::new();
    house.settle(&crowd(100));
    let plan = house.plan(&leaving(100, 4));
    let said = StoredBrakes::of(&plan).unwrap().judgement;
    assert_eq!(judge_again(&house.store, &plan, house.now()).unwrap(), said);
    // Somebody else's four make it eight; that the baseline moved too is the store's to say.
    let other = house.plan(&leaving(100, 4));
    house.apply(&other);
    let again = judge_again(&house.store, &plan, house.now()).unwrap();
    assert!(again.tripped() && !said.tripped());
    assert_eq!(house.store.plan(&plan.id).unwrap(), plan, "a plan never changes");
}
