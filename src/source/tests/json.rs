use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::finding::Rule;
use crate::source::MAX_COLUMNS;
use crate::source::flatten::Flattener;

fn rows(text: &str, wanted: &[&str]) -> Vec<Vec<(String, String)>> {
    let wanted: Vec<String> = wanted.iter().map(|name| (*name).to_owned()).collect();
    let input = std::io::Cursor::new(text.as_bytes().to_vec());
    let mut reader = Reader::open(input, &SourceOptions::default(), &wanted).unwrap();
    let (mut record, mut all) = (Record::default(), Vec::new());
    while let Some(row) = reader.next(&mut record).unwrap() {
        assert_eq!(row, Row::Record);
        all.push(named(&reader, &record));
    }
    all
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
}

#[test]
fn an_array_lines_and_objects_in_a_row_give_the_same_records() {
    let array = r#"[{"id":1,"name":"Ann"}, {"id":2,"name":"Bo"}]"#;
    let lines = "{\"id\":1,\"name\":\"Ann\"}\n{\"id\":2,\"name\":\"Bo\"}\n";
    let glued = r#"{"id":1,"name":"Ann"}{"id":2,"name":"Bo"}"#;
    let pretty =
        "\u{feff} {\n \"id\" : 1 ,\n \"name\" : \"Ann\"\n}\r\n\r\n{\"id\":2,\"name\":\"Bo\"}";
    let expected =
        [pairs(&[("id", "1"), ("name", "\"Ann\"")]), pairs(&[("id", "2"), ("name", "\"Bo\"")])];
    for text in [array, lines, glued, pretty] {
        assert_eq!(rows(text, &[]), expected, "{text}");
        assert_eq!(open(text).unwrap().facts().columns, ["id", "name"]);
    }
    assert_eq!(open(array).unwrap().facts().format, Format::Json);
    assert_eq!(open(lines).unwrap().facts().format, Format::JsonLines);
    assert_eq!(read(pretty).lines(), [1, 6]);
    assert_eq!(read("[\n{\"a\":1},\n\n{\"a\":1}\n,{\"a\":1}]").lines(), [2, 4, 5]);
}

#[test]
fn leaves_become_columns_and_wanted_ones_come_first() {
    let text = r#"{"Name":{"first":"Ann","tags":["a",{"b":true}]},"none":null,"empty":{},"list":[]}
                  {"extra":"","NAME":{"First":"Bo"}}"#;
    let expected = [
        pairs(&[
            ("name.first", "\"Ann\""),
            ("Name.tags.0", "\"a\""),
            ("Name.tags.1.b", "true"),
            ("none", "null"),
        ]),
        pairs(&[("name.first", "\"Bo\""), ("extra", "\"\"")]),
    ];
    assert_eq!(rows(text, &["absent", "name.first"]), expected);
}

