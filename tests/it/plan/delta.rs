//! Only what changed is planned, always whole.

use std::collections::BTreeMap;

use entrabulk::store::{Action, Baseline, Certainty, Journal, Keep, Outcome, UserState};
use proptest::prelude::*;
use serde_json::json;

use super::house::{House, about};
use crate::support::cases;
use crate::support::users::csv;

#[test]
fn a_first_plan_adds_everybody_and_the_next_has_nothing_to_do() {
    let mut house = House::new();
    let source = csv(&["1,ann@x,true", "2,bob@x,false"]);
    let plan = house.plan(&source);
    house.expect(&plan, &[(Action::Add, "1", "new"), (Action::Add, "2", "new")]);
    assert_eq!((plan.facts.rows, plan.facts.counts.add, about(&plan).cost.calls), (2, 2, 1));
    assert!(house.items(&plan).iter().all(|item| item.certainty == Certainty::NoBaseline));
    house.apply(&plan);

    let again = house.plan(&source);
    house.expect(&again, &[]);
    assert_eq!((again.facts.counts.unchanged, about(&again).cost.calls), (2, 0));
    assert_eq!(again.facts.input_hash, plan.facts.input_hash);
    assert_eq!(again.facts.mapping_hash, plan.facts.mapping_hash);
}

