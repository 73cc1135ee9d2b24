//! Baseline, plans, approvals and journal against plain models in memory.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by them")]
#![allow(clippy::unit_arg, reason = "one list of calls, whatever they give")]

mod store_world;

use std::collections::BTreeMap;

use entrabulk::error::ErrorKind;
use entrabulk::store::{
    Action, Actions, Baseline, BatchState, ItemFilter, Journal, NewBatch, Outcome, PlanFacts,
    Plans, RunState, SqliteStore, UserState,
};
use entrabulk::time::Timestamp;
use proptest::prelude::*;
use store_world::*;

/// What becomes of a batch.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Accepted,
    AcceptedTwice,
    DoubtfulThenAccepted,
    Refused,
    NeverSent,
}

type Model = BTreeMap<String, Item>;

fn planned() -> impl Strategy<Value = Vec<Item>> {
    let action = prop_oneof![
        Just(Action::Add),
        Just(Action::Update),
        Just(Action::Disable),
        Just(Action::Restore),
        Just(Action::Unchanged),
        Just(Action::Missing),
        Just(Action::Skipped),
    ];
    let item_of = |(id, (action, version, resend)): (u32, (Action, u64, bool))| Item {
        resend,
        ..item(action, &format!("u{id}"), version)
    };
    let what = (action, 0..1000u64, prop::bool::weighted(0.2));
    prop::collection::btree_map(0..12u32, what, 1..10)
        .prop_map(move |items| items.into_iter().map(item_of).collect())
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        Just(Fate::Accepted),
        Just(Fate::AcceptedTwice),
        Just(Fate::DoubtfulThenAccepted),
        Just(Fate::Refused),
        Just(Fate::NeverSent),
    ]
}

proptest! {
    #![proptest_config(cases(40))]

    /// Runs of random plans, their batches meeting random fates, the store closed and opened between.
    #[test]
    fn baseline_history_and_totals_follow_what_was_accepted(
        runs in prop::collection::vec((planned(), 1..4usize, prop::collection::vec(fate(), 10)), 1..5),
    ) {
        let World { folder, mut store, target } = World::new();
        let path = folder.path().join("state.db");
        let mut model = Model::new();
        let (mut revision, mut totals) = (0, BTreeMap::<Action, u64>::new());
        let (mut wipes, mut inactive_adds) = (0, 0);
        for (at, (items, size, fates)) in runs.into_iter().enumerate() {
            let (run, plan_id) = (format!("run-{at}"), format!("plan-{at}"));
            plan(&store, target.id, &plan_id, &items, &[]);
            store.start_run(&new_run(&run, &plan_id), NOW).unwrap();
            // Brakes do not hold the first run against later ones.
            let tallied = revision > 0;
            let before = model.clone();
            let mut touched = Model::new();
            let mut first = 0;
            for (number, (piece, fate)) in (1..).zip(items.chunks(size).zip(fates)) {
                let batch = batch(number, first..first + piece.len() as u64);
                first = batch.ordinals.end;
                store.intend(&run, &batch, NOW).unwrap();
                if !matches!(fate, Fate::NeverSent) {
                    store.mark_sent(&run, number, "try", NOW).unwrap();
                }
                if matches!(fate, Fate::DoubtfulThenAccepted) {
                    store.mark_in_doubt(&run, number, "{}").unwrap();
                    drop(store);
                    store = SqliteStore::open(&path, None).unwrap();
                    prop_assert_eq!(store.batches_to_settle(&run).unwrap().last().unwrap().number, number);
                    store.mark_sent(&run, number, "again", NOW).unwrap();
                }
                match fate {
                    Fate::NeverSent => continue,
                    Fate::Refused => {
                        store.refuse(&run, number, batch.body_hash, "{}", NOW).unwrap();
                        continue;
                    }
                    Fate::AcceptedTwice => {
                        prop_assert!(accept(&store, &run, &batch));
                        prop_assert!(!accept(&store, &run, &batch));
                    }
                    _ => prop_assert!(accept(&store, &run, &batch)),
                }
                revision += 1;
                for item in piece.iter().filter(|item| item.action.sends()) {
                    model.insert(item.id.clone(), item.clone());
                    touched.insert(item.id.clone(), item.clone());
                    let counted = tallied && !item.resend;
                    *totals.entry(item.action).or_default() += u64::from(counted);
                    let inactive = item.action == Action::Add && item.active() != Some(true);
                    inactive_adds += u64::from(counted && inactive);
                    wipes += u64::from(tallied && item.version % 3 == 0);
                }
            }
            let unsent = store.batches_to_settle(&run).unwrap();
            prop_assert!(unsent.iter().all(|batch| batch.state == BatchState::Intent));
            let end = if unsent.is_empty() { RunState::Finished } else { RunState::Abandoned };
            store.set_run_state(&run, end, Some("{}"), NOW).unwrap();

            let mut history = Vec::new();
            store.values_before(&run, &mut |row| {
                history.push((row.external_id.to_owned(), row.action, row.user.map(<[u8]>::to_vec), row.hash));
                Ok(())
            }).unwrap();
            let expected: Vec<_> = touched.values().map(|item| {
                let old = before.get(&item.id);
                (item.id.clone(), item.action, old.map(Item::bytes), old.map(Item::hash))
            }).collect();
            prop_assert_eq!(history, expected);
        }
        let mut rows = Vec::new();
        let seen = store.scan_baseline(target.id, &mut |row| {
            rows.push((row.external_id.to_owned(), row.hash, row.active, row.user_name.to_owned()));
            Ok(())
        }).unwrap();
        prop_assert_eq!(seen, revision);
        let expected: Vec<_> = model.values()
            .map(|item| (item.id.clone(), item.hash(), item.active(), item.user_name()))
            .collect();
        prop_assert_eq!(rows, expected);
        for item in model.values() {
            let user = store.baseline_user(target.id, &item.id).unwrap().unwrap();
            prop_assert_eq!(user.user, Some(item.bytes()));
            prop_assert_eq!((user.display_name.as_str(), user.manager.as_str()), ("Display", "boss"));
        }
        let kept = store.totals_since(target.id, Timestamp(NOW.0 - 1)).unwrap();
        let count = |action| totals.get(&action).copied().unwrap_or_default();
        prop_assert_eq!(
            (kept.adds, kept.updates, kept.removals, kept.restores),
            (count(Action::Add), count(Action::Update), count(Action::Disable), count(Action::Restore))
        );
        prop_assert_eq!(kept.inactive_adds, inactive_adds);
        prop_assert_eq!(kept.wipes.get("title").copied().unwrap_or_default(), wipes);
        prop_assert_eq!(store.totals_since(target.id, NOW).unwrap(), Default::default());
    }
}

