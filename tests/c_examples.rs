//! The programs of examples/c, compiled as C and as C++ with every warning an error, and run against a tenant
//! on loopback: plain, under valgrind, and with the address and undefined behaviour sanitizers.
//!
//! What a machine lacks is skipped by name; `ENTRABULK_REQUIRE=gcc,g++,valgrind,asan` turns a skip into a
//! failure.
#![cfg(all(unix, feature = "simulator"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by them")]
#![allow(clippy::print_stderr, reason = "a skipped test says so")]

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;

use entrabulk::run::Builder;
use entrabulk::simulator::{RunningSimulator, Settings, Simulator};
use entrabulk::time::{Random, TokioClock};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

const SOURCE: &str = "\
WorkerId,Email,First,Last,Active
1,ada@example.com,Ada,Lovelace,true
2,grace@example.com,\"Grace \"\"Amazing\"\"\",Hopper,true
3,zuse@example.com,Konrad,Zuse,perhaps
4,takayama@example.com,高山,花子,false
";

const MAPPING: &str = r#"{
  "externalId": "WorkerId", "userName": "Email", "active": "Active",
  "name": {"givenName": "First", "familyName": "Last"}
}"#;

/// How a program is compiled and run.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Manner {
    C11,
    Cpp17,
    Valgrind,
    Sanitizers,
}

fn at_root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Whether the machine has what `manner` needs; if not, that is said, or is a failure where required.
fn has(manner: Manner) -> bool {
    let (name, program) = match manner {
        Manner::C11 => ("gcc", "gcc"),
        Manner::Cpp17 => ("g++", "g++"),
        Manner::Valgrind => ("valgrind", "valgrind"),
        Manner::Sanitizers => ("asan", "gcc"),
    };
    let mut found = Command::new(program).arg("--version").output().is_ok();
    if found && manner == Manner::Sanitizers {
        // The compiler may come without the sanitizers' libraries.
        let probe = scratch("probe").join("probe.c");
        fs::write(&probe, "int main(void) { return 0; }").unwrap();
        let mut gcc = Command::new("gcc");
        gcc.args(SANITIZERS).arg(&probe).arg("-o").arg(probe.with_extension(""));
        found = gcc.output().unwrap().status.success();
    }
    let required = std::env::var("ENTRABULK_REQUIRE").unwrap_or_default();
    assert!(found || !required.split(',').any(|it| it == name), "{name} is required and missing");
    if !found {
        eprintln!("skipped: {name} is missing");
    }
    found
}

const SANITIZERS: [&str; 2] = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"];

