use proptest::prelude::*;

use super::super::reason::Reason;
use super::*;
use crate::plan::judgement::{Judge, Protected, StoredBrakes};
use crate::store::Certainty;
use crate::time::Random;

const fn at(percent: u64) -> BrakeLimit {
    BrakeLimit { percent: Some(percent), count: None, floor: 0 }
}

const fn counted(count: u64) -> BrakeLimit {
    BrakeLimit { percent: None, count: Some(count), floor: 0 }
}

fn trips(limit: BrakeLimit, affected: u64, base: u64) -> bool {
    limit.verdict(affected, base) != Verdict::Passed
}

/// The rule at its boundaries: what is set, its limit, affected, base, whether the plan stops. The table
/// of `docs/brakes.md`.
const BOUNDARIES: &[(&str, BrakeLimit, u64, u64, bool)] = &[
    ("65 %", at(65), 649, 1_000, false),
    ("65 %", at(65), 650, 1_000, true),
    ("65 %", at(65), 651, 1_000, true),
    ("65 %", at(65), 0, 1_000, false),
    ("65 %", at(65), 0, 0, false),
    ("65 %", at(65), 1, 0, true),
    ("65 %", at(65), 1, 1, true),
    ("65 %", at(65), 1, 2, false),
    ("0 %", at(0), 0, 1_000, false),
    ("0 %", at(0), 1, 1_000, true),
    ("100 %", at(100), 999, 1_000, false),
    ("100 %", at(100), 1_000, 1_000, true),
    ("count 500", counted(500), 499, 1_000_000, false),
    ("count 500", counted(500), 500, 1_000_000, true),
    ("count 0", counted(0), 0, 1_000, false),
    ("count 0", counted(0), 1, 1_000, true),
    ("the default: 5 % or 500, from 3 on", BrakeLimit::REMOVALS, 2, 2, false),
    ("the default: 5 % or 500, from 3 on", BrakeLimit::REMOVALS, 3, 3, true),
    ("the default: 5 % or 500, from 3 on", BrakeLimit::REMOVALS, 2, 0, false),
    ("the default: 5 % or 500, from 3 on", BrakeLimit::REMOVALS, 4, 100, false),
    ("the default: 5 % or 500, from 3 on", BrakeLimit::REMOVALS, 5, 100, true),
    ("the default: 5 % or 500, from 3 on", BrakeLimit::REMOVALS, 499, 1_000_000, false),
    ("the default: 5 % or 500, from 3 on", BrakeLimit::REMOVALS, 500, 1_000_000, true),
    ("off", BrakeLimit::OFF, 1_000, 1_000, false),
];

#[test]
fn the_boundary_is_where_the_numbers_say() {
    for (name, limit, affected, base, stops) in BOUNDARIES {
        assert_eq!(trips(*limit, *affected, *base), *stops, "{name}: {affected} of {base}");
    }
    assert!(trips(at(100), u64::MAX, u64::MAX), "no overflow");
    assert!(!trips(BrakeLimit::OFF, u64::MAX, 1));
}

