//! A run from its source to its end: checked, or planned and leased; then sent.

use std::sync::Arc;

use tokio::sync::{oneshot, watch};
use tokio::task::{JoinHandle, spawn_blocking};

use super::{Shared, Work};
use crate::convert::Spool;
use crate::error::Error;
use crate::plan;
use crate::plan::PlanArguments;
use crate::run::events::{Event, Warning};
use crate::run::journal::Journal;
use crate::run::lease::Lease;
use crate::run::open::{Expected, Opened, Task, make, open};
use crate::run::pace::Pacer;
use crate::run::sending::{Means, Sending};
use crate::run::shared::SharedLedger;
use crate::run::summary::{End, Stage};
use crate::run::supply::{Batches, Check, Listener, Supply, cancellation, cancelled, ended};
use crate::store::{Retention, RunState, Store};

/// The run from its source to its end.
pub(super) async fn conduct(
    shared: &Shared,
    input: oneshot::Receiver<Work>,
    cancelled_flag: watch::Receiver<bool>,
) -> End {
    let mut flag = cancelled_flag.clone();
    let work = tokio::select! {
        // No sender: the host dropped the run before its last record.
        work = input => work.map_err(|_| cancelled()),
        () = cancellation(&mut flag) => Err(cancelled()),
    };
    match work {
        Ok(Work::Send(check)) => send(shared, check, cancelled_flag).await,
        Ok(Work::Plan(arguments, pushed)) => {
            plan(shared, arguments, pushed, cancelled_flag).await.unwrap_or_else(End::from)
        }
        Ok(Work::Keep(task)) => keep(shared, task, cancelled_flag).await.unwrap_or_else(|end| end),
        Err(error) => error.into(),
    }
}

impl Shared {
    fn listener(&self, cancelled: watch::Receiver<bool>) -> Listener {
        Listener {
            run: self.id.clone(),
            holder: self.holder.clone(),
            events: Arc::clone(&self.events),
            clock: Arc::clone(&self.client.parts().clock),
            cancelled,
        }
    }

    async fn tell(&self, event: Event) {
        self.events.push(event, self.client.parts().clock.now()).await;
    }

    /// Sends `batches`, of which the tally knows the totals.
    async fn send(
        &self,
        batches: Batches,
        journal: Option<Journal>,
        cancelled: watch::Receiver<bool>,
    ) -> End {
        let totals = {
            let mut tally = self.tally();
            tally.stage = Stage::Sending;
            tally.totals
        };
        self.tell(Event::Checked(totals)).await;
        let quota_left = self.pacer().quota_left();
        if totals.calls > quota_left {
            let message = format!(
                "Sending takes {} calls, and the quota of these 24 hours has {quota_left} left; the \
                 rest will have to wait.",
                totals.calls
            );
            self.tell(Event::Warning(Warning::Run { message })).await;
        }
        let parts = Arc::clone(self.client.parts());
        let means = Means { pacer: Arc::clone(self.pacer()), journal, waits: self.waits };
        let (events, tally) = (Arc::clone(&self.events), Arc::clone(&self.tally));
        Sending::new(parts, means, events, tally, Supply::new(batches), cancelled).run().await
    }
}

/// What `work` gives, unless the run is cancelled first. The work itself then goes on until it looks.
async fn unless_cancelled<T>(
    work: JoinHandle<Result<T, Error>>,
    flag: &mut watch::Receiver<bool>,
) -> Result<T, Error> {
    tokio::select! {
        done = work => done.unwrap_or_else(|lost| Err(ended(&lost))),
        () = cancellation(flag) => Err(cancelled()),
    }
}

/// A run that nothing is kept of.
async fn send(shared: &Shared, check: Check, cancelled_flag: watch::Receiver<bool>) -> End {
    let listener = shared.listener(cancelled_flag.clone());
    let checking = spawn_blocking(move || check(&listener));
    match unless_cancelled(checking, &mut cancelled_flag.clone()).await {
        Ok((totals, batches)) => {
            shared.tally().totals = totals;
            shared.send(batches, None, cancelled_flag).await
        }
        Err(error) => error.into(),
    }
}

