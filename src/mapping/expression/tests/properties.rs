//! Laws that hold for any text, any expression and any record.

use proptest::prelude::*;

use super::super::{Expression, Value, functions};
use super::{bind, csv};
use crate::source::{CellKind, Columns, Record};

fn text_of(expression: &str, cells: &[(&str, &str)]) -> String {
    let (columns, record) = csv(cells);
    let bound = bind(expression, columns);
    let value = bound.evaluate(&record).expect("a value");
    value.into_text().expect("text").into_owned()
}

/// Expressions of all functions, most of them with the arguments they want.
fn any_expression() -> impl Strategy<Value = String> {
    let text = prop_oneof![
        any::<String>().prop_map(|text| text.replace('\\', "\\\\").replace('"', "\\\"")),
        prop::sample::select(vec![
            "",
            "yyyy-MM-dd",
            "ww",
            "True",
            "tr-TR",
            ",",
            "3",
            "(?<a>x)",
            "a"
        ])
        .prop_map(str::to_owned),
    ]
    .prop_map(|text| format!("\"{text}\""));
    let leaf = prop_oneof![
        text,
        (-3..12_i64).prop_map(|number| number.to_string()),
        any::<i64>().prop_map(|number| number.to_string()),
        Just("0.5".to_owned()),
        Just("True".to_owned()),
        prop::sample::select(vec!["[a]", "[b]", "[氏 名]", "[c]]d]"]).prop_map(str::to_owned),
        Just(String::new()),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let names: Vec<&str> = functions::all().map(|function| function.name).collect();
        let sign = prop::sample::select(vec!["=", "<>", "<", "<=", ">", ">=", "&"]);
        prop_oneof![
            4 => (prop::sample::select(names), prop::collection::vec(inner.clone(), 1..6))
                .prop_map(|(name, arguments)| format!("{name}({})", arguments.join(", "))),
            1 => (inner.clone(), sign, inner.clone())
                .prop_map(|(left, sign, right)| format!("({left}) {sign} ({right})")),
            1 => inner.prop_map(|part| format!("({part})")),
        ]
    })
}

fn any_cell() -> impl Strategy<Value = (CellKind, String)> {
    prop_oneof![
        any::<String>().prop_map(|text| (CellKind::Text, text)),
        prop::sample::select(vec![
            "2024-02-30",
            "2024-02-29T10:00:00+09:00",
            "a,b",
            "7",
            "True",
            ""
        ])
        .prop_map(|text| (CellKind::Text, text.to_owned())),
        any::<i64>().prop_map(|number| (CellKind::Number, number.to_string())),
        any::<f64>().prop_map(|number| (CellKind::Number, format!("{number:e}"))),
        any::<bool>().prop_map(|truth| (CellKind::Bool, truth.to_string())),
        Just((CellKind::Null, String::new())),
        Just((CellKind::Absent, String::new())),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_text_parses_or_says_where_it_does_not(text in "[\\[\\]\"\\\\(),=<>&.A-Ca-c0-9 é名（“-]{0,40}|\\PC*") {
        match Expression::parse(&text) {
            Ok(expression) => prop_assert_eq!(Expression::parse(&expression.to_string()), Ok(expression)),
            Err(errors) => {
                prop_assert!(!errors.is_empty());
                let longest = text.chars().count() + 1;
                prop_assert!(errors.iter().all(|error| (1..=longest).contains(&error.position)));
            }
        }
    }

    #[test]
    fn evaluating_never_panics_and_what_is_written_back_is_the_same(
        text in any_expression(),
        cells in prop::collection::vec(any_cell(), 4),
    ) {
        let Ok(expression) = Expression::parse(&text) else { return Ok(()) };
        let written = expression.to_string();
        prop_assert_eq!(Expression::parse(&written), Ok(expression.clone()), "{}", written);
        let names = ["a", "b", "氏 名", "c]d"].map(str::to_owned);
        let record = Record {
            cells: cells.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>().into(),
            kinds: cells.iter().map(|(kind, _)| *kind).collect(),
            ..Record::default()
        };
        let bound = expression.bind(&Columns::growing(&names)).expect("these columns only");
        let once = bound.evaluate(&record);
        prop_assert_eq!(once, bound.evaluate(&record));
    }

    #[test]
    fn a_piece_and_the_rest_are_the_whole(text in "\\PC{0,12}", at in 0..15_usize) {
        let cells = [("a", text.as_str())];
        let left = text_of(&format!("Left([a], {at})"), &cells);
        prop_assert_eq!(left.chars().count(), at.min(text.chars().count()));
        let rest = text_of(&format!("Mid([a], {}, 99)", at + 1), &cells);
        prop_assert_eq!(left + &rest, text.as_str());
        let right = text_of(&format!("Right([a], {at})"), &cells);
        prop_assert!(text.ends_with(&right));
        prop_assert_eq!(right.chars().count(), at.min(text.chars().count()));
    }

    #[test]
    fn joining_what_was_split_gives_it_back(parts in prop::collection::vec("[^,]{1,5}", 1..6)) {
        let text = parts.join(",");
        prop_assert_eq!(text_of("Join(\",\", Split([a], \",\"))", &[("a", &text)]), text);
    }

    #[test]
    fn what_is_found_is_there(text in "[ab名]{0,10}", wanted in "[ab名]{0,3}") {
        let cells = [("a", text.as_str()), ("b", wanted.as_str())];
        let (columns, record) = csv(&cells);
        let bound = bind("InStr([a], [b])", columns);
        let Ok(Value::Integer(found)) = bound.evaluate(&record) else { panic!("no number") };
        prop_assert_eq!(found > 0, text.contains(&wanted) && !text.is_empty());
        if found > 0 {
            let there = text_of(&format!("Mid([a], {found}, {})", wanted.chars().count()), &cells);
            prop_assert_eq!(there, wanted);
        }
    }

    #[test]
    fn comparisons_agree_with_each_other(left in any_cell(), right in any_cell()) {
        let record = Record {
            cells: vec![left.1.as_str(), right.1.as_str()].into(),
            kinds: vec![left.0, right.0],
            ..Record::default()
        };
        let names = ["a", "b"].map(str::to_owned);
        let truth = |text: &str| {
            let bound = bind(text, Columns::growing(&names));
            bound.evaluate(&record).ok().and_then(|value| value.truth())
        };
        prop_assert_eq!(truth("[a] = [b]"), truth("[b] = [a]"));
        prop_assert_eq!(truth("[a] <> [b]"), truth("Not([a] = [b])"));
        prop_assert_eq!(truth("[a] < [b]"), truth("[b] > [a]"));
        prop_assert_eq!(truth("[a] <= [b]"), truth("[b] >= [a]"));
        if let (Some(less), Some(more)) = (truth("[a] < [b]"), truth("[a] > [b]")) {
            prop_assert!(!(less && more));
        }
        let same = truth("Switch([a], False, [b], True)");
        prop_assert_eq!(same, truth("[a] = [b]"));
    }

    #[test]
    fn letters_keep_their_number(text in "\\PC{0,10}") {
        let cells = [("a", text.as_str())];
        for change in ["ToLower([a])", "ToUpper([a])", "ToUpper([a], \"tr\")", "PCase([a])"] {
            prop_assert_eq!(text_of(change, &cells).chars().count(), text.chars().count());
        }
        let plain = text_of("NormalizeDiacritics([a])", &cells);
        prop_assert_eq!(text_of("NormalizeDiacritics([a])", &[("a", &plain)]), plain);
    }
}
