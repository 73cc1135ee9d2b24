//! Every call to a tenant, whoever makes it: the 5-second window and the 24-hour quota.
//!
//! **Time.** Every process follows the clock of the host ([`Clock::host`]), never its own idea of the
//! wall clock, so all of them agree on what the window holds. The ledger's time is the host's and a shift
//! that is kept with the tenant; it never runs backwards. After a restart of the host the wall clock says
//! where it goes on, and what was in the window then counts from now: at worst a wait of 5 seconds. That
//! the wall clock was set forward while the host was down cannot be told from time that passed. Where the
//! platform shares no clock but the wall clock (all but Linux), one that is set back goes on from where the
//! ledger stood, and one that is set forward counts as time that passed.

use std::time::Duration;

use super::TenantId;
use crate::time::{Clock, DAY, HostTime, Timestamp, WINDOW};

/// A call still in flight may end at any time, so whoever waits for it looks again soon.
pub(super) const LOOK_AGAIN: Duration = Duration::from_millis(250);
/// A host's clock that is this far behind was set back.
const SET_BACK: Duration = Duration::from_secs(1);

/// How many calls a tenant bears.
///
/// A call counts for the window from its start until 5 s after its end, and for the day until 24 h
/// after its end: the service counts it somewhere in between. One that never ends, for its process
/// died, counts as if it had ended after `request_timeout`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallLimits {
    /// Calls in any 5 seconds.
    pub calls_per_5s: u32,
    /// Calls in any 24 hours.
    pub calls_per_day: u32,
    /// Hundredths of `calls_per_day` that only urgent calls may use.
    pub reserve_percent: u8,
    /// The longest one call can take.
    pub request_timeout: Duration,
}

impl CallLimits {
    /// The calls of a day that only urgent ones may use.
    pub fn reserve(&self) -> u32 {
        let reserve =
            u64::from(self.calls_per_day) * u64::from(self.reserve_percent.min(100)) / 100;
        u32::try_from(reserve).unwrap_or(self.calls_per_day)
    }

    /// The calls of a day that `call` may use.
    pub(super) fn room_of_day(&self, call: &CallRequest<'_>) -> u32 {
        if call.urgent { self.calls_per_day } else { self.calls_per_day - self.reserve() }
    }

    /// How the day stands after so many calls of it.
    pub(super) fn quota(
        &self,
        used: u32,
        next_free: Option<Timestamp>,
        all_free: Option<Timestamp>,
    ) -> Quota {
        let all = self.calls_per_day.saturating_sub(used);
        let left = all.saturating_sub(self.reserve());
        Quota { used, left, reserve: all - left, next_free, all_free }
    }
}

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallRequest<'a> {
    /// The run the call is for.
    pub run: &'a str,
    /// Whether it may use the reserve: it disables someone.
    pub urgent: bool,
}

/// Names a granted call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallId {
    pub(super) tenant: TenantId,
    pub(super) number: i64,
}

/// The answer to whoever wants to call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grant {
    /// Call now, and say when it ended.
    Granted(CallId),
    /// Ask again then.
    WaitUntil(Timestamp, WaitReason),
}

/// What there is to wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaitReason {
    /// The 5-second window is full.
    Window,
    /// The day's calls are spent.
    Quota,
}

/// How much of the day is spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// Calls that count.
    pub used: u32,
    /// Calls left, the reserve not counted.
    pub left: u32,
    /// Calls of the reserve that are left.
    pub reserve: u32,
    /// When the next call stops counting; `None` if none counts.
    pub next_free: Option<Timestamp>,
    /// When none counts any more; `None` if none counts.
    pub all_free: Option<Timestamp>,
}

/// What a call counts for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counted {
    Window,
    Day,
}

impl Counted {
    /// How long a call counts after its end.
    pub(super) const fn span(self) -> Duration {
        match self {
            Counted::Window => WINDOW,
            Counted::Day => DAY,
        }
    }
}

/// How far a tenant's ledger is, and what it follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Time {
    /// The latest reading.
    pub(super) latest: Timestamp,
    /// The start of the host that `shift` is of.
    pub(super) boot: u64,
    /// Microseconds that the ledger is ahead of the host's clock; `None` if it never followed one.
    pub(super) shift: Option<i64>,
}

