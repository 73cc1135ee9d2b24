//! Brakes: limits on what a plan may do. Tripping one stops the whole plan before its first byte.
//!
//! One rule serves every brake, in preview and in apply: of `base` users, `affected` would be touched;
//! the brake trips when `affected >= 1` and `100 * affected >= percent * base` or
//! `affected >= count`. Integers only, so that the boundary is where the numbers say it is.
//! `docs/brakes.md` shows it in numbers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::reason::{Reason, is_rename};
use crate::error::Error;
use crate::store::{Action, PlanItem, Totals};

/// What a brake counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum BrakeKind {
    /// Users active in the baseline that would be left disabled or absent.
    Removals,
    /// Users of whom one attribute would be emptied; one brake for each attribute.
    Wipes,
    /// Users that would be changed in any way; sending one again unchanged does not count.
    Updates,
    /// Users that would be new.
    Adds,
    /// Users that would be new and are not said to be active. Where one of them exists already, nobody knows
    /// of it here and the account would be disabled.
    InactiveAdds,
    /// Users whose userName would change, other than in upper and lower case.
    Renames,
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
    pub floor: u64,
}

impl BrakeLimit {
    /// Trips at 5 percent or 500 users, but not below 3 users.
    pub const REMOVALS: BrakeLimit = BrakeLimit { percent: Some(5), count: Some(500), floor: 3 };
    /// Trips when half of all users change, but not below 20 users: the mark of a changed mapping.
    pub const UPDATES: BrakeLimit = BrakeLimit { percent: Some(50), count: None, floor: 20 };
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

    /// The fewest users that trip it; `None` if no number does.
    pub fn trips_at(&self, base: u64) -> Option<u64> {
        let by_percent = self.percent.map(|percent| {
            let users = (u128::from(percent) * u128::from(base)).div_ceil(100);
            u64::try_from(users).unwrap_or(u64::MAX)
        });
        let least = by_percent.into_iter().chain(self.count).min()?;
        Some(least.max(self.floor).max(1))
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

/// The limits of one brake: one for each window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Windows {
    /// For the plan alone.
    pub run: BrakeLimit,
    /// For 24 hours.
    pub day: BrakeLimit,
    /// For 7 days.
    pub week: BrakeLimit,
}

impl Windows {
    /// The same limit for every window.
    pub const fn all(limit: BrakeLimit) -> Self {
        Windows { run: limit, day: limit, week: limit }
    }
}

/// The limits of all brakes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BrakeLimits {
    /// Users disabled; base: the active users of the baseline.
    pub removals: Windows,
    /// Users who lose an attribute, for each attribute; base, from here on: all users of the baseline.
    pub wipes: Windows,
    /// Users changed.
    pub updates: Windows,
    /// Users added.
    pub adds: Windows,
    /// Users added who are not said to be active; base: all users added or the active users of the baseline,
    /// whichever are more.
    #[serde(default = "inactive_adds")]
    pub inactive_adds: Windows,
    /// Users renamed; counted for the plan alone.
    pub renames: BrakeLimit,
}

const fn inactive_adds() -> Windows {
    Windows::all(BrakeLimit::REMOVALS)
}

impl Default for BrakeLimits {
    fn default() -> Self {
        BrakeLimits {
            removals: Windows::all(BrakeLimit::REMOVALS),
            wipes: Windows::all(BrakeLimit::REMOVALS),
            updates: Windows::all(BrakeLimit::UPDATES),
            adds: Windows::all(BrakeLimit::OFF),
            inactive_adds: inactive_adds(),
            renames: BrakeLimit::REMOVALS,
        }
    }
}

/// What percentages are of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Base {
    /// Users of the baseline.
    pub users: u64,
    /// Those of them that are active.
    pub active: u64,
}

/// How many users a plan, or what was accepted in a window, touches.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Touched {
    removals: u64,
    updates: u64,
    adds: u64,
    inactive_adds: u64,
    renames: u64,
    wipes: BTreeMap<String, u64>,
}

impl Touched {
    /// Counts one item of a plan.
    ///
    /// # Errors
    /// `Internal` if its wiped attributes are no JSON array of strings.
    pub fn count(&mut self, item: &PlanItem<'_>) -> Result<(), Error> {
        match item.action {
            Action::Add => {
                self.adds += 1;
                self.inactive_adds += u64::from(item.active != Some(true));
            }
            Action::Disable => self.removals += 1,
            Action::Update if !item.resend => self.updates += 1,
            Action::Restore => self.updates += 1,
            _ => {}
        }
        // The reason may be another one, as that of an undo; the names may not be kept.
        if Reason::is_rename(item.reason) || is_rename(item.user_name_before, item.user_name) {
            self.renames += 1;
        }
        if item.action.sends() && !item.wiped.is_empty() {
            let paths: Vec<String> = serde_json::from_str(item.wiped)
                .map_err(|_| Error::internal("A plan item's wiped attributes cannot be read."))?;
            for path in paths {
                *self.wipes.entry(path).or_default() += 1;
            }
        }
        Ok(())
    }
}

