//! When the next call may start. The ledger in the state counts the calls of every process; calls under
//! way and pauses are the run's own.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::sync::futures::Notified;

use super::events::WaitReason;
use super::supply::blocking;
use crate::client::Ledger;
use crate::crash::Step;
use crate::error::Error;
use crate::store::{self, CallId, CallLimits, CallRequest, Grant};
use crate::time::{Clock, STRAGGLING, Timestamp};

/// Why no call may start, and until when; `None`: until a call under way ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wait {
    pub(super) reason: WaitReason,
    pub(super) until: Option<Timestamp>,
}

/// Why a call was not permitted.
#[derive(Debug)]
pub(super) enum Denied {
    /// Not yet.
    Wait(Wait),
    /// The ledger failed.
    Failed(Box<Error>),
}

/// The run's way to the ledger.
#[derive(Debug)]
pub(super) struct Pacer {
    book: Arc<Book>,
    own: Mutex<Own>,
    in_flight: usize,
    /// What the quota had left when the ledger was last asked, for those who cannot wait for the disk.
    left: Arc<AtomicU64>,
    changed: Notify,
}

/// What asking the ledger takes.
#[derive(Debug)]
struct Book {
    ledger: Ledger,
    limits: CallLimits,
    clock: Arc<dyn Clock>,
    run: String,
}

/// What no other process needs to know.
#[derive(Debug, Default)]
struct Own {
    under_way: usize,
    paused: Option<(Timestamp, WaitReason)>,
}

impl Pacer {
    /// Permits for the calls of `run`, at most `in_flight` at once. Blocks on the disk.
    pub(super) fn open(
        ledger: Ledger,
        limits: CallLimits,
        in_flight: usize,
        clock: Arc<dyn Clock>,
        run: String,
    ) -> Result<Self, Error> {
        let limits = CallLimits { request_timeout: limits.request_timeout + STRAGGLING, ..limits };
        let left = u64::from(ledger.store.quota(ledger.tenant, &limits, &*clock)?.left);
        Ok(Pacer {
            book: Arc::new(Book { ledger, limits, clock, run }),
            own: Mutex::default(),
            in_flight,
            left: Arc::new(left.into()),
            changed: Notify::new(),
        })
    }

    fn own(&self) -> MutexGuard<'_, Own> {
        self.own.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A permit for one call that starts now, or why there is none. An urgent one may use the reserve
    /// of the day's quota.
    pub(super) async fn start(self: &Arc<Self>, urgent: bool) -> Result<Permit, Denied> {
        self.begin()?;
        match self.acquire(urgent).await {
            Ok(call) => {
                Step::Granted.reached();
                Ok(Permit { pacer: Arc::clone(self), call })
            }
            Err(denied) => {
                // Not by way of a permit, whose end would wake whoever was just denied.
                self.own().under_way -= 1;
                Err(denied)
            }
        }
    }

    fn begin(&self) -> Result<(), Denied> {
        let mut own = self.own();
        if own.under_way >= self.in_flight {
            return Err(Denied::Wait(Wait { reason: WaitReason::Pace, until: None }));
        }
        if let Some((until, reason)) = own.paused {
            if self.book.clock.now() < until {
                return Err(Denied::Wait(Wait { reason, until: Some(until) }));
            }
            own.paused = None;
        }
        own.under_way += 1;
        Ok(())
    }

    async fn acquire(&self, urgent: bool) -> Result<CallId, Denied> {
        let (book, left) = (Arc::clone(&self.book), Arc::clone(&self.left));
        let asked = blocking(move || {
            let Book { ledger, limits, clock, run } = &*book;
            let call = CallRequest { run, urgent };
            let grant = ledger.store.acquire(ledger.tenant, limits, &call, &**clock)?;
            let quota = ledger.store.quota(ledger.tenant, limits, &**clock)?;
            left.store(u64::from(quota.left), Ordering::Relaxed);
            Ok(grant)
        });
        match asked.await {
            Ok(Grant::Granted(call)) => Ok(call),
            Ok(Grant::WaitUntil(until, reason)) => Err(Denied::Wait(Wait {
                reason: match reason {
                    store::WaitReason::Window => WaitReason::Pace,
                    store::WaitReason::Quota => WaitReason::Quota,
                },
                until: Some(until),
            })),
            Err(error) => Err(Denied::Failed(Box::new(error))),
        }
    }

    /// No call of this run starts before `until`.
    pub(super) fn pause(&self, until: Timestamp, reason: WaitReason) {
        let mut own = self.own();
        if own.paused.is_none_or(|(before, _)| before < until) {
            own.paused = Some((until, reason));
        }
    }

    /// Completes when a call ended; made before [`Self::start`], it misses none.
    pub(super) fn changed(&self) -> Notified<'_> {
        self.changed.notified()
    }

    /// What the daily quota still has.
    pub(super) fn quota_left(&self) -> u64 {
        self.left.load(Ordering::Relaxed)
    }
}

/// One call under way. Dropped without a word, it counts in the ledger for as long as a call may take.
#[derive(Debug)]
pub(super) struct Permit {
    pacer: Arc<Pacer>,
    call: CallId,
}

impl Permit {
    /// The call is over: the service answered with this status, or the connection is gone (0), or the
    /// call never left this machine (0), which the ledger counts all the same.
    pub(super) async fn over(self, status: u16) {
        let (book, call) = (Arc::clone(&self.pacer.book), self.call);
        let told = blocking(move || book.ledger.store.finish_call(call, status, &*book.clock));
        if let Err(error) = told.await {
            tracing::warn!(%error, "the end of a call was not recorded");
        }
        Step::CallEnded.reached();
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.pacer.own().under_way -= 1;
        self.pacer.changed.notify_waiters();
    }
}
