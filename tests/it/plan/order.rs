//! Managers before reports, across batches; leavers first among equals.

use entrabulk::store::Action;
use serde_json::{Value, json};

use super::house::{House, about};

fn mapping() -> Value {
    json!({"mapping": {
        "externalId": "id", "userName": "name", "active": "active",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"manager": {"value": "boss"}}
    }})
}

/// A file of `id,boss` or `id,boss,active`.
fn file(rows: &[&str]) -> String {
    let rows = rows.iter().map(|row| {
        let mut cells = row.split(',');
        let (id, boss) = (cells.next().unwrap(), cells.next().unwrap());
        format!("{id},n{id},{},{boss}\n", cells.next().unwrap_or("true"))
    });
    format!("id,name,active,boss\n{}", rows.collect::<String>())
}

fn plan(house: &mut House, rows: &[&str]) -> (Vec<String>, Vec<String>) {
    let plan = house.try_plan(&file(rows), mapping(), &json!({})).unwrap();
    let sent = house.items(&plan).into_iter().filter(|item| item.action.sends());
    (sent.map(|item| item.id).collect(), about(&plan).warnings)
}

#[test]
fn nobody_goes_before_their_manager() {
    let mut house = House::new();
    let mut rows: Vec<String> = (1..200).map(|id| format!("{id},{}", id + 1)).collect();
    rows.push("200,".into());
    let (sent, warnings) = plan(&mut house, &rows.iter().map(String::as_str).collect::<Vec<_>>());
    let wanted: Vec<String> = (1..=200).rev().map(|id| id.to_string()).collect();
    assert_eq!(sent, wanted, "a line of two hundred, four batches long");
    assert!(warnings.is_empty(), "{warnings:?}");
}

#[test]
fn cycles_oneself_and_unknown_managers_are_named() {
    let mut house = House::new();
    let (sent, warnings) = plan(&mut house, &["1,2", "2,3", "3,1", "4,4", "5,nobody", "6,1"]);
    assert_eq!(sent, ["1", "4", "5", "3", "6", "2"]);
    let all = warnings.join("\n");
    assert_eq!(warnings.len(), 3, "{all}");
    assert!(all.contains("in a circle: \"1\", \"2\", \"3\". The first"), "{all}");
    assert!(all.contains("\"4\": The user is their own manager"), "{all}");
    assert!(all.contains("\"5\": Manager \"nobody\" is not in this source"), "{all}");
}

#[test]
fn a_manager_whom_the_baseline_knows_is_no_stranger() {
    let mut house = House::new();
    let first = house.try_plan(&file(&["1,", "2,1", "3,2"]), mapping(), &json!({})).unwrap();
    house.apply(&first);
    let (sent, warnings) = plan(&mut house, &["2,1", "3,1", "4,1", "5,9"]);
    assert_eq!(sent, ["3", "4", "5"]);
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].contains("\"9\""), "{warnings:?}");
}

#[test]
fn leavers_go_first_where_managers_allow() {
    let mut house = House::new();
    let first = house.try_plan(&file(&["1,", "2,1", "3,", "4,"]), mapping(), &json!({})).unwrap();
    house.apply(&first);
    let rows = ["9,", "1,9", "2,1,false", "3,,false", "4,"];
    let settings = json!({"brakes": {"removals": "off"}});
    let plan = house.try_plan(&file(&rows), mapping(), &settings).unwrap();
    let sent: Vec<(Action, String)> =
        house.items(&plan).into_iter().map(|item| (item.action, item.id)).collect();
    assert_eq!(
        sent,
        [
            (Action::Disable, "2".to_owned()),
            (Action::Disable, "3".to_owned()),
            (Action::Add, "9".to_owned()),
            (Action::Update, "1".to_owned()),
        ]
    );
}
