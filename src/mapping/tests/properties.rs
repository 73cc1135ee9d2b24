//! Any mapping, any record.

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Map, Value, json};

use super::oracle::Oracle;
use super::*;

const NAMES: [&str; 6] = ["c0", "c1", "c2", "c3", "c4", "c5"];

fn column() -> impl Strategy<Value = Value> {
    prop_oneof![
        3 => select(&NAMES[..]).prop_map(|name| json!(name)),
        1 => select(&NAMES[..]).prop_map(|name| json!(format!("=[{name}]"))),
        1 => select(&NAMES[..]).prop_map(|name| json!(name.to_uppercase())),
    ]
}

/// A long form with one of these policies, and perhaps a default.
fn long(
    policies: &'static [&'static str],
    default: impl Strategy<Value = Value>,
) -> impl Strategy<Value = Value> {
    let policy = prop::option::of(select(policies));
    (select(&NAMES[..]), policy, prop::option::of(default)).prop_map(|(name, policy, default)| {
        let mut spec = json!({"column": name});
        if let Some(policy) = policy {
            spec["empty"] = json!(policy);
        }
        if let Some(default) = default {
            spec["default"] = default;
        }
        spec
    })
}

fn text() -> BoxedStrategy<Value> {
    prop_oneof![
        3 => column(),
        2 => long(&["omit", "empty", "null", "error"], "[a-z\"\\\\]{0,3}".prop_map(Value::from)),
        1 => "[a-z]{1,3}".prop_map(|text| json!({"const": text})),
        1 => Just(json!("=\"work\"")),
    ]
    .boxed()
}

fn boolean() -> BoxedStrategy<Value> {
    let constant = any::<bool>().prop_map(Value::from);
    prop_oneof![2 => column(), 1 => long(&["omit", "null", "error"], constant)].boxed()
}

fn custom() -> BoxedStrategy<Value> {
    let constant =
        prop_oneof![any::<bool>().prop_map(Value::from), any::<i32>().prop_map(Value::from)];
    prop_oneof![
        3 => text(),
        1 => constant.prop_map(|constant| json!({"const": constant})),
    ]
    .prop_recursive(2, 6, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..3).prop_map(Value::Array),
            prop::collection::btree_map("[pqr]", inner, 1..3)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
    .boxed()
}

/// An object with some of these attributes, at least one.
fn object(names: &'static [&'static str]) -> BoxedStrategy<Value> {
    subsequence(names, 1..=names.len())
        .prop_shuffle()
        .prop_flat_map(|names| {
            let value = |name: &&str| if *name == "primary" { boolean() } else { text() };
            let values: Vec<_> = names.iter().map(value).collect();
            (Just(names), values)
        })
        .prop_map(|(names, values)| {
            Value::Object(names.into_iter().map(str::to_owned).zip(values).collect())
        })
        .boxed()
}

fn entries(names: &'static [&'static str]) -> BoxedStrategy<Value> {
    prop::collection::vec(object(names), 1..4).prop_map(Value::Array).boxed()
}

fn mapping() -> impl Strategy<Value = Map<String, Value>> {
    const ENTRY: &[&str] = &["value", "type", "primary", "display"];
    let attributes: Vec<(&str, BoxedStrategy<Value>)> = vec![
        ("displayName", text()),
        ("title", text()),
        ("active", boolean()),
        ("name", object(&["familyName", "givenName", "formatted"])),
        ("emails", entries(ENTRY)),
        ("roles", entries(ENTRY)),
        ("addresses", entries(&["type", "locality", "country", "primary"])),
        (ENTERPRISE, object(&["department", "costCenter"])),
        ("urn:x:y", custom().prop_map(|value| json!({"a": value})).boxed()),
        ("urn:x:z", (custom(), text()).prop_map(|(a, b)| json!({"a": a, "startDate": b})).boxed()),
    ];
    let count = attributes.len();
    subsequence(attributes, 0..=count)
        .prop_flat_map(|chosen| {
            let (names, values): (Vec<_>, Vec<_>) = chosen.into_iter().unzip();
            (Just(names), values)
        })
        .prop_map(|(names, values)| {
            let identity = [("externalId", json!("c0")), ("userName", json!("=[c1]"))];
            let rest = names.into_iter().zip(values);
            identity.into_iter().chain(rest).map(|(name, value)| (name.to_owned(), value)).collect()
        })
}

fn cell() -> impl Strategy<Value = (String, CellKind)> {
    prop_oneof![
        3 => "[a-z\"\\\\\u{0}-\u{1f}é社]{0,9}".prop_map(|text| (text, CellKind::Text)),
        3 => select(vec!["true", "No", " 1 ", "work", "2020-01-02"])
            .prop_map(|text| (text.to_owned(), CellKind::Text)),
        2 => select(vec!["", " ", "\u{3000}"]).prop_map(|text| (text.to_owned(), CellKind::Text)),
        1 => any::<i32>().prop_map(|number| (number.to_string(), CellKind::Number)),
        1 => any::<bool>().prop_map(|value| (value.to_string(), CellKind::Bool)),
        1 => Just((String::new(), CellKind::Null)),
        1 => Just((String::new(), CellKind::Absent)),
    ]
}