impl From<Totals> for Touched {
    fn from(totals: Totals) -> Self {
        Touched {
            removals: totals.removals,
            updates: totals.updates + totals.restores,
            adds: totals.adds,
            inactive_adds: totals.inactive_adds,
            renames: 0,
            wipes: totals.wipes,
        }
    }
}

/// What was accepted before the plan.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Earlier {
    /// In the last 24 hours.
    pub day: Touched,
    /// In the last 7 days.
    pub week: Touched,
}

/// One brake over one window: its numbers, its limit and what it says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BrakeVerdict {
    /// Which brake.
    pub brake: BrakeKind,
    /// The attribute, where the brake counts wipes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attribute: Option<String>,
    /// Over what time.
    pub window: Window,
    /// Users the plan itself touches.
    pub affected: u64,
    /// Users accepted earlier in the window.
    pub earlier: u64,
    /// What percentages are of.
    pub base: u64,
    /// The limit.
    pub limit: BrakeLimit,
    /// The fewest users, earlier ones included, that trip it.
    pub trips_at: Option<u64>,
    /// What it says.
    #[serde(flatten)]
    pub verdict: Verdict,
}

impl BrakeKind {
    /// Its name in documents, settings and approvals.
    pub const fn name(self) -> &'static str {
        match self {
            BrakeKind::Removals => "removals",
            BrakeKind::Wipes => "wipes",
            BrakeKind::Updates => "updates",
            BrakeKind::Adds => "adds",
            BrakeKind::InactiveAdds => "inactiveAdds",
            BrakeKind::Renames => "renames",
        }
    }
}

impl BrakeVerdict {
    /// How an approval names it: `removals`, or `wipes:title` for an attribute.
    pub fn name(&self) -> String {
        match &self.attribute {
            Some(attribute) => format!("{}:{attribute}", self.brake.name()),
            None => self.brake.name().to_owned(),
        }
    }

    /// Whether it stops the plan.
    pub fn tripped(&self) -> bool {
        self.verdict != Verdict::Passed
    }
}

/// Every brake over every window: the one judge of preview and apply.
///
/// A plan that touches nobody passes, whatever was accepted before it.
pub fn judge(
    plan: &Touched,
    earlier: &Earlier,
    base: Base,
    limits: &BrakeLimits,
) -> Vec<BrakeVerdict> {
    let mut verdicts = Vec::new();
    let mut brake = |brake, attribute: Option<&str>, base, windows: &[(Window, BrakeLimit)]| {
        let of = |touched: &Touched| match brake {
            BrakeKind::Removals => touched.removals,
            BrakeKind::Updates => touched.updates,
            BrakeKind::Adds => touched.adds,
            BrakeKind::InactiveAdds => touched.inactive_adds,
            BrakeKind::Renames => touched.renames,
            BrakeKind::Wipes => {
                attribute.and_then(|path| touched.wipes.get(path)).copied().unwrap_or_default()
            }
        };
        let affected = of(plan);
        for (window, limit) in windows {
            let earlier = match window {
                Window::Run => 0,
                Window::Day => of(&earlier.day),
                Window::Week => of(&earlier.week),
            };
            let verdict = match affected {
                0 => Verdict::Passed,
                _ => limit.verdict(affected + earlier, base),
            };
            verdicts.push(BrakeVerdict {
                brake,
                attribute: attribute.map(str::to_owned),
                window: *window,
                affected,
                earlier,
                base,
                limit: *limit,
                trips_at: limit.trips_at(base),
                verdict,
            });
        }
    };
    let all = |windows: &Windows| {
        [(Window::Run, windows.run), (Window::Day, windows.day), (Window::Week, windows.week)]
    };
    brake(BrakeKind::Removals, None, base.active, &all(&limits.removals));
    for path in plan.wipes.keys() {
        brake(BrakeKind::Wipes, Some(path), base.users, &all(&limits.wipes));
    }
    brake(BrakeKind::Updates, None, base.users, &all(&limits.updates));
    brake(BrakeKind::Adds, None, base.users, &all(&limits.adds));
    // On a first contact the file, on an ordinary night the company.
    let people = base.active.max(plan.adds);
    brake(BrakeKind::InactiveAdds, None, people, &all(&limits.inactive_adds));
    brake(BrakeKind::Renames, None, base.users, &[(Window::Run, limits.renames)]);
    verdicts
}

#[cfg(test)]
mod tests;
