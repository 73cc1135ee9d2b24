use super::*;
use proptest::prelude::*;

const fn at(percent: u64) -> BrakeLimit {
    BrakeLimit { percent: Some(percent), count: None, floor: 0 }
}

fn trips(limit: BrakeLimit, affected: u64, base: u64) -> bool {
    limit.verdict(affected, base) != Verdict::Passed
}

#[test]
fn the_boundary_is_where_the_numbers_say() {
    assert!(!trips(at(65), 649, 1_000));
    assert!(trips(at(65), 650, 1_000));
    assert!(trips(at(65), 651, 1_000));
    assert!(!trips(at(0), 0, 1_000) && trips(at(0), 1, 1_000));
    assert!(!trips(at(100), 999, 1_000) && trips(at(100), 1_000, 1_000));
    assert!(!trips(at(5), 0, 0) && trips(at(5), 1, 0));
}

#[test]
fn the_default_lets_two_go_and_stops_five_percent_or_five_hundred() {
    let limit = BrakeLimit::REMOVALS;
    assert!(!trips(limit, 2, 2) && trips(limit, 3, 3));
    assert!(!trips(limit, 4, 100) && trips(limit, 5, 100));
    assert!(!trips(limit, 499, 1_000_000) && trips(limit, 500, 1_000_000));
    assert!(!trips(BrakeLimit::OFF, u64::MAX, 1));
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
    }
}
