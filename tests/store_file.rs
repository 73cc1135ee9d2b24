//! The file itself: who may read it, what becomes of it when something goes wrong.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by them")]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a child process answers by them")]
#![allow(clippy::unit_arg, reason = "one list of calls, whatever they give")]

mod store_world;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use entrabulk::error::{Error, ErrorKind};
use entrabulk::store::{
    Action, Actions, Baseline, BatchState, ItemFilter, Journal, Keep, NewBatch, NewRun, Plans,
    RunState, SqliteStore,
};
use entrabulk::time::Timestamp;
use store_world::*;

fn open(path: &Path) -> Result<SqliteStore, Error> {
    SqliteStore::open(path, None)
}

fn refused(path: &Path, kind: ErrorKind, says: &str) {
    let error = open(path).unwrap_err();
    assert_eq!(error.kind, kind, "{error}");
    assert!(error.message.contains(says), "{error}");
    assert!(!error.advice.is_empty());
}

/// A plan of `count` adds, started as run "run" and accepted in batches of one.
fn filled(store: &SqliteStore, count: u64) {
    let target = store.target(&key("job-1")).unwrap();
    let items: Vec<_> = (0..count).map(|n| item(Action::Add, &format!("u{n:04}"), n)).collect();
    plan(store, target.id, "plan", &items, &[]);
    store
        .start_run(&NewRun { id: "run", plan: "plan", tripped: &NONE, holder: None }, NOW)
        .unwrap();
    for number in 1..=count {
        accept_one(store, "run", number);
    }
}

fn accept_one(store: &SqliteStore, run: &str, number: u64) {
    let batch = NewBatch {
        number,
        ordinals: number - 1..number,
        body_hash: number.into(),
        client_request_id: "c",
    };
    store.intend(run, &batch, NOW).unwrap();
    store.mark_sent(run, number, "c", NOW).unwrap();
    store.accept(run, number, number.into(), "r", NOW).unwrap();
}

fn ids(store: &SqliteStore) -> Vec<String> {
    let target = store.target(&key("job-1")).unwrap();
    let mut ids = Vec::new();
    let mut each = |row: entrabulk::store::BaselineRow<'_>| {
        ids.push(row.external_id.to_owned());
        Ok(())
    };
    store.scan_baseline(target.id, &mut each).unwrap();
    ids
}

#[test]
#[cfg(unix)]
fn only_the_owner_may_look() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder();
    let path = folder.path().join("made/deep/state.db");
    let store = open(&path).unwrap();
    filled(&store, 1);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    for name in ["state.db", "state.db-wal", "state.db-shm"] {
        assert_eq!(mode(&path.with_file_name(name)), 0o600, "{name}");
    }
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    assert_eq!(mode(&folder.path().join("made")), 0o700);
    drop(store);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    open(&path).unwrap();
    assert_eq!(mode(&path), 0o600, "an older, open file is closed");
}

#[test]
fn what_is_no_state_file_is_refused_and_left_alone() {
    let folder = folder();
    let path = folder.path().join("state.db");
    fs::write(&path, "externalId,userName\n".repeat(200)).unwrap();
    refused(&path, ErrorKind::StoreDamaged, "not a SQLite database");
    assert_eq!(fs::read(&path).unwrap().len(), 4000);

    let other = folder.path().join("other.db");
    rusqlite::Connection::open(&other).unwrap().execute_batch("CREATE TABLE t (a)").unwrap();
    refused(&other, ErrorKind::StoreDamaged, "of another program");

    let newer = folder.path().join("newer.db");
    drop(open(&newer).unwrap());
    rusqlite::Connection::open(&newer).unwrap().pragma_update(None, "user_version", 99).unwrap();
    refused(&newer, ErrorKind::StoreNewer, "version 99");

    refused(folder.path(), ErrorKind::StoreFailed, "cannot be");
    fs::write(folder.path().join("file"), "").unwrap();
    refused(&folder.path().join("file/state.db"), ErrorKind::StoreFailed, "cannot be made");
}

#[test]
fn damage_is_named_as_such() {
    let folder = folder();
    let path = folder.path().join("state.db");
    let store = open(&path).unwrap();
    filled(&store, 60);
    drop(store);
    let whole = fs::read(&path).unwrap();
    let mut seen = 0;
    for page in 1..whole.len() / 4096 {
        let mut torn = whole.clone();
        torn[page * 4096..(page + 1) * 4096].fill(0x5A);
        fs::write(&path, torn).unwrap();
        let used = open(&path).and_then(|store| {
            let target = store.target(&key("job-1"))?;
            store.scan_baseline(target.id, &mut |_| Ok(()))?;
            let filter =
                ItemFilter { actions: Actions::ALL, ordinals: 0..u64::MAX, with_users: true };
            store.plan_items("plan", &filter, &mut |_| Ok(()))?;
            store.values_before("run", &mut |_| Ok(()))
        });
        if let Err(error) = used {
            assert_eq!(error.kind, ErrorKind::StoreDamaged, "page {page}: {error}");
            seen += 1;
        }
        for log in ["state.db-wal", "state.db-shm"] {
            let _ = fs::remove_file(path.with_file_name(log));
        }
    }
    assert!(seen > 10, "only {seen} pages mattered");
}

