//! A tenant by its id and by its domain is one tenant, with one ledger and one baseline.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by them")]

mod store_world;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use entrabulk::error::ErrorKind;
use entrabulk::store::{
    Action, Baseline, CallLimits, CallRequest, Grant, Journal, Lease, Ledger, Merged, RunState,
    Target, TargetKey,
};
use entrabulk::time::{Clock, HostTime, Sleep, Timestamp};
use proptest::prelude::*;
use store_world::*;

const ID: &str = "00000000-0000-0000-0000-00000000000A";
const NAME: &str = "contoso.example";

const LIMITS: CallLimits = CallLimits {
    calls_per_5s: 1_000,
    calls_per_day: 1_000,
    reserve_percent: 0,
    request_timeout: Duration::from_secs(100),
};

fn called(tenant: &str, job: &str) -> TargetKey {
    TargetKey { tenant: tenant.into(), ..key(job) }
}

fn target(world: &World, tenant: &str, job: &str) -> Target {
    world.store.target(&called(tenant, job)).unwrap()
}

fn same(world: &World) -> Option<Merged> {
    world.store.same_tenant("", "global", NAME, ID).unwrap()
}

fn call(world: &World, target: Target, clock: &HandClock) {
    let request = CallRequest { run: "run", urgent: false };
    let grant = world.store.acquire(target.tenant, &LIMITS, &request, clock).unwrap();
    let Grant::Granted(call) = grant else { panic!("{grant:?}") };
    world.store.finish_call(call, 202, clock).unwrap();
}

fn used(world: &World, target: Target, clock: &HandClock) -> u32 {
    world.store.quota(target.tenant, &LIMITS, clock).unwrap().used
}

/// Has these users accepted for a target, at this moment.
fn accepted(world: &World, target: Target, run: &str, users: &[String], now: Timestamp) {
    let items: Vec<_> = users.iter().map(|id| item(Action::Add, id, 0)).collect();
    plan(&world.store, target.id, run, &items, &[]);
    world.store.start_run(&new_run(run, run), now).unwrap();
    let batch = batch(1, 0..items.len() as u64);
    send(&world.store, run, &batch);
    world.store.accept(run, 1, batch.body_hash, "r", now).unwrap();
    world.store.set_run_state(run, RunState::Finished, None, now).unwrap();
}

fn users(world: &World, target: Target) -> Vec<String> {
    let mut users = Vec::new();
    world
        .store
        .scan_baseline(target.id, &mut |row| {
            users.push(row.external_id.to_owned());
            Ok(())
        })
        .unwrap();
    users
}

/// What happens under one of both names before they are found to be one.
#[derive(Debug, Clone)]
enum Act {
    Call { by_name: bool },
    Accept { by_name: bool, job: u8, users: u8 },
    Pass(u64),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        3 => any::<bool>().prop_map(|by_name| Act::Call { by_name }),
        2 => (any::<bool>(), 0..2u8, 1..4u8)
            .prop_map(|(by_name, job, users)| Act::Accept { by_name, job, users }),
        3 => prop_oneof![1..10 * SECOND, Just(HOUR), Just(11 * HOUR)].prop_map(Act::Pass),
    ]
}

proptest! {
    #![proptest_config(cases(40))]

    /// All calls count, and each target has the baseline that accepted somebody last.
    #[test]
    fn what_was_kept_under_two_names_becomes_one(acts in prop::collection::vec(act(), 1..25)) {
        let world = World::new();
        let clock = HandClock::at(NOW);
        let names = [ID, NAME];
        // For each name and job: the baseline, and when somebody was accepted last.
        let mut baselines = [const { [const { (Vec::<String>::new(), None) }; 2] }; 2];
        let mut calls = Vec::new();
        let mut known = [true, false];
        for (number, act) in acts.into_iter().enumerate() {
            match act {
                Act::Pass(wait) => clock.set(Timestamp(clock.now().0 + wait)),
                Act::Call { by_name } => {
                    known[usize::from(by_name)] = true;
                    call(&world, target(&world, names[usize::from(by_name)], "job-0"), &clock);
                    calls.push(clock.now().0);
                }
                Act::Accept { by_name, job, users } => {
                    known[usize::from(by_name)] = true;
                    let of = target(&world, names[usize::from(by_name)], &format!("job-{job}"));
                    let new: Vec<_> = (0..users).map(|user| format!("{number:03}-{user}")).collect();
                    accepted(&world, of, &format!("run-{number}"), &new, clock.now());
                    let (held, latest) = &mut baselines[usize::from(by_name)][usize::from(job)];
                    held.extend(new);
                    *latest = Some(clock.now());
                    // One moment later, so that none is as new as another.
                    clock.set(Timestamp(clock.now().0 + 1));
                }
            }
        }
        let merged = same(&world);
        prop_assert_eq!(merged.is_some(), known[1]);
        let counting = calls.iter().filter(|at| clock.now().0 <= **at + DAY).count();
        let mut dropped = 0;
        let [of_id, of_name] = &baselines;
        for (job, (by_id, by_name)) in of_id.iter().zip(of_name).enumerate() {
            let (stays, goes) = if by_name.1 > by_id.1 { (by_name, by_id) } else { (by_id, by_name) };
            dropped += goes.0.len() as u64;
            for name in names {
                let target = target(&world, name, &format!("job-{job}"));
                prop_assert_eq!(users(&world, target), stays.0.clone(), "{}, job {}", name, job);
                prop_assert_eq!(used(&world, target, &clock) as usize, counting);
            }
        }
        prop_assert_eq!(merged.map_or(0, |merged| merged.dropped_users), dropped);
        prop_assert_eq!(same(&world), None, "told once");
        prop_assert_eq!(target(&world, NAME, "new"), target(&world, ID, "NEW"));
    }
}