/// An empty folder of this name.
fn scratch(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("c").join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Compiles one program and gives its path.
fn compiled(source: &str, manner: Manner, standard: &str, folder: &Path) -> PathBuf {
    // Cargo puts the library of a test run among the dependencies.
    let library = std::env::current_exe().unwrap().parent().unwrap().to_owned();
    let program = folder.join(Path::new(source).file_stem().unwrap());
    let mut compiler = Command::new(if manner == Manner::Cpp17 { "g++" } else { "gcc" });
    if manner == Manner::Cpp17 {
        compiler.args(["-x", "c++"]);
    }
    if manner == Manner::Sanitizers {
        compiler.args(SANITIZERS);
    }
    compiler
        .arg(format!("-std={standard}"))
        .args(["-g", "-O1", "-Wall", "-Wextra", "-pedantic", "-Werror"])
        .arg("-I")
        .arg(at_root("include"))
        .arg(at_root(source))
        .arg("-o")
        .arg(&program)
        .arg("-L")
        .arg(&library)
        .arg(format!("-Wl,-rpath,{}", library.display()))
        .arg("-lentrabulk");
    let output = compiler.output().unwrap();
    assert!(output.status.success(), "{source} as {standard}: {}", err(&output));
    if manner == Manner::Sanitizers {
        let symbols = Command::new("nm").arg(&program).output().unwrap();
        assert!(out(&symbols).contains("__asan_init"), "the sanitizer is not in {source}");
    }
    program
}

/// The program, ready to run in its manner.
fn command(program: &Path, manner: Manner) -> Command {
    let mut command = if manner == Manner::Valgrind {
        let mut valgrind = Command::new("valgrind");
        valgrind
            .args(["--quiet", "--error-exitcode=99", "--leak-check=full"])
            .args(["--show-leak-kinds=definite,indirect"])
            .args(["--errors-for-leak-kinds=definite,indirect"])
            .arg(program);
        valgrind
    } else {
        Command::new(program)
    };
    // Cargo names folders there in which an older build of the library may lie.
    command.env_remove("LD_LIBRARY_PATH").env_remove("DYLD_FALLBACK_LIBRARY_PATH");
    command
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Checks an exit code; a finding of valgrind or a sanitizer is another one.
#[track_caller]
fn exits(output: &Output, code: i32) {
    assert_eq!(output.status.code(), Some(code), "{}\n{}", out(output), err(output));
}

/// A tenant, and the configuration of a client for it, with its state in a folder.
struct Tenant {
    simulator: RunningSimulator,
    _runtime: Runtime,
}

impl Tenant {
    fn start() -> Tenant {
        Tenant::at_speed(1)
    }

    /// One whose time passes so many times as fast.
    fn at_speed(speed: u32) -> Tenant {
        let runtime = Runtime::new().unwrap();
        let inside = runtime.enter();
        let clock = Arc::new(TokioClock::with_speed(speed));
        let simulator = Simulator::start(Settings::default(), clock, Random::seeded(7)).unwrap();
        drop(inside);
        Tenant { simulator, _runtime: runtime }
    }

    fn config(&self, folder: &Path) -> Value {
        let it = self.simulator.describe();
        json!({
            "version": 1,
            "simulator": it["url"],
            "tenantId": it["tenantId"],
            "clientId": it["clientId"],
            "servicePrincipalId": it["servicePrincipalId"],
            "jobId": it["jobId"],
            "state": {"path": folder.join("state.db")},
        })
    }

    fn secret(&self) -> String {
        self.simulator.describe()["clientSecret"].as_str().unwrap().to_owned()
    }

    fn staged(&self) -> BTreeSet<String> {
        self.simulator.tenant().staged().into_keys().collect()
    }
}

/// The events that upload.c prints.
fn events(output: &Output) -> Vec<Value> {
    out(output).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn hello(manner: Manner, standard: &str, folder: &Path) {
    let program = compiled("examples/c/hello.c", manner, standard, folder);
    let output = command(&program, manner).output().unwrap();
    exits(&output, 0);
    let body: Value = serde_json::from_str(&out(&output)).unwrap();
    assert_eq!(body["Operations"][0]["data"]["externalId"], "1222", "{body}");
}

fn build_payload(manner: Manner, standard: &str, folder: &Path) {
    let program = compiled("examples/c/build_payload.c", manner, standard, folder);
    let (source, mapping) = (folder.join("workers \"1\".csv"), folder.join("mapping.json"));
    fs::write(&source, SOURCE).unwrap();
    fs::write(&mapping, MAPPING).unwrap();
    let run = || {
        let mut command = command(&program, manner);
        command.arg(&source).arg(&mapping);
        command
    };

    let conversion = json!({"version": 1, "source": {"path": source}, "mappingPath": mapping});
    let mut builder = Builder::new(conversion.to_string().as_bytes()).unwrap();
    builder.finish().unwrap();
    let body = builder.next_body().unwrap().unwrap();
    assert!(builder.next_body().unwrap().is_none());

    let output = run().output().unwrap();
    exits(&output, 0);
    assert_eq!(output.stdout, [&body[..], b"\n"].concat());
    let summary: Value = serde_json::from_str(&err(&output)).unwrap();
    assert_eq!((&summary["rows"], &summary["rejected"]), (&4.into(), &1.into()), "{summary}");

    exits(&run().arg(folder).output().unwrap(), 0);
    assert_eq!(fs::read(folder.join("batch-00001.json")).unwrap(), &body[..]);

    fs::remove_file(&source).unwrap();
    let output = run().output().unwrap();
    exits(&output, 1);
    assert!(err(&output).contains("workers"), "{}", err(&output));
}

fn upload(manner: Manner, standard: &str, folder: &Path) {
    let program = compiled("examples/c/upload.c", manner, standard, folder);
    let tenant = Tenant::start();
    let (source, config, run) =
        (folder.join("workers.csv"), folder.join("client.json"), folder.join("run.json"));
    let mapping: Value = serde_json::from_str(MAPPING).unwrap();
    let arguments = json!({
        "version": 1,
        "conversion": {"version": 1, "source": {"path": source}, "mapping": mapping},
    });
    fs::write(&source, SOURCE).unwrap();
    fs::write(&config, tenant.config(folder).to_string()).unwrap();
    fs::write(&run, arguments.to_string()).unwrap();
    let run_with = |name: &str, secret: &str| {
        let mut command = command(&program, manner);
        command.arg(&config).arg(&run).env(name, secret).output().unwrap()
    };

    let output = run_with("ENTRABULK_CLIENT_SECRET", &tenant.secret());
    exits(&output, 14);
    let events = events(&output);
    let finished = events.last().unwrap();
    assert_eq!(
        (&finished["accepted"], &finished["rejected"]),
        (&3.into(), &1.into()),
        "{finished}"
    );
    assert_eq!(tenant.staged(), ["1", "2", "4"].map(str::to_owned).into());

    let token = tenant.simulator.tenant().issue_token();
    exits(&run_with("ENTRABULK_ACCESS_TOKEN", &token), 14);

    // A state that knows nobody yet: there is something to send.
    let mut other = tenant.config(folder);
    other["state"] = json!({"path": folder.join("other.db")});
    fs::write(&config, other.to_string()).unwrap();
    let output = run_with("ENTRABULK_CLIENT_SECRET", "wrong~but.well-formed");
    exits(&output, 18);
    assert!(!(out(&output) + &err(&output)).contains("wrong~but.well-formed"));

    fs::write(&config, r#"{"version": 1}"#).unwrap();
    let output = run_with("ENTRABULK_CLIENT_SECRET", &tenant.secret());
    exits(&output, 1);
    assert!(err(&output).contains("configuration is refused"), "{}", err(&output));
}

fn upload_cancel(manner: Manner, standard: &str, folder: &Path) {
    const RECORDS: usize = 1_000;
    let program = compiled("examples/c/upload_cancel.c", manner, standard, folder);
    let tenant = Tenant::start();
    let (path, mut config) = (folder.join("client.json"), tenant.config(folder));
    // However slow the machine, most of the 20 batches are still there when the first was accepted.
    config["limits"] = json!({"callsPer5s": 1});
    fs::write(&path, config.to_string()).unwrap();
    let output = command(&program, manner)
        .arg(RECORDS.to_string())
        .env("ENTRABULK_CLIENT_SECRET", tenant.secret())
        .stdin(File::open(&path).unwrap())
        .output()
        .unwrap();
    exits(&output, 0);
    let text = out(&output);
    let count = |what: &str| -> usize {
        let line = text.lines().find_map(|line| line.strip_prefix(&format!("{what}: ")));
        line.and_then(|count| count.parse().ok()).unwrap_or_else(|| panic!("{what}: {text}"))
    };
    assert_eq!(count("status"), 500, "{text}");
    assert_eq!(count("rows"), RECORDS);
    assert!(count("accepted") >= 50 && count("not sent") >= 500, "{text}");
    assert_eq!(count("accepted") + count("in doubt") + count("not sent"), RECORDS, "{text}");
    let staged = tenant.staged().len();
    assert!(
        (count("accepted")..=count("accepted") + count("in doubt")).contains(&staged),
        "{text}"
    );
    assert!(err(&output).contains("log 3: entrabulk::"), "{}", err(&output));
    assert!(!err(&output).contains(&tenant.secret()), "a log record holds the secret");
}

/// A host that never takes an event, over more rejected records than the queue holds and hundreds of batches.
fn poll(manner: Manner, standard: &str, folder: &Path) {
    const SPEED: u32 = 50;
    let program = compiled("tests/c/poll.c", manner, standard, folder);
    let tenant = Tenant::at_speed(SPEED);
    let (path, source) = (folder.join("poll.json"), folder.join("poll.csv"));
    let mut config = tenant.config(folder);
    config["clockSpeed"] = SPEED.into();
    config["limits"] = json!({"operations": 1});
    config["state"] = json!({"path": folder.join("poll.db")});
    fs::write(&path, config.to_string()).unwrap();
    let rejected = (0..20_000).map(|row| format!(",nobody{row}@example.com,Nobody,true\n"));
    let users = (0..500).map(|row| format!("{row},user{row}@example.com,User,true\n"));
    let header = "externalId,userName,displayName,active\n".to_owned();
    let text: String = std::iter::once(header).chain(rejected).chain(users).collect();
    fs::write(&source, text).unwrap();
    let run = json!({"version": 1, "conversion": {"version": 1, "source": {"path": source}}});
    let output = command(&program, manner)
        .arg(run.to_string())
        .env("ENTRABULK_CLIENT_SECRET", tenant.secret())
        .stdin(File::open(&path).unwrap())
        .output()
        .unwrap();
    exits(&output, 14);
    let said: Value = serde_json::from_str(&out(&output)).unwrap();
    let counts = ["status", "accepted", "rejected", "notSent", "calls"].map(|key| &said[key]);
    assert_eq!(counts, [205, 500, 20_000, 0, 500], "{said}");
    assert!(said["dropped"].as_u64().unwrap() > 18_000, "{said}");
    assert_eq!(tenant.staged().len(), 500);
}

fn all(manner: Manner, standard: &str) {
    if !has(manner) {
        return;
    }
    let folder = scratch(&format!("{manner:?}"));
    let header = compiled("tests/c/header.c", manner, standard, &folder);
    exits(&command(&header, manner).output().unwrap(), 0);
    hello(manner, standard, &folder);
    build_payload(manner, standard, &folder);
    upload(manner, standard, &folder);
    upload_cancel(manner, standard, &folder);
    // Hundreds of calls take valgrind minutes; the sanitizers look at the same.
    if matches!(manner, Manner::C11 | Manner::Sanitizers) {
        poll(manner, standard, &folder);
    }
}

#[test]
fn as_c11() {
    all(Manner::C11, "c11");
}

#[test]
fn as_cpp17() {
    all(Manner::Cpp17, "c++17");
}

#[test]
fn under_valgrind() {
    all(Manner::Valgrind, "c11");
}

#[test]
fn with_sanitizers() {
    all(Manner::Sanitizers, "c11");
}

#[test]
fn the_header_is_c99_and_cpp11_too() {
    let folder = scratch("standards");
    for (manner, standard) in [(Manner::C11, "c99"), (Manner::Cpp17, "c++11")] {
        if has(manner) {
            let program = compiled("tests/c/header.c", manner, standard, &folder);
            exits(&command(&program, manner).output().unwrap(), 0);
        }
    }
}
