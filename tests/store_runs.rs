//! How runs end, or do not: leases lost, runs given up, what pruning must leave.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by them")]
#![allow(clippy::unit_arg, reason = "one list of calls, whatever they give")]

mod store_world;

use std::time::Duration;

use entrabulk::error::ErrorKind;
use entrabulk::store::{
    Action, Actions, Baseline, BatchState, ItemFilter, Journal, Lease, NewRun, Plans, Retention,
    RunState, UserState,
};
use entrabulk::time::Timestamp;
use store_world::*;

/// A run is given up with a call in doubt: nothing of it is sent any more, and whoever may or may not be
/// as it said is planned again.
#[test]
fn a_run_given_up_sends_no_more_and_leaves_its_doubts_to_the_next_plan() {
    let world = World::new();
    let (store, target) = (&world.store, world.target.id);
    let known: Vec<_> = ["a", "b", "c"].map(|id| item(Action::Add, id, 1)).into();
    world.plan("first", &known);
    store.start_run(&new_run("first", "first"), NOW).unwrap();
    let all = batch(1, 0..3);
    send(store, "first", &all);
    assert!(accept(store, "first", &all));
    store.set_run_state("first", RunState::Finished, None, NOW).unwrap();

    let changed: Vec<_> = ["a", "b", "new"].map(|id| item(Action::Update, id, 2)).into();
    world.plan("second", &changed);
    world.plan("third", &changed);
    store.start_run(&new_run("second", "second"), NOW).unwrap();
    let (doubtful, waiting) = (batch(1, 0..1), batch(2, 1..2));
    send(store, "second", &doubtful);
    store.intend("second", &waiting, NOW).unwrap();
    let blocked = store.start_run(&new_run("third", "third"), NOW).unwrap_err();
    assert_eq!(blocked.kind, ErrorKind::RunUnfinished);
    assert!(blocked.advice.contains("runs.abandon"), "{blocked}");

    let revision = store.baseline_revision(target).unwrap();
    assert_eq!(store.abandon_run("second", NOW).unwrap(), 1);
    assert!(store.baseline_revision(target).unwrap() > revision, "older plans are stale");
    assert_eq!(store.batches("second").unwrap()[0].state, BatchState::GivenUp);
    for late in [
        store.mark_sent("second", 2, "late", NOW),
        store.mark_sent("second", 1, "late", NOW),
        store.intend("second", &batch(3, 2..3), NOW),
        store.accept("second", 1, doubtful.body_hash, "r", NOW).map(drop),
        store.abandon_run("second", NOW).map(drop),
    ] {
        assert_eq!(late.unwrap_err().kind, ErrorKind::InvalidState);
    }
    let mut again = Vec::new();
    store
        .scan_baseline(target, &mut |row| {
            if row.state == UserState::Unconfirmed {
                again.push(row.external_id.to_owned());
            }
            Ok(())
        })
        .unwrap();
    assert_eq!(again, ["a"]);
}

/// Another took the lease and began; whoever was silent for too long can no longer send.
#[test]
fn a_run_that_lost_its_lease_neither_begins_nor_sends() {
    let world = World::new();
    let (store, target) = (&world.store, world.target.id);
    world.plan("old", &[item(Action::Add, "a", 1)]);
    world.plan("new", &[item(Action::Add, "a", 2)]);
    let held = |holder| store.take_lease(target, holder, Duration::from_secs(9), NOW).unwrap();
    assert_eq!(held("slow"), Lease::Taken);
    let slow = NewRun { holder: Some("slow"), ..new_run("old", "old") };
    store.start_run(&slow, NOW).unwrap();
    store.intend("old", &batch(1, 0..1), NOW).unwrap();
    let taken = store.take_lease(target, "quick", Duration::from_secs(9), at(10)).unwrap();
    assert_eq!(taken, Lease::TakenOver { previous: "slow".into() });
    let quick = NewRun { holder: Some("quick"), ..new_run("new", "new") };
    store.start_run(&quick, at(10)).unwrap();
    let late = store.mark_sent("old", 1, "late", at(10)).unwrap_err();
    assert_eq!(late.kind, ErrorKind::InvalidState, "{late}");
    assert!(!store.renew_lease(target, "slow", Duration::from_secs(9), at(10)).unwrap());
    world.plan("third", &[item(Action::Add, "a", 3)]);
    let zombie = NewRun { holder: Some("slow"), ..new_run("third", "third") };
    assert_eq!(store.start_run(&zombie, at(10)).unwrap_err().kind, ErrorKind::LockHeld);
    assert_eq!(store.run("new").unwrap().state, RunState::Running, "nobody gave it up");
}