#[test]
fn a_name_that_nobody_used_is_remembered() {
    let world = World::new();
    assert_eq!(same(&world), None);
    assert_eq!(target(&world, "CONTOSO.example", "job-1"), world.target);
    let elsewhere = TargetKey { simulator: "http://127.0.0.1:1".into(), ..called(NAME, "job-1") };
    assert_ne!(world.store.target(&elsewhere).unwrap(), world.target);
    assert_eq!(world.store.same_tenant("", "global", ID, ID).unwrap(), None);
    // Another domain of the tenant, and a domain that went over to another.
    world.store.same_tenant("", "global", "fabrikam.example", ID).unwrap();
    assert_eq!(target(&world, "fabrikam.example", "job-1"), world.target);
    let other = target(&world, "other", "job-1");
    assert_eq!(world.store.same_tenant("", "global", NAME, "other").unwrap(), None);
    assert_eq!(target(&world, NAME, "job-1"), other);
    assert_eq!(target(&world, "fabrikam.example", "job-1"), world.target);
}

/// Of two baselines the newer stays; plans of the older are stale, and what is in doubt is still settled first.
#[test]
fn runs_and_plans_of_both_names_stay() {
    let world = World::new();
    let (by_id, by_name) = (world.target, target(&world, NAME, "job-1"));
    let store = &world.store;
    accepted(&world, by_id, "old", &["a".into(), "b".into()], NOW);
    accepted(&world, by_name, "new", &["a".into()], at(1));
    plan(store, by_id.id, "waiting", &[item(Action::Update, "a", 3)], &[]);
    plan(store, by_id.id, "doubtful", &[item(Action::Update, "b", 3)], &[]);
    store.start_run(&new_run("doubtful", "doubtful"), at(2)).unwrap();
    send(store, "doubtful", &batch(1, 0..1));
    let lease = |target: Target, who| {
        store.take_lease(target.id, who, Duration::from_secs(60), at(2)).unwrap()
    };
    assert_eq!(lease(by_id, "worker"), Lease::Taken);

    let merged = same(&world).unwrap();
    assert_eq!(merged.dropped_users, 2);
    let [one] = &merged.targets[..] else { panic!("{merged:?}") };
    assert_eq!((&*one.kept, &*one.service_principal, &*one.job), (NAME, "sp-1", "job-1"));
    let joined = target(&world, ID, "job-1");
    assert_eq!(users(&world, joined), ["a"]);
    assert!(matches!(lease(joined, "another"), Lease::Held { .. }), "the worker may still send");
    assert!(!store.renew_lease(by_id.id, "worker", Duration::from_secs(60), at(3)).unwrap());

    let ids =
        |runs: Vec<entrabulk::store::Run>| runs.into_iter().map(|run| run.id).collect::<Vec<_>>();
    assert_eq!(ids(store.runs(Some(joined.id), 9).unwrap()), ["doubtful", "new", "old"]);
    let stale = store.start_run(&new_run("late", "waiting"), at(4)).unwrap_err();
    assert_eq!(stale.kind, ErrorKind::PlanStale, "{stale}");
    plan(store, joined.id, "next", &[item(Action::Update, "a", 4)], &[]);
    let blocked = store.start_run(&new_run("next", "next"), at(4)).unwrap_err();
    assert_eq!(blocked.kind, ErrorKind::RunUnfinished, "{blocked}");
    assert!(accept(store, "doubtful", &batch(1, 0..1)));
    assert_eq!(users(&world, joined), ["a", "b"]);
    // What was in doubt before knows its values before.
    let mut before = Vec::new();
    store
        .values_before("old", &mut |row| {
            before.push(row.external_id.to_owned());
            Ok(())
        })
        .unwrap();
    assert_eq!(before, ["a", "b"]);
}