impl Time {
    /// The ledger's time now, whether or not it has to follow the host's clock anew; and how many microseconds
    /// what is in the window moves with it.
    pub(super) fn read(&self, clock: &dyn Clock) -> (Time, i64) {
        let HostTime { boot, at } = clock.host();
        let shift = self.shift.filter(|_| boot == self.boot);
        let followed = shift.map(|shift| Timestamp(at.0.saturating_add_signed(shift)));
        if let Some(time) = followed.filter(|time| self.latest.since(*time) < SET_BACK) {
            return (Time { latest: time.max(self.latest), ..*self }, 0);
        }
        let latest = clock.now().max(self.latest);
        let shift = Some(microseconds(at, latest));
        (Time { latest, boot, shift }, microseconds(self.latest, latest))
    }

    /// A moment of the ledger's for a caller whose clock reads `clock` now.
    pub(super) fn told(&self, until: Timestamp, clock: &dyn Clock) -> Timestamp {
        Timestamp(clock.now().0.saturating_add_signed(microseconds(self.latest, until)))
    }
}

fn microseconds(from: Timestamp, to: Timestamp) -> i64 {
    to.0.cast_signed().saturating_sub(from.0.cast_signed())
}

/// How the calls of a ledger move in time when it becomes a part of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moved {
    /// Those count for the window longer that count for it at this moment,
    pub(super) in_window_at: Timestamp,
    /// by so many microseconds;
    pub(super) window: i64,
    /// and all count for the day longer by so many.
    pub(super) day: i64,
}

/// Two ledgers as one: its time, and how the calls of each move. Ledgers that follow one start of the host differ
/// by their shifts. Else both are moved to the later of their times, as a ledger is after a restart: what was in the
/// window then counts from there.
pub(super) fn joined(own: Time, other: Time) -> (Time, Moved, Moved) {
    let shifts = own.shift.zip(other.shift).filter(|_| own.boot == other.boot);
    if let Some((own_shift, other_shift)) = shifts {
        let ahead = own_shift.saturating_sub(other_shift);
        let latest = own.latest.max(Timestamp(other.latest.0.saturating_add_signed(ahead)));
        let moved = |by| Moved { in_window_at: Timestamp(0), window: by, day: by };
        return (Time { latest, ..own }, moved(0), moved(ahead));
    }
    let leading = if other.latest > own.latest { other } else { own };
    let moved = |time: Time| Moved {
        in_window_at: time.latest,
        window: microseconds(time.latest, leading.latest),
        day: 0,
    };
    (leading, moved(own), moved(other))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HOUR: u64 = 3_600_000_000;

    fn time() -> impl Strategy<Value = Time> {
        let hour = HOUR.cast_signed();
        let shift = prop_oneof![Just(None), (0..9 * hour).prop_map(Some)];
        (100 * HOUR..110 * HOUR, 0..2u64, shift).prop_map(|(latest, boot, shift)| Time {
            latest: Timestamp(latest),
            boot,
            shift,
        })
    }

    /// Microseconds for which a call that counts until `until` still counts at `now`.
    fn left(until: i64, now: Timestamp) -> i64 {
        until - now.0.cast_signed()
    }

    proptest! {
        /// No call counts for less time after its ledger was joined than it would have before, by the clock that
        /// both follow, or where they follow none by the times that the ledgers stood at.
        #[test]
        fn no_call_is_forgotten_sooner_in_a_joined_ledger(own in time(), other in time(), ahead in 0..HOUR) {
            let (joined, own_moved, other_moved) = joined(own, other);
            prop_assert!(joined.latest >= own.latest);
            let same_host = own.boot == other.boot && own.shift.is_some() && other.shift.is_some();
            for (time, moved) in [(own, own_moved), (other, other_moved)] {
                let until = time.latest.0.cast_signed() + ahead.cast_signed();
                let (window, day) = (until + moved.window, until + moved.day);
                prop_assert!(time.latest >= moved.in_window_at);
                if same_host {
                    // The same moment by the host's clock.
                    let host = until - time.shift.unwrap();
                    prop_assert_eq!((window, day), (host + joined.shift.unwrap(), host + joined.shift.unwrap()));
                } else {
                    prop_assert_eq!(left(window, joined.latest), left(until, time.latest));
                    prop_assert_eq!(day, until);
                    prop_assert!(joined == own || joined == other, "it follows one of them");
                }
            }
        }
    }
}
