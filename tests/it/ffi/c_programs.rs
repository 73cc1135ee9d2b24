//! The programs of examples/c, compiled as C and as C++ with every warning an error, and run against a tenant
//! on loopback: plain, under valgrind, and with the address and undefined behaviour sanitizers.
//!
//! What a machine lacks is skipped by name; `ENTRABULK_REQUIRE=gcc,g++,valgrind,asan` turns a skip into a
//! failure.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use entrabulk::run::Builder;
use entrabulk::simulator::Settings;
use serde_json::{Value, json};

use super::polling;
use crate::support::at_root;
use crate::support::program::{events, has, library, text, told};
use crate::support::state::State;
use crate::support::tenant::Listening;

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
pub(crate) enum Manner {
    C11,
    Cpp17,
    Valgrind,
    Sanitizers,
}

/// Whether the machine has what `manner` needs; if not, that is said, or is a failure where required.
fn can(manner: Manner) -> bool {
    let (name, program) = match manner {
        Manner::C11 => ("gcc", "gcc"),
        Manner::Cpp17 => ("g++", "g++"),
        Manner::Valgrind => ("valgrind", "valgrind"),
        Manner::Sanitizers => ("asan", "gcc"),
    };
    let mut found = Command::new(program).arg("--version").output().is_ok();
    if found && manner == Manner::Sanitizers {
        // The compiler may come without the sanitizers' libraries.
        let probe = workshop(manner, "probe").join("probe.c");
        fs::write(&probe, "int main(void) { return 0; }").unwrap();
        let mut gcc = Command::new("gcc");
        gcc.args(SANITIZERS).arg(&probe).arg("-o").arg(probe.with_extension(""));
        found = gcc.output().unwrap().status.success();
    }
    has(name, found)
}

const SANITIZERS: [&str; 2] = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"];