/// The last write torn by a power cut: what was durable before it is there, and nothing half.
#[test]
fn a_torn_log_costs_at_most_what_was_being_written() {
    let folder = folder();
    let path = folder.path().join("state.db");
    let log = folder.path().join("state.db-wal");
    let store = open(&path).unwrap();
    filled(&store, 3);
    let before = fs::metadata(&log).unwrap().len();
    let items = [item(Action::Add, "w0", 1)];
    let target = store.target(&key("job-1")).unwrap();
    plan(&store, target.id, "next", &items, &[]);
    store
        .start_run(&NewRun { id: "next", plan: "next", tripped: &NONE, holder: None }, NOW)
        .unwrap();
    accept_one(&store, "next", 1);
    let (file, written) = (fs::read(&path).unwrap(), fs::read(&log).unwrap());
    assert!(written.len() as u64 > before);
    for cut in (before as usize..=written.len()).step_by(1371).chain([written.len()]) {
        let copy = folder.path().join("copy");
        let _ = fs::remove_dir_all(&copy);
        fs::create_dir(&copy).unwrap();
        fs::write(copy.join("state.db"), &file).unwrap();
        let mut torn = written[..cut].to_vec();
        torn.extend_from_slice(&[0x5A; 700]);
        fs::write(copy.join("state.db-wal"), torn).unwrap();
        let store = open(&copy.join("state.db")).unwrap();
        let all = ids(&store);
        assert_eq!(all[..3], ["u0000", "u0001", "u0002"]);
        assert_eq!(all.len() == 4, cut == written.len(), "cut at {cut}");
        let target = store.target(&key("job-1")).unwrap();
        assert_eq!(store.baseline_revision(target.id).unwrap(), all.len() as u64);
    }
}

#[test]
fn hashes_only_leaves_no_name_behind() {
    let folder = folder();
    let path = folder.path().join("state.db");
    let store = open(&path).unwrap();
    filled(&store, 30);
    assert_eq!(store.keep().unwrap(), Keep::Users);
    let wanted = SqliteStore::open(&path, Some(Keep::Hashes)).unwrap_err();
    assert_eq!(wanted.kind, ErrorKind::ConfigInvalid);
    assert!(wanted.message.contains("keeps whole users"), "{wanted}");
    store.change_keep(Keep::Hashes).unwrap();
    drop(store);
    let store = SqliteStore::open(&path, Some(Keep::Hashes)).unwrap();
    let target = store.target(&key("job-1")).unwrap();
    let user = store.baseline_user(target.id, "u0007").unwrap().unwrap();
    assert_eq!((user.user, user.user_name.as_str()), (None, ""));
    assert_eq!(user.hash, item(Action::Add, "u0007", 7).hash());
    assert_eq!(ids(&store).len(), 30);

    // And from now on none comes in.
    plan(&store, target.id, "next", &[item(Action::Update, "u0007", 9)], &[]);
    store
        .start_run(&NewRun { id: "next", plan: "next", tripped: &NONE, holder: None }, NOW)
        .unwrap();
    accept_one(&store, "next", 1);
    let mut before = 0;
    store
        .values_before("next", &mut |row| {
            assert_eq!(row.hash, Some(item(Action::Add, "u0007", 7).hash()));
            assert_eq!((row.user, row.user_name), (None, ""));
            before += 1;
            Ok(())
        })
        .unwrap();
    assert_eq!(before, 1);
    let everything: Vec<u8> = ["state.db", "state.db-wal"]
        .iter()
        .flat_map(|name| fs::read(path.with_file_name(name)).unwrap_or_default())
        .collect();
    let holds = |text: &str| everything.windows(text.len()).any(|part| part == text.as_bytes());
    assert!(holds("u0007"));
    for name in ["contoso.com", "Display", "boss", "佐藤", "schemas:core"] {
        assert!(!holds(name), "{name} is still in the file");
    }
    store.change_keep(Keep::Users).unwrap();
    plan(&store, target.id, "again", &[item(Action::Update, "u0007", 11)], &[]);
    store
        .start_run(&NewRun { id: "again", plan: "again", tripped: &NONE, holder: None }, NOW)
        .unwrap();
    accept_one(&store, "again", 1);
    let user = store.baseline_user(target.id, "u0007").unwrap().unwrap();
    assert_eq!(user.user, Some(item(Action::Update, "u0007", 11).bytes()));
}

#[test]
fn many_threads_open_one_new_file() {
    for _ in 0..5 {
        let folder = folder();
        let path = folder.path().join("new/state.db");
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| open(&path).unwrap().target(&key("job-1")).unwrap());
            }
        });
    }
}