#[test]
fn changes_are_told_apart_and_the_user_is_whole() {
    let mut house = House::new();
    house.settle(&csv(&["1,ann@x,true", "2,bob@x,true", "3,cy@x,false", "4,dee@x,true"]));
    let plan = house.plan(
        "externalId,userName,active,displayName\n1,ann@x,true,Ann\n2,bob@x,false,\n3,cy@x,true,\n\
         4,dee@x,true,\n5,eve@x,true,\n",
    );
    house.expect(
        &plan,
        &[
            (Action::Add, "5", "new"),
            (Action::Update, "1", "changed"),
            (Action::Disable, "2", "inactive-in-source"),
            (Action::Restore, "3", "active-in-source"),
        ],
    );
    assert_eq!(plan.facts.counts.unchanged, 1);
    let items = house.items(&plan);
    let of = |id: &str| items.iter().find(|item| item.id == id).unwrap();
    assert_eq!(of("1").changed, r#"[{"path":"displayName","before":null,"after":"Ann"}]"#);
    assert_eq!(of("1").line, Some(2));
    let user = of("2").user.as_ref().unwrap();
    assert_eq!((&user["userName"], &user["active"]), (&json!("bob@x"), &json!(false)));
}

#[test]
fn a_wiped_attribute_is_named_and_not_certain() {
    let mut house = House::new();
    house.settle("externalId,userName,active,displayName\n1,ann@x,true,Ann\n");
    let plan = house.plan(&csv(&["1,ann@x,true"]));
    let items = house.items(&plan);
    assert_eq!(items[0].certainty, Certainty::ServerRuleMayDiffer);
    assert_eq!(items[0].changed, r#"[{"path":"displayName","before":"Ann","after":null}]"#);
}

#[test]
fn what_the_log_says_failed_or_never_confirmed_is_planned_again() {
    let mut house = House::new();
    let source = csv(&["1,ann@x,true", "2,bob@x,true", "3,cy@x,true"]);
    let plan = house.plan(&source);
    house.apply(&plan);
    let mut hash = 0;
    house
        .store
        .scan_baseline(house.target.id, &mut |row| {
            if row.external_id == "1" {
                hash = row.hash;
            }
            Ok(())
        })
        .unwrap();
    let failed = Outcome { external_id: "1".into(), hash, state: UserState::Failed };
    let now = house.now();
    house.store.note_outcomes(house.target.id, &[failed], now).unwrap();
    let plan = house.plan(&source);
    house.expect(&plan, &[(Action::Update, "1", "resend-failed")]);
    house.store.mark_unconfirmed(house.target.id, now, now).unwrap();
    let plan = house.plan(&source);
    house.expect(
        &plan,
        &[
            (Action::Update, "1", "resend-failed"),
            (Action::Update, "2", "resend-unconfirmed"),
            (Action::Update, "3", "resend-unconfirmed"),
        ],
    );
    house.apply(&plan);
    let plan = house.plan(&source);
    house.expect(&plan, &[]);
    // Sent again is not changed: nothing of it is held against later plans.
    let day = house.store.totals_since(house.target.id, entrabulk::time::Timestamp(0)).unwrap();
    assert_eq!((day.adds, day.updates), (0, 0));
}

#[test]
fn everybody_can_be_asked_for() {
    let mut house = House::new();
    let source = csv(&["1,ann@x,true", "2,bob@x,true"]);
    house.settle(&source);
    let plan = house.plan_with(&source, json!({"full": true, "brakes": {"updates": {"count": 1}}}));
    house.expect(
        &plan,
        &[(Action::Update, "1", "resend-full"), (Action::Update, "2", "resend-full")],
    );
    assert!(plan.facts.tripped.is_empty(), "nobody changes");
}

#[test]
fn hashes_alone_tell_what_changed_but_not_how() {
    let mut house = House::keeping(Keep::Hashes);
    house.settle(&csv(&["1,ann@x,true", "2,bob@x,true"]));
    let plan = house.plan(&csv(&["1,ann@x,true", "2,robert@x,true"]));
    house.expect(&plan, &[(Action::Update, "2", "changed")]);
    assert_eq!(house.items(&plan)[0].changed, "");
    let about = about(&plan);
    assert_eq!(about.keep, "hashes");
    assert!(about.warnings.iter().any(|w| w.contains("hashes only")), "{:?}", about.warnings);
}

#[test]
fn duplicates_known_at_the_end_are_not_sent() {
    let mut house = House::new();
    house.settle(&csv(&["1,ann@x,true", "2,bob@x,true"]));
    // 1 is unchanged once and changed once; 3 is new twice; 4 stands for itself.
    let source = csv(&[
        "1,ann@x,true",
        "3,cy@x,true",
        "1,anna@x,true",
        "2,bob@x,true",
        "3,cyd@x,true",
        "4,dee@x,true",
    ]);
    let plan = house.plan(&source);
    let rejected = "duplicate-external-id";
    house.expect(
        &plan,
        &[
            (Action::Add, "4", "new"),
            (Action::Rejected, "1", rejected),
            (Action::Rejected, "1", rejected),
            (Action::Rejected, "3", rejected),
            (Action::Rejected, "3", rejected),
        ],
    );
    assert_eq!(plan.facts.counts.unchanged, 1);
    let last = house.try_plan(&source, json!({"duplicates": "last"}), &json!({})).unwrap();
    house.expect(
        &last,
        &[
            (Action::Add, "3", "new"),
            (Action::Add, "4", "new"),
            (Action::Update, "1", "user-name-changed"),
            (Action::Rejected, "1", rejected),
            (Action::Rejected, "3", rejected),
        ],
    );
    assert_ne!(plan.facts.mapping_hash, last.facts.mapping_hash, "the policy decides who is sent");
}

#[test]
fn records_that_share_a_line_are_told_apart() {
    let mut house = House::new();
    let source = r#"[{"externalId":"1","userName":"a","active":true},{"externalId":"1","userName":"b","active":true},{"externalId":"2","userName":"c","active":true}]"#;
    let plan = house.plan(source);
    house.expect(
        &plan,
        &[
            (Action::Add, "2", "new"),
            (Action::Rejected, "1", "duplicate-external-id"),
            (Action::Rejected, "1", "duplicate-external-id"),
        ],
    );
}

/// Name and state of each user, or nothing for a record that is rejected.
type People = BTreeMap<u8, Option<(u8, bool)>>;

fn people() -> impl Strategy<Value = People> {
    prop::collection::btree_map(
        0..12_u8,
        prop::option::weighted(0.9, (0..3_u8, any::<bool>())),
        1..10,
    )
}

fn source(people: &People) -> String {
    let rows: Vec<String> = people
        .iter()
        .map(|(id, user)| match user {
            Some((name, active)) => format!("{id},n{name}-{id}@x,{active}"),
            None => format!("{id},n@x,perhaps"),
        })
        .collect();
    csv(&rows)
}

proptest! {
    #![proptest_config(cases(24))]

    /// Against the definition; and once applied, there is nothing left to do.
    #[test]
    fn a_plan_is_the_difference_and_no_more(first in people(), second in people()) {
        let settings = json!({"missing": "disable", "guards": {"maxRowDropPercent": "off"}});
        let mut house = House::new();
        let plan = house.plan(&source(&first));
        house.apply(&plan);
        let plan = house.plan_with(&source(&second), settings.clone());
        let mut wanted = Vec::new();
        let mut unchanged = 0;
        for id in 0..12_u8 {
            let before = first.get(&id).copied().flatten();
            let action = match (before, second.get(&id)) {
                (_, Some(None)) => Action::Rejected,
                (None, Some(Some(_))) => Action::Add,
                (Some((_, true)), None) => Action::Disable,
                (Some((_, false)) | None, None) => continue,
                (Some(before), Some(Some(after))) if before == *after => {
                    unchanged += 1;
                    continue;
                }
                (Some((_, before)), Some(Some((_, after)))) => match (before, after) {
                    (true, false) => Action::Disable,
                    (false, true) => Action::Restore,
                    _ => Action::Update,
                },
            };
            wanted.push((action, id.to_string()));
        }
        wanted.sort();
        let found: Vec<(Action, String)> =
            house.rows(&plan).into_iter().map(|(action, id, _)| (action, id)).collect();
        prop_assert_eq!(found, wanted);
        let counts = plan.facts.counts;
        prop_assert_eq!(counts.unchanged, unchanged);
        let absent = house.items(&plan).iter().filter(|item| item.line.is_none()).count() as u64;
        prop_assert_eq!(plan.facts.rows, counts.sent() + counts.unchanged + counts.rejected - absent);
        let again = entrabulk::plan::judge_again(&house.store, &plan, house.now()).unwrap();
        prop_assert_eq!(again, entrabulk::plan::StoredBrakes::of(&plan).unwrap().judgement);
        house.apply(&plan);
        let nothing = house.plan_with(&source(&second), settings);
        prop_assert_eq!(nothing.facts.counts.sent(), 0);
    }
}