/// Every state of a batch meets every call.
#[test]
fn a_batch_goes_only_where_it_may() {
    use BatchState::{Accepted, InDoubt, Intent, Refused, Sent};
    let world = World::new();
    let items: Vec<_> = (0..40).map(|n| item(Action::Add, &format!("u{n:02}"), n)).collect();
    world.plan("plan", &items);
    let store = &world.store;
    store.start_run(&new_run("run", "plan"), NOW).unwrap();
    let mut number = 0;
    // (from, [mark_sent, mark_in_doubt, accept, refuse, unmark_sent]) -> where it stands then, or None: refused.
    let table = [
        (Intent, [Some(Sent), None, None, None, None]),
        (Sent, [Some(Sent), Some(InDoubt), Some(Accepted), Some(Refused), Some(Intent)]),
        (InDoubt, [Some(Sent), Some(InDoubt), Some(Accepted), Some(Refused), None]),
        (Accepted, [None, None, Some(Accepted), None, None]),
        (Refused, [None, None, None, Some(Refused), None]),
    ];
    for (from, results) in table {
        for (call, expected) in results.into_iter().enumerate() {
            number += 1;
            let batch = batch(number, number - 1..number);
            store.intend("run", &batch, NOW).unwrap();
            if from != Intent {
                store.mark_sent("run", number, "try", NOW).unwrap();
            }
            match from {
                InDoubt => store.mark_in_doubt("run", number, "{}").unwrap(),
                Accepted => assert!(accept(store, "run", &batch)),
                Refused => store.refuse("run", number, batch.body_hash, "{}", NOW).unwrap(),
                Intent | Sent | BatchState::GivenUp => {}
            }
            let done = match call {
                0 => store.mark_sent("run", number, "again", NOW),
                1 => store.mark_in_doubt("run", number, "{}"),
                2 => store.accept("run", number, batch.body_hash, "r", NOW).map(drop),
                3 => store.refuse("run", number, batch.body_hash, "{}", NOW),
                _ => store.unmark_sent("run", number, true),
            };
            let stands = store.batches("run").unwrap().last().unwrap().state;
            assert_eq!(stands, expected.unwrap_or(from), "{from:?}, call {call}");
            match (done, expected) {
                (Ok(()), Some(_)) => {}
                (Err(error), None) => assert_eq!(error.kind, ErrorKind::InvalidState, "{error}"),
                (done, _) => panic!("{from:?}, call {call}: {done:?}"),
            }
        }
    }
    assert_eq!(store.run("run").unwrap().next_ordinal, number);
}