#[test]
fn numbers_stay_as_they_were_written() {
    let text = r#"{"a":1e400,"b":123456789012345678901234567890,"c":-0.10,"d":1.0,"e":0}"#;
    let expected = [
        ("a", "1e400"),
        ("b", "123456789012345678901234567890"),
        ("c", "-0.10"),
        ("d", "1.0"),
        ("e", "0"),
    ];
    assert_eq!(rows(text, &[]), [pairs(&expected)]);
    assert_eq!(refused(r#"{"id":00123}"#).kind, ErrorKind::SourceFormat);
}

#[test]
fn what_is_wrong_with_one_record_rejects_that_one() {
    let deep = format!("{}1{}", "{\"a\":".repeat(70), "}".repeat(70));
    let deeper = format!("{{\"a\":{}{}}}", "[".repeat(20_000), "]".repeat(20_000));
    let text = format!(
        "[1,\n[{{}}],\n{{\"a\":1,\"a\":2}},\n{{\"a\":{{}},\"a\":{{}}}},\n{{\"A\":1,\"a\":2}},\n\
         {{\"a.b\":1,\"a\":{{\"b\":2}}}},\n{{\"a\":\"\\ud800\"}},\n{{\"\\udc00\":1}},\n\
         {{\"b\":\"x\\u0000\"}},\n{deep},\n{deeper},\n{{\"a\":\"\\ud83d\\ude42\"}}]"
    );
    let taken = read(&text);
    let rules = [
        (1, Rule::NotARecord),
        (2, Rule::NotARecord),
        (3, Rule::NotARecord),
        (4, Rule::NotARecord),
        (5, Rule::NotARecord),
        (6, Rule::NotARecord),
        (7, Rule::WrongType),
        (8, Rule::WrongType),
        (9, Rule::WrongType),
        (10, Rule::NotARecord),
        (11, Rule::NotARecord),
    ];
    assert_eq!(taken.rules(), rules);
    assert_eq!(taken.rejected[6].column.as_deref(), Some("a"));
    assert!(taken.rejected[6].message.contains("unpaired surrogate"));
    assert_eq!(taken.rejected[8].column.as_deref(), Some("b"));
    assert_eq!((taken.lines(), taken.failed.clone()), (vec![12], None));
    assert!(taken.records[0].1.contains(&"🙂".to_owned()));
}

#[test]
fn broken_json_stops_where_it_breaks() {
    for (text, line, column) in [
        ("[{\"a\":1},\n {\"a\":}]", 2, 7),
        ("[{\"a\":1}\n {\"a\":1}]", 2, 2),
        ("[{\"a\":1},]", 1, 10),
        ("[{\"a\":1},,{}]", 1, 10),
        ("[{\"a\":1}", 1, 0),
        ("[", 1, 0),
        ("{\"a\":1}\n{\"a\":1\n{\"a\":2}\n", 3, 1),
        ("{\"a\":1}\n{\"a\":\"x\n{\"a\":2}\n", 2, 7),
        ("{\"a\":1}\n{\"a\":", 2, 0),
        ("{\"a\":1},\n{\"a\":2}", 1, 8),
        ("{\"é\":1]", 1, 7),
        ("{\"a\":tru}", 1, 9),
        ("[1 2]", 1, 4),
        ("{} }", 1, 4),
        ("[{}] x", 1, 6),
        ("{a:1}", 1, 2),
        ("{\"a\":\"\\x\"}", 1, 8),
    ] {
        for most in [1, 1000] {
            let taken = read_in_pieces(text, most, &in_format(Format::Json));
            let error = taken.failed.unwrap_or_else(|| panic!("{text} was read"));
            assert_eq!((error.kind, error.line), (ErrorKind::SourceFormat, Some(line)), "{text}");
            let stated = format!("line {line}, column {column}:");
            assert!(column == 0 || error.message.contains(&stated), "{text}: {error}");
            assert!(!error.message.contains(" at line 1 column"), "{error}");
        }
    }
}

#[test]
fn json_lines_take_an_array_for_a_record_that_is_none() {
    let taken = read_with("[1]\n{\"a\":1}", &in_format(Format::JsonLines));
    assert_eq!((taken.rules(), taken.lines()), (vec![(1, Rule::NotARecord)], vec![2]));
}

#[test]
fn records_are_bounded_in_length_and_in_keys() {
    let long = "y".repeat(10 << 20);
    let taken = read(format!("[{{\"a\":\"{long}\"}},\n{{\"a\":1}}]"));
    assert_eq!((taken.lines(), &taken.records[0].1[0]), (vec![1, 2], &long));
    for (start, told) in [
        ("{}\n{\"a\":\"", "begins on line 2 is longer than 16 MiB"),
        ("{}\n{\"a\":1\n{\"b\":\"", "not valid JSON at line 3, column 1"),
    ] {
        let endless = std::io::Cursor::new(start).chain(std::io::repeat(b'y'));
        let error = read_from(endless, &SourceOptions::default()).failed.unwrap();
        assert!(error.message.contains(told), "{error}");
    }
    let key = |id: usize| format!("\"{id}\":1");
    let half = |from: usize| (from..from + MAX_COLUMNS / 2).map(key).collect::<Vec<_>>().join(",");
    let full = format!("{{{}}}\n{{{}}}\n", half(0), half(MAX_COLUMNS / 2));
    let taken = read(format!("{full}{{\"0\":2}}\n{{\"one\":1}}"));
    assert_eq!((taken.records.len(), taken.kind()), (3, Some(ErrorKind::SourceFormat)));
    assert!(taken.failed.unwrap().message.contains("the next is `one`"));
}

#[test]
fn a_host_pushes_objects_one_by_one() {
    let mut flattener = Flattener::new(&["id".to_owned()]);
    let mut record = Record::default();
    assert_eq!(flattener.fill("{\"ID\": \"7\"}", 1, &mut record).unwrap(), Row::Record);
    assert_eq!((record.line, record.cell(0)), (1, Cell::Text("7")));
    assert_eq!(flattener.fill("{\"other\": 1}", 2, &mut record).unwrap(), Row::Record);
    assert_eq!(record.cell(0), Cell::Absent);
    for nothing in ["7", "{}", "{\"id\": {}}"] {
        let row = flattener.fill(nothing, 3, &mut record).unwrap();
        assert!(matches!(&row, Row::Rejected(why) if why.rule == Rule::NotARecord), "{nothing}");
    }
}

fn leaf() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[a-z\"\\\\\n\té山🙂\\{\\}\\[\\],: ]{0,8}".prop_map(Value::from),
    ]
}

fn tree() -> impl Strategy<Value = Value> {
    leaf().prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-d]{1,2}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// The leaves of a value, found without this room's help.
fn leaves(value: &Value, path: &str, out: &mut Vec<(String, String)>) {
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| leaves(value, &below(key), out)),
        Value::Array(list) => {
            list.iter()
                .enumerate()
                .for_each(|(at, value)| leaves(value, &below(&at.to_string()), out));
        }
        Value::String(text) => out.push((path.to_owned(), format!("\"{text}\""))),
        other => out.push((path.to_owned(), other.to_string())),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn flattened_records_equal_the_values(
        values in prop::collection::vec(prop::collection::btree_map("[a-d]{1,2}", tree(), 0..5), 0..6),
        pretty in any::<bool>(),
        array in any::<bool>(),
        little in any::<bool>(),
        most in 1_usize..30,
    ) {
        let values: Vec<Value> = values.into_iter().map(|map| json!(map)).collect();
        let one = |value: &Value| if pretty { format!("{value:#}") } else { value.to_string() };
        let texts: Vec<String> = values.iter().map(one).collect();
        let text = if array { format!("[{}]", texts.join(",")) } else { texts.join("\n") };
        prop_assume!(!text.is_empty());
        let input = Dribble::new(utf16(&text, little, true), most);
        let mut reader = Reader::open(input, &SourceOptions::default(), &[]).unwrap();
        let mut record = Record::default();
        for value in &values {
            let row = reader.next(&mut record).unwrap();
            let mut expected = Vec::new();
            leaves(value, "", &mut expected);
            if expected.is_empty() {
                prop_assert!(matches!(row, Some(Row::Rejected(_))));
                continue;
            }
            prop_assert_eq!(row, Some(Row::Record));
            expected.sort();
            let mut found = named(&reader, &record);
            found.sort();
            prop_assert_eq!(found, expected);
        }
        prop_assert_eq!(reader.next(&mut record).unwrap(), None);
    }
}
