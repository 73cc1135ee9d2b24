//! The tenant's clock: the one it was handed, and as much further as it was told to skip.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

use crate::time::{Clock, Timestamp};

#[derive(Debug)]
pub(super) struct TenantClock {
    base: Arc<dyn Clock>,
    ahead: AtomicU64,
    skipped: Notify,
}

impl TenantClock {
    pub(super) fn new(base: Arc<dyn Clock>) -> Self {
        TenantClock { base, ahead: AtomicU64::new(0), skipped: Notify::new() }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.base.now().after(Duration::from_micros(self.ahead.load(Ordering::SeqCst)))
    }

    /// Jumps forward; whoever sleeps until a moment that this passes wakes.
    pub(super) fn skip(&self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        self.ahead.fetch_add(micros, Ordering::SeqCst);
        self.skipped.notify_waiters();
    }

    pub(super) async fn sleep(&self, time: Duration) {
        if time.is_zero() {
            return;
        }
        let until = self.now().after(time);
        loop {
            // Listening begins before the clock is read, so no skip falls between the two.
            let skipped = self.skipped.notified();
            let left = until.since(self.now());
            if left.is_zero() {
                return;
            }
            tokio::select! {
                () = self.base.sleep_until(self.base.now().after(left)) => {}
                () = skipped => {}
            }
        }
    }
}
