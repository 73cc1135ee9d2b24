use std::sync::Arc;
use std::thread;
use std::time::Instant;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::finding::{Finding, Rule};
use crate::run::events::Warning;
use crate::run::summary::{End, Progress, Tally};

const AT: Timestamp = Timestamp(0);
const LONG: Duration = Duration::from_secs(60);

/// An event that must arrive, and says which it is.
fn kept(number: u64) -> Event {
    Event::Warning(Warning::Run { message: number.to_string() })
}

/// A finding about a record.
fn finding(number: u64) -> Event {
    Event::Rejected(Finding::new(number, Rule::RequiredValue, "no externalId"))
}

fn summary(queue: &EventQueue) -> Summary {
    Tally::default().summary("run", AT, queue.dropped(), End::default())
}

fn finish(queue: &EventQueue) {
    queue.finish(AT, || summary(queue));
}

/// Takes everything up to the end.
fn rest(queue: &EventQueue) -> Vec<Numbered> {
    std::iter::from_fn(|| queue.take(LONG).ok().map(|event| event.expect("in time"))).collect()
}

/// A thread that tells of so many rejected records, then of the end.
fn check(queue: &Arc<EventQueue>, findings: usize) -> thread::JoinHandle<()> {
    let queue = Arc::clone(queue);
    thread::spawn(move || {
        (1..=findings).for_each(|number| queue.push_patiently(finding(number as u64), AT));
        finish(&queue);
    })
}

/// Waits until the queue is full.
fn fill(queue: &EventQueue) {
    let began = Instant::now();
    while queue.state().waiting.len() < CAPACITY {
        assert!(began.elapsed() < LONG, "it does not fill");
        thread::yield_now();
    }
}

#[test]
fn a_host_that_reads_slowly_loses_nothing() {
    let queue = Arc::new(EventQueue::with_patience(LONG));
    let checking = check(&queue, 3 * CAPACITY);
    let mut taken = Vec::new();
    for _ in 0..6 {
        fill(&queue);
        thread::sleep(Duration::from_millis(5));
        taken.extend((0..300).map(|_| queue.take(LONG).unwrap().unwrap().sequence));
    }
    taken.extend(rest(&queue).iter().map(|event| event.sequence));
    assert!(taken.into_iter().eq(1..=3 * CAPACITY as u64 + 1));
    assert_eq!(queue.summary().unwrap().events_dropped, 0);
    checking.join().unwrap();
}

#[test]
fn a_host_that_takes_nothing_costs_its_patience_once() {
    let patience = Duration::from_millis(100);
    let queue = Arc::new(EventQueue::with_patience(patience));
    let began = Instant::now();
    check(&queue, 20_000).join().unwrap();
    // Patience for every event would be half an hour.
    assert!((patience..LONG).contains(&began.elapsed()), "{:?}", began.elapsed());
    assert!(queue.state().waiting.len() <= CAPACITY + 1);
    let events = rest(&queue);
    let Event::Finished(summary) = &events.last().unwrap().event else { panic!() };
    assert_eq!(summary.events_dropped, 20_000 - CAPACITY as u64);
    assert_eq!(events.last().unwrap().sequence, 20_001);
}

#[test]
fn a_host_that_reads_again_is_waited_for_again() {
    let queue = Arc::new(EventQueue::with_patience(Duration::ZERO));
    (0..=CAPACITY).for_each(|number| queue.push_patiently(finding(number as u64), AT));
    assert!(queue.dropped() == 1 && queue.state().unread);
    for reads in [
        |queue: &EventQueue| drop(queue.take(LONG)),
        |queue: &EventQueue| assert!(!queue.wait(Duration::ZERO)),
    ] {
        queue.state().unread = true;
        reads(&queue);
        assert!(!queue.state().unread);
    }
}

