//! The sending half of a run: one task that starts tries, judges their ends and says what happens.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};
use tracing::Instrument;

use super::attempt::{Ended, Parcel};
use super::delivery::{self, Delivery, Standing, Then};
use super::events::{Event, WaitReason};
use super::journal::Journal;
use super::pace::{Denied, Pacer, Permit, Wait};
use super::queue::EventQueue;
use super::sentences;
use super::summary::{End, Progress, Tally};
use super::supply::{self, Load, Supply, cancellation};
use crate::client::Parts;
use crate::error::{Error, ErrorKind};
use crate::graph::answer::Cause;
use crate::graph::bulk_upload::Receipt;
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

    fn tell(&mut self, event: Event) {
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
            self.tell_wait(wait, wants_batch);
            let wake = self.wake_at(wait);
            let clock = Arc::clone(&self.parts.clock);
            tokio::select! {
                () = cancellation(&mut cancel), if self.patience_ends.is_none() => {
                    self.patience_ends = Some(self.now().after(GRACE));
                    self.stop(sentences::cancelled());
                }
                Some(ended) = self.tries.join_next() => self.settle(ended),
                load = self.supply.next(), if wants_batch => self.take_in(load).await,
                () = clock.sleep_until(wake.unwrap_or(Timestamp(0))), if wake.is_some() => {
                    self.wake_up();
                }
                () = changed, if wait.is_some() => {}
                else => break,
            }
        }
        while let Some(ended) = self.tries.try_join_next() {
            self.settle(ended);
        }
        self.abandon();
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
        let advice =
            if self.means.resumable { sentences::RESUME_THEN } else { sentences::UPLOAD_THEN };
        let error = sentences::quota_spent(quota, until, advice);
        self.stop(End { error: Some(error), resume_at: Some(until) });
    }

    fn start(&mut self, mut parcel: Parcel, permit: Permit) {
        let client_request_id =
            parcel.client_request_id.take().unwrap_or_else(|| self.parts.random.uuid());
        let begun = delivery::Event::Begun { now: self.now() };
        self.step(&mut parcel, begun);
        let number = parcel.number();
        let span = tracing::info_span!(
            "call",
            batch = number,
            attempt = parcel.delivery.tries(),
            client_request_id = %client_request_id
        );
        let call = parcel.call(client_request_id, self.means.journal.clone());
        self.under_way.insert(number, parcel);
        self.tally().in_flight = self.under_way.len() as u64;
        let parts = Arc::clone(&self.parts);
        self.tries.spawn(async move { call.make(&parts, permit).await }.instrument(span));
    }

    /// Something happened to a batch.
    fn step(&self, parcel: &mut Parcel, event: delivery::Event) {
        let (after, _) = parcel.delivery.step(event, &self.parts.config.retry);
        self.stands(parcel, after);
    }

    /// The delivery of a batch stands elsewhere now.
    fn stands(&self, parcel: &mut Parcel, after: Delivery) {
        let mut tally = self.tally();
        tally.in_flight = self.under_way.len() as u64;
        tally.delivery(parcel.users(), &parcel.delivery, &after);
        parcel.delivery = after;
    }

    /// A try is over.
    fn settle(&mut self, ended: Result<Ended, JoinError>) {
        let Ended { batch, client_request_id, outcome, delivery, then, unrecorded } = match ended {
            Ok(ended) => ended,
            Err(lost) => {
                self.abandon();
                return self.stop(supply::ended(&lost));
            }
        };
        let Some(mut parcel) = self.under_way.remove(&batch) else { return };
        self.stands(&mut parcel, delivery);
        if let Some(error) = unrecorded {
            self.stop(error);
        }
        match (parcel.delivery.standing(), outcome) {
            (Standing::Accepted, Ok(receipt)) => self.accept(parcel, receipt, client_request_id),
            (Standing::Refused, Err(failure)) => self.refuse(parcel, failure.error),
            (_, Err(failure)) => {
                let throttled = failure.error.kind == ErrorKind::Throttled;
                self.tally().throttled += u64::from(throttled);
                self.go_on(parcel, then, failure.error);
            }
            (_, Ok(_)) => {}
        }
        self.tell_progress(false);
    }

    /// Waits for no answer any more: what left is in doubt, and what did not shall not.
    fn abandon(&mut self) {
        for (_, mut parcel) in std::mem::take(&mut self.under_way) {
            let left = parcel.gate.close();
            self.step(&mut parcel, delivery::Event::Abandoned { left });
        }
        self.tries.abort_all();
    }

    fn accept(&mut self, parcel: Parcel, receipt: Receipt, client_request_id: String) {
        let (batch, users) = (parcel.number(), parcel.load.batch.users.len());
        let request_id = receipt.request_id;
        self.tell(match &self.means.settles {
            Some(run) => Event::Settled { run: run.clone(), batch, users, request_id },
            None => Event::Accepted {
                batch,
                users,
                attempts: parcel.delivery.calls(),
                request_id,
                client_request_id,
                location: receipt.location,
            },
        });
    }

    fn refuse(&mut self, parcel: Parcel, error: Error) {
        let Batch { number: batch, users, .. } = parcel.load.batch;
        let external_ids: Vec<String> = users.into_iter().map(|user| user.external_id).collect();
        let users = external_ids.len();
        self.tell(Event::Refused { batch, users, external_ids, error: error.clone() });
        self.stop(error);
    }

    /// A try failed, and the batch with it or not.
    fn go_on(&mut self, parcel: Parcel, then: Then, error: Error) {
        let most = self.parts.config.retry.extra_calls;
        let (not_before, cause) = match then {
            // The run has ended for another reason; what is in doubt stays counted as such.
            _ if self.end.is_some() => return,
            Then::Nothing => return,
            Then::Stop => return self.stop(error),
            Then::GiveUp(limit) => return self.give_up(error, &limit),
            Then::Again { .. } if self.repeats >= most => {
                return self.give_up(error, &sentences::repeats_spent(most));
            }
            Then::Again { not_before, cause } => (not_before, cause),
        };
        self.repeats += 1;
        if cause.is_some() {
            self.failure = error.message;
        }
        match cause {
            Some(Cause::Failed) => {
                self.later.insert((not_before, parcel.number()), parcel);
                return;
            }
            Some(cause) => self.means.pacer.pause(not_before, cause.into()),
            None => {}
        }
        self.ready.insert(parcel.number(), parcel);
    }

    fn give_up(&mut self, mut error: Error, limit: &str) {
        error.message = format!("{} {limit}", error.message);
        let resume_at = error.retry_after_ms.map(|ms| self.now().after(Duration::from_millis(ms)));
        self.stop(End { error: Some(error), resume_at });
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
    fn tell_wait(&mut self, wait: Option<Wait>, wants_batch: bool) {
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
                WaitReason::Pace | WaitReason::Quota => sentences::waiting(reason).to_owned(),
                _ => {
                    format!("{} {}", sentences::waiting(reason), self.failure).trim_end().to_owned()
                }
            };
            self.tell(Event::Waiting { reason, until, message });
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

/// If the run is cut short, what is under way is counted all the same.
impl Drop for Sending {
    fn drop(&mut self) {
        self.abandon();
    }
}