/// A process that works on the store is killed at any moment, again and again. What it said was done
/// is done, nothing is half done, and the next process goes on.
#[test]
fn a_killed_process_leaves_a_whole_file() {
    let folder = folder();
    let path = folder.path().join("state.db");
    drop(open(&path).unwrap());
    let mut said = 0;
    for round in 0..12u64 {
        let arguments = [("STORE", path.to_str().unwrap()), ("ROUND", &round.to_string())];
        let mut child = child("working", &arguments).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let ready = lines.find(|line| line.as_ref().is_ok_and(|line| line.starts_with("done ")));
        assert!(ready.is_some(), "the worker did not work");
        std::thread::sleep(Duration::from_micros(round * 7919 % 40_000));
        child.kill().unwrap();
        child.wait().unwrap();
        said += 1 + lines.map_while(Result::ok).filter(|line| line.starts_with("done ")).count();

        let store = open(&path).unwrap();
        let target = store.target(&key("job-1")).unwrap();
        let (mut accepted, mut first) = (0, 0);
        for run in store.runs(None, usize::MAX).unwrap() {
            // Brakes do not hold the first run against later ones.
            let is_first = store.plan(&run.plan).unwrap().baseline_revision == 0;
            for batch in store.batches(&run.id).unwrap() {
                accepted += usize::from(batch.state == BatchState::Accepted);
                first += u64::from(is_first && batch.state == BatchState::Accepted);
            }
        }
        assert!(accepted >= said, "{accepted} batches kept, {said} promised");
        assert!(accepted <= said + round as usize + 1, "more than one was in the making");
        assert_eq!(ids(&store).len(), accepted);
        assert_eq!(store.baseline_revision(target.id).unwrap(), accepted as u64);
        let mut tallied = store.totals_since(target.id, Timestamp(0)).unwrap();
        assert_eq!(tallied.adds, accepted as u64 - first);
        tallied.wipes.clear();
        for mut plan in store.plans(None, usize::MAX).unwrap() {
            let filter =
                ItemFilter { actions: Actions::ALL, ordinals: 0..u64::MAX, with_users: true };
            let mut items = 0;
            store.plan_items(&plan.id, &filter, &mut |_| Ok(items += 1)).unwrap();
            assert_eq!(items, *plan.facts.counts.of(Action::Add));
        }
    }
    let check: String = rusqlite::Connection::open(&path)
        .unwrap()
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(check, "ok");
}

#[test]
#[ignore = "a process of the test above"]
fn working() {
    let (Some(path), Some(round)) = (argument("STORE"), argument("ROUND")) else { return };
    let store = open(path.as_ref()).unwrap();
    let target = store.target(&key("job-1")).unwrap();
    let mut out = std::io::stdout().lock();
    writeln!(out).unwrap();
    for run in store.unfinished_runs(target.id).unwrap() {
        for batch in store.batches_to_settle(&run.id).unwrap() {
            store.mark_sent(&run.id, batch.number, "again", NOW).unwrap();
            store.accept(&run.id, batch.number, batch.body_hash, "r", NOW).unwrap();
            writeln!(out, "done {}", batch.number).unwrap();
            out.flush().unwrap();
        }
        store.set_run_state(&run.id, RunState::Abandoned, None, NOW).unwrap();
    }
    for turn in 0u64.. {
        let id = format!("{round}-{turn}");
        let items: Vec<_> =
            (0..20).map(|n| item(Action::Add, &format!("u{round}-{turn}-{n}"), n)).collect();
        plan(&store, target.id, &id, &items, &[]);
        store.start_run(&NewRun { id: &id, plan: &id, tripped: &NONE, holder: None }, NOW).unwrap();
        for number in 1..=20 {
            accept_one(&store, &id, number);
            writeln!(out, "done {number}").unwrap();
            out.flush().unwrap();
        }
    }
}

/// As root permissions do not count, so a child without them tries.
#[test]
#[cfg(unix)]
fn a_folder_one_may_not_write_to_is_said_to_be_so() {
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::process::CommandExt;
    let folder = folder();
    let path = folder.path().join("state.db");
    filled(&open(&path).unwrap(), 1);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o555)).unwrap();
    let mut child: Command = child("trying_to_write", &[("STORE", path.to_str().unwrap())]);
    if is_root() {
        child.uid(65_534).gid(65_534);
    }
    let output = child.output();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let Ok(output) = output else {
        return eprintln!("skipped: another account may not run this test program");
    };
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text.matches("StoreFailed").count(), 2, "{text}");
    assert!(text.contains("cannot be made or opened"), "{text}");
}

#[cfg(unix)]
fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

#[test]
#[ignore = "a process of the test above"]
fn trying_to_write() {
    let Some(path) = argument("STORE") else { return };
    let new = Path::new(&path).with_file_name("new.db");
    for path in [Path::new(&path), &new] {
        println!("{}", serde_json::to_string(&open(path).unwrap_err()).unwrap());
    }
}
