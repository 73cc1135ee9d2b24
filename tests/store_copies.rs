//! Who has the file open: one copy of the library in a process, and temporary states of the living only.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by them")]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a child process answers by them")]

mod store_world;

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use entrabulk::error::ErrorKind;
use entrabulk::store::{Baseline, Plans, SqliteStore};
use store_world::*;

fn open(path: &Path) -> SqliteStore {
    SqliteStore::open(path, None).unwrap()
}

/// What lies in a folder, but for SQLite's own.
fn names(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<_> = names.map(|name| name.into_string().unwrap()).collect();
    names.retain(|name| !name.ends_with("-wal") && !name.ends_with("-shm"));
    names.sort();
    names
}

#[test]
fn a_second_copy_in_a_process_is_refused_until_the_first_is_done() {
    let folder = folder();
    let path = folder.path().join("state.db");
    let store = open(&path);
    let [_, flag] = &names(folder.path())[..] else { panic!("{:?}", names(folder.path())) };
    let number = std::process::id().to_string();
    assert!(flag.starts_with(&format!("state.db-process-{number}")), "{flag}");
    let flag = folder.path().join(flag);
    assert!(matches!(
        File::open(&flag).unwrap().try_lock(),
        Err(std::fs::TryLockError::WouldBlock)
    ));
    // As many as one likes in one copy, by any name of the file.
    let other = open(&path);
    drop(store);
    assert!(flag.exists(), "it flies for the other");
    #[cfg(unix)]
    {
        let link = folder.path().join("link.db");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        let linked = open(&link);
        assert_eq!(names(folder.path()).len(), 3, "{:?}", names(folder.path()));
        drop(linked);
        assert!(flag.exists(), "it flies for the other");
        fs::remove_file(link).unwrap();
    }
    other.target(&key("job-1")).unwrap();
    drop(other);
    assert_eq!(names(folder.path()), ["state.db"]);

    // A second copy has a handle of its own.
    let second = File::create(&flag).unwrap();
    second.try_lock().unwrap();
    let refused = SqliteStore::open(&path, None).unwrap_err();
    assert_eq!(refused.kind, ErrorKind::StoreFailed);
    assert_eq!(refused.message, "Another copy of entrabulk in this process has the state open.");
    assert!(refused.advice.contains("Load the library once"), "{refused}");
    drop(second);
    open(&path).target(&key("job-1")).unwrap();
    assert_eq!(names(folder.path()), ["state.db"]);
}

#[test]
fn flags_of_the_dead_are_removed_and_nothing_else() {
    let folder = folder();
    let file = |name: &str, content: &str| {
        fs::write(folder.path().join(name), content).unwrap();
        File::open(folder.path().join(name)).unwrap()
    };
    let others = ["other.db-process-1-1", "state.db-process-notes"].map(|name| file(name, ""));
    let text = file("state.db-process-1.txt", "mine");
    drop(file("state.db-process-999999-1", ""));
    let living = file("state.db-process-999998-1", "");
    living.try_lock().unwrap();
    drop(open(&folder.path().join("state.db")));
    assert_eq!(
        names(folder.path()),
        [
            "other.db-process-1-1",
            "state.db",
            "state.db-process-1.txt",
            "state.db-process-999998-1",
            "state.db-process-notes"
        ]
    );
    drop((others, text, living));
}

/// Whoever opens while another thread closes the last store meets no flag that is going.
#[test]
fn threads_that_open_and_close_are_never_taken_for_another_copy() {
    let folder = folder();
    let path = folder.path().join("state.db");
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..40).for_each(|_| drop(open(&path))));
        }
    });
    assert_eq!(names(folder.path()), ["state.db"]);
}

/// Processes that begin and end at once, on a new file, each looking for the dead: none is taken for another copy,
/// and none takes the file for another program's.
#[test]
fn processes_that_open_and_close_are_never_taken_for_another_copy() {
    let folder = folder();
    let path = folder.path().join("state.db");
    let start = |_| child("opening", &[("STORE", path.to_str().unwrap())]).spawn().unwrap();
    for child in (0..6).map(start).collect::<Vec<_>>() {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    }
    assert_eq!(names(folder.path()), ["state.db"]);
}

#[test]
#[ignore = "a process of the test above"]
fn opening() {
    let Some(path) = argument("STORE") else { return };
    for _ in 0..50 {
        drop(SqliteStore::open(path.as_ref(), None).map_err(|error| println!("{error}")).unwrap());
    }
}

