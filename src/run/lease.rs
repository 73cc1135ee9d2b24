//! The right to run against a target: taken, renewed while the run goes on, given back.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::events::{Event, Warning};
use super::queue::EventQueue;
use super::sentences;
use super::summary::End;
use super::supply::{blocking, cancellation};
use crate::crash::Step;
use crate::error::Error;
use crate::store::{self, Store, TargetId};
use crate::time::Clock;

/// A holder that says nothing for this long is taken for dead.
const LIFE: Duration = Duration::from_secs(120);
/// How often a living one says so.
const RENEWAL: Duration = Duration::from_secs(30);

/// A lease that this run holds.
#[derive(Clone)]
pub(super) struct Lease {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    target: TargetId,
    holder: Arc<str>,
}

impl Lease {
    /// Takes the lease, and tells if a dead run had it. While another holds it: waits for it where
    /// `waits`, else ends with the moment at which it may be free.
    pub(super) async fn take(
        (store, clock): (Arc<dyn Store>, Arc<dyn Clock>),
        target: TargetId,
        holder: String,
        waits: bool,
        events: &EventQueue,
        flag: &mut watch::Receiver<bool>,
    ) -> Result<Lease, End> {
        let lease = Lease { store, clock, target, holder: holder.into() };
        let mut told = false;
        loop {
            let taken = lease
                .with(|store, target, holder, now| store.take_lease(target, holder, LIFE, now))
                .await?;
            Step::LeaseTaken.reached();
            let (by, until) = match taken {
                store::Lease::Taken => return Ok(lease),
                store::Lease::TakenOver { previous } => {
                    let message = sentences::taken_over(&previous, LIFE.as_secs());
                    let now = lease.clock.now();
                    events.push(Event::Warning(Warning::Run { message }), now);
                    return Ok(lease);
                }
                store::Lease::Held { by, until } => (by, until),
            };
            if !waits {
                let error = store::lease_held(&by, until);
                return Err(End { error: Some(error), resume_at: Some(until) });
            }
            if !told {
                told = true;
                let message = sentences::waiting_for(&by, until);
                let now = lease.clock.now();
                events.push(Event::Warning(Warning::Run { message }), now);
            }
            let again = until.min(lease.clock.now().after(RENEWAL));
            tokio::select! {
                () = lease.clock.sleep_until(again.after(Duration::from_millis(1))) => {}
                () = cancellation(flag) => return Err(sentences::cancelled().into()),
            }
        }
    }

    /// Keeps the lease alive; completes only when it is lost, or could not be renewed for its whole life.
    pub(super) async fn renew(&self) -> Error {
        let mut until = self.clock.now().after(LIFE);
        loop {
            self.clock.sleep_until(self.clock.now().after(RENEWAL)).await;
            let asked = self.clock.now();
            let renewed = self
                .with(|store, target, holder, now| store.renew_lease(target, holder, LIFE, now))
                .await;
            match renewed {
                Ok(true) => until = asked.after(LIFE),
                Ok(false) => return store::lost_lease(),
                Err(error) if until <= self.clock.now() => return error,
                // The disk may be better next time.
                Err(error) => tracing::warn!(%error, "the lease was not renewed"),
            }
        }
    }

    /// Gives it back.
    pub(super) async fn release(&self) {
        let released =
            self.with(|store, target, holder, _| store.release_lease(target, holder)).await;
        match released {
            Ok(()) => Step::LeaseReleased.reached(),
            Err(error) => tracing::warn!(%error, "the lease was not given back"),
        }
    }

    async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn Store, TargetId, &str, crate::time::Timestamp) -> Result<T, Error>
        + Send
        + 'static,
    ) -> Result<T, Error> {
        let Lease { store, clock, target, holder } = self.clone();
        blocking(move || work(&*store, target, &holder, clock.now())).await
    }
}