#[test]
fn a_batch_keeps_its_bytes() {
    let world = World::new();
    world.plan("plan", &[item(Action::Add, "a", 1), item(Action::Add, "b", 1)]);
    let store = &world.store;
    store.start_run(&new_run("run", "plan"), NOW).unwrap();
    let first = batch(1, 0..1);
    send(store, "run", &first);
    store.intend("run", &first, NOW).unwrap();
    let other = NewBatch { body_hash: 1, ..first.clone() };
    for error in [
        store.intend("run", &other, NOW).unwrap_err(),
        store.accept("run", 1, 1, "r", NOW).unwrap_err(),
        store.refuse("run", 1, 1, "{}", NOW).unwrap_err(),
    ] {
        assert_eq!(error.kind, ErrorKind::InvalidState);
        assert!(error.message.contains("other bytes"), "{error}");
    }
    assert_eq!(store.batches("run").unwrap()[0].state, BatchState::Sent);
    assert!(store.intend("run", &batch(2, 0..2), NOW).is_err(), "ordinals taken twice");
}

#[test]
fn a_plan_is_applied_once_and_only_to_the_baseline_it_was_made_from() {
    let world = World::new();
    let store = &world.store;
    world.plan("one", &[item(Action::Add, "a", 1)]);
    world.plan("two", &[item(Action::Add, "a", 2)]);
    store.start_run(&new_run("run", "one"), NOW).unwrap();
    let again = store.start_run(&new_run("run-2", "one"), NOW).unwrap_err();
    assert_eq!(again.kind, ErrorKind::PlanStale);
    assert!(again.message.contains("run run"), "{again}");

    let batch = batch(1, 0..1);
    send(store, "run", &batch);
    let doubt = store.start_run(&new_run("run-2", "two"), NOW).unwrap_err();
    assert_eq!(doubt.kind, ErrorKind::RunUnfinished);
    for end in [RunState::Finished, RunState::Abandoned] {
        let error = store.set_run_state("run", end, None, NOW).unwrap_err();
        assert_eq!(error.kind, ErrorKind::RunUnfinished);
    }
    accept(store, "run", &batch);
    let moved = store.start_run(&new_run("run-2", "two"), NOW).unwrap_err();
    assert_eq!(moved.kind, ErrorKind::PlanStale);
    assert!(moved.message.contains("from revision 0 to 1"), "{moved}");

    assert_eq!(store.unfinished_runs(world.target.id).unwrap().len(), 1);
    store.set_run_state("run", RunState::Stopped, Some("{}"), NOW).unwrap();
    assert_eq!(store.unfinished_runs(world.target.id).unwrap()[0].state, RunState::Stopped);
    store.set_run_state("run", RunState::Finished, None, at(9)).unwrap();
    assert!(store.unfinished_runs(world.target.id).unwrap().is_empty());
    let run = store.run("run").unwrap();
    assert_eq!((run.ended_at, run.summary.as_deref()), (Some(at(9)), Some("{}")));
    assert!(store.set_run_state("run", RunState::Running, None, NOW).is_err());
    assert_eq!(store.last_source(world.target.id).unwrap().unwrap().rows, 1);
    assert_eq!(store.run("nobody").unwrap_err().kind, ErrorKind::NotFound);
}

/// A part of the people says nothing of how many there are.
#[test]
fn the_last_source_is_one_of_all_the_people() {
    let world = World::new();
    let store = &world.store;
    let last = || store.last_source(world.target.id).unwrap().map(|source| source.rows);
    for (number, (rows, part)) in
        [(7, true), (5, false), (9, true), (3, true)].into_iter().enumerate()
    {
        let id = format!("plan-{number}");
        let facts = PlanFacts { rows, part, ..facts(&[], &[]) };
        let plan = plan_without_end(store, world.target.id, &id, &[]).finish(facts).unwrap();
        assert_eq!((plan.facts.rows, plan.facts.part), (rows, part));
        store.start_run(&new_run(&id, &id), at(number as u64)).unwrap();
        assert_eq!(last(), (number > 0).then_some(5));
    }
}