/// The library under two names in one program, as from two paths.
#[test]
#[cfg(all(unix, feature = "simulator"))]
fn two_copies_in_one_process_do_not_share_a_state() {
    if Command::new("gcc").arg("--version").output().is_err() {
        let required = std::env::var("ENTRABULK_REQUIRE").unwrap_or_default();
        assert!(!required.split(',').any(|it| it == "gcc"), "gcc is required and missing");
        return eprintln!("skipped: gcc is missing");
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let library = std::env::current_exe().unwrap().parent().unwrap().join("libentrabulk.so");
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let built = Command::new("gcc")
        .args(["-std=c11", "-Wall", "-Wextra", "-pedantic", "-Werror", "-I"])
        .args([&root.join("include"), &root.join("tests/store_world/two_copies.c")])
        .args([Path::new("-o"), &at("program"), Path::new("-ldl")])
        .output()
        .unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    fs::copy(&library, at("copy.so")).unwrap();
    let config = serde_json::json!({
        "version": 1, "simulator": "http://127.0.0.1:9", "servicePrincipalId": "sp", "jobId": "job",
        "tenantId": "t", "state": {"path": at("state.db")}
    });
    let output = Command::new(at("program"))
        .args([&library, &at("copy.so")])
        .arg(config.to_string())
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<_> = said.lines().collect();
    let [first, second, again] = lines[..] else {
        panic!("{said}{}", String::from_utf8_lossy(&output.stderr))
    };
    assert_eq!((first, again), ("first: works", "first: works"), "{said}");
    assert!(second.contains("Another copy of entrabulk in this process"), "{said}");
    let check: String = rusqlite::Connection::open(at("state.db"))
        .unwrap()
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(check, "ok");
}

#[test]
fn what_is_no_path_of_a_file_is_no_state() {
    for name in [":memory:", "file:state.db", "file::memory:?cache=shared", ""] {
        let error = SqliteStore::open(Path::new(name), None).unwrap_err();
        assert_eq!(error.kind, ErrorKind::ConfigInvalid, "{error}");
        assert!(error.message.contains("is not the path of a state file"), "{error}");
    }
}

#[test]
fn a_path_means_one_file_wherever_the_process_goes() {
    let folder = folder();
    let (here, there) = (folder.path().join("here"), folder.path().join("there"));
    fs::create_dir_all(&here).unwrap();
    fs::create_dir_all(&there).unwrap();
    let mut child = child("going_elsewhere", &[("THERE", there.to_str().unwrap())]);
    assert!(child.current_dir(&here).status().unwrap().success());
    assert_eq!(names(&there), [""; 0]);
    let store = open(&here.join("state.db"));
    assert_eq!(store.plans(None, 9).unwrap().len(), 1);
}

#[test]
#[ignore = "a process of the test above"]
fn going_elsewhere() {
    let Some(there) = argument("THERE") else { return };
    let store = SqliteStore::open(Path::new("state.db"), None).unwrap();
    assert!(store.path().is_absolute());
    std::env::set_current_dir(there).unwrap();
    let target = store.target(&key("job-1")).unwrap().id;
    // While one connection is at work, another is opened.
    plan(&store, target, "plan", &[], &[]);
    let all = entrabulk::store::ItemFilter {
        actions: entrabulk::store::Actions::ALL,
        ordinals: 0..1,
        with_users: false,
    };
    store
        .scan_baseline(target, &mut |_| Ok(()))
        .and_then(|_| store.plan_items("plan", &all, &mut |_| store.plan("plan").map(drop)))
        .unwrap();
    let threads = || (0..4).for_each(|_| drop(store.plan("plan").unwrap()));
    std::thread::scope(|scope| (0..4).for_each(|_| drop(scope.spawn(threads))));
}

/// A process whose temporary files go to `folder`, with a temporary state of its own; and where that lies.
fn holder(folder: &Path) -> (Child, PathBuf) {
    let mut command = child("holding", &[("TMPDIR", folder.to_str().unwrap()), ("HOLD", "1")]);
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    // Its end is told on the same pipe, which must be open then.
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while !line.starts_with("path ") {
        line.clear();
        assert_ne!(out.read_line(&mut line).unwrap(), 0, "it ended");
    }
    child.stdout = Some(out.into_inner());
    (child, line["path ".len()..].trim_end().into())
}

#[test]
#[ignore = "a process of the tests below"]
fn holding() {
    if argument("HOLD").is_none() {
        return;
    }
    let store = SqliteStore::temporary().unwrap();
    store.target(&key("job-1")).unwrap();
    println!("\npath {}", store.path().display());
    std::io::stdout().flush().unwrap();
    std::io::stdin().read_line(&mut String::new()).unwrap();
}

#[test]
#[cfg(unix)]
fn a_temporary_state_is_one_s_own_and_goes_with_its_holder() {
    use std::os::unix::fs::PermissionsExt;
    let store = SqliteStore::temporary().unwrap();
    let other = SqliteStore::temporary().unwrap();
    store.target(&key("job-1")).unwrap();
    let folder = store.path().parent().unwrap().to_owned();
    assert_ne!(Some(&*folder), other.path().parent());
    assert_eq!(folder.parent(), Some(&*std::env::temp_dir()));
    assert!(folder.file_name().unwrap().to_str().unwrap().starts_with("entrabulk-"));
    assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
    let held = std::sync::Arc::new(store);
    let last = std::sync::Arc::clone(&held);
    drop(held);
    last.keep().unwrap();
    drop(last);
    assert!(!folder.exists());
    other.keep().unwrap();
}

#[test]
#[cfg(unix)]
fn what_killed_processes_left_is_removed_by_the_next_and_the_living_keep_theirs() {
    let folder = folder();
    let decoy = folder.path().join("entrabulk-notes");
    fs::create_dir(&decoy).unwrap();
    fs::write(decoy.join("text"), "mine").unwrap();
    fs::create_dir(folder.path().join("entrabulk-empty")).unwrap();
    let (mut killed, left) = holder(folder.path());
    killed.kill().unwrap();
    killed.wait().unwrap();
    assert!(left.exists());
    let (mut living, kept) = holder(folder.path());
    assert!(!left.parent().unwrap().exists(), "the dead one's is still there");
    let (mut next, own) = holder(folder.path());
    assert!(kept.exists() && own.exists());
    for child in [&mut living, &mut next] {
        child.stdin.take().unwrap().write_all(b"\n").unwrap();
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(names(folder.path()), ["entrabulk-notes"]);
    assert!(decoy.join("text").exists());
}
