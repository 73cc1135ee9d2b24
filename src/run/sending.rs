//! The sending half of a run: one task that starts tries, judges their ends and says what happens.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};
use tracing::Instrument;

use super::attempt::{Ended, Parcel};
use super::events::{Event, WaitReason};
use super::journal::Journal;
use super::pace::{Denied, Pacer, Permit, Wait};
use super::queue::EventQueue;
use super::summary::{End, Progress, Tally};
use super::supply::{self, Load, Supply, cancellation, cancelled};
use crate::client::Parts;
use crate::error::{Error, ErrorKind};
use crate::graph::answer::{Cause, Failure, Judgement};
use crate::graph::bulk_upload::Receipt;
use crate::graph::patience::Next;
use crate::scim::bulk::Batch;
use crate::time::Timestamp;

/// How long a cancelled run waits for the answers to calls under way.
const GRACE: Duration = Duration::from_secs(5);
/// Waits shorter than this are not worth an event.
const WORTH_TELLING: Duration = Duration::from_secs(1);
/// Progress is told at most this often.
const PROGRESS_EVERY: Duration = Duration::from_millis(250);

/// What a run sends with.
pub(super) struct Means {
    pub(super) pacer: Arc<Pacer>,
    pub(super) journal: Journal,
    /// Whether a spent quota is waited for, however long.
    pub(super) waits: bool,
    /// Whether what is left can be sent by going on with this run.
    pub(super) resumable: bool,
    /// The earlier run whose batches these are, where a new one settles them first.
    pub(super) settles: Option<String>,
}

pub(super) struct Sending {
    parts: Arc<Parts>,
    means: Means,
    events: Arc<EventQueue>,
    tally: Arc<Mutex<Tally>>,
    supply: Supply,
    cancelled: watch::Receiver<bool>,
    /// Batches that may be sent as soon as the pace allows, by number.
    ready: BTreeMap<u64, Parcel>,
    /// Batches in a pause of their own, by its end.
    later: BTreeMap<(Timestamp, u64), Parcel>,
    under_way: HashMap<u64, Parcel>,
    tries: JoinSet<Ended>,
    /// Repeats granted so far, of those that all batches together may have.
    repeats: u64,
    /// Why no more calls start.
    end: Option<End>,
    /// When a cancelled run stops waiting for answers.
    patience_ends: Option<Timestamp>,
    told_wait: Option<(WaitReason, Timestamp)>,
    /// What the call that is repeated next failed with.
    failure: String,
    told_progress: Option<(Timestamp, Progress)>,
}

impl Sending {
    pub(super) fn new(
        parts: Arc<Parts>,
        means: Means,
        events: Arc<EventQueue>,
        tally: Arc<Mutex<Tally>>,
        supply: Supply,
        cancelled: watch::Receiver<bool>,
    ) -> Self {
        Sending {
            parts,
            means,
            events,
            tally,
            supply,
            cancelled,
            ready: BTreeMap::new(),
            later: BTreeMap::new(),
            under_way: HashMap::new(),
            tries: JoinSet::new(),
            repeats: 0,
            end: None,
            patience_ends: None,
            told_wait: None,
            failure: String::new(),
            told_progress: None,
        }
    }

    fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Timestamp {
        self.parts.clock.now()
    }

    async fn tell(&mut self, event: Event) {
        self.events.push(event, self.now());
    }

