//! docs/expressions.md is what the language is: its examples hold, and it leaves no function out.

use std::collections::BTreeSet;

use super::super::functions;
use super::evaluate;

const PAGE: &str = include_str!("../../../../docs/expressions.md");

/// The rows of the page's tables whose header has `columns`, their cells without the code marks.
fn rows(columns: &[&str]) -> Vec<Vec<String>> {
    let cells = |line: &str| -> Vec<String> {
        let hidden = line.replace("\\|", "\u{0}");
        let inner = hidden.trim().trim_matches('|').to_owned();
        let plain = |cell: &str| {
            let cell = cell.trim();
            let code = cell.strip_prefix('`').and_then(|cell| cell.strip_suffix('`'));
            code.unwrap_or(cell).replace('\u{0}', "|")
        };
        inner.split('|').map(plain).collect()
    };
    let mut wanted = false;
    let mut rows = Vec::new();
    for line in PAGE.lines() {
        if !line.starts_with('|') {
            wanted = false;
        } else if cells(line) == columns {
            wanted = true;
        } else if wanted && !line.starts_with("|---") {
            rows.push(cells(line));
        }
    }
    rows
}

#[test]
fn every_example_gives_what_the_page_says() {
    let examples = rows(&["expression", "record", "gives"]);
    assert!(examples.len() > 140, "only {} examples were found", examples.len());
    let mut wrong = Vec::new();
    for example in examples {
        let [expression, record, gives] = &example[..] else { panic!("{example:?}") };
        let record = serde_json::from_str(record).expect(record);
        let given = evaluate(expression, &record);
        let holds = match gives.strip_prefix("error: ") {
            Some(part) => given.as_ref().is_err_and(|error| error.contains(part)),
            None => given.as_ref() == Ok(&serde_json::from_str(gives).expect(gives)),
        };
        if !holds {
            wrong.push(format!("{expression}\n  said {gives}\n  gave {given:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_page_describes_all_functions_as_they_are_called() {
    let described: BTreeSet<String> = rows(&["function", "gives", "without a value"])
        .into_iter()
        .map(|row| row[0].clone())
        .collect();
    let there: BTreeSet<String> = functions::all().map(ToString::to_string).collect();
    assert_eq!(described, there);
}

#[test]
fn every_function_has_an_example() {
    let examples: String = rows(&["expression", "record", "gives"])
        .into_iter()
        .map(|row| row[0].clone() + "\n")
        .collect();
    for function in functions::all() {
        assert!(examples.contains(&format!("{}(", function.name)), "{function:?}");
    }
}
