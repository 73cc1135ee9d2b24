//! Every key that something reads stands in the documentation of it. What is read is not written down
//! here: the readers are asked, by a key that none of them knows.

use std::collections::BTreeSet;

use entrabulk::client::ClientConfig;
use entrabulk::convert::Conversion;
use entrabulk::error::Error;
use entrabulk::operation;
use entrabulk::plan::{PlanArguments, PlanSettings};
use entrabulk::run::RunArguments;
use entrabulk::simulator::{FaultRule, Settings};
use serde_json::{Value, json};

use super::{cells, section};
use crate::support::read;
use crate::support::tenant::Bench;

const UNKNOWN: &str = "?";

/// A reader, and what it has against a document.
type Reader<'r> = &'r dyn Fn(&[u8]) -> Option<Error>;

/// The paths of all keys that a reader takes, below `path`.
fn keys(read: Reader<'_>, path: &[String]) -> BTreeSet<String> {
    let mut document = json!({UNKNOWN: 0});
    for key in path.iter().rev() {
        document = json!({key.as_str(): document});
    }
    document["version"] = 1.into();
    let unknown = [path, &[UNKNOWN.to_owned()]].concat().join(".");
    let problems = read(document.to_string().as_bytes()).map(|error| error.problems);
    let refusal = problems.into_iter().flatten().find(|problem| problem.path == unknown);
    let Some(refusal) = refusal else { return BTreeSet::new() };
    let known = refusal.message.split_once("known here are ").expect("a list of what is known").1;
    let below = known.split(", ").flat_map(|key| {
        let path = [path, &[key.to_owned()]].concat();
        let mut keys = keys(read, &path);
        keys.insert(path.join("."));
        keys
    });
    below.collect()
}

fn documented(text: &str, key: &str) -> bool {
    let name = key.rsplit('.').next().unwrap_or(key);
    let forms = [format!("\"{name}\""), format!("`{name}`"), format!(".{name}`")];
    forms.iter().any(|form| text.contains(form))
}

#[test]
fn every_key_of_a_document_is_documented() {
    let page = read("docs/documents.md");
    let plan = |json: &[u8]| PlanArguments::parse(json).err();
    let readers: [(&str, Reader<'_>, &[&str]); 5] = [
        ("Client configuration", &|json| ClientConfig::parse(json).err(), &["limits.callsPer5s"]),
        ("Conversion", &|json| Conversion::parse(json).err(), &["source.path", "limits.bytes"]),
        ("Plan", &plan, &["settings.brakes.removals.day.percent", "settings.guards.manifest.rows"]),
        ("Run", &|json| RunArguments::parse(json).err(), &["wait", "planOnly", "plan", "resume"]),
        ("Operations", &|json| PlanSettings::parse_undo(json).err(), &["run", "settings.full"]),
    ];
    let mut missing = Vec::new();
    for (heading, read, some) in readers {
        let keys = keys(read, &[]);
        assert!(some.iter().all(|key| keys.contains(*key)), "{heading}: {keys:?}");
        for key in keys {
            // What another document is part of is told where that one is.
            let part = |name: &str| heading != "Plan" && key.starts_with(name);
            let here = !key.starts_with("conversion.") && !part("settings.");
            if here && !documented(section(&page, heading), &key) {
                missing.push(format!("{heading}: {key}"));
            }
        }
    }
    assert!(missing.is_empty(), "not in docs/documents.md: {missing:#?}");
}

/// What serde would have liked better than a key it does not know.
fn wanted(refusal: &str) -> Vec<&str> {
    let Some((_, wanted)) = refusal.split_once("unknown field `?`, expected ") else {
        return Vec::new();
    };
    wanted.split('`').skip(1).step_by(2).collect()
}

#[test]
fn every_argument_of_an_operation_is_documented() {
    let page = read("docs/documents.md");
    let bench = Bench::kept(Settings::default(), 1, |_| ());
    let listed = operation::call(None, "operations", b"{}").unwrap();
    let listed: Vec<Value> = serde_json::from_slice(&listed).unwrap();
    let mut asked = BTreeSet::new();
    for name in listed.iter().map(|row| row["name"].as_str().unwrap()) {
        let row = page.lines().find(|line| line.starts_with(&format!("| `{name}` |")));
        let answer = operation::call(Some(&bench.client), name, br#"{"?": 0}"#);
        for key in wanted(&answer.err().map(|error| error.message).unwrap_or_default()) {
            assert!(documented(row.unwrap(), key), "{name}: {key} is not in docs/documents.md");
            asked.insert(name);
        }
    }
    assert!(asked.contains("plan.preview") && asked.len() > 6, "{asked:?}");
}

#[test]
fn every_key_of_a_fault_is_documented_and_no_other() {
    let page = read("docs/simulator.md");
    let refusal = serde_json::from_value::<FaultRule>(json!({"?": 0})).unwrap_err().to_string();
    let rule: BTreeSet<&str> = wanted(&refusal).into_iter().collect();
    assert_eq!(rule, cells(section(&page, "Faults"), "| key |"));
}