    /// Sends everything, or as much as can be sent.
    pub(super) async fn run(mut self) -> End {
        let pacer = Arc::clone(&self.means.pacer);
        let mut cancel = self.cancelled.clone();
        while !self.is_over() {
            let changed = pacer.changed();
            tokio::pin!(changed);
            changed.as_mut().enable();
            let wait = self.start_ready().await;
            if self.is_over() {
                // The quota was spent before the first call: nothing would ever wake this loop.
                break;
            }
            let wants_batch = self.wants_batch();
            self.tell_wait(wait, wants_batch).await;
            let wake = self.wake_at(wait);
            let clock = Arc::clone(&self.parts.clock);
            tokio::select! {
                () = cancellation(&mut cancel), if self.patience_ends.is_none() => {
                    self.patience_ends = Some(self.now().after(GRACE));
                    self.stop(cancelled());
                }
                Some(ended) = self.tries.join_next() => self.settle(ended).await,
                load = self.supply.next(), if wants_batch => self.take_in(load).await,
                () = clock.sleep_until(wake.unwrap_or(Timestamp(0))), if wake.is_some() => {
                    self.wake_up();
                }
                () = changed, if wait.is_some() => {}
                else => break,
            }
        }
        self.tell_progress(true);
        self.end.take().unwrap_or_default()
    }

    fn is_over(&self) -> bool {
        let nothing_left = self.ready.is_empty() && self.later.is_empty() && !self.supply.is_open();
        (self.under_way.is_empty() && (self.end.is_some() || nothing_left))
            || self.patience_ends.is_some_and(|end| end <= self.now())
    }

    /// No more calls start; the first reason stands.
    fn stop(&mut self, end: impl Into<End>) {
        self.end.get_or_insert_with(|| end.into());
    }

    /// Batches in hand stay as few as calls may be under way, whatever happens to them.
    fn wants_batch(&self) -> bool {
        self.end.is_none()
            && self.ready.is_empty()
            && self.supply.is_open()
            && self.under_way.len() + self.later.len() < self.parts.config.limits.in_flight
    }

    async fn take_in(&mut self, load: Result<Option<Load>, Error>) {
        match load {
            Ok(Some(load)) => {
                if let Err(error) = self.add(load).await {
                    self.stop(error);
                }
            }
            Ok(None) => {}
            Err(error) => self.stop(error),
        }
    }

    async fn add(&mut self, load: Load) -> Result<(), Error> {
        let id = self.parts.random.uuid();
        self.means.journal.intend(&load, id.clone()).await?;
        let parcel = Parcel::new(load, id);
        self.ready.insert(parcel.number(), parcel);
        Ok(())
    }

    /// The first batch that waits for no other.
    fn next_ready(&self) -> Option<u64> {
        let open = self.under_way.keys().chain(self.later.keys().map(|(_, number)| number));
        let open = open.chain(self.ready.keys()).min().copied()?;
        self.ready.values().find(|parcel| open > parcel.load.after).map(Parcel::number)
    }

    /// Starts as many tries as may start now; says what the next one waits for.
    async fn start_ready(&mut self) -> Option<Wait> {
        while self.end.is_none()
            && let Some(number) = self.next_ready()
        {
            let urgent = self.ready.get(&number).is_some_and(|parcel| parcel.load.urgent);
            match self.means.pacer.start(urgent).await {
                Ok(permit) => {
                    if let Some(parcel) = self.ready.remove(&number) {
                        self.start(parcel, permit);
                    }
                }
                Err(Denied::Wait(wait)) => {
                    self.stop_if_quota_spent(wait);
                    return self.end.is_none().then_some(wait);
                }
                Err(Denied::Failed(error)) => self.stop(*error),
            }
        }
        None
    }

    /// The quota frees itself call by call; a run does not wait for it longer than for anything else.
    fn stop_if_quota_spent(&mut self, wait: Wait) {
        let Wait { reason: WaitReason::Quota, until: Some(until) } = wait else { return };
        if self.means.waits || until <= self.now().after(self.parts.config.retry.total_timeout) {
            return;
        }
        let quota = self.parts.config.limits.calls_per_day;
        let advice = if self.means.resumable {
            "Resume the run then, or let it wait; with the Governance licence set licence to \
             \"governance\"."
        } else {
            "Upload the file again then, or let it wait; with the Governance licence set licence to \
             \"governance\"."
        };
        let error = Error::new(
            ErrorKind::QuotaSpent,
            format!(
                "The {quota} calls of 24 hours are spent but for those kept to disable people; the next \
                 is free at {until}."
            ),
            advice,
        );
        self.stop(End { error: Some(error), resume_at: Some(until) });
    }

