//! The checker checked: each rule broken in every way that a path can be written.

use std::collections::BTreeMap;

use super::circles::circles;
use super::resolve::House;
use super::rules::{APART, ROOMS, breaches};

/// A house of empty rooms with these files in it.
fn house(files: &[(&str, &str)]) -> House {
    let rooms = || ROOMS.iter().filter(|room| !["cli", "main"].contains(room)).chain([&APART]);
    let root = rooms().map(|room| format!("pub mod {room};")).collect();
    let mut all: BTreeMap<String, String> =
        rooms().map(|room| (format!("{room}.rs"), String::new())).collect();
    all.insert("lib.rs".into(), root);
    all.insert("main.rs".into(), "mod cli;".into());
    all.insert("cli.rs".into(), String::new());
    all.extend(files.iter().map(|(file, text)| ((*file).to_owned(), (*text).to_owned())));
    House::read(&|file| all.get(file).cloned())
}

/// By what `text` as a file of the house breaks a rule.
fn broken(file: &str, text: &str) -> Vec<String> {
    let house = house(&[(file, text)]);
    breaches(&house).into_iter().map(|(rule, _, what)| format!("{rule}: {what}")).collect()
}

#[track_caller]
fn breaks(file: &str, rule: &str, what: &str, texts: &[&str]) {
    for text in texts {
        let broken = broken(file, text);
        assert!(broken.contains(&format!("{rule}: {what}")), "{file}: {text}: {broken:?}");
    }
}

#[track_caller]
fn keeps(file: &str, texts: &[&str]) {
    for text in texts {
        assert_eq!(broken(file, text), [""; 0], "{file}: {text}");
    }
}

#[test]
fn a_room_above_is_seen_however_it_is_named() {
    let texts = [
        "use crate::run::Run;",
        "use crate::run;",
        "use crate::run as other;",
        "use crate::run::*;",
        "use crate::{error::Error, run::{self, Run}};",
        "use super::run::Run;",
        "use super::{run as r};",
        "use crate as house; fn f() { house::run::start() }",
        "use crate::*; fn f() { run::start() }",
        "pub(crate) use crate::run::Run;",
        "fn f() { use crate::run::Run; }",
        "fn f() { crate::run::start() }",
        "fn f() -> crate::run::Run { todo!() }",
        "fn f(x: &dyn Fn(super::run::Run)) {}",
        "fn f<T: Into<crate::run::Run>>() {}",
        "impl crate::run::Work for X {}",
        "struct X { x: Option<Vec<crate::run::Run>> }",
        "fn f(x: E) { match x { crate::run::E::A => {} } }",
        "fn f() { <crate::run::Run as Default>::default() }",
        "fn f() { println!(\"{}\", crate::run::LONG) }",
        "fn f() { vec![a, b(super::run::c())] }",
        "macro_rules! m { ($x:expr) => { $crate::run::start($x) }; }",
        "macro_rules! m { () => { use crate::{error, run}; }; }",
        "#[derive(crate::run::Work)] struct X;",
        "#[crate::run::work] fn f() {}",
        "mod inner { use super::super::run; }",
        "mod inner { fn f() { crate::run::start() } }",
        "#[cfg(not(test))] use crate::run;",
        "#[cfg(any(test, unix))] use crate::run;",
    ];
    breaks("plan.rs", "no room above", "run", &texts);
    keeps("plan.rs", &["use crate::store::Plan;", "use crate::plan::x;", "use self::x as run;"]);
    keeps("run.rs", &texts);
}

#[test]
fn a_room_above_is_seen_through_another_rooms_name_for_it() {
    let above = ("error.rs", "pub use crate::run::Run; pub mod given { pub use crate::run::*; }");
    for text in ["use crate::error::Run;", "fn f() { crate::error::given::start() }"] {
        let run = ("run.rs", "pub struct Run; pub fn start() {}");
        let house = house(&[above, run, ("plan.rs", text)]);
        assert!(breaches(&house).contains(&("no room above", "plan.rs", "run")), "{text}");
    }
}

#[test]
fn the_outside_is_seen_through_another_rooms_name_for_it() {
    let room = (
        "store.rs",
        "pub use std::fs::File; pub use std::fs as disk; pub mod io { pub use std::*; }",
    );
    for text in [
        "use crate::store::File;",
        "fn f() { crate::store::disk::read(x) }",
        "fn f() { super::store::io::fs::read(x) }",
        "use crate::store::*; fn f(file: File) {}",
    ] {
        let house = house(&[room, ("plan.rs", text)]);
        let breach = ("no I/O of one's own", "plan.rs", "std::fs");
        assert!(breaches(&house).contains(&breach), "{text}");
    }
}

#[test]
fn code_for_tests_is_free() {
    keeps(
        "plan.rs",
        &[
            "#[cfg(test)] use crate::run;",
            "#[cfg(all(test, unix))] mod tests { use crate::run; use std::fs; }",
            "#[cfg(test)] mod tests;",
            "impl X { #[cfg(test)] fn f() { crate::run::start() } }",
            "fn f() { #[cfg(test)] let x = std::fs::read(y); }",
            "#[cfg(test)] fn f() { unsafe { g() } }",
        ],
    );
}

#[test]
fn http_stays_with_the_graph() {
    let texts = [
        "use reqwest::Url;",
        "use reqwest as r;",
        "fn f() { reqwest::Url::parse(x) }",
        "fn f() { assert_eq!(x, hyper::StatusCode::OK) }",
        "use http::*;",
    ];
    for (text, what) in texts.iter().zip(["reqwest", "reqwest", "reqwest", "hyper", "http"]) {
        breaks("run.rs", "HTTP is the graph's", what, &[text]);
    }
    keeps("graph.rs", &texts);
    keeps("simulator.rs", &texts);
    keeps("run.rs", &["fn f(http: u8) -> u8 { http }", "struct X { hyper: u8 }"]);
}