#[test]
fn a_lease_is_held_renewed_lost_and_given_back() {
    let world = World::new();
    let (store, target) = (&world.store, world.target.id);
    let ttl = std::time::Duration::from_secs(60);
    let take = |who, now| store.take_lease(target, who, ttl, now).unwrap();
    assert_eq!(take("a", NOW), Lease::Taken);
    assert_eq!(take("a", at(10)), Lease::Taken);
    assert_eq!(take("b", at(69)), Lease::Held { by: "a".into(), until: at(70) });
    assert!(store.renew_lease(target, "a", ttl, at(69)).unwrap());
    assert_eq!(take("b", at(70)), Lease::Held { by: "a".into(), until: at(129) });
    assert_eq!(take("b", at(129)), Lease::TakenOver { previous: "a".into() });
    assert!(!store.renew_lease(target, "a", ttl, at(130)).unwrap());
    store.release_lease(target, "a").unwrap();
    assert!(matches!(take("a", at(131)), Lease::Held { .. }));
    store.release_lease(target, "b").unwrap();
    assert_eq!(take("a", at(131)), Lease::Taken);
}

#[test]
fn pruning_keeps_what_an_unfinished_run_needs() {
    let world = World::new();
    let store = &world.store;
    let target = world.target.id;
    for (run, plan, version) in [("done", "applied", 1), ("open", "started", 2)] {
        world.plan(plan, &[item(Action::Update, "a", version)]);
        store.start_run(&new_run(run, plan), NOW).unwrap();
        let batch = batch(1, 0..1);
        send(store, run, &batch);
        accept(store, run, &batch);
        if run == "done" {
            store.set_run_state("done", RunState::Finished, None, NOW).unwrap();
        }
    }
    world.plan("old", &[item(Action::Add, "b", 1)]);
    drop(store.write_plan("leftover", target, 0, NOW).unwrap());
    let retention = Retention { plans: NOW, history: NOW };
    let pruned = store.prune(target, &retention, at(1)).unwrap();
    assert_eq!((pruned.plans, pruned.unfinished_plans, pruned.runs), (1, 0, 0));
    let read = |id: &str| {
        let filter = ItemFilter { actions: Actions::ALL, ordinals: 0..9, with_users: true };
        store.plan_items(id, &filter, &mut |row| Ok(assert!(row.user.is_some())))
    };
    assert_eq!(read("applied").unwrap_err().kind, ErrorKind::PlanStale);
    read("started").unwrap();
    read("old").unwrap();

    let retention = Retention { plans: at(100), history: at(100) };
    let pruned = store.prune(target, &retention, at(101)).unwrap();
    assert_eq!((pruned.plans, pruned.unfinished_plans, pruned.runs), (1, 1, 1));
    assert_eq!(pruned.items, 2);
    let filter = ItemFilter { actions: Actions::ALL, ordinals: 0..9, with_users: false };
    let old = store.plan_items("applied", &filter, &mut |_| Ok(())).unwrap_err();
    assert!(old.kind == ErrorKind::PlanStale && old.message.contains("only its counts"), "{old}");
    assert_eq!(store.plan("applied").unwrap().facts.counts.update, 1);
    assert_eq!(store.prune(target, &retention, at(102)).unwrap(), Default::default());
    read("started").unwrap();
    let stale = store.start_run(&new_run("late", "old"), at(102)).unwrap_err();
    assert_eq!(stale.kind, ErrorKind::PlanStale);
    assert_eq!(store.totals_since(target, Timestamp(0)).unwrap().updates, 1);
    store.prune(target, &retention, at(9 * 24 * 3600)).unwrap();
    assert_eq!(store.totals_since(target, Timestamp(0)).unwrap(), Default::default());
    let kept = store.baseline_user(target, "a").unwrap().unwrap();
    assert_eq!(kept.user, Some(item(Action::Update, "a", 2).bytes()));
}
