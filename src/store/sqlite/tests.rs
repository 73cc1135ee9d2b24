//! What only this room can bring about: older versions, a full disk, damaged users.

#![allow(clippy::unit_arg, reason = "one list of calls, whatever they give")]

use std::collections::BTreeMap;

use proptest::prelude::*;
use rusqlite::Connection;

use super::packing::Packing;
use super::trouble::Trouble;
use super::{SqliteStore, schema};
use crate::error::ErrorKind;
use crate::store::{
    Actions, Baseline, CallLimits, CallRequest, Grant, ItemFilter, Journal, Ledger, NewRun, Plans,
    TargetId, TargetKey, WaitReason,
};
use crate::time::{Clock, Timestamp, TokioClock};

fn temporary() -> (tempfile::TempDir, SqliteStore) {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("state.db"), None).unwrap();
    (folder, store)
}

fn key() -> TargetKey {
    TargetKey {
        simulator: "here".into(),
        cloud: "global".into(),
        tenant: "t".into(),
        service_principal: "s".into(),
        job: "j".into(),
    }
}

#[test]
fn an_older_file_is_brought_up_to_date_and_a_failed_step_undone() {
    const OLD: &str = "CREATE TABLE a (x INTEGER); INSERT INTO a VALUES (7);";
    const NEW: &str = "ALTER TABLE a ADD COLUMN y INTEGER NOT NULL DEFAULT 1;";
    let mut file = Connection::open_in_memory().unwrap();
    let version = |file: &Connection| -> i64 {
        file.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
    };
    schema::migrate(&mut file, &[OLD]).unwrap();
    assert_eq!(version(&file), 1);

    let broken = schema::migrate(&mut file, &[OLD, "UPDATE a SET x = 0; CREATE TABLE a (z)"]);
    assert!(matches!(broken, Err(Trouble::Sqlite(_))));
    assert_eq!(version(&file), 1);

    for _ in 0..2 {
        schema::migrate(&mut file, &[OLD, NEW]).unwrap();
        let row = file.query_row("SELECT x, y FROM a", [], |row| Ok((row.get(0)?, row.get(1)?)));
        assert_eq!((row.unwrap(), version(&file)), ((7, 1), 2));
    }
    let Err(Trouble::Ours(error)) = schema::migrate(&mut file, &[OLD]) else { panic!("accepted") };
    assert_eq!(error.kind, ErrorKind::StoreNewer);
    assert!(error.message.contains("version 2") && error.message.contains("up to version 1"));
}

#[test]
fn a_file_whose_ledger_knew_no_host_clock_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let clock = TokioClock::new();
    let now = clock.now().0;
    let (window, day) = (now + 2_000_000, now + 86_000_000_000);
    let mut old = Connection::open(&path).unwrap();
    schema::migrate(&mut old, &schema::STEPS[..1]).unwrap();
    old.execute_batch(&format!(
        "INSERT INTO tenant VALUES (1, 'here', 'global', 't', {now});
         INSERT INTO call VALUES (1, 1, 'run', 0, {now}, {now}, 202, {window}, {day})"
    ))
    .unwrap();
    drop(old);

    let store = SqliteStore::open(&path, None).unwrap();
    let tenant = store.target(&key()).unwrap().tenant;
    let limits = CallLimits {
        calls_per_5s: 1,
        calls_per_day: 10,
        reserve_percent: 0,
        request_timeout: std::time::Duration::from_secs(9),
    };
    let request = CallRequest { run: "run", urgent: false };
    let Grant::WaitUntil(until, WaitReason::Window) =
        store.acquire(tenant, &limits, &request, &clock).unwrap()
    else {
        panic!("granted")
    };
    assert!((window..window + 2_000_000).contains(&until.0), "{until}");
    assert_eq!(store.quota(tenant, &limits, &clock).unwrap().used, 1);
}