/// A run that ends with its plan.
async fn plan(
    shared: &Shared,
    arguments: Box<PlanArguments>,
    pushed: Option<Spool>,
    cancelled_flag: watch::Receiver<bool>,
) -> Result<End, Error> {
    let mut flag = cancelled_flag.clone();
    let (client, listener) = (shared.client.clone(), shared.listener(cancelled_flag));
    let planning = spawn_blocking(move || {
        let store = client.store()?;
        let (plan, _) = make(&client, &*store, *arguments, pushed, &listener)?;
        let document = plan::document(&plan)?;
        listener.tell(Event::Planned { plan: document.clone() })?;
        Ok::<_, Error>((Expected::of(&plan)?, plan.id, document["exitCode"].as_u64()))
    });
    let (expected, id, code) = unless_cancelled(planning, &mut flag).await?;
    let mut tally = shared.tally();
    expected.into_tally(&mut tally, id);
    tally.only_planned = code.and_then(|code| u8::try_from(code).ok());
    Ok(End::default())
}

/// A run that is kept: under the lease of its target, every step in the journal.
async fn keep(
    shared: &Shared,
    task: Task,
    mut cancelled_flag: watch::Receiver<bool>,
) -> Result<End, End> {
    let parts = shared.client.parts();
    let client = shared.client.clone();
    let opening = spawn_blocking(move || {
        let store = client.store()?;
        let target = client.desk(&*store)?.target;
        Ok::<_, Error>((store, target))
    });
    let (store, target) = opening.await.unwrap_or_else(|lost| Err(ended(&lost)))?;
    let lease = Lease::take(
        (Arc::clone(&store), Arc::clone(&parts.clock)),
        target.id,
        shared.holder.clone(),
        shared.waits,
        &shared.events,
        &mut cancelled_flag,
    )
    .await?;
    tokio::select! {
        end = execute(shared, task, &store, target, cancelled_flag) => {
            lease.release().await;
            end
        }
        lost = lease.renew() => Err(lost.into()),
    }
}

async fn execute(
    shared: &Shared,
    task: Task,
    store: &Arc<dyn Store>,
    target: crate::store::Target,
    cancelled_flag: watch::Receiver<bool>,
) -> Result<End, End> {
    let parts = shared.client.parts();
    let listener = shared.listener(cancelled_flag.clone());
    let (client, of) = (shared.client.clone(), Arc::clone(store));
    let opening = spawn_blocking(move || {
        let opened = open(&client, &of, task, &listener)?;
        let Some(opened) = opened else { return Ok(None) };
        let (limits, clock) = (client.config().call_limits(), Arc::clone(&client.parts().clock));
        let run = opened.run.clone();
        let ledger = SharedLedger::open(of, target.tenant, limits, clock, run)?;
        Ok::<_, Error>(Some((opened, ledger)))
    });
    let opened = unless_cancelled(opening, &mut cancelled_flag.clone()).await?;
    let Some((Opened { run, plan, expected, before, batches }, ledger)) = opened else {
        return Ok(End::default());
    };
    if run != shared.id {
        let _ = shared.resumed.set(run.clone());
    }
    let clock = Arc::clone(&parts.clock);
    let pacer = Pacer::sharing(&parts.config.limits, Arc::new(ledger), clock);
    let _ = shared.pacer.set(Arc::new(pacer));
    {
        let mut tally = shared.tally();
        expected.into_tally(&mut tally, plan);
        (tally.accepted, tally.refused) = (before.accepted, before.refused);
        tally.in_doubt = before.in_doubt;
        (tally.calls, tally.batches) = (before.calls, before.batches);
    }
    let journal = Journal::new(Arc::clone(store), Arc::clone(&parts.clock), &run);
    let mut end = shared.send(batches, Some(journal.clone()), cancelled_flag).await;
    let summary = shared.summary(end.clone());
    let all = summary.not_sent == 0 && summary.in_doubt == 0;
    let state = if all { RunState::Finished } else { RunState::Stopped };
    let document = serde_json::to_string(&summary).unwrap_or_default();
    if let Err(error) = journal.ended(state, document).await {
        end.error.get_or_insert(error);
    }
    let old = parts.clock.now().before(parts.config.state.retention);
    let (store, clock) = (Arc::clone(store), Arc::clone(&parts.clock));
    let retention = Retention { plans: old, history: old };
    let pruned = spawn_blocking(move || store.prune(target.id, &retention, clock.now())).await;
    if let Err(error) = pruned.unwrap_or_else(|lost| Err(ended(&lost))) {
        // The next run tries again.
        tracing::warn!(%error, "old plans and runs were not let go");
    }
    Ok(end)
}
