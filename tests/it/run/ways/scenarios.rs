//! What is uploaded, and what must come of it.

use std::fmt::Write;

use entrabulk::simulator::{Fault, FaultRule, Settings};
use serde_json::{Value, json};

use super::People;

/// A file, what is asked of it, and what must come of it on every surface.
#[derive(Debug, Clone)]
pub(super) struct Scenario {
    pub(super) name: &'static str,
    pub(super) file: &'static str,
    pub(super) source: String,
    pub(super) mapping: Value,
    pub(super) settings: Value,
    /// The brakes that trip, and their numbers, where the upload is to be approved.
    pub(super) approval: Value,
    pub(super) operations: usize,
    pub(super) tenant: Settings,
    /// Whether the file is uploaded twice, and the second time counts.
    pub(super) twice: bool,
    pub(super) with_state: Expected,
    pub(super) without: Expected,
    pub(super) people: Vec<(&'static str, bool, Option<&'static str>)>,
    /// So many people more, `n1` and so on, active or not.
    pub(super) crowd: (usize, bool),
}

/// How an upload ends.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Expected {
    pub(super) exit_code: i64,
    pub(super) kind: &'static str,
    pub(super) accepted: u64,
    pub(super) rejected: u64,
    pub(super) not_sent: u64,
    pub(super) unchanged: u64,
}

impl Scenario {
    pub(super) fn expected(&self, kept: bool) -> Expected {
        if kept { self.with_state } else { self.without }
    }

    /// Who must be in the directory in the end.
    pub(super) fn people(&self) -> People {
        let named = self
            .people
            .iter()
            .map(|(id, active, manager)| ((*id).to_owned(), (*active, manager.map(str::to_owned))));
        let crowd = (1..=self.crowd.0).map(|n| (format!("n{n}"), (self.crowd.1, None)));
        named.chain(crowd).collect()
    }
}

fn mapping() -> Value {
    json!({
        "externalId": "id", "userName": "name", "displayName": "name", "active": "active",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"manager": {"value": "boss"}},
    })
}

fn csv(rows: &[&str]) -> String {
    format!("id,name,boss,active\n{}\n", rows.join("\n"))
}

/// A file of so many people who are active, or have left.
fn crowd(people: usize, active: bool) -> String {
    let mut text = "id,name,boss,active\n".to_owned();
    for n in 1..=people {
        writeln!(text, "n{n},n{n}@contoso.com,,{active}").expect("written");
    }
    text
}

fn base(name: &'static str, source: String, expected: Expected) -> Scenario {
    Scenario {
        name,
        file: "people.csv",
        source,
        mapping: mapping(),
        settings: json!({}),
        approval: Value::Null,
        operations: 50,
        tenant: Settings::default(),
        twice: false,
        with_state: expected,
        without: expected,
        people: Vec::new(),
        crowd: (0, true),
    }
}

const OK: Expected =
    Expected { exit_code: 0, kind: "Ok", accepted: 0, rejected: 0, not_sent: 0, unchanged: 0 };
const LEFT: usize = 120;

/// Every scenario.
pub(super) fn all() -> Vec<Scenario> {
    let chain = csv(&["1,a@contoso.com,2,true", "2,b@contoso.com,3,true", "3,c@contoso.com,,true"]);
    let chain_of = vec![("1", true, Some("2")), ("2", true, Some("3")), ("3", true, None)];
    let (stopped, gone) = (
        Expected { exit_code: 10, kind: "BrakeTripped", not_sent: LEFT as u64, ..OK },
        Expected { accepted: LEFT as u64, ..OK },
    );
    let rejects =
        Expected { exit_code: 14, kind: "RecordsRejected", accepted: 2, rejected: 1, ..OK };
    let pair = vec![("1", true, None), ("2", true, None)];
    vec![
        Scenario {
            people: chain_of.clone(),
            ..base("managers further down", chain.clone(), Expected { accepted: 3, ..OK })
        },
        Scenario {
            operations: 1,
            people: chain_of.clone(),
            ..base(
                "managers further down, one to a call",
                chain.clone(),
                Expected { accepted: 3, ..OK },
            )
        },
        base("leavers whom nobody knows", crowd(LEFT, false), stopped),
        Scenario {
            approval: json!({"inactiveAdds": LEFT}),
            crowd: (LEFT, false),
            ..base("leavers whom nobody knows, approved", crowd(LEFT, false), gone)
        },
        Scenario {
            people: pair.clone(),
            ..base(
                "some rejected",
                csv(&[
                    "1,a@contoso.com,,true",
                    "2,b@contoso.com,,true",
                    "3,c@contoso.com,,perhaps",
                ]),
                rejects,
            )
        },
        Scenario {
            people: vec![("1", true, None), ("2", true, None)],
            ..base(
                "one id on two rows",
                csv(&[
                    "1,a@contoso.com,,true",
                    "2,b@contoso.com,,true",
                    "3,c@contoso.com,,true",
                    "3,d@contoso.com,,true",
                ]),
                Expected { rejected: 2, ..rejects },
            )
        },
        base(
            "no row",
            "id,name,boss,active\n".into(),
            Expected { exit_code: 11, kind: "SourceEmpty", ..OK },
        ),
        Scenario {
            file: "people.json",
            people: pair.clone(),
            ..base(
                "JSON",
                r#"[{"id":"1","name":"a@contoso.com","boss":null,"active":true},
                    {"id":"2","name":"b@contoso.com","boss":null,"active":true}]"#
                    .into(),
                Expected { accepted: 2, ..OK },
            )
        },
        Scenario {
            people: vec![("l1", false, None), ("l2", false, None)],
            crowd: (58, true),
            ..base(
                "joiners of whom two have not begun",
                crowd(58, true) + "l1,l1@contoso.com,,false\nl2,l2@contoso.com,,false\n",
                Expected { accepted: 60, ..OK },
            )
        },
        Scenario {
            operations: 5,
            crowd: (60, true),
            tenant: Settings {
                faults: vec![
                    FaultRule {
                        fault: Fault::Status429,
                        after: 2,
                        count: Some(3),
                        retry_after_seconds: Some(2),
                        ..FaultRule::default()
                    },
                    FaultRule {
                        fault: Fault::CutHead,
                        after: 6,
                        count: Some(1),
                        ..FaultRule::default()
                    },
                ],
                ..Settings::default()
            },
            ..base("a storm", crowd(60, true), Expected { accepted: 60, ..OK })
        },
        Scenario {
            twice: true,
            with_state: Expected { unchanged: 3, ..OK },
            people: chain_of,
            ..base("the same file again", chain, Expected { accepted: 3, ..OK })
        },
    ]
}
