//! Approvals: for one plan, by brake and number, for one run and one day.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by them")]

mod store_world;

use entrabulk::error::ErrorKind;
use entrabulk::store::{
    Action, Approval, Baseline, Journal, NewRun, Plan, PlanFacts, Plans, SqliteStore,
};
use entrabulk::time::Timestamp;
use proptest::prelude::*;
use store_world::*;

fn approval(plan: &str, of: &[(&str, u64)]) -> Approval {
    Approval {
        plan: plan.into(),
        brakes: brakes(of),
        reason: "the office closed".into(),
        approver: "ada".into(),
    }
}

fn leavers() -> [Item; 2] {
    [item(Action::Disable, "a", 1), item(Action::Disable, "b", 1)]
}

#[test]
fn an_approval_fits_one_plan_one_run_and_one_day() {
    let world = World::new();
    let store = &world.store;
    let tripped = [("removals", 2), ("wipes:emails[work].value", 7)];
    for id in ["one", "two"] {
        plan(store, world.target.id, id, &leavers(), &tripped);
    }
    let stopped = |id: &str, now| {
        let error = store.start_run(&new_run("run", id), now).unwrap_err();
        assert_eq!(error.kind, ErrorKind::BrakeTripped);
        error
    };
    let braked = stopped("one", NOW);
    assert_eq!(
        braked.message,
        "Brakes stop plan one, and it has not been approved: removals (2), \
         wipes:emails[work].value (7)."
    );
    assert_eq!(
        braked.advice,
        "If it is right: entrabulk approve one --approve removals=2 \
         --approve 'wipes:emails[work].value=7' --reason TEXT"
    );
    let nameless = Approval { reason: " ".into(), ..approval("one", &tripped) };
    assert_eq!(store.approve(&nameless, NOW).unwrap_err().kind, ErrorKind::ApprovalRefused);

    store.approve(&approval("one", &tripped), NOW).unwrap();
    assert!(stopped("two", NOW).message.contains("it has not been approved"));
    assert!(stopped("one", at(24 * 3600)).message.contains("expired"));
    assert!(stopped("one", Timestamp(NOW.0 - 1)).message.contains("lies in the future"));
    // A failed start uses none up.
    let lost = NewRun { holder: Some("nobody"), ..new_run("run", "one") };
    assert_eq!(store.start_run(&lost, NOW).unwrap_err().kind, ErrorKind::LockHeld);
    store.start_run(&new_run("run", "one"), at(24 * 3600 - 1)).unwrap();
    let late = store.approve(&approval("one", &tripped), NOW).unwrap_err();
    assert!(late.message.contains("started already, by run run"), "{late}");
}

#[test]
fn an_approval_that_does_not_fit_says_what_does() {
    let world = World::new();
    plan(&world.store, world.target.id, "one", &leavers(), &[("removals", 2), ("updates", 40)]);
    let error =
        world.store.approve(&approval("one", &[("removals", 1), ("adds", 3)]), NOW).unwrap_err();
    assert_eq!(error.kind, ErrorKind::ApprovalRefused);
    assert_eq!(
        error.message,
        "The approval of plan one does not fit: removals was approved for 1 and counts 2; \
         updates was not approved and counts 40; adds was approved for 3 and did not trip."
    );
    assert_eq!(
        error.advice,
        "Look at the plan; if it is right, approve it with --approve removals=2 --approve updates=40."
    );
    world.plan("calm", &leavers());
    let needless = world.store.approve(&approval("calm", &[("removals", 2)]), NOW).unwrap_err();
    assert_eq!(needless.message, "No brake stops plan calm, so there is nothing to approve.");
}

/// What trips only now was not approved, and cannot be: the plan does not know of it.
#[test]
fn what_trips_only_at_apply_needs_a_new_plan() {
    let world = World::new();
    let store = &world.store;
    plan(store, world.target.id, "one", &leavers(), &[("removals", 2)]);
    store.approve(&approval("one", &[("removals", 2)]), NOW).unwrap();
    for now in [&[("removals", 2), ("updates", 1)][..], &[("removals", 3)], &[("updates", 1)]] {
        let tripped = brakes(now);
        let run = NewRun { tripped: &tripped, ..new_run("run", "one") };
        let error = store.start_run(&run, NOW).unwrap_err();
        assert_eq!(error.kind, ErrorKind::BrakeTripped);
        assert!(error.message.contains("for other brakes or other numbers"), "{error}");
        assert!(error.advice.contains("Make the plan again"), "{error}");
    }
    let tripped = brakes(&[("removals", 2)]);
    store.start_run(&NewRun { tripped: &tripped, ..new_run("run", "one") }, NOW).unwrap();
}