#[test]
fn sql_stays_with_the_store() {
    let texts = ["use rusqlite::{self as sql, params};", "fn f(x: &rusqlite::Connection) {}"];
    breaks("run.rs", "SQL is the store's", "rusqlite", &texts);
    keeps("store.rs", &texts);
}

#[test]
fn the_clock_is_read_and_slept_by_in_one_room() {
    let instant = [
        "use std::time::Instant;",
        "use std::time::{Duration, Instant as Now};",
        "use std::time; fn f() { time::Instant::now() }",
        "use std::time::*; fn f() { Instant::now() }",
        "use std as s; fn f() { s::time::Instant::now() }",
        "fn f() { <std::time::Instant>::now() }",
        "fn f() { dbg!(std::time::Instant::now()) }",
    ];
    let others = [
        ("std::time::SystemTime", "fn f() { std::time::SystemTime::now() }"),
        ("std::thread::sleep", "use std::thread; fn f() { thread::sleep(x) }"),
        ("tokio::time", "async fn f() { tokio::time::sleep(x).await }"),
        ("tokio::time", "use tokio::time::sleep_until;"),
        (
            "OffsetDateTime::now_utc",
            "use time::OffsetDateTime; fn f() { OffsetDateTime::now_utc() }",
        ),
        ("OffsetDateTime::now_utc", "fn f() { azure_core::time::OffsetDateTime::now_utc() }"),
        ("fastrand", "fn f() { fastrand::u64(..) }"),
        ("uuid::Uuid::new_v4", "use uuid::Uuid; fn f() { Uuid::new_v4() }"),
    ];
    breaks("graph.rs", "the clock is handed in", "std::time::Instant", &instant);
    for (what, text) in others {
        breaks("graph.rs", "the clock is handed in", what, &[text]);
    }
    keeps("time.rs", &instant);
    keeps("graph.rs", &["use std::time::Duration;", "use time::OffsetDateTime;"]);
}

#[test]
fn some_rooms_do_no_input_or_output() {
    for room in ["source.rs", "scim.rs", "mapping.rs", "lint.rs", "plan.rs", "report.rs"] {
        let texts = [
            "use std::fs::File;",
            "use std::{fmt, fs as files};",
            "fn f() { std::fs::read(x) }",
            "use std::*; fn f() { fs::read(x) }",
        ];
        breaks(room, "no I/O of one's own", "std::fs", &texts);
        breaks(room, "no I/O of one's own", "tokio", &["async fn f() { tokio::select! {} }"]);
        breaks(room, "no I/O of one's own", "rusqlite", &["use rusqlite::Row;"]);
        breaks(room, "no I/O of one's own", "reqwest", &["type X = reqwest::Url;"]);
        keeps(room, &["use std::io::{Read, Write};"]);
    }
    keeps("convert.rs", &["use std::fs::File;"]);
}

#[test]
fn unsafe_is_seen_wherever_it_may_stand() {
    let texts = [
        "fn f() { unsafe { g() } }",
        "unsafe fn f() {}",
        "unsafe impl Send for X {}",
        "unsafe trait X {}",
        "unsafe extern \"C\" { fn f(); }",
        "fn f() { vec![unsafe { g() }] }",
        "struct X; impl X { unsafe fn f() {} }",
        "#[unsafe(no_mangle)] fn f() {}",
    ];
    breaks("time.rs", "unsafe is at the border", "unsafe", &texts);
    keeps("ffi.rs", &texts);
}

#[test]
fn the_simulator_has_only_the_time_in_common_with_the_library() {
    let rule = "the simulator stands apart";
    breaks("run.rs", rule, APART, &["use crate::simulator::Tenant;"]);
    breaks("error.rs", rule, APART, &["fn f() { crate::simulator::start() }"]);
    breaks("simulator.rs", rule, "graph", &["use crate::graph;"]);
    breaks("simulator.rs", rule, "scim", &["fn f() -> crate::scim::User { x }"]);
    keeps("simulator.rs", &["use crate::time::Clock;"]);
    keeps("cli.rs", &["use entrabulk::simulator::Tenant;"]);
}

#[test]
fn circles_are_found_and_signposts_are_none() {
    let found = |files: &[(&str, &str)]| {
        circles(&house(files)).iter().map(|it| it.join(" ")).collect::<Vec<_>>()
    };
    let none: [&str; 0] = [];
    assert_eq!(found(&[("plan.rs", "use crate::store::X;"), ("store.rs", "")]), none);
    let two = [("plan.rs", "use crate::store::X;"), ("store.rs", "fn f() { crate::plan::g() }")];
    assert_eq!(found(&two), ["plan.rs store.rs"]);
    let three = [
        ("plan.rs", "use super::store;"),
        ("store.rs", "use super::run;"),
        ("run.rs", "use super::plan::*;"),
    ];
    assert_eq!(found(&three), ["plan.rs run.rs store.rs"]);
    let tests =
        [("plan.rs", "#[cfg(test)] use crate::store::X;"), ("store.rs", "use crate::plan;")];
    assert_eq!(found(&tests), none);
    // The room gives out what its parts hold; a part that asks the room for it asks the other part.
    let room = |a: &'static str| {
        [
            ("plan.rs", "mod a; mod b; pub use a::A; pub use b::B;"),
            ("plan/a.rs", a),
            ("plan/b.rs", "pub struct B; use super::A;"),
        ]
    };
    assert_eq!(found(&room("pub struct A;")), none);
    assert_eq!(found(&room("pub struct A; use super::B;")), ["plan/a.rs plan/b.rs"]);
}