/// A process that asked for the tenant by name before goes on with what it was given.
#[test]
fn whoever_holds_the_old_name_draws_on_the_same_ledger() {
    let world = World::new();
    let by_name = target(&world, NAME, "job-2");
    let clock = HandClock::at(NOW);
    let limits = CallLimits { calls_per_5s: 2, ..LIMITS };
    let ask = |target: Target| {
        let request = CallRequest { run: "run", urgent: false };
        world.store.acquire(target.tenant, &limits, &request, &clock).unwrap()
    };
    let Grant::Granted(in_flight) = ask(by_name) else { panic!("refused") };
    same(&world);
    assert!(matches!(ask(world.target), Grant::Granted(_)));
    assert!(matches!(ask(by_name), Grant::WaitUntil(..)), "both count");
    world.store.finish_call(in_flight, 202, &clock).unwrap();
    clock.set(Timestamp(NOW.0 + 5 * SECOND + 1));
    assert!(matches!(ask(by_name), Grant::Granted(_)), "its end was noted");
    assert_eq!(used(&world, by_name, &clock), 3);
}

/// A host whose wall clock can be set.
#[derive(Debug, Default)]
struct Host {
    since_start: AtomicU64,
    wall_at_start: AtomicU64,
}

impl Clock for Host {
    fn now(&self) -> Timestamp {
        Timestamp(self.wall_at_start.load(Ordering::Relaxed) + self.host().at.0)
    }

    fn host(&self) -> HostTime {
        HostTime { boot: 7, at: Timestamp(self.since_start.load(Ordering::Relaxed)) }
    }

    fn sleep_until(&self, _moment: Timestamp) -> Sleep {
        unreachable!("the store does not sleep")
    }
}

/// One ledger was begun while the wall clock was an hour ahead, the other when it had been set right: a call counts
/// for as long as it would have, whether it ended before they were joined or ends afterwards.
#[test]
fn ledgers_that_read_different_times_agree_once_they_are_one() {
    let world = World::new();
    let by_name = target(&world, NAME, "job-1");
    let host = Host::default();
    let pass = |time: u64| {
        host.since_start.fetch_add(time, Ordering::Relaxed);
    };
    let limits = CallLimits { calls_per_5s: 2, ..LIMITS };
    let ask = |target: Target| {
        let request = CallRequest { run: "run", urgent: false };
        world.store.acquire(target.tenant, &limits, &request, &host).unwrap()
    };
    let granted = |grant| match grant {
        Grant::Granted(call) => call,
        Grant::WaitUntil(until, _) => panic!("told to wait until {until}"),
    };
    pass(SECOND);
    host.wall_at_start.store(NOW.0 + HOUR, Ordering::Relaxed);
    world.store.finish_call(granted(ask(by_name)), 202, &host).unwrap();
    let in_flight = granted(ask(by_name));
    host.wall_at_start.store(NOW.0, Ordering::Relaxed);
    world.store.quota(world.target.tenant, &limits, &host).unwrap();
    pass(2 * SECOND);
    world.store.finish_call(granted(ask(world.target)), 202, &host).unwrap();
    same(&world);
    let used = || world.store.quota(world.target.tenant, &limits, &host).unwrap().used;
    assert_eq!(used(), 3);
    pass(2 * SECOND);
    // Of the two that ended, the first is 4 s old.
    assert!(matches!(ask(world.target), Grant::WaitUntil(..)));
    pass(SECOND + 1);
    assert!(matches!(ask(world.target), Grant::WaitUntil(..)), "one ended, one is in flight");
    world.store.finish_call(in_flight, 202, &host).unwrap();
    pass(2 * SECOND);
    // The second of those that ended is old, too; the one in flight ended 2 s ago.
    let last = granted(ask(by_name));
    world.store.finish_call(last, 202, &host).unwrap();
    assert!(matches!(ask(world.target), Grant::WaitUntil(..)));
    pass(3 * SECOND + 1);
    granted(ask(world.target));
    pass(DAY - 8 * SECOND - 2);
    assert_eq!(used(), 4, "the first is as old as a day, and no longer counts");
}