#[test]
fn outcomes_are_noted_for_the_version_they_are_about() {
    let world = World::new();
    let store = &world.store;
    let (a, b) = (item(Action::Add, "a", 1), item(Action::Add, "b", 1));
    world.plan("plan", &[a.clone(), b.clone()]);
    store.start_run(&new_run("run", "plan"), NOW).unwrap();
    let batch = batch(1, 0..2);
    send(store, "run", &batch);
    accept(store, "run", &batch);
    let target = world.target.id;
    let outcome = |item: &Item, hash, state| Outcome { external_id: item.id.clone(), hash, state };
    let noted = [
        outcome(&a, a.hash(), UserState::Confirmed),
        outcome(&b, 5, UserState::Failed),
        outcome(&item(Action::Add, "nobody", 1), 5, UserState::Failed),
    ];
    assert_eq!(store.note_outcomes(target, &noted, at(5)).unwrap(), 1);
    assert_eq!(store.note_outcomes(target, &noted, at(6)).unwrap(), 0);
    assert_eq!(store.baseline_revision(target).unwrap(), 2);
    assert_eq!(store.mark_unconfirmed(target, NOW, at(7)).unwrap(), 0);
    assert_eq!(store.mark_unconfirmed(target, at(1), at(7)).unwrap(), 1);
    let user = |id| store.baseline_user(target, id).unwrap().unwrap();
    assert_eq!((user("a").state, user("a").state_at), (UserState::Confirmed, at(5)));
    assert_eq!((user("b").state, user("b").state_at), (UserState::Unconfirmed, at(7)));
    assert_eq!(store.baseline_revision(target).unwrap(), 3);
    assert!(store.baseline_user(target, "nobody").unwrap().is_none());
}

#[test]
fn a_plan_is_seen_when_it_is_whole_and_read_by_part() {
    let world = World::new();
    let store = &world.store;
    let actions = [Action::Add, Action::Unchanged, Action::Disable, Action::Skipped];
    let items: Vec<_> =
        (0..10_000).map(|n| item(actions[n % 4], &format!("u{n}"), n as u64)).collect();
    {
        let mut writer = store.write_plan("half", world.target.id, 0, NOW).unwrap();
        let first = &items[0];
        let whole = plan(store, world.target.id, "plan", &items, &[]);
        assert_eq!(whole, store.plan("plan").unwrap());
        writer
            .push(&entrabulk::store::PlanItem {
                ordinal: 0,
                action: first.action,
                external_id: &first.id,
                line: None,
                hash: Some(1),
                user: None,
                active: None,
                user_name: "",
                user_name_before: "",
                display_name: "",
                manager: "",
                reason: "",
                resend: false,
                certainty: entrabulk::store::Certainty::NoBaseline,
                changed: "",
                wiped: "",
            })
            .unwrap();
        let wrong = writer.finish(facts(&items, &[])).unwrap_err();
        assert_eq!(wrong.kind, ErrorKind::Internal);
    }
    let whole_counts = store.plan("plan").unwrap().facts.counts;
    assert_eq!(store.plan("half").unwrap_err().kind, ErrorKind::NotFound);
    assert_eq!(store.plans(None, 10).unwrap().len(), 1);
    assert!(store.write_plan("plan", world.target.id, 0, NOW).is_err());
    let read = |actions, ordinals, with_users| {
        let mut seen = Vec::new();
        let filter = ItemFilter { actions, ordinals, with_users };
        store
            .plan_items("plan", &filter, &mut |row| {
                let expected = &items[row.ordinal as usize];
                assert_eq!(row.external_id, expected.id);
                assert_eq!(row.user, with_users.then(|| expected.bytes()).as_deref());
                assert_eq!(row.hash, Some(expected.hash()));
                assert_eq!(row.user_name_before, "before@contoso.com");
                seen.push(row.ordinal);
                Ok(())
            })
            .unwrap();
        seen
    };
    assert_eq!((whole_counts.skipped, whole_counts.sent()), (2_500, 5_000));
    assert_eq!(read(Actions::ALL, 0..u64::MAX, false).len(), 10_000);
    assert_eq!(read(Actions::SENT, 0..9, true), [0, 2, 4, 6, 8]);
    assert_eq!(read(Actions::of(&[Action::Skipped]), 4000..4010, true), [4003, 4007]);
    assert_eq!(read(Actions::NOTEWORTHY, 0..4, false), [0, 2, 3]);

    // An error of the caller's ends the stream, and a caller may ask the store meanwhile.
    let filter = ItemFilter { actions: Actions::ALL, ordinals: 0..u64::MAX, with_users: false };
    let mut count = 0;
    let stopped = store.plan_items("plan", &filter, &mut |_| {
        store.take_lease(world.target.id, "me", std::time::Duration::from_secs(9), NOW)?;
        count += 1;
        Err(entrabulk::error::Error::new(ErrorKind::Cancelled, "enough", ""))
    });
    assert_eq!((stopped.unwrap_err().kind, count), (ErrorKind::Cancelled, 1));
}
