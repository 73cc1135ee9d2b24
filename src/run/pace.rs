//! The exact sliding windows: how many calls may start when.
//!
//! A call counts from its start until a window's length after its *end*. Whenever within its life the
//! service saw it, the service then never sees more than the limit in any window: of too many calls
//! seen within one length, the one started last would have started while all others still counted.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::sync::futures::Notified;

use super::events::WaitReason;
use super::shared::SharedLedger;
use crate::crash::Step;
use crate::error::Error;
use crate::graph::limits::Limits;
use crate::store::CallId;
use crate::time::{Clock, Timestamp};

/// The service's short window ("API-driven inbound provisioning concepts", usage limits).
const SHORT: Duration = Duration::from_secs(5);
/// The service's long window.
const LONG: Duration = Duration::from_secs(24 * 60 * 60);
/// A call that was given up without an answer may reach the service still; it counts this much longer.
pub(super) const STRAGGLING: Duration = Duration::from_secs(5);
/// Added to both windows: a service that counts both ends of its window, or whose clock runs a little slower
/// than ours, counts the same calls.
const MARGIN: Duration = Duration::from_millis(1);

/// Calls in any stretch of one length. Pure: told of the time, never asking for it.
#[derive(Debug)]
struct Window {
    limit: usize,
    length: Duration,
    under_way: usize,
    /// From when the calls that ended and still count do so, oldest first.
    ended: VecDeque<Timestamp>,
}

impl Window {
    fn new(limit: usize, length: Duration) -> Self {
        Window { limit, length: length + MARGIN, under_way: 0, ended: VecDeque::new() }
    }

    fn forget(&mut self, now: Timestamp) {
        while self.ended.front().is_some_and(|end| end.after(self.length) <= now) {
            self.ended.pop_front();
        }
    }

    fn left(&self) -> usize {
        self.limit.saturating_sub(self.under_way + self.ended.len())
    }

    /// `None` if a call may start now; otherwise when the next one may, as far as that is known while
    /// calls are under way.
    fn full_until(&self) -> Option<Option<Timestamp>> {
        (self.left() == 0).then(|| self.ended.front().map(|end| end.after(self.length)))
    }

    fn start(&mut self) {
        self.under_way += 1;
    }

    /// A call ended. It counts from that moment for the window's length; without one it never counted.
    fn end(&mut self, counts_from: Option<Timestamp>) {
        self.under_way -= 1;
        if let Some(moment) = counts_from {
            let at = self.ended.partition_point(|other| *other <= moment);
            self.ended.insert(at, moment);
        }
    }
}

/// Every call of this process: what the windows are computed from, unless the store counts for all.
#[derive(Debug)]
struct Ledger {
    short: Window,
    long: Window,
    in_flight: usize,
    paused: Option<(Timestamp, WaitReason)>,
}

/// Why no call may start, and until when; `None`: until a call under way ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wait {
    pub(crate) reason: WaitReason,
    pub(crate) until: Option<Timestamp>,
}

impl Ledger {
    fn start(&mut self, now: Timestamp) -> Result<(), Wait> {
        self.short.forget(now);
        self.long.forget(now);
        if self.short.under_way >= self.in_flight {
            return Err(Wait { reason: WaitReason::Pace, until: None });
        }
        if let Some((until, reason)) = self.paused {
            if now < until {
                return Err(Wait { reason, until: Some(until) });
            }
            self.paused = None;
        }
        for (window, reason) in [(&self.long, WaitReason::Quota), (&self.short, WaitReason::Pace)] {
            if let Some(until) = window.full_until() {
                return Err(Wait { reason, until });
            }
        }
        self.short.start();
        self.long.start();
        Ok(())
    }

    fn end(&mut self, counts_from: Option<Timestamp>) {
        self.short.end(counts_from);
        self.long.end(counts_from);
    }
}

/// Why a call was not permitted.
#[derive(Debug)]
pub(crate) enum Denied {
    /// Not yet.
    Wait(Wait),
    /// The shared ledger failed.
    Failed(Box<Error>),
}

impl From<Wait> for Denied {
    fn from(wait: Wait) -> Self {
        Denied::Wait(wait)
    }
}

