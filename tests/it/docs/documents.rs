//! docs/documents.md beside what the library says of itself.

use std::collections::BTreeSet;

use serde_json::Value;

fn cells<'a>(section: &'a str, header: &str) -> BTreeSet<&'a str> {
    let rows = section.lines().skip_while(|line| !line.starts_with(header)).skip(2);
    rows.take_while(|line| line.starts_with('|'))
        .map(|row| row.split('`').nth(1).unwrap_or_default())
        .collect()
}

#[test]
fn every_operation_is_described_and_no_other() {
    let text = include_str!("../../../docs/documents.md");
    let answer = entrabulk::operation::call(None, "operations", b"{}").unwrap();
    let listed: Value = serde_json::from_slice(&answer).unwrap();
    let listed: BTreeSet<&str> =
        listed.as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap()).collect();
    assert_eq!(cells(text, "| operation |"), listed);
}

#[test]
fn every_example_is_json() {
    let text = include_str!("../../../docs/documents.md");
    let mut seen = 0;
    for block in text.split("```json\n").skip(1) {
        let json = block.split("```").next().unwrap();
        serde_json::from_str::<Value>(json).unwrap_or_else(|error| panic!("{error}: {json}"));
        seen += 1;
    }
    assert!(seen > 6, "only {seen}");
}