#[test]
fn the_terminal_event_comes_once_and_nothing_after_it() {
    let queue = EventQueue::default();
    finish(&queue);
    queue.finish(AT, || panic!("a second end"));
    queue.push(kept(1), AT);
    queue.push_patiently(finding(1), AT);
    assert!(queue.wait(Duration::ZERO));
    assert!(queue.take(Duration::ZERO).unwrap().is_some());
    assert_eq!(queue.take(Duration::ZERO).unwrap_err(), Over);
    assert_eq!(queue.dropped(), 0, "what comes after the end was no event");
}

#[test]
fn a_host_that_is_gone_holds_nobody() {
    let queue = Arc::new(EventQueue::with_patience(LONG));
    let checking = check(&queue, 2 * CAPACITY);
    fill(&queue);
    let began = Instant::now();
    queue.close();
    checking.join().unwrap();
    assert!(began.elapsed() < LONG / 2);
    assert!(queue.summary().is_some());
}

#[tokio::test]
async fn a_task_takes_what_a_thread_tells() {
    let queue = Arc::new(EventQueue::with_patience(LONG));
    let checking = check(&queue, 2 * CAPACITY);
    let mut taken = 0;
    while queue.taken().await.is_some() {
        taken += 1;
    }
    assert_eq!(taken, 2 * CAPACITY + 1);
    checking.join().unwrap();
}

/// What one side does, so many times in a row.
#[derive(Debug, Clone, Copy)]
enum Step {
    Keep(usize),
    Find(usize),
    Progress(usize),
    Take(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (1..40_usize).prop_map(Step::Keep),
        (1..900_usize).prop_map(Step::Find),
        (1..9_usize).prop_map(Step::Progress),
        (1..900_usize).prop_map(Step::Take),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// However telling and taking interleave: what must arrive does, in its order; numbers grow, and those
    /// that are missing are counted; the end is last and once.
    #[test]
    fn nothing_is_lost_uncounted(steps in vec(step(), 1..60)) {
        let queue = EventQueue::with_patience(Duration::ZERO);
        let (mut told, mut waiting, mut lost) = (0, 0_usize, 0);
        let mut wanted = Vec::new();
        let mut taken = Vec::new();
        for step in steps {
            let (Step::Keep(times) | Step::Find(times) | Step::Progress(times) | Step::Take(times)) = step;
            for _ in 0..times {
                if matches!(step, Step::Take(_)) {
                    let event = queue.take(Duration::ZERO).unwrap();
                    prop_assert_eq!(event.is_some(), waiting > 0);
                    waiting -= event.iter().len();
                    taken.extend(event);
                    continue;
                }
                told += 1;
                if matches!(step, Step::Keep(_)) {
                    wanted.push(told);
                } else if waiting >= CAPACITY {
                    lost += 1;
                    waiting -= 1;
                }
                waiting += 1;
                match step {
                    Step::Keep(_) => queue.push(kept(told), AT),
                    Step::Progress(_) => queue.push(Event::Progress(Progress::default()), AT),
                    _ => queue.push_patiently(finding(told), AT),
                }
            }
        }
        finish(&queue);
        taken.extend(rest(&queue));

        prop_assert!(taken.windows(2).all(|pair| pair[0].sequence < pair[1].sequence));
        let arrived = taken.iter().filter_map(|event| match &event.event {
            Event::Warning(Warning::Run { message }) => Some((message.parse().unwrap(), event.sequence)),
            _ => None,
        });
        prop_assert!(arrived.eq(wanted.into_iter().map(|number: u64| (number, number))));
        let ends = taken.iter().filter(|event| matches!(event.event, Event::Finished(_))).count();
        prop_assert_eq!(ends, 1);
        let last = taken.last().unwrap();
        let Event::Finished(summary) = &last.event else { panic!("the end is not last") };
        prop_assert_eq!(last.sequence, told + 1);
        prop_assert_eq!(summary.events_dropped, lost);
        prop_assert_eq!(last.sequence - taken.len() as u64, lost);
    }
}