fn some_brakes() -> impl Strategy<Value = Vec<(&'static str, u64)>> {
    let brake = prop::sample::select(vec!["adds", "removals", "wipes:title"]);
    prop::collection::btree_map(brake, 1..3u64, 0..3).prop_map(|map| map.into_iter().collect())
}

proptest! {
    #![proptest_config(cases(150))]

    /// Approved is what is equal to what tripped, and started is what needs nothing else.
    #[test]
    fn nothing_goes_that_was_not_approved_by_its_number(
        made in some_brakes(), approved in some_brakes(), now in some_brakes(),
    ) {
        let world = World::new();
        let store = &world.store;
        plan(store, world.target.id, "one", &leavers(), &made);
        let given = store.approve(&approval("one", &approved), NOW).is_ok();
        prop_assert_eq!(given, !made.is_empty() && made == approved);
        let tripped = brakes(&now);
        let started = store.start_run(&NewRun { tripped: &tripped, ..new_run("run", "one") }, NOW);
        let fits = now.iter().all(|brake| approved.contains(brake));
        let free = made.is_empty() && now.is_empty();
        prop_assert_eq!(started.is_ok(), free || given && fits);
    }
}

/// A plan of what stands in `facts`.
fn finished(
    store: &SqliteStore,
    world: &World,
    id: &str,
    items: &[Item],
    facts: PlanFacts,
) -> Plan {
    let half = plan_without_end(store, world.target.id, id, items);
    half.finish(facts).unwrap()
}

#[test]
fn an_approved_twin_is_the_same_plan_and_nothing_else() {
    let world = World::new();
    let store = &world.store;
    let tripped = [("removals", 2)];
    let same = || facts(&leavers(), &tripped);
    let first = finished(store, &world, "first", &leavers(), same());
    let again = finished(store, &world, "again", &leavers(), same());
    let twin = |plan: &Plan, now| store.approved_twin(plan, now).unwrap();
    assert_eq!(twin(&again, NOW), None, "nobody approved");
    store.approve(&approval("first", &tripped), NOW).unwrap();
    assert_eq!(twin(&again, at(1)).as_deref(), Some("first"));
    assert_eq!(twin(&first, at(1)), None, "another than itself");
    assert_eq!(twin(&again, at(24 * 3600)), None, "expired");
    // What was said, from what was accepted lately, may differ.
    let later = PlanFacts { judgement: "[]".into(), source: "[]".into(), ..same() };
    let later = finished(store, &world, "later", &leavers(), later);
    assert_eq!(twin(&later, at(1)).as_deref(), Some("first"));

    let others = [
        PlanFacts { input_hash: "other".into(), ..same() },
        PlanFacts { mapping_hash: "other".into(), ..same() },
        PlanFacts { part: true, ..same() },
        PlanFacts { brakes: "[]".into(), ..same() },
        PlanFacts { tripped: brakes(&[("removals", 2), ("updates", 1)]), ..same() },
        PlanFacts { protected_names: Default::default(), ..same() },
    ];
    for (number, other) in others.into_iter().enumerate() {
        let text = format!("{other:?}");
        let other = finished(store, &world, &format!("other-{number}"), &leavers(), other);
        assert_eq!(twin(&other, at(1)), None, "{text}");
    }
    let more = [leavers().to_vec(), vec![item(Action::Unchanged, "c", 1)]].concat();
    let more = finished(store, &world, "more", &more, facts(&more, &tripped));
    assert_eq!(twin(&more, at(1)), None, "other counts");
    let elsewhere = store.target(&key("job-2")).unwrap().id;
    let elsewhere = plan(store, elsewhere, "elsewhere", &leavers(), &tripped);
    assert_eq!(twin(&elsewhere, at(1)), None, "another target");

    store.start_run(&new_run("run", "first"), at(1)).unwrap();
    assert_eq!(twin(&again, at(1)), None, "started");
}
