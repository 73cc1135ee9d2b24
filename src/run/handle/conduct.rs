//! A run from its source to its end: planned, under the lease of its target, then sent.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{oneshot, watch};

use super::Shared;
use crate::error::Error;
use crate::plan::PlanDocument;
use crate::run::events::{Event, Warning};
use crate::run::journal::Journal;
use crate::run::lease::Lease;
use crate::run::open::{Opened, Opening, Task, Unsettled};
use crate::run::pace::Pacer;
use crate::run::sending::{Means, Sending};
use crate::run::sentences;
use crate::run::summary::{End, Stage, Tally};
use crate::run::supply::{Batches, Listener, Supply, blocking, blocking_unless, cancellation};
use crate::store::{Retention, RunState};

/// The run from its source to its end.
pub(super) async fn conduct(
    shared: &Shared,
    input: oneshot::Receiver<Task>,
    cancelled_flag: watch::Receiver<bool>,
) -> End {
    let mut flag = cancelled_flag.clone();
    let task = tokio::select! {
        // No sender: the host dropped the run before its last record.
        task = input => task.map_err(|_| sentences::cancelled()),
        () = cancellation(&mut flag) => Err(sentences::cancelled()),
    };
    let ended = match task {
        Ok(task) => shared.conduct(task, cancelled_flag).await,
        Err(error) => Err(error.into()),
    };
    ended.unwrap_or_else(|end| end)
}

impl Shared {
    async fn tell(&self, event: Event) {
        self.events.push(event, self.client.parts().clock.now());
    }

    async fn conduct(&self, task: Task, flag: watch::Receiver<bool>) -> Result<End, End> {
        let client = self.client.clone();
        let of_source = matches!(task, Task::Plan(..) | Task::Upload(..));
        let same = match &task {
            Task::Plan(..) => None,
            _ => client.resolve_tenant().await,
        };
        let mut workspace =
            blocking(move || if of_source { client.workspace() } else { client.kept() }).await?;
        workspace.notes.extend(same);
        let listener = Listener {
            run: self.id.clone(),
            holder: self.holder.clone(),
            events: Arc::clone(&self.events),
            clock: Arc::clone(&self.client.parts().clock),
            cancelled: flag.clone(),
        };
        let (client, tally) = (self.client.clone(), Arc::clone(&self.tally));
        let opening = Opening { client, workspace, listener, tally };
        if let Task::Plan(arguments, pushed) = task {
            let planning = blocking_unless(&flag, move || {
                let source = opening.begin(&arguments, pushed)?;
                let plan = opening.plan(*arguments, source)?.plan;
                Ok(PlanDocument::of(&plan)?.exit_code)
            });
            let code = planning.await?;
            self.tally().only_planned = Some(code);
            return Ok(End::default());
        }
        let lease = Lease::take(
            (Arc::clone(&opening.workspace.store), Arc::clone(&self.client.parts().clock)),
            opening.workspace.target.id,
            self.holder.clone(),
            self.waits,
            &self.events,
            &mut flag.clone(),
        )
        .await?;
        tokio::select! {
            end = self.execute(task, opening, flag) => {
                lease.release().await;
                end
            }
            lost = lease.renew() => Err(lost.into()),
        }
    }