    fn start(&mut self, mut parcel: Parcel, permit: Permit) {
        let client_request_id =
            parcel.client_request_id.take().unwrap_or_else(|| self.parts.random.uuid());
        let number = parcel.number();
        let span = tracing::info_span!(
            "call",
            batch = number,
            attempt = parcel.patience.tries + 1,
            client_request_id = %client_request_id
        );
        let journal = self.means.journal.clone();
        let call = parcel.call(client_request_id, journal, self.now());
        self.under_way.insert(number, parcel);
        self.tally().in_flight = self.under_way.len() as u64;
        let parts = Arc::clone(&self.parts);
        let task = async move {
            let outcome = call.make(&parts, permit).await;
            Ended { batch: number, client_request_id: call.client_request_id, outcome }
        };
        self.tries.spawn(task.instrument(span));
    }

    async fn settle(&mut self, ended: Result<Ended, JoinError>) {
        let Ended { batch, client_request_id, outcome } = match ended {
            Ok(ended) => ended,
            Err(lost) => {
                self.abandon();
                return self.stop(supply::ended(&lost));
            }
        };
        let Some(mut parcel) = self.under_way.remove(&batch) else { return };
        match outcome {
            Ok(receipt) => {
                self.count(&mut parcel, true, false);
                self.accept(&parcel, receipt, client_request_id).await;
            }
            Err(failure) => {
                let Failure { reach, ref error, .. } = failure;
                self.count(&mut parcel, reach.was_sent(), reach.leaves_doubt());
                self.tally().throttled += u64::from(error.kind == ErrorKind::Throttled);
                self.bear(parcel, failure).await;
            }
        }
        self.tell_progress(false);
    }

    /// A try is over: whether it left this machine, and whether the batch may have arrived unanswered.
    fn count(&self, parcel: &mut Parcel, left: bool, in_doubt: bool) {
        let mut tally = self.tally();
        tally.in_flight = self.under_way.len() as u64;
        if left {
            tally.calls += 1;
            tally.batches += u64::from(parcel.calls == 0);
            parcel.calls += 1;
        }
        if in_doubt && !parcel.doubtful {
            parcel.doubtful = true;
            tally.in_doubt += parcel.users();
        }
    }

    /// Waits for no answer any more. What left is in doubt; what did not shall not.
    fn abandon(&mut self) {
        for (_, mut parcel) in std::mem::take(&mut self.under_way) {
            let left = parcel.gate.close();
            self.count(&mut parcel, left, left);
        }
        self.tries.abort_all();
    }

    async fn accept(&mut self, parcel: &Parcel, receipt: Receipt, client_request_id: String) {
        self.tally().settle(parcel.users(), parcel.doubtful, |tally| &mut tally.accepted);
        let (batch, users) = (parcel.number(), parcel.load.batch.users.len());
        let request_id = receipt.request_id;
        self.tell(match &self.means.settles {
            Some(run) => Event::Settled { run: run.clone(), batch, users, request_id },
            None => Event::Accepted {
                batch,
                users,
                attempts: parcel.calls,
                request_id,
                client_request_id,
                location: receipt.location,
            },
        })
        .await;
    }

