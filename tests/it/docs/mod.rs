//! What is written beside what is so.

use std::collections::BTreeSet;

mod documents;
mod examples;
mod keys;
mod readme;

/// The text under a heading of the second level.
fn section<'p>(page: &'p str, heading: &str) -> &'p str {
    let (_, after) = page.split_once(&format!("\n## {heading}\n")).expect("the heading");
    after.split("\n## ").next().unwrap_or(after)
}

/// What stands as code in the first cells of a table.
fn cells<'p>(text: &'p str, header: &str) -> BTreeSet<&'p str> {
    let rows = text.lines().skip_while(|line| !line.starts_with(header)).skip(2);
    rows.take_while(|line| line.starts_with('|'))
        .map(|row| row.split('`').nth(1).unwrap_or_default())
        .collect()
}
