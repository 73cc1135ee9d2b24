//! docs/documents.md beside what the library says of itself.

use std::collections::BTreeSet;

use serde_json::Value;

use super::cells;
use crate::support::read;

#[test]
fn every_operation_is_described_and_no_other() {
    let text = read("docs/documents.md");
    let answer = entrabulk::operation::call(None, "operations", b"{}").unwrap();
    let listed: Value = serde_json::from_slice(&answer).unwrap();
    let listed: BTreeSet<&str> =
        listed.as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap()).collect();
    assert_eq!(cells(&text, "| operation |"), listed);
}
