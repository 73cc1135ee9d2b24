//! The queue of events between a run and its host: bounded whatever the host does, and its end comes once.
//!
//! A run never waits for its host, but for one thing: a check that has found something of a record waits
//! while the queue is full and the host reads. What a host may miss ([`Event::may_be_missed`]) is dropped
//! while the queue is full; everything else is kept. Numbers are given to dropped events, too, so that a
//! host sees a gap, and the summary counts them.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use super::events::{Event, Numbered};
use super::summary::Summary;
use crate::time::Timestamp;

/// Events that wait for the host before those it may miss are dropped.
const CAPACITY: usize = 1_024;

/// A host that takes nothing for so long of its own time, while the queue is full, does not read.
const PATIENCE: Duration = Duration::from_secs(5);

/// The terminal event was taken; there is no more.
#[derive(Debug, PartialEq)]
pub(super) struct Over;

/// Threads and tasks on both sides.
#[derive(Debug)]
pub(super) struct EventQueue {
    state: Mutex<State>,
    /// Wakes threads, and `changed_task` tasks: on every change that someone may wait for.
    changed: Condvar,
    changed_task: Notify,
    /// Events that the host will never see. Beside the state, for the summary is made under its lock.
    dropped: AtomicU64,
    patience: Duration,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Numbered>,
    sequence: u64,
    /// The host took nothing for too long: nobody waits for it until it takes something.
    unread: bool,
    /// The terminal event is in the queue or was in it; there is nothing after it.
    finished: bool,
    /// The host is gone; there is nobody to tell.
    closed: bool,
    summary: Option<Summary>,
}

impl State {
    fn append(&mut self, event: Event, at: Timestamp) {
        self.sequence += 1;
        self.waiting.push_back(Numbered { event, sequence: self.sequence, at });
    }

    fn listens(&self) -> bool {
        !self.finished && !self.closed
    }

    /// Whether there is no place for `event` now.
    fn is_full_for(&self, event: &Event) -> bool {
        self.listens() && event.may_be_missed() && self.waiting.len() >= CAPACITY
    }

    fn take(&mut self) -> Result<Option<Numbered>, Over> {
        self.unread = false;
        match self.waiting.pop_front() {
            None if self.finished => Err(Over),
            event => Ok(event),
        }
    }
}

impl Default for EventQueue {
    fn default() -> Self {
        Self::with_patience(PATIENCE)
    }
}

impl EventQueue {
    fn with_patience(patience: Duration) -> Self {
        EventQueue {
            state: Mutex::default(),
            changed: Condvar::new(),
            changed_task: Notify::new(),
            dropped: AtomicU64::new(0),
            patience,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wake_all(&self) {
        self.changed.notify_all();
        self.changed_task.notify_waiters();
    }

    /// Appends an event. One that the host may miss is dropped if the queue is full. Never waits.
    pub(super) fn push(&self, event: Event, at: Timestamp) {
        self.place(self.state(), event, at);
    }

    /// As [`Self::push`], but waits while the queue is full and the host reads. Blocks the thread.
    pub(super) fn push_patiently(&self, event: Event, at: Timestamp) {
        let waits = |state: &mut State| !state.unread && state.is_full_for(&event);
        let waited = self.changed.wait_timeout_while(self.state(), self.patience, waits);
        let (mut state, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
        state.unread |= timeout.timed_out();
        self.place(state, event, at);
    }

    fn place(&self, mut state: MutexGuard<'_, State>, event: Event, at: Timestamp) {
        if !state.listens() {
            return;
        }
        if state.is_full_for(&event) {
            state.sequence += 1;
            self.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        state.append(event, at);
        drop(state);
        self.wake_all();
    }

    /// How many events were dropped so far.
    pub(super) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Appends the terminal event, if it is the first one.
    pub(super) fn finish(&self, at: Timestamp, summary: impl FnOnce() -> Summary) {
        let mut state = self.state();
        if state.finished {
            return;
        }
        let summary = summary();
        state.summary = Some(summary.clone());
        if !state.closed {
            state.append(Event::Finished(summary), at);
        }
        state.finished = true;
        drop(state);
        self.wake_all();
    }

    /// The summary, once the run ended.
    pub(super) fn summary(&self) -> Option<Summary> {
        self.state().summary.clone()
    }

    /// The host is gone.
    pub(super) fn close(&self) {
        let mut state = self.state();
        state.closed = true;
        state.waiting.clear();
        drop(state);
        self.wake_all();
    }

    /// The next event, waited for up to `timeout` of the host's time; `None` if none came.
    pub(super) fn take(&self, timeout: Duration) -> Result<Option<Numbered>, Over> {
        let nothing = |state: &mut State| state.waiting.is_empty() && !state.finished;
        let waited = self.changed.wait_timeout_while(self.state(), timeout, nothing);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let taken = state.take();
        drop(state);
        self.wake_all();
        taken
    }

    /// Throws away every event but the terminal one until that is there, for up to `timeout` of the
    /// host's time; says whether it is.
    pub(super) fn wait(&self, timeout: Duration) -> bool {
        let going_on = |state: &mut State| {
            state.unread = false;
            let kept = usize::from(state.finished);
            let thrown = state.waiting.len().saturating_sub(kept);
            if thrown > 0 {
                state.waiting.drain(..thrown);
                self.wake_all();
            }
            !state.finished
        };
        let waited = self.changed.wait_timeout_while(self.state(), timeout, going_on);
        waited.unwrap_or_else(PoisonError::into_inner).0.finished
    }

    /// The next event; `None` after the last one.
    pub(super) async fn taken(&self) -> Option<Numbered> {
        loop {
            let change = self.changed_task.notified();
            tokio::pin!(change);
            change.as_mut().enable();
            let taken = self.state().take();
            match taken {
                Ok(Some(event)) => {
                    self.wake_all();
                    return Some(event);
                }
                Ok(None) => change.await,
                Err(Over) => return None,
            }
        }
    }
}

#[cfg(test)]
mod tests;