/// The ledger with a clock. Either it is this process's own, shared by all runs of a client, or the
/// store's, shared by every process; calls under way and pauses are this process's own in both cases.
#[derive(Debug)]
pub(crate) struct Pacer {
    ledger: Mutex<Ledger>,
    shared: Option<Arc<SharedLedger>>,
    clock: Arc<dyn Clock>,
    changed: Notify,
}

impl Pacer {
    /// One that counts the calls of this process.
    pub(crate) fn new(limits: &Limits, clock: Arc<dyn Clock>) -> Self {
        let windows = (limits.calls_per_5s, limits.calls_per_day);
        Self::assemble(limits, windows, None, clock)
    }

    /// One that lets the store count the calls of all processes.
    pub(super) fn sharing(
        limits: &Limits,
        shared: Arc<SharedLedger>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self::assemble(limits, (usize::MAX, usize::MAX), Some(shared), clock)
    }

    fn assemble(
        limits: &Limits,
        (short, long): (usize, usize),
        shared: Option<Arc<SharedLedger>>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let ledger = Ledger {
            short: Window::new(short, SHORT),
            long: Window::new(long, LONG),
            in_flight: limits.in_flight,
            paused: None,
        };
        Pacer { ledger: Mutex::new(ledger), shared, clock, changed: Notify::new() }
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A permit for one call that starts now, or why there is none. An urgent one may use the reserve
    /// of the day's quota.
    pub(crate) async fn start(self: &Arc<Self>, urgent: bool) -> Result<Permit, Denied> {
        self.ledger().start(self.clock.now())?;
        let call = match &self.shared {
            None => None,
            Some(shared) => match shared.acquire(urgent).await {
                Ok(call) => Some(call),
                Err(denied) => {
                    // Not by way of a permit, whose end would wake whoever was just denied.
                    self.ledger().end(None);
                    return Err(denied);
                }
            },
        };
        Step::Granted.reached();
        Ok(Permit { pacer: Arc::clone(self), call, ending: Ending::Abandoned })
    }

    /// No call of any run starts before `until`.
    pub(crate) fn pause(&self, until: Timestamp, reason: WaitReason) {
        let mut ledger = self.ledger();
        if ledger.paused.is_none_or(|(before, _)| before < until) {
            ledger.paused = Some((until, reason));
        }
    }

    /// Completes when a call ended; made before [`Self::start`], it misses none.
    pub(crate) fn changed(&self) -> Notified<'_> {
        self.changed.notified()
    }

    /// What the daily quota still has.
    pub(crate) fn quota_left(&self) -> u64 {
        if let Some(shared) = &self.shared {
            return shared.quota_left();
        }
        let mut ledger = self.ledger();
        ledger.long.forget(self.clock.now());
        ledger.long.left() as u64
    }
}

/// One call under way. Dropped without a word, it counts as given up.
#[derive(Debug)]
pub(crate) struct Permit {
    pacer: Arc<Pacer>,
    /// Its entry in the shared ledger. Never ended there, it counts as long as a call may take.
    call: Option<CallId>,
    ending: Ending,
}

#[derive(Debug, Clone, Copy)]
enum Ending {
    Abandoned,
    Over,
    Unused,
}

impl Permit {
    /// The service answered with this status, or the connection is gone (0): nothing of the call is on
    /// its way any more.
    pub(crate) async fn over(mut self, status: u16) {
        self.ending = Ending::Over;
        self.end_shared(status).await;
    }

    /// The call never left this machine: nobody counts it, but a shared ledger, which forgets nothing.
    pub(crate) async fn unused(mut self) {
        self.ending = Ending::Unused;
        self.end_shared(0).await;
    }

    async fn end_shared(&self, status: u16) {
        if let (Some(shared), Some(call)) = (&self.pacer.shared, self.call) {
            shared.finish(call, status).await;
            Step::CallEnded.reached();
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let now = self.pacer.clock.now();
        self.pacer.ledger().end(match self.ending {
            Ending::Unused => None,
            Ending::Over => Some(now),
            Ending::Abandoned => Some(now.after(STRAGGLING)),
        });
        self.pacer.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests;
