//! The store's ledger: one window and one quota for every process that sends to the tenant.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::task::spawn_blocking;

use super::events::WaitReason;
use super::pace::{Denied, STRAGGLING, Wait};
use super::supply::ended;
use crate::error::Error;
use crate::store::{self, CallId, CallLimits, CallRequest, Grant, Store, TenantId};
use crate::time::Clock;

/// The ledger of one tenant, for the calls of one run.
#[derive(Debug)]
pub(super) struct SharedLedger {
    desk: Arc<Desk>,
    /// What the quota had left when it was last asked, for those who cannot wait for the disk.
    left: Arc<AtomicU64>,
}

#[derive(Debug)]
struct Desk {
    store: Arc<dyn Store>,
    tenant: TenantId,
    limits: CallLimits,
    clock: Arc<dyn Clock>,
    run: String,
}

impl SharedLedger {
    /// The ledger of `tenant` in `store`. Blocks on the disk.
    pub(super) fn open(
        store: Arc<dyn Store>,
        tenant: TenantId,
        limits: CallLimits,
        clock: Arc<dyn Clock>,
        run: String,
    ) -> Result<Self, Error> {
        let limits = CallLimits { request_timeout: limits.request_timeout + STRAGGLING, ..limits };
        let left = u64::from(store.quota(tenant, &limits, &*clock)?.left);
        let desk = Desk { store, tenant, limits, clock, run };
        Ok(SharedLedger { desk: Arc::new(desk), left: Arc::new(left.into()) })
    }

    /// Asks for a call that starts now.
    pub(super) async fn acquire(&self, urgent: bool) -> Result<CallId, Denied> {
        let (desk, left) = (Arc::clone(&self.desk), Arc::clone(&self.left));
        let asked = spawn_blocking(move || {
            let call = CallRequest { run: &desk.run, urgent };
            let grant = desk.store.acquire(desk.tenant, &desk.limits, &call, &*desk.clock)?;
            let quota = desk.store.quota(desk.tenant, &desk.limits, &*desk.clock)?;
            left.store(u64::from(quota.left), Ordering::Relaxed);
            Ok(grant)
        });
        match asked.await.unwrap_or_else(|lost| Err(ended(&lost))) {
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

    /// Says that a call ended. Where that cannot be written, it counts as long as a call may take.
    pub(super) async fn finish(&self, call: CallId, status: u16) {
        let desk = Arc::clone(&self.desk);
        let told = spawn_blocking(move || desk.store.finish_call(call, status, &*desk.clock)).await;
        if let Ok(Err(error)) = told {
            tracing::warn!(%error, "the end of a call was not recorded");
        }
    }

    pub(super) fn quota_left(&self) -> u64 {
        self.left.load(Ordering::Relaxed)
    }
}
