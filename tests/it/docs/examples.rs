//! Every JSON example of the documentation goes through what reads it, or is as what writes it writes it.

use std::collections::BTreeSet;

use entrabulk::client::ClientConfig;
use entrabulk::convert::Conversion;
use entrabulk::error::Error;
use entrabulk::mapping::{Mapping, MappingOptions};
use entrabulk::operation;
use entrabulk::plan::PlanArguments;
use entrabulk::run::{Run, RunArguments};
use entrabulk::simulator::{FaultRule, Settings};
use serde_json::{Map, Value, json};

use super::section;
use crate::support::read;
use crate::support::state::State;
use crate::support::tenant::{Bench, virtually, watch};
use crate::support::users::csv;

/// What may stand after "```json".
const KINDS: &str = "configuration, conversion, plan arguments, mapping, faults, check summary, plan, run, \
                     summary";

/// An example, what it is an example of, and where it is.
struct Example {
    kind: String,
    json: Value,
    place: String,
}

/// The examples of a page. What one is stands after its ```` ```json ````; on the pages about one thing it is
/// that.
fn examples(path: &str) -> Vec<Example> {
    let page = read(path);
    let default = match path {
        "docs/mapping.md" | "docs/expressions.md" | "README.md" => "mapping",
        "docs/simulator.md" => "faults",
        _ => "",
    };
    let mut found = Vec::new();
    let mut lines = page.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        let Some(kind) = line.strip_prefix("```json") else { continue };
        let place = format!("{path}:{}", number + 1);
        let json = lines.by_ref().map(|(_, line)| line).take_while(|line| *line != "```");
        let json = serde_json::from_str(&json.collect::<Vec<_>>().join("\n"));
        let json = json.unwrap_or_else(|error| panic!("{place}: {error}"));
        let kind = if kind.is_empty() { default } else { kind.trim() };
        found.push(Example { kind: kind.to_owned(), json, place });
    }
    found
}

fn all() -> Vec<Example> {
    let pages = std::fs::read_dir(crate::support::at_root("docs")).unwrap();
    let pages = pages.map(|page| format!("docs/{}", page.unwrap().file_name().to_str().unwrap()));
    pages
        .filter(|page| page.ends_with(".md"))
        .chain(["README.md".into()])
        .flat_map(|page| examples(&page))
        .collect()
}

/// An example may show keys that exclude each other: it is read once without the first of each pair, once
/// without the second.
fn variants(example: &Value) -> [Value; 2] {
    fn without(value: &mut Value, keys: &[&str], others: &[&str]) {
        if let Value::Object(object) = value {
            for (key, other) in keys.iter().zip(others) {
                if object.contains_key(*other) {
                    object.shift_remove(*key);
                }
            }
            object.values_mut().for_each(|value| without(value, keys, others));
        }
    }
    let (first, second) = (["mapping", "manifest"], ["mappingPath", "manifestPath"]);
    let mut variants = [example.clone(), example.clone()];
    without(&mut variants[0], &first, &second);
    without(&mut variants[1], &second, &first);
    variants
}

/// A mapping as the pages show it: parts that are not its subject may be missing.
fn mapping(mut json: Value) -> Result<(), Error> {
    for (key, column) in [("externalId", "Id"), ("userName", "Name"), ("active", "On")] {
        json.as_object_mut().expect("an object").entry(key).or_insert(column.into());
    }
    Mapping::parse(json.to_string().as_bytes(), &MappingOptions::default()).map(drop)
}

#[test]
fn every_example_is_read_by_what_reads_it_or_is_as_it_is_written() {
    let written = written();
    let mut seen: Vec<String> = Vec::new();
    for Example { kind, json, place } in all() {
        for json in variants(&json) {
            let text = json.to_string();
            let read = match kind.as_str() {
                "configuration" => ClientConfig::parse(text.as_bytes()).map(drop),
                "conversion" => Conversion::parse(text.as_bytes()).map(drop),
                "plan arguments" => PlanArguments::parse(text.as_bytes()).map(drop),
                "mapping" => mapping(json),
                "faults" => {
                    serde_json::from_value::<Vec<FaultRule>>(json).unwrap();
                    Ok(())
                }
                other => {
                    let kind = written.iter().find(|(kind, _)| *kind == other);
                    let (_, written) = kind.unwrap_or_else(|| {
                        panic!("{place}: after ```json write what it is, {KINDS}: not {other:?}")
                    });
                    alike(&json, written, &place);
                    Ok(())
                }
            };
            read.unwrap_or_else(|error| panic!("{place}: {error}: {:?}", error.problems));
        }
        seen.push(kind);
    }
    for kind in written.iter().map(|(kind, _)| *kind).chain(["configuration", "plan arguments"]) {
        assert!(seen.iter().any(|one| one == kind), "no example of {kind}");
    }
    assert!(seen.len() >= 14, "only {seen:?}");
}

/// The same keys; an empty object or array stands for any.
#[track_caller]
fn alike(shown: &Value, written: &Value, place: &str) {
    match shown {
        Value::Object(shown) if !shown.is_empty() => {
            let written = written.as_object().unwrap_or_else(|| panic!("{place}: {written}"));
            let keys =
                |object: &Map<String, Value>| object.keys().cloned().collect::<BTreeSet<_>>();
            assert_eq!(keys(shown), keys(written), "{place}");
            shown.iter().for_each(|(key, it)| alike(it, &written[key], &format!("{place}.{key}")));
        }
        Value::Array(shown) => {
            let written = written.as_array().unwrap_or_else(|| panic!("{place}: {written}"));
            shown.iter().zip(written).for_each(|(shown, it)| alike(shown, it, place));
        }
        _ => {}
    }
}

/// What the library writes, of each kind that the pages show.
fn written() -> [(&'static str, Value); 4] {
    let state = State::new();
    let twice = state.write("twice.csv", csv(&["1,ann@x,true", "1,ann@x,true", "2,bob@x,true"]));
    let conversion = json!({"version": 1, "source": {"path": twice}});
    let check = operation::call(None, "check", conversion.to_string().as_bytes()).unwrap();
    virtually(async {
        let kept = Bench::kept(Settings::default(), 1, |_| ());
        let arguments = json!({"version": 1, "conversion": conversion}).to_string();
        let run = Run::start(&kept.client, arguments.as_bytes()).unwrap();
        let (events, _) = watch(&run, |_| ()).await;
        let mut summary = serde_json::to_value(events.last()).unwrap();
        // Of the event, and where there is a plan.
        for key in ["event", "sequence", "at", "plan"] {
            summary.as_object_mut().unwrap().remove(key).expect(key);
        }
        let (plan, run) = (kept.call("plan.show", &json!({})), kept.call("runs.show", &json!({})));
        let check = serde_json::from_slice(&check).unwrap();
        [("check summary", check), ("plan", plan), ("run", run), ("summary", summary)]
    })
}

#[test]
fn every_form_of_a_runs_arguments_is_read() {
    let page = read("docs/documents.md");
    let rows = section(&page, "Run").lines().filter_map(|line| line.strip_prefix("| `{"));
    let mut forms = 0;
    for row in rows {
        let form = format!("{{{}", row.split('`').next().unwrap()).replace("{…}", "{}");
        RunArguments::parse(form.as_bytes()).unwrap_or_else(|error| panic!("{form}: {error}"));
        forms += 1;
    }
    assert_eq!(forms, 3);
}