/// Approvals named the removals alone; what was said of a plan lay with its limits, and so did names.
#[test]
fn a_file_of_version_2_keeps_its_plans_and_approvals() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let now = Timestamp(1_764_000_000_000_000);
    let mut old = Connection::open(&path).unwrap();
    schema::migrate(&mut old, &schema::STEPS[..2]).unwrap();
    let verdict = |brake: &str, window: &str, affected: u64, verdict: &str| serde_json::json!({"brake": brake, "window": window, "affected": affected, "verdict": verdict});
    let wiped = |window: &str| {
        let mut verdict = verdict("wipes", window, 7, "tripped");
        verdict["attribute"] = "title".into();
        verdict
    };
    let brakes = |verdicts: &[serde_json::Value]| {
        serde_json::json!({
            "limits": {"adds": 1}, "base": {"users": 9, "active": 8},
            "protected": {"externalIds": ["1"], "userNames": ["ceo@x"]},
            "judgement": {"verdicts": verdicts, "protected": []},
        })
        .to_string()
    };
    let removals = ["run", "day"].map(|window| verdict("removals", window, 12, "tripped"));
    let calm = verdict("adds", "run", 3, "passed");
    let plans = [
        ("removals", true, brakes(&[removals.as_slice(), std::slice::from_ref(&calm)].concat())),
        ("several", true, brakes(&[&removals[..], &[wiped("run"), wiped("week")]].concat())),
        ("calm", false, brakes(&[calm])),
        ("protected", true, brakes(&[])),
        ("unreadable", true, "{".to_owned()),
    ];
    old.execute_batch(
        "INSERT INTO tenant (id, simulator, cloud, tenant) VALUES (1, 'here', 'global', 't');
         INSERT INTO target (id, tenant, service_principal, job) VALUES (1, 1, 's', 'j');",
    )
    .unwrap();
    for (number, (id, tripped, brakes)) in (1..).zip(&plans) {
        let counts = r#"{"add":3,"update":0,"disable":12,"restore":0,"unchanged":0,"missing":0,
            "outOfScope":0,"rejected":0}"#;
        old.execute(
            "INSERT INTO plan (number, id, target, created_at, baseline_revision, complete, input_hash,
                 mapping_hash, rows, counts, tripped, brakes, facts)
             VALUES (?1, ?2, 1, ?3, 0, 1, 'i', 'm', 15, ?4, ?5, ?6, '{}')",
            (number, id, now.0, counts, tripped, brakes),
        )
        .unwrap();
        old.execute(
            "INSERT INTO approval (plan, removals, reason, approver, given_at, expires_at)
             VALUES (?1, 12, 'meant', 'ann', ?2, ?3)",
            (number, now.0, now.0 + 9),
        )
        .unwrap();
    }
    for (ordinal, reason) in ["resend-failed", "changed"].iter().enumerate() {
        old.execute(
            "INSERT INTO plan_item VALUES (1, ?1, 1, ?1, NULL, x'00', 1, '', '', '', '', ?2, 0, '', '', NULL)",
            (ordinal, reason),
        )
        .unwrap();
    }
    drop(old);

    let store = SqliteStore::open(&path, None).unwrap();
    let brakes = |of: &[(&str, u64)]| -> BTreeMap<String, u64> {
        of.iter().map(|(brake, users)| ((*brake).to_owned(), *users)).collect()
    };
    let facts = |id: &str| store.plan(id).unwrap().facts;
    let kept = facts("removals");
    assert_eq!(kept.tripped, brakes(&[("removals", 12)]));
    assert_eq!(facts("several").tripped, brakes(&[("removals", 12), ("wipes:title", 7)]));
    assert_eq!(facts("calm").tripped, brakes(&[]));
    // What stopped a plan goes on stopping it, whatever it was.
    assert_eq!(facts("protected").tripped, brakes(&[("removals", 12)]));
    assert_eq!(facts("unreadable").tripped, brakes(&[("removals", 12)]));
    assert_eq!((kept.counts.disable, kept.counts.skipped, kept.part), (12, 0, false));
    assert_eq!(kept.protected_names, ["ceo@x".to_owned()].into());
    assert_eq!(
        kept.brakes,
        r#"{"limits":{"adds":1},"base":{"users":9,"active":8},"protected":{"externalIds":["1"]}}"#
    );
    assert!(
        kept.judgement.starts_with(r#"{"verdicts":[{"brake":"removals""#),
        "{}",
        kept.judgement
    );
    let mut resent = Vec::new();
    let all = ItemFilter { actions: Actions::ALL, ordinals: 0..9, with_users: false };
    store.plan_items("removals", &all, &mut |item| Ok(resent.push(item.resend))).unwrap();
    assert_eq!(resent, [true, false]);

    let start = |id: &str, tripped: &[(&str, u64)]| {
        let tripped = brakes(tripped);
        store.start_run(&NewRun { id, plan: id, tripped: &tripped, holder: None }, now)
    };
    let refused = start("several", &[("removals", 12), ("wipes:title", 7)]).unwrap_err();
    assert_eq!(refused.kind, ErrorKind::BrakeTripped, "{refused}");
    start("removals", &[("removals", 12)]).unwrap();
}