/// Where programs are compiled, and run from.
fn workshop(manner: Manner, standard: &str) -> PathBuf {
    let name = format!("c/{manner:?} {standard}");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Compiles one program and gives its path.
pub(crate) fn compiled(source: &str, manner: Manner, standard: &str) -> PathBuf {
    let library = library().parent().unwrap().to_owned();
    let program = workshop(manner, standard).join(Path::new(source).file_stem().unwrap());
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
    assert!(output.status.success(), "{source} as {standard}: {}", text(&output.stderr));
    if manner == Manner::Sanitizers {
        let symbols = Command::new("nm").arg(&program).output().unwrap();
        assert!(text(&symbols.stdout).contains("__asan_init"), "the sanitizer is not in {source}");
    }
    program
}

/// The program, ready to run in its manner.
pub(crate) fn command(program: &Path, manner: Manner, state: &State) -> Command {
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
    state.cut_off(&mut command);
    command
}

/// Checks an exit code; a finding of valgrind or a sanitizer is another one.
#[track_caller]
fn exits(output: &Output, code: i32) {
    assert_eq!(output.status.code(), Some(code), "{}", told(output));
}

fn hello(manner: Manner, standard: &str, state: &State) {
    let program = compiled("examples/c/hello.c", manner, standard);
    let output = command(&program, manner, state).output().unwrap();
    exits(&output, 0);
    let body: Value = serde_json::from_str(&text(&output.stdout)).unwrap();
    assert_eq!(body["Operations"][0]["data"]["externalId"], "1222", "{body}");
}

fn build_payload(manner: Manner, standard: &str, state: &State) {
    let program = compiled("examples/c/build_payload.c", manner, standard);
    let source = state.write("workers \"1\".csv", SOURCE);
    let mapping = state.write("mapping.json", MAPPING);
    let run = || {
        let mut command = command(&program, manner, state);
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
    let summary: Value = serde_json::from_str(&text(&output.stderr)).unwrap();
    assert_eq!((&summary["rows"], &summary["rejected"]), (&4.into(), &1.into()), "{summary}");

    exits(&run().arg(state.folder()).output().unwrap(), 0);
    assert_eq!(fs::read(state.path("batch-00001.json")).unwrap(), &body[..]);

    fs::remove_file(&source).unwrap();
    let output = run().output().unwrap();
    exits(&output, 1);
    assert!(text(&output.stderr).contains("workers"), "{}", text(&output.stderr));
}

fn upload(manner: Manner, standard: &str, state: &State) {
    let program = compiled("examples/c/upload.c", manner, standard);
    let tenant = Listening::new(Settings::default(), 1);
    let source = state.write("workers.csv", SOURCE);
    let mapping: Value = serde_json::from_str(MAPPING).unwrap();
    let arguments = json!({
        "version": 1,
        "conversion": {"version": 1, "source": {"path": source}, "mapping": mapping},
    });
    let run = state.write("run.json", arguments.to_string());
    let config = state.unkept(tenant.configuration());
    let config = state.write("client.json", config.to_string());
    let run_with = |name: &str, secret: &str| {
        let mut command = command(&program, manner, state);
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
    let staged: Vec<String> = tenant.tenant().staged().into_keys().collect();
    assert_eq!(staged, ["1", "2", "4"]);

    let token = tenant.tenant().issue_token();
    exits(&run_with("ENTRABULK_ACCESS_TOKEN", &token), 14);

    // A state that knows nobody yet: there is something to send.
    let mut other = tenant.configuration();
    other["state"] = json!({"path": state.path("other.db")});
    state.write("client.json", other.to_string());
    let output = run_with("ENTRABULK_CLIENT_SECRET", "wrong~but.well-formed");
    exits(&output, 18);
    assert!(!(text(&output.stdout) + &text(&output.stderr)).contains("wrong~but.well-formed"));

    state.write("client.json", r#"{"version": 1}"#);
    let output = run_with("ENTRABULK_CLIENT_SECRET", &tenant.secret());
    exits(&output, 1);
    assert!(text(&output.stderr).contains("configuration is refused"), "{}", text(&output.stderr));
}

fn upload_cancel(manner: Manner, standard: &str, state: &State) {
    const RECORDS: usize = 1_000;
    let program = compiled("examples/c/upload_cancel.c", manner, standard);
    let tenant = Listening::new(Settings::default(), 1);
    let mut config = state.unkept(tenant.configuration());
    // However slow the machine, most of the 20 batches are still there when the first was accepted.
    config["limits"] = json!({"callsPer5s": 1});
    let path = state.write("client.json", config.to_string());
    let output = command(&program, manner, state)
        .arg(RECORDS.to_string())
        .env("ENTRABULK_CLIENT_SECRET", tenant.secret())
        .stdin(File::open(&path).unwrap())
        .output()
        .unwrap();
    exits(&output, 0);
    let (said, logged) = (text(&output.stdout), text(&output.stderr));
    let count = |what: &str| -> usize {
        let line = said.lines().find_map(|line| line.strip_prefix(&format!("{what}: ")));
        line.and_then(|count| count.parse().ok()).unwrap_or_else(|| panic!("{what}: {said}"))
    };
    assert_eq!(count("status"), 500, "{said}");
    assert_eq!(count("rows"), RECORDS);
    assert!(count("accepted") >= 50 && count("not sent") >= 500, "{said}");
    assert_eq!(count("accepted") + count("in doubt") + count("not sent"), RECORDS, "{said}");
    let staged = tenant.tenant().staged().len();
    assert!(
        (count("accepted")..=count("accepted") + count("in doubt")).contains(&staged),
        "{said}"
    );
    assert!(logged.contains("log 3: entrabulk::"), "{logged}");
    assert!(!logged.contains(&tenant.secret()), "a log record holds the secret");
}

/// A host that never takes an event.
fn poll(manner: Manner, standard: &str, state: &State) {
    let program = compiled("tests/c/poll.c", manner, standard);
    let tenant = Listening::new(Settings::default(), polling::SPEED);
    let mut config = state.unkept(tenant.configuration());
    config["limits"] = json!({"operations": 1});
    let (path, source) =
        (state.write("poll.json", config.to_string()), state.write("poll.csv", polling::source()));
    let run = json!({"version": 1, "conversion": {"version": 1, "source": {"path": source}}});
    let output = command(&program, manner, state)
        .arg(run.to_string())
        .env("ENTRABULK_CLIENT_SECRET", tenant.secret())
        .stdin(File::open(&path).unwrap())
        .output()
        .unwrap();
    exits(&output, 14);
    let said: Value = serde_json::from_str(&text(&output.stdout)).unwrap();
    let counts = ["status", "accepted", "rejected", "notSent", "calls"].map(|key| &said[key]);
    assert_eq!(counts, [205, polling::USERS, polling::REJECTED, 0, polling::USERS], "{said}");
    assert!(said["dropped"].as_u64().unwrap() > polling::REJECTED - 2_000, "{said}");
    assert_eq!(tenant.tenant().staged().len() as u64, polling::USERS);
}

fn all(manner: Manner, standard: &str) {
    if !can(manner) {
        return;
    }
    let state = &State::new();
    let header = compiled("tests/c/header.c", manner, standard);
    exits(&command(&header, manner, state).output().unwrap(), 0);
    hello(manner, standard, state);
    build_payload(manner, standard, state);
    upload(manner, standard, state);
    upload_cancel(manner, standard, state);
    // Hundreds of calls take valgrind minutes; the sanitizers look at the same.
    if matches!(manner, Manner::C11 | Manner::Sanitizers) {
        poll(manner, standard, state);
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
    let state = &State::new();
    for (manner, standard) in [(Manner::C11, "c99"), (Manner::Cpp17, "c++11")] {
        if can(manner) {
            let program = compiled("tests/c/header.c", manner, standard);
            exits(&command(&program, manner, state).output().unwrap(), 0);
        }
    }
}