    /// The run under its lease, every step of it in the journal.
    async fn execute(
        &self,
        task: Task,
        opening: Opening,
        flag: watch::Receiver<bool>,
    ) -> Result<End, End> {
        let at_hand = opening.clone();
        let opened = match task {
            Task::Plan(arguments, pushed) | Task::Upload(arguments, pushed) => {
                let (arguments, source) = blocking_unless(&flag, move || {
                    let source = at_hand.begin(&arguments, pushed)?;
                    Ok((arguments, source))
                })
                .await?;
                self.settle(&opening, &flag).await?;
                let at_hand = opening.clone();
                blocking_unless(&flag, move || at_hand.upload(*arguments, source).map(Some)).await?
            }
            Task::Apply(plan) => {
                blocking_unless(&flag, move || at_hand.apply(&plan).map(Some)).await?
            }
            Task::Resume(run) => {
                blocking_unless(&flag, move || at_hand.resume(run.as_deref())).await?
            }
        };
        let Some(Opened { run, plan, expected, before, batches, verdict }) = opened else {
            return Ok(End::default());
        };
        if run != self.id {
            let _ = self.resumed.set(run.clone());
        }
        let totals = {
            let mut tally = self.tally();
            expected.into_tally(&mut tally, plan);
            (tally.accepted, tally.refused) = (before.accepted, before.refused);
            tally.in_doubt = before.in_doubt;
            tally.calls += before.calls;
            tally.batches += before.batches;
            tally.stage = Stage::Sending;
            tally.totals
        };
        let means = self.means(&opening, &run, None).await?;
        let journal = means.journal.clone();
        let _ = self.pacer.set(Arc::clone(&means.pacer));
        self.tell(Event::Checked(totals)).await;
        let quota_left = means.pacer.quota_left();
        if totals.calls > quota_left {
            let message = sentences::quota_short(totals.calls, quota_left);
            self.tell(Event::Warning(Warning::Run { message })).await;
        }
        let mut end = self.send(means, batches, &self.tally, flag).await;
        if let Some(verdict) = verdict {
            // The upload would have ended by it before the first call.
            end.error = Some(verdict);
        }
        let summary = self.summary(end.clone());
        let all = summary.not_sent == 0 && summary.in_doubt == 0;
        let state = if all { RunState::Finished } else { RunState::Stopped };
        let document = serde_json::to_string(&summary).unwrap_or_default();
        if let Err(error) = journal.ended(state, document).await {
            end.error.get_or_insert(error);
        }
        self.prune(opening).await;
        Ok(end)
    }

    /// What the batches of `run` are sent with; of `settles`, where a new run settles them first.
    async fn means(
        &self,
        opening: &Opening,
        run: &str,
        settles: Option<String>,
    ) -> Result<Means, Error> {
        let parts = self.client.parts();
        let (limits, in_flight) = (parts.config.call_limits(), parts.config.limits.in_flight);
        let (ledger, clock) = (opening.workspace.ledger.clone(), Arc::clone(&parts.clock));
        let of = run.to_owned();
        let pacer = blocking(move || Pacer::open(ledger, limits, in_flight, clock, of)).await?;
        let store = Arc::clone(&opening.workspace.store);
        Ok(Means {
            pacer: Arc::new(pacer),
            journal: Journal::new(store, Arc::clone(&parts.clock), run),
            waits: self.waits,
            resumable: opening.workspace.kept,
            settles,
        })
    }

    async fn send(
        &self,
        means: Means,
        batches: Batches,
        tally: &Arc<Mutex<Tally>>,
        flag: watch::Receiver<bool>,
    ) -> End {
        let parts = Arc::clone(self.client.parts());
        let (events, tally) = (Arc::clone(&self.events), Arc::clone(tally));
        Sending::new(parts, means, events, tally, Supply::new(batches), flag).run().await
    }

    /// Sends again, byte for byte, what an earlier run sent and nobody answered: nothing newer may be sent
    /// for its users before.
    async fn settle(&self, opening: &Opening, flag: &watch::Receiver<bool>) -> Result<(), End> {
        let mut most = usize::MAX;
        let mut last = End::default();
        loop {
            let at_hand = opening.clone();
            let unsettled = blocking_unless(flag, move || at_hand.unsettled()).await?;
            let Some(Unsettled { run, users, left, batches }) = unsettled else { return Ok(()) };
            if left >= most {
                // Nothing came of it: what ended the sending ends this run.
                return Err(last);
            }
            most = left;
            let message = sentences::settling(&run, users);
            self.tell(Event::Note { message }).await;
            let means = self.means(opening, &run, Some(run.clone())).await?;
            let tally = Arc::new(Mutex::new(Tally { in_doubt: users, ..Tally::default() }));
            last = self.send(means, batches, &tally, flag.clone()).await;
            let tally = tally.lock().unwrap_or_else(PoisonError::into_inner);
            let mut own = self.tally();
            own.calls += tally.calls;
            own.batches += tally.batches;
            own.throttled += tally.throttled;
        }
    }

    /// Deletes what old plans and runs hold of users.
    async fn prune(&self, opening: Opening) {
        let parts = self.client.parts();
        let old = parts.clock.now().before(parts.config.state.retention);
        let clock = Arc::clone(&parts.clock);
        let retention = Retention { plans: old, history: old };
        let pruned = blocking(move || {
            let workspace = &opening.workspace;
            workspace.store.prune(workspace.target.id, &retention, clock.now())
        });
        if let Err(error) = pruned.await {
            // The next run tries again.
            tracing::warn!(%error, "old plans and runs were not deleted");
        }
    }
}
