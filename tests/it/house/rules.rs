//! What no room does.

use std::collections::BTreeSet;

use super::resolve::{House, Place};

/// A broken rule, the file that breaks it, and by what.
pub(super) type Breach<'a> = (&'a str, &'a str, &'a str);

/// Each room may import the rooms before it.
pub(super) const ROOMS: [&str; 25] = [
    "error",
    "finding",
    "sentences",
    "document",
    "time",
    "scratch",
    "crash",
    "runtime",
    "log",
    "scim",
    "source",
    "mapping",
    "lint",
    "convert",
    "store",
    "graph",
    "plan",
    "report",
    "client",
    "run",
    "outcome",
    "operation",
    "ffi",
    "cli",
    "main",
];

/// The room that has only the time in common with the library.
pub(super) const APART: &str = "simulator";

/// What is for some rooms alone: the rule, the paths, the rooms.
const RESERVED: [(&str, &[&str], &[&str]); 4] = [
    (
        "HTTP is the graph's",
        &[
            "azure_core",
            "azure_identity",
            "http",
            "http_body",
            "http_body_util",
            "hyper",
            "hyper_util",
            "reqwest",
        ],
        &["graph", APART],
    ),
    ("SQL is the store's", &["libsqlite3_sys", "rusqlite"], &["store"]),
    (
        "the clock is handed in",
        &[
            "OffsetDateTime::now_local",
            "OffsetDateTime::now_utc",
            "UtcDateTime::now",
            "fastrand",
            "getrandom",
            "libc::clock_gettime",
            "libc::nanosleep",
            "rand",
            "rustix::time",
            "std::thread::sleep",
            "std::time::Instant",
            "std::time::SystemTime",
            "tokio::time",
            "uuid::Uuid::new_v4",
            "uuid::Uuid::now_v7",
        ],
        &["time"],
    ),
    ("unsafe is at the border", &["unsafe"], &["ffi"]),
];

/// What the rooms between reader and writer do without.
const PURE: [&str; 6] = ["source", "scim", "mapping", "lint", "plan", "report"];
const IO: [&str; 6] = ["reqwest", "rusqlite", "std::fs", "std::net", "tempfile", "tokio"];

/// Every rule that is broken, and where.
pub(super) fn breaches(house: &House) -> BTreeSet<Breach<'_>> {
    let mut breaches = BTreeSet::new();
    for step in house.steps() {
        let (file, Some(from)) = (house.file(&step.from), house.room(&step.from)) else { continue };
        match &step.to {
            Place::Inside(module) => {
                let Some(to) = house.room(module).filter(|to| *to != from) else { continue };
                if from == APART && to != "time" || to == APART && !["cli", "main"].contains(&from)
                {
                    breaches.insert(("the simulator stands apart", file, to));
                }
                let place = |room| ROOMS.iter().position(|one| *one == room);
                if let (Some(from), Some(to_place)) = (place(from), place(to))
                    && to_place > from
                {
                    breaches.insert(("no room above", file, to));
                }
            }
            Place::Outside(path) => {
                for (rule, paths, rooms) in RESERVED {
                    let broken = paths.iter().filter(|_| !rooms.contains(&from));
                    breaches
                        .extend(broken.filter(|it| leads(path, it)).map(|it| (rule, file, *it)));
                }
                let broken = IO.iter().filter(|it| PURE.contains(&from) && leads(path, it));
                breaches.extend(broken.map(|it| ("no I/O of one's own", file, *it)));
            }
        }
    }
    breaches
}

/// Whether a path leads to, or through, what is named; a type by its own name, whoever gives it out.
fn leads(path: &[String], named: &str) -> bool {
    let named: Vec<&str> = named.split("::").collect();
    let anywhere = named[0].starts_with(char::is_uppercase);
    let starts = if anywhere { path.len() } else { 1 };
    (0..starts).any(|at| path.len() >= at + named.len() && path[at..at + named.len()] == named[..])
}
