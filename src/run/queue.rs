//! The bounded queue between a run and its host: nothing is lost, and the terminal event comes once.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use super::events::{Event, Numbered};
use super::summary::Summary;
use crate::time::Timestamp;

/// Events that wait for the host before the run waits for it.
const CAPACITY: usize = 1_024;

/// The terminal event was taken; there is no more.
#[derive(Debug, PartialEq)]
pub(super) struct Over;

/// Threads and tasks on both sides.
#[derive(Debug, Default)]
pub(super) struct EventQueue {
    state: Mutex<State>,
    /// Wakes threads, and `changed_task` tasks: on every change that someone may wait for.
    changed: Condvar,
    changed_task: Notify,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Numbered>,
    sequence: u64,
    /// The terminal event is in the queue or was in it; what comes after it is dropped.
    finished: bool,
    /// The host is gone; events are dropped.
    closed: bool,
    summary: Option<Summary>,
}

impl State {
    fn append(&mut self, event: Event, at: Timestamp) {
        self.sequence += 1;
        self.waiting.push_back(Numbered { event, sequence: self.sequence, at });
    }

    fn has_room(&self) -> bool {
        self.waiting.len() < CAPACITY || self.finished || self.closed
    }

    fn take(&mut self) -> Result<Option<Numbered>, Over> {
        match self.waiting.pop_front() {
            None if self.finished => Err(Over),
            event => Ok(event),
        }
    }
}

impl EventQueue {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wake_all(&self) {
        self.changed.notify_all();
        self.changed_task.notify_waiters();
    }

    /// Appends, or drops what nobody would read.
    fn place(&self, mut state: MutexGuard<'_, State>, event: Event, at: Timestamp) {
        if !state.finished && !state.closed {
            state.append(event, at);
            drop(state);
            self.wake_all();
        }
    }

    /// Appends if there is room; gives the event back if not.
    fn try_push(&self, event: Event, at: Timestamp) -> Option<Event> {
        let state = self.state();
        if !state.has_room() {
            return Some(event);
        }
        self.place(state, event, at);
        None
    }

    /// Appends; waits for the host while the queue is full.
    pub(super) async fn push(&self, event: Event, at: Timestamp) {
        let mut event = event;
        loop {
            let room = self.changed_task.notified();
            tokio::pin!(room);
            room.as_mut().enable();
            match self.try_push(event, at) {
                Some(back) => event = back,
                None => return,
            }
            room.await;
        }
    }

    /// As [`Self::push`], for a thread that may block.
    pub(super) fn push_blocking(&self, event: Event, at: Timestamp) {
        let full = |state: &mut State| !state.has_room();
        let state = self.changed.wait_while(self.state(), full);
        self.place(state.unwrap_or_else(PoisonError::into_inner), event, at);
    }

    /// Appends, unless the host does not keep up.
    pub(super) fn offer(&self, event: Event, at: Timestamp) {
        let _ = self.try_push(event, at);
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
mod tests {
    use std::sync::Arc;
    use std::thread;

    use super::*;
    use crate::run::events::Warning;
    use crate::run::summary::{End, Tally};

    const AT: Timestamp = Timestamp(0);

    fn event(number: usize) -> Event {
        Event::Warning(Warning::Run { message: number.to_string() })
    }

    fn summary() -> Summary {
        Tally::default().summary("run", 0, End::default())
    }

    #[test]
    fn a_full_queue_holds_its_producer_and_drops_offers_only() {
        let queue = Arc::new(EventQueue::default());
        let producer = Arc::clone(&queue);
        let pushing = thread::spawn(move || {
            for number in 0..3 * CAPACITY {
                producer.push_blocking(event(number), AT);
            }
            producer.finish(AT, summary);
        });
        while queue.state().waiting.len() < CAPACITY {
            thread::yield_now();
        }
        queue.offer(event(usize::MAX), AT);
        for number in 0..3 * CAPACITY {
            let taken = queue.take(Duration::from_secs(10)).unwrap().unwrap();
            assert_eq!(taken.sequence, number as u64 + 1);
            let Event::Warning(Warning::Run { message }) = taken.event else { panic!() };
            assert_eq!(message, number.to_string());
        }
        let terminal = queue.take(Duration::from_secs(10)).unwrap().unwrap();
        assert!(matches!(terminal.event, Event::Finished(_)));
        assert_eq!(queue.take(Duration::ZERO).unwrap_err(), Over);
        pushing.join().unwrap();
    }

    #[test]
    fn the_terminal_event_comes_once_and_nothing_after_it() {
        let queue = EventQueue::default();
        queue.finish(AT, summary);
        queue.finish(AT, || panic!("a second end"));
        queue.push_blocking(event(1), AT);
        assert!(queue.wait(Duration::ZERO));
        assert!(queue.take(Duration::ZERO).unwrap().is_some());
        assert_eq!(queue.take(Duration::ZERO).unwrap_err(), Over);
    }

    #[test]
    fn a_host_that_is_gone_holds_nobody() {
        let queue = Arc::new(EventQueue::default());
        let producer = Arc::clone(&queue);
        let pushing = thread::spawn(move || {
            (0..2 * CAPACITY).for_each(|number| producer.push_blocking(event(number), AT));
        });
        while queue.state().waiting.len() < CAPACITY {
            thread::yield_now();
        }
        queue.close();
        pushing.join().unwrap();
        queue.finish(AT, summary);
        assert!(queue.summary().is_some());
    }

    #[tokio::test]
    async fn tasks_on_both_sides_wait_for_each_other() {
        let queue = Arc::new(EventQueue::default());
        let producer = Arc::clone(&queue);
        let pushing = tokio::spawn(async move {
            for number in 0..2 * CAPACITY {
                producer.push(event(number), AT).await;
            }
            producer.finish(AT, summary);
        });
        let mut taken = 0;
        while queue.taken().await.is_some() {
            taken += 1;
        }
        assert_eq!(taken, 2 * CAPACITY + 1);
        pushing.await.unwrap();
    }
}
