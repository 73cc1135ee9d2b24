//! Brakes: limits on what a plan may do. Tripping one stops the whole plan before its first byte.
//!
//! One rule serves every brake, in preview and in apply: of `base` users, `affected` would be touched;
//! the brake trips when `affected >= 1` and `100 * affected >= percent * base` or
//! `affected >= count`. Integers only, so that the boundary is where the numbers say it is.

use serde::{Deserialize, Serialize};

/// What a brake counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum BrakeKind {
    /// Users active in the baseline that would be left disabled or absent.
    Removals,
    /// Users of whom one attribute would be emptied; one brake for each attribute.
    Wipes,
    /// Users that would be changed in any way.
    Updates,
    /// Users that would be new.
    Adds,
}

/// Over what time a brake counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Window {
    /// This plan alone.
    Run,
    /// This plan and everything accepted in the 24 hours before it.
    Day,
    /// This plan and everything accepted in the 7 days before it.
    Week,
}

/// A limit, by percent and by count; whichever is reached first trips.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BrakeLimit {
    /// Trips at this many percent of the base, 0 to 100. 0 trips on the first user.
    pub percent: Option<u64>,
    /// Trips at this many users; 0 trips on the first one as well.
    pub count: Option<u64>,
    /// Fewer users than this never trip. It belongs to the defaults and vanishes with the operator's
    /// own numbers, so that those mean what they say.
    #[serde(skip)]
    pub floor: u64,
}

impl BrakeLimit {
    /// Trips at 5 percent or 500 users, but not below 3 users.
    pub const REMOVALS: BrakeLimit = BrakeLimit { percent: Some(5), count: Some(500), floor: 3 };
    /// Never trips; has to be asked for.
    pub const OFF: BrakeLimit = BrakeLimit { percent: None, count: None, floor: 0 };

    /// The rule.
    pub fn verdict(&self, affected: u64, base: u64) -> Verdict {
        let by_percent = self.percent.is_some_and(|percent| {
            100 * u128::from(affected) >= u128::from(percent) * u128::from(base)
        });
        let by_count = self.count.is_some_and(|count| affected >= count);
        if affected >= 1 && affected >= self.floor && (by_percent || by_count) {
            Verdict::Tripped { by_percent, by_count }
        } else {
            Verdict::Passed
        }
    }
}

/// What a brake says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "verdict")]
pub enum Verdict {
    /// The plan may go on.
    Passed,
    /// The plan is stopped.
    Tripped {
        /// The percentage was reached.
        by_percent: bool,
        /// The count was reached.
        by_count: bool,
    },
}

#[cfg(test)]
mod tests {
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
}
