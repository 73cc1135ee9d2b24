//! What people read of a plan.

use entrabulk::error::ErrorKind;
use entrabulk::report::preview::{PreviewFormat, PreviewRows, preview};
use entrabulk::store::Plan;
use serde_json::{Value, json};

use super::house::House;
use crate::support::users::{crowd, csv};

fn written(house: &House, plan: &Plan, rows: PreviewRows, format: PreviewFormat) -> (u64, String) {
    let mut out = Vec::new();
    let count = preview(&house.store, plan, rows, format, &mut out).unwrap();
    (count, String::from_utf8(out).unwrap())
}

const CSV: PreviewFormat = PreviewFormat::Csv { bom: false };

#[test]
fn rows_are_sorted_and_say_before_and_after() {
    let mut house = House::new();
    house.settle(
        "externalId,userName,active,displayName\n10,ann@x,true,Ann\n9,bob@x,true,=Bob\n\
         8,cy@x,true,Cy\n7,dee@x,true,\n6,eve@x,false,\n",
    );
    let plan = house.plan(
        "externalId,userName,active,displayName\n10,ann@x,true,\"Ann, A.\"\n9,bob@x,false,=Bob\n\
         8,cy@x,true,Cy\n-5,new@x,true,\n4,x@x,?,\n",
    );
    let (count, text) = written(&house, &plan, PreviewRows::Noteworthy, CSV);
    assert_eq!(
        text.replace('\r', ""),
        "action,externalId,userNameBefore,userNameAfter,displayName,changed,reason,certainty\n\
         add,'-5,,new@x,,,new,no-baseline\n\
         update,10,ann@x,ann@x,\"Ann, A.\",\"displayName: Ann -> Ann, A.\",changed,known\n\
         disable,9,bob@x,bob@x,'=Bob,active: true -> false,inactive-in-source,known\n\
         missing,7,dee@x,dee@x,,,missing-in-source,known\n\
         rejected,4,,,,,not-boolean,known\n"
    );
    assert_eq!(count, 5);
    let (count, all) = written(&house, &plan, PreviewRows::All, CSV);
    assert_eq!(count, 7);
    assert!(all.contains("unchanged,6,eve@x,eve@x,,,same,known\r\nunchanged,8,"), "{all}");
    let (_, lines) = written(&house, &plan, PreviewRows::Noteworthy, PreviewFormat::JsonLines);
    let lines: Vec<Value> = lines.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(lines.len(), 5);
    assert_eq!(
        lines[1]["changed"],
        json!([{"path": "displayName", "before": "Ann", "after": "Ann, A."}])
    );
}

#[test]
fn equal_input_gives_equal_bytes_whatever_the_plan() {
    let mut house = House::new();
    house.settle(&crowd(300));
    let changed = crowd(320).replace("u1", "v1");
    let (first, second) = (house.plan(&changed), house.plan(&changed));
    assert_ne!(first.id, second.id);
    for rows in [PreviewRows::Noteworthy, PreviewRows::All] {
        assert_eq!(written(&house, &first, rows, CSV), written(&house, &second, rows, CSV));
    }
}

#[test]
fn all_rows_need_the_baseline_that_the_plan_was_made_from() {
    let mut house = House::new();
    house.settle(&crowd(3));
    let plan = house.plan(&crowd(4));
    house.settle(&csv(&["0,changed@x,true"]));
    let mut out = Vec::new();
    let error = preview(&house.store, &plan, PreviewRows::All, CSV, &mut out).unwrap_err();
    assert_eq!(error.kind, ErrorKind::PlanStale);
    written(&house, &plan, PreviewRows::Noteworthy, CSV);
}
