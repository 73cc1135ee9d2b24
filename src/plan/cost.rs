//! What sending takes: calls, and time at the service's pace.

use std::time::Duration;

use super::desk::Desk;
use super::document::Cost;
use crate::error::Error;
use crate::time::{DAY, WINDOW};

/// What `calls` calls take from now on.
///
/// # Errors
/// What the store gives.
pub(super) fn reckon(desk: &Desk<'_>, calls: u64) -> Result<Cost, Error> {
    let (ledger, tenant) = desk.ledger;
    let quota = ledger.quota(tenant, &desk.limits, desk.clock)?;
    let now = desk.clock.now();
    let (left, reserve) = (u64::from(quota.left), u64::from(quota.reserve));
    let wait = quota.all_free.map_or(DAY, |free| free.since(now));
    let a_day = u64::from(desk.limits.calls_per_day.saturating_sub(desk.limits.reserve())).max(1);
    let took = duration(calls, left, wait, a_day, u64::from(desk.limits.calls_per_5s).max(1));
    Ok(Cost {
        calls,
        quota_left: left,
        quota_reserve: reserve,
        seconds: took.as_secs() + u64::from(took.subsec_nanos() > 0),
        finish_at: now.after(took).to_string(),
    })
}

/// How long calls take: those for which there is quota at the pace of the window; the rest once the
/// day's calls are free again, a day's worth a day.
fn duration(calls: u64, left: u64, wait: Duration, a_day: u64, per_window: u64) -> Duration {
    let at_pace = |calls: u64| {
        let micros = u128::from(calls) * WINDOW.as_micros() / u128::from(per_window);
        Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
    };
    let Some(rest) = calls.checked_sub(left).filter(|rest| *rest > 0) else {
        return at_pace(calls);
    };
    let whole_days = u32::try_from((rest - 1) / a_day).unwrap_or(u32::MAX);
    wait + DAY * whole_days + at_pace((rest - 1) % a_day + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pace_holds_within_the_quota_and_days_beyond_it() {
        let hour = Duration::from_secs(3_600);
        let seconds = |calls, left| duration(calls, left, hour, 1_900, 40).as_secs_f64();
        assert_eq!(seconds(0, 0), 0.0);
        assert_eq!(seconds(400, 1_900), 50.0);
        assert_eq!(seconds(1_901, 1_900), 3_600.125);
        assert_eq!(seconds(1_900, 0), 3_600.0 + 237.5);
        assert_eq!(seconds(1_901, 0), 3_600.0 + 86_400.0 + 0.125);
    }
}