#[test]
fn the_documentation_shows_the_boundaries() {
    let mut table = String::from(
        "| set to | affected | of | in percent | the plan |\n| --- | ---: | ---: | ---: | --- |\n",
    );
    for (name, limit, affected, base, _) in BOUNDARIES {
        let percent = match base {
            0 => "-".to_owned(),
            _ => format!("{} %", *affected as f64 * 100.0 / *base as f64),
        };
        let verdict = match limit.verdict(*affected, *base) {
            Verdict::Passed => "passes",
            Verdict::Tripped { by_percent: true, by_count: true } => "**stops**, by both",
            Verdict::Tripped { by_percent: true, .. } => "**stops**, by percent",
            Verdict::Tripped { .. } => "**stops**, by count",
        };
        table.push_str(&format!("| {name} | {affected} | {base} | {percent} | {verdict} |\n"));
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/brakes.md");
    let page = std::fs::read_to_string(path).unwrap();
    let (before, rest) = page.split_once("<!-- the table begins -->\n").unwrap();
    let (_, after) = rest.split_once("<!-- the table ends -->").unwrap();
    let wanted =
        format!("{before}<!-- the table begins -->\n{table}<!-- the table ends -->{after}");
    if std::env::var_os("ENTRABULK_BLESS").is_some() {
        std::fs::write(path, wanted).unwrap();
    } else {
        assert!(page == wanted, "docs/brakes.md is out of date; run with ENTRABULK_BLESS=1");
    }
}

#[test]
fn a_plan_that_touches_nobody_passes_whatever_came_before() {
    let week = Touched { removals: 1_000, ..Touched::default() };
    let earlier = Earlier { day: week.clone(), week };
    let base = Base { users: 1_000, active: 1_000 };
    let tripped = |removals| {
        let plan = Touched { removals, ..Touched::default() };
        let verdicts = judge(&plan, &earlier, base, &BrakeLimits::default());
        verdicts.iter().filter(|verdict| verdict.tripped()).map(|v| v.window).collect::<Vec<_>>()
    };
    assert!(tripped(0).is_empty());
    assert_eq!(tripped(1), [Window::Day, Window::Week]);
    assert_eq!(tripped(50), [Window::Run, Window::Day, Window::Week]);
}

/// Inactive users whom nobody knows: on a first contact the brake is of the file, later of the company.
#[test]
fn unknown_inactive_users_are_braked_by_the_file_first_and_by_the_company_later() {
    let tripped = |inactive_adds, adds, active| {
        let plan = Touched { adds, inactive_adds, ..Touched::default() };
        let base = Base { users: active, active };
        let verdicts = judge(&plan, &Earlier::default(), base, &BrakeLimits::default());
        verdicts.iter().any(|verdict| verdict.brake == BrakeKind::InactiveAdds && verdict.tripped())
    };
    assert!(tripped(1_000, 1_000, 0), "a file of leavers only");
    assert!(tripped(50, 1_000, 0) && !tripped(49, 1_000, 0), "5 % of a first file");
    assert!(!tripped(4, 10, 1_000), "ten joiners of whom four start next month");
    assert!(tripped(50, 60, 1_000) && !tripped(49, 60, 1_000), "5 % of the company");
    assert!(tripped(500, 500, 1_000_000), "500 in any case");
    assert!(!tripped(2, 2, 0), "two are below the floor");
}

proptest! {
    #[test]
    fn more_removals_never_pass_where_fewer_tripped(
        percent in prop::option::of(0_u64..=100),
        count in prop::option::of(0_u64..1_000),
        floor in 0_u64..4,
        affected in 0_u64..2_000,
        base in 0_u64..2_000,
    ) {
        let limit = BrakeLimit { percent, count, floor };
        if trips(limit, affected, base) {
            prop_assert!(affected >= 1 && trips(limit, affected + 1, base));
        }
        let exact = percent.is_some_and(|percent| affected as f64 / base as f64 * 100.0 > percent as f64 + 1e-6);
        if exact && affected >= floor.max(1) {
            prop_assert!(trips(limit, affected, base));
        }
        prop_assert_eq!(
            trips(limit, affected, base),
            limit.trips_at(base).is_some_and(|least| affected >= least)
        );
    }
}

/// A random plan, its limits and its past, judged as it is written and as it is applied: from the
/// documents that were stored in between. `ENTRABULK_CASES` says how many.
#[test]
fn preview_and_apply_say_the_same() {
    let cases = std::env::var("ENTRABULK_CASES").map_or(5_000, |cases| cases.parse().unwrap());
    let random = Random::seeded(7);
    let below = |bound: u64| random.bits() % bound;
    let limit = || BrakeLimit {
        percent: (below(3) > 0).then(|| below(101)),
        count: (below(3) == 0).then(|| below(8)),
        floor: below(4),
    };
    let windows = || Windows { run: limit(), day: limit(), week: limit() };
    const ACTIONS: [Action; 5] =
        [Action::Add, Action::Update, Action::Disable, Action::Restore, Action::Missing];
    const WIPED: [&str; 4] = ["", "", "[\"title\"]", "[\"title\",\"urn:x:a\"]"];
    let (mut stopped, mut passed) = (0_u64, 0_u64);
    for case in 0..cases {
        let limits = BrakeLimits {
            removals: windows(),
            wipes: windows(),
            updates: windows(),
            adds: windows(),
            inactive_adds: windows(),
            renames: limit(),
        };
        let base = Base { users: below(40), active: below(20) };
        let mut day = Touched { removals: below(3), updates: below(3), ..Touched::default() };
        day.wipes.insert("title".into(), below(3));
        let earlier = Earlier { week: day.clone(), day };
        let protected = Protected {
            external_ids: (below(10) == 0).then(|| "3".to_owned()).into_iter().collect(),
            ..Protected::default()
        };
        let items: Vec<(Action, &str, &str, String)> = (0..below(6))
            .map(|id| {
                let reason = [Reason::Changed, Reason::ResendFull, Reason::UserNameMode];
                let action = ACTIONS[below(5) as usize];
                (action, reason[below(3) as usize].code(), WIPED[below(4) as usize], id.to_string())
            })
            .collect();
        let see_all = |judge: &mut Judge, protected: &Protected| {
            for (action, reason, wiped, id) in &items {
                let item = PlanItem {
                    ordinal: 0,
                    action: *action,
                    external_id: id,
                    line: None,
                    hash: None,
                    user: None,
                    active: None,
                    user_name: "",
                    user_name_before: "",
                    display_name: "",
                    manager: "",
                    reason,
                    resend: Reason::is_resend(reason),
                    certainty: Certainty::Known,
                    changed: "",
                    wiped,
                };
                judge.see(&item, protected).unwrap();
            }
        };
        let mut preview = Judge::default();
        see_all(&mut preview, &protected);
        let judgement = preview.judgement(&earlier, base, &limits);
        let said = serde_json::to_string(&judgement).unwrap();
        let names = protected.user_names.clone();
        let stored = StoredBrakes { limits, base, protected, judgement };
        let stored = StoredBrakes::read(&serde_json::to_string(&stored).unwrap(), &said, names);
        let stored = stored.unwrap();
        let mut apply = Judge::default();
        see_all(&mut apply, &stored.protected);
        let again = apply.judgement(&earlier, stored.base, &stored.limits);
        assert_eq!(again, stored.judgement, "case {case}");
        // And neither is wrong about the removals.
        let removals =
            items.iter().filter(|(action, ..)| *action == Action::Disable).count() as u64;
        for verdict in again.verdicts.iter().filter(|v| v.brake == BrakeKind::Removals) {
            let (limit, past) = match verdict.window {
                Window::Run => (limits.removals.run, 0),
                Window::Day => (limits.removals.day, earlier.day.removals),
                Window::Week => (limits.removals.week, earlier.week.removals),
            };
            let all = removals + past;
            let over = limit.percent.is_some_and(|percent| all * 100 >= percent * base.active)
                || limit.count.is_some_and(|count| all >= count);
            assert_eq!(
                verdict.tripped(),
                removals > 0 && all >= limit.floor && over,
                "case {case}"
            );
        }
        if again.tripped() { stopped += 1 } else { passed += 1 }
    }
    assert!(stopped > cases / 20 && passed > cases / 20, "{stopped} stopped, {passed} passed");
}