    /// A try failed.
    async fn bear(&mut self, mut parcel: Parcel, failure: Failure) {
        let Failure { judgement, error, .. } = failure;
        if self.end.is_some() && judgement != Judgement::Refuse {
            // The run has ended for another reason; what is in doubt stays counted as such.
            return;
        }
        let (policy, random) = (&self.parts.config.retry, &self.parts.random);
        let most = policy.extra_calls;
        let until = match parcel.patience.next(judgement, policy, self.now(), random) {
            Next::Nothing if judgement == Judgement::Refuse => {
                return self.refuse(parcel, error).await;
            }
            Next::Nothing => return self.stop(error),
            Next::Exhausted(limit) => return self.give_up(error, &limit),
            Next::Again(_) if self.repeats >= most => {
                let limit = format!("Given up, for the {most} repeats of this run are spent.");
                return self.give_up(error, &limit);
            }
            Next::Again(until) => until,
        };
        self.repeats += 1;
        match judgement {
            Judgement::Repeat { cause: Cause::Failed, .. } => {
                self.failure = error.message;
                self.later.insert((until, parcel.number()), parcel);
            }
            Judgement::Repeat { cause, .. } => {
                self.failure = error.message;
                self.means.pacer.pause(until, cause.into());
                self.ready.insert(parcel.number(), parcel);
            }
            _ => {
                self.ready.insert(parcel.number(), parcel);
            }
        }
    }

    fn give_up(&mut self, mut error: Error, limit: &str) {
        error.message = format!("{} {limit}", error.message);
        let resume_at = error.retry_after_ms.map(|ms| self.now().after(Duration::from_millis(ms)));
        self.stop(End { error: Some(error), resume_at });
    }

    async fn refuse(&mut self, parcel: Parcel, error: Error) {
        if let Err(failed) = self.means.journal.refused(parcel.entry(), &error).await {
            self.stop(failed);
        }
        self.tally().settle(parcel.users(), parcel.doubtful, |tally| &mut tally.refused);
        let Batch { number: batch, users, .. } = parcel.load.batch;
        let external_ids: Vec<String> = users.into_iter().map(|user| user.external_id).collect();
        let users = external_ids.len();
        self.tell(Event::Refused { batch, users, external_ids, error: error.clone() }).await;
        self.stop(error);
    }

    fn wake_at(&self, wait: Option<Wait>) -> Option<Timestamp> {
        let later = self.later.keys().next().map(|(until, _)| *until);
        let later = later.filter(|_| self.end.is_none());
        [wait.and_then(|wait| wait.until), later, self.patience_ends].into_iter().flatten().min()
    }

    /// Batches whose pause is over become ready.
    fn wake_up(&mut self) {
        let still = self.later.split_off(&(Timestamp(self.now().0 + 1), 0));
        for ((_, number), parcel) in std::mem::replace(&mut self.later, still) {
            self.ready.insert(number, parcel);
        }
    }

    /// Tells of a wait once, if nothing at all can be sent for a while.
    async fn tell_wait(&mut self, wait: Option<Wait>, wants_batch: bool) {
        let found = match wait {
            Some(Wait { reason, until: Some(until) }) => Some((reason, until)),
            Some(Wait { until: None, .. }) => None,
            None if wants_batch || !self.under_way.is_empty() || self.end.is_some() => None,
            None => self.later.keys().next().map(|(until, _)| (WaitReason::Backoff, *until)),
        };
        let Some((reason, until)) = found else { return };
        if until.since(self.now()) >= WORTH_TELLING && self.told_wait != found {
            self.told_wait = found;
            tracing::info!(?reason, until = %until, "waiting");
            let message = match reason {
                WaitReason::Pace | WaitReason::Quota => reason.sentence().to_owned(),
                _ => format!("{} {}", reason.sentence(), self.failure).trim_end().to_owned(),
            };
            self.tell(Event::Waiting { reason, until, message }).await;
        }
    }

    fn tell_progress(&mut self, last: bool) {
        if self.means.settles.is_some() {
            // It is the earlier run that gets on; of this one nothing is known yet.
            return;
        }
        let (now, left) = (self.now(), self.means.pacer.quota_left());
        let progress = self.tally().progress(now, left, self.events.dropped());
        let due = self.told_progress.is_none_or(|(told, before)| {
            (last && before != progress) || told.after(PROGRESS_EVERY) <= now
        });
        if due {
            self.told_progress = Some((now, progress));
            self.events.push(Event::Progress(progress), now);
        }
    }
}

/// However a run ends, what is under way is counted.
impl Drop for Sending {
    fn drop(&mut self) {
        self.abandon();
    }
}
