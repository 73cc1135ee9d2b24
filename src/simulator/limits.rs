//! How many calls there were in any window of time, and which are too many.

use std::collections::VecDeque;
use std::time::Duration;

use super::reply::Refusal;
use super::settings::LimitSettings;
use crate::time::Timestamp;

/// The calls of the last `span`, exactly. Two calls that lie a whole span apart share no window.
#[derive(Debug)]
pub(super) struct SlidingWindow {
    span: Duration,
    recent: VecDeque<Timestamp>,
    busiest: usize,
}

impl SlidingWindow {
    pub(super) fn new(span: Duration) -> Self {
        SlidingWindow { span, recent: VecDeque::new(), busiest: 0 }
    }

    /// How many calls the window that ends now holds.
    pub(super) fn holds(&mut self, now: Timestamp) -> usize {
        while self.recent.front().is_some_and(|first| first.after(self.span) <= now) {
            self.recent.pop_front();
        }
        self.recent.len()
    }

    /// Counts a call. Times never run backwards.
    pub(super) fn count(&mut self, now: Timestamp) {
        self.recent.push_back(now);
        self.busiest = self.busiest.max(self.holds(now));
    }

    /// The most calls that any window ever held.
    pub(super) fn busiest(&self) -> usize {
        self.busiest
    }

    /// How long until one more call fits under `limit`; `None` if it fits now.
    pub(super) fn wait(&mut self, now: Timestamp, limit: usize) -> Option<Duration> {
        let too_many = self.holds(now).checked_sub(limit)?;
        // Nothing ever fits a limit of 0; a whole span is as good an answer as any.
        let leaves = self.recent.get(too_many).copied().unwrap_or(now).after(self.span);
        Some(leaves.since(now))
    }
}

/// The limits on bulkUpload.
#[derive(Debug)]
pub(super) struct UploadLimits {
    /// Every arrival, whether it counts or not.
    arrivals: SlidingWindow,
    window: SlidingWindow,
    day: SlidingWindow,
}

impl UploadLimits {
    pub(super) fn new(settings: &LimitSettings) -> Self {
        UploadLimits {
            arrivals: SlidingWindow::new(settings.window()),
            window: SlidingWindow::new(settings.window()),
            day: SlidingWindow::new(Duration::from_secs(24 * 60 * 60)),
        }
    }

    /// Why one more call is refused, if it is.
    pub(super) fn refusal(&mut self, now: Timestamp, settings: &LimitSettings) -> Option<Refusal> {
        if let Some(wait) = self.day.wait(now, settings.calls_per_day) {
            return Some(too_many("quota", wait, settings.retry_after));
        }
        let wait = self.window.wait(now, settings.calls_per_window)?;
        Some(too_many("rate", wait, settings.retry_after))
    }

    pub(super) fn count(&mut self, now: Timestamp, counts: bool) {
        self.arrivals.count(now);
        if counts {
            self.window.count(now);
            self.day.count(now);
        }
    }

    pub(super) fn busiest(&self) -> usize {
        self.arrivals.busiest()
    }

    pub(super) fn in_last_day(&mut self, now: Timestamp) -> usize {
        self.day.holds(now)
    }
}

/// 429, with the wait if the caller is to be told.
pub(super) fn too_many(reason: &'static str, wait: Duration, say: bool) -> Refusal {
    // Whole seconds, rounded up: earlier would be too early.
    let seconds = u64::try_from(wait.as_micros().div_ceil(1_000_000)).unwrap_or(u64::MAX);
    Refusal::throttled(reason, "Too many requests.", say.then_some(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_window_agrees_with_counting_by_hand(
            gaps in prop::collection::vec(0_u64..8, 1..120), span in 1_u64..20, limit in 1_usize..12,
        ) {
            let mut window = SlidingWindow::new(Duration::from_micros(span));
            let mut times: Vec<u64> = Vec::new();
            let held = |times: &[u64], now: u64| times.iter().filter(|t| now - **t < span).count();
            for gap in gaps {
                let now = times.last().copied().unwrap_or(0) + gap;
                prop_assert_eq!(window.holds(Timestamp(now)), held(&times, now));
                let wait = window.wait(Timestamp(now), limit);
                let first_room = (now..).find(|t| held(&times, *t) < limit).unwrap_or(now);
                prop_assert_eq!(wait.map_or(0, |w| w.as_micros() as u64), first_room - now);
                prop_assert_eq!(wait.is_none(), first_room == now);
                window.count(Timestamp(now));
                times.push(now);
            }
            let busiest = times.iter().map(|start| {
                times.iter().filter(|t| **t >= *start && **t < start + span).count()
            }).max().unwrap_or(0);
            prop_assert_eq!(window.busiest(), busiest);
        }
    }
}
