//! The synchronization job: users wait in its bucket and are processed at its pace.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use super::bulk_upload::Operation;
use super::settings::{JobSettings, JobState};
use crate::time::Timestamp;

/// The job and what waits in its bucket.
///
/// Nothing runs in the background: whoever looks first lets the job catch up with the clock.
#[derive(Debug)]
pub(super) struct Job {
    state: JobState,
    capacity: usize,
    pace: Duration,
    cycle: Duration,
    waiting: VecDeque<Waiting>,
    /// Users that failed stay in the bucket until they succeed or the job is restarted.
    failed: BTreeSet<String>,
    /// When it is done with the last user it took.
    free: Timestamp,
    /// When it was last started; what was staged before needs not wait for the next cycle.
    started: Timestamp,
}

#[derive(Debug)]
struct Waiting {
    staged: Timestamp,
    operation: Operation,
}

impl Job {
    pub(super) fn new(settings: &JobSettings) -> Self {
        Job {
            state: settings.state,
            capacity: settings.bucket_capacity,
            pace: Duration::from_secs(1) / settings.users_per_second.max(1),
            cycle: Duration::from_secs(60 * settings.cycle_minutes),
            waiting: VecDeque::new(),
            failed: BTreeSet::new(),
            free: Timestamp(0),
            started: Timestamp(0),
        }
    }

    pub(super) fn state(&self) -> JobState {
        self.state
    }

    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn failed(&self) -> usize {
        self.failed.len()
    }

    pub(super) fn has_room_for(&self, users: usize) -> bool {
        self.waiting.len() + self.failed.len() + users <= self.capacity
    }

    pub(super) fn stage(&mut self, operations: Vec<Operation>, now: Timestamp) {
        let waiting = operations.into_iter().map(|operation| Waiting { staged: now, operation });
        self.waiting.extend(waiting);
    }

    /// The next user that is done by `now`, and when.
    pub(super) fn next_done(&mut self, now: Timestamp) -> Option<(Operation, Timestamp)> {
        if self.state != JobState::Active {
            return None;
        }
        let begins = self.cycle_for(self.waiting.front()?.staged).max(self.free);
        let done = begins.after(self.pace);
        if done > now {
            return None;
        }
        self.free = done;
        self.waiting.pop_front().map(|waiting| (waiting.operation, done))
    }

    /// When the cycle begins that takes what was staged then.
    fn cycle_for(&self, staged: Timestamp) -> Timestamp {
        if staged <= self.started {
            return self.started;
        }
        let cycle = u64::try_from(self.cycle.as_micros()).unwrap_or(u64::MAX);
        if cycle == 0 { staged } else { Timestamp(staged.0.div_ceil(cycle).saturating_mul(cycle)) }
    }

    pub(super) fn note_result(&mut self, external_id: &str, failed: bool) {
        if failed {
            self.failed.insert(external_id.to_owned());
        } else {
            self.failed.remove(external_id);
        }
    }

    /// Resumes, out of quarantine too. A running job goes on as it was.
    pub(super) fn start(&mut self, now: Timestamp) {
        if self.state != JobState::Active {
            self.state = JobState::Active;
            self.started = now;
        }
    }

    pub(super) fn pause(&mut self) {
        self.state = JobState::Paused;
    }

    pub(super) fn set_state(&mut self, state: JobState, now: Timestamp) {
        match state {
            JobState::Active => self.start(now),
            other => self.state = other,
        }
    }

    /// A running job finishes what is staged; one that is not loses it. Failed users are forgotten.
    pub(super) fn restart(&mut self, now: Timestamp) {
        if self.state != JobState::Active {
            self.waiting.clear();
        }
        self.failed.clear();
        self.start(now);
    }
}