#[test]
fn a_full_disk_says_so_keeps_nothing_half_and_heals() {
    let (_folder, store) = temporary();
    let target = store.target(&key()).unwrap();
    let pages = |limit: i64| {
        store
            .with(|connection| {
                let size: i64 =
                    connection.pragma_query_value(None, "page_count", |row| row.get(0))?;
                let limit = size.max(limit);
                connection.pragma_update_and_check(None, "max_page_count", limit, |_| Ok(()))?;
                Ok(())
            })
            .unwrap();
    };
    let limits = CallLimits {
        calls_per_5s: 1_000_000,
        calls_per_day: 1_000_000,
        reserve_percent: 0,
        request_timeout: std::time::Duration::from_secs(9),
    };
    let clock = TokioClock::new();
    let ask = || {
        let run = "r".repeat(3000);
        let request = CallRequest { run: &run, urgent: false };
        store.acquire(target.tenant, &limits, &request, &clock)
    };
    let used = || store.quota(target.tenant, &limits, &clock).unwrap().used;
    pages(0);
    let mut granted = 0;
    // A connection that met an error is not kept; the next one has no limit, which is the disk freed.
    let error = loop {
        match ask() {
            Ok(_) => granted += 1,
            Err(error) => break error,
        }
        assert!(granted < 1000, "the disk never filled");
    };
    assert_eq!(error.kind, ErrorKind::StoreFailed, "{error}");
    assert!(error.message.contains("is full"), "{error}");
    assert_eq!(used(), granted);
    ask().unwrap();
    assert_eq!(used(), granted + 1);
}

#[test]
fn another_process_in_the_way_is_said_to_be_busy() {
    let (_folder, store) = temporary();
    store
        .with(|connection| {
            connection.busy_timeout(std::time::Duration::ZERO)?;
            Ok(())
        })
        .unwrap();
    let other = Connection::open(store.path()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = store.target(&key()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::LockHeld, "{error}");
    assert!(error.message.contains("locked for too long"), "{error}");
    // Readers are in nobody's way.
    store.keep().unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn a_packed_user_comes_back_and_a_damaged_one_is_refused_or_told_apart(
        users in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..3000), 1..6),
        broken in any::<prop::sample::Index>(),
        byte in 1..=255u8,
    ) {
        let (_folder, store) = temporary();
        let target = store.target(&key()).unwrap().id;
        let (mut packed, mut unpacked) = (Vec::new(), Vec::new());
        for user in &users {
            let dictionary = store
                .write(|change| store.packing.dictionary_for(change, target, user))
                .unwrap();
            dictionary.pack(user, &mut packed).unwrap();
            // One that never saw the dictionary, as after a restart.
            let fresh = Packing::default();
            store.read(|state| fresh.unpack(state, &packed, &mut unpacked)).unwrap();
            prop_assert_eq!(&unpacked, user);
            // Whatever a damaged one becomes: no panic, no endless allocation.
            let at = broken.index(packed.len());
            packed[at] ^= byte;
            let _ = store.read(|state| fresh.unpack(state, &packed, &mut unpacked));
            packed.truncate(at);
            let cut = store.read(|state| fresh.unpack(state, &packed, &mut unpacked));
            prop_assert!(cut.is_err() || unpacked.len() <= user.len());
        }
    }
}

#[test]
fn users_alike_pack_small() {
    let (_folder, store) = temporary();
    let target: TargetId = store.target(&key()).unwrap().id;
    let user = |n: u32| {
        format!(
            r#"{{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"externalId":"{n:06}","userName":"u{n}@contoso.com","name":{{"familyName":"Smith","givenName":"Anna"}},"active":true,"title":"Analyst {n}","emails":[{{"type":"work","value":"u{n}@contoso.com","primary":true}}]}}"#
        )
        .into_bytes()
    };
    let mut packed = Vec::new();
    let mut sizes = Vec::new();
    for n in 0..20 {
        let user = user(n);
        let dictionary =
            store.write(|change| store.packing.dictionary_for(change, target, &user)).unwrap();
        dictionary.pack(&user, &mut packed).unwrap();
        sizes.push(user.len() / packed.len());
    }
    assert!(sizes.iter().all(|ratio| *ratio >= 4), "{sizes:?}");
}