fn any_record() -> impl Strategy<Value = Record> {
    // The identity is mostly there, or every record would be rejected for the same dull reason.
    let identity = prop_oneof![9 => "[a-z]{1,5}", 1 => Just(String::new())];
    let identity = identity.prop_map(|text| (text, CellKind::Text));
    (prop::collection::vec(identity, 2), prop::collection::vec(cell(), 4)).prop_map(
        |(ids, rest)| {
            let cells: Vec<(String, CellKind)> = ids.into_iter().chain(rest).collect();
            typed(&cells.iter().map(|(text, kind)| (text.as_str(), *kind)).collect::<Vec<_>>())
        },
    )
}

/// JSON made of the words of the mapping language, mostly wrong.
fn wild() -> impl Strategy<Value = Value> {
    let word = select(vec![
        "externalId",
        "userName",
        "active",
        "name",
        "emails",
        "value",
        "type",
        "primary",
        "column",
        "expression",
        "const",
        "default",
        "empty",
        "manager",
        "urn:x:y",
        ENTERPRISE,
        "scope",
        "//",
        "version",
        "c1",
        "=[c2]",
        "=Switch(",
        "",
        "omit",
        "groups",
        "givenName",
    ]);
    let leaf = prop_oneof![
        4 => word.clone().prop_map(Value::from),
        1 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::from),
        1 => any::<f64>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, move |inner| {
        let members = prop::collection::vec((word.clone(), inner.clone()), 0..6);
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(Value::Array),
            members.prop_map(|members| {
                Value::Object(
                    members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect(),
                )
            }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_record_becomes_what_the_mapping_means(
        mapping in mapping(),
        records in prop::collection::vec(any_record(), 1..5),
    ) {
        let json = Value::Object(mapping.clone()).to_string();
        let columns = columns(&NAMES);
        let options = MappingOptions::default();
        let (_, program) = Mapping::parse_for(json.as_bytes(), &options, &columns).unwrap();
        let mut user = User::default();
        for record in &records {
            let rendered = program.render(&columns, record, &mut user);
            match (Oracle { columns: &columns, record }).user(&mapping) {
                Ok(meant) => {
                    prop_assert_eq!(&rendered, &Rendered::User);
                    prop_assert_eq!(std::str::from_utf8(&user.bytes).unwrap(), meant.to_string());
                    prop_assert_eq!(meant["externalId"].as_str(), Some(&*user.external_id));
                    prop_assert_eq!(meant["userName"].as_str(), Some(&*user.user_name));
                    prop_assert_eq!(meant["active"].as_bool(), user.active);
                    let display_name = meant["displayName"].as_str().unwrap_or_default();
                    prop_assert_eq!(display_name, &user.display_name);
                }
                Err(_) => prop_assert!(matches!(rendered, Rendered::Rejected(_)), "{:?}", rendered),
            }
            let mut again = User::default();
            program.render(&columns, record, &mut again);
            prop_assert_eq!(&again.bytes, &user.bytes);
        }
    }

    #[test]
    fn no_mapping_however_wild_panics(mapping in wild(), record in any_record()) {
        let mut json = mapping;
        if let Some(members) = json.as_object_mut() {
            members.entry("externalId").or_insert(json!("c0"));
            members.entry("userName").or_insert(json!("c1"));
        }
        let options = MappingOptions::default();
        if let Ok(mapping) = Mapping::parse(json.to_string().as_bytes(), &options) {
            let columns = Columns::growing(&mapping.columns());
            let program = mapping.compile(&columns).unwrap();
            let mut user = User::default();
            if program.render(&columns, &record, &mut user) == Rendered::User {
                serde_json::from_slice::<Value>(&user.bytes).unwrap();
            }
        }
    }

    #[test]
    fn no_bytes_however_broken_panic(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        prop_assert!(Mapping::parse(&bytes, &MappingOptions::default()).is_err());
    }

    #[test]
    fn a_finished_user_once_accepted_is_accepted_again_as_it_is(mut user in wild()) {
        if let Some(members) = user.as_object_mut() {
            members.insert("externalId".to_owned(), json!("7"));
        }
        let mut first = User::default();
        if ready_user(&record(&[&user.to_string()]), &mut first) == Rendered::User {
            let text = String::from_utf8(first.bytes.clone()).unwrap();
            let mut second = User::default();
            prop_assert_eq!(ready_user(&record(&[&text]), &mut second), Rendered::User);
            prop_assert_eq!(&second.bytes, &first.bytes);
            prop_assert_eq!(second.external_id, "7");
        }
    }

    #[test]
    fn any_header_gets_a_mapping_that_fits_it(header in prop::collection::vec(".{0,12}", 0..8)) {
        let text = suggest(&header);
        let options = MappingOptions::default();
        let mapping = Mapping::parse(text.as_bytes(), &options);
        prop_assert!(mapping.is_ok(), "{text}\n{mapping:?}");
        if header.iter().any(|name| !name.trim().is_empty()) {
            let program = mapping.unwrap().compile(&Columns::growing(&header));
            prop_assert!(program.is_ok(), "{text}\n{program:?}");
        }
    }
}
