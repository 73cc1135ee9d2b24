//! A host that takes no event and asks for progress alone.

use std::fmt::Write as _;
use std::thread;
use std::time::{Duration, Instant};

use entrabulk::client::Client;
use entrabulk::run::{Event, Numbered, Progress, Run, Stage};
use entrabulk::simulator::Settings;
use serde_json::json;

use crate::support::state::State;
use crate::support::tenant::{self, Listening};

/// More than the queue of events holds.
pub(super) const REJECTED: u64 = 20_000;
/// Each in a call of its own.
pub(super) const USERS: u64 = 500;
/// How many times as fast as the clock on the wall.
pub(super) const SPEED: u32 = 50;

pub(super) fn source() -> String {
    let mut text = "externalId,userName,displayName,active\n".to_owned();
    for row in 0..REJECTED {
        writeln!(text, ",nobody{row}@example.com,Nobody,true").unwrap();
    }
    for row in 0..USERS {
        writeln!(text, "{row},user{row}@example.com,User,true").unwrap();
    }
    text
}

/// Every record is in one count, at every moment.
fn adds_up(progress: &Progress) {
    let parts = [
        progress.users_accepted,
        progress.users_rejected,
        progress.users_refused,
        progress.users_in_doubt,
        progress.users_not_sent,
        progress.users_unchanged,
        progress.users_skipped,
        progress.users_out_of_scope,
    ];
    assert_eq!(progress.rows + progress.users_absent, parts.iter().sum::<u64>(), "{progress:?}");
}

/// Asks until the run is over; every answer is as far as the one before, or farther.
fn poll(run: &Run) -> Progress {
    let began = Instant::now();
    let mut before = run.progress();
    while before.stage != Stage::Finished {
        assert!(began.elapsed() < Duration::from_secs(120), "it hangs: {before:?}");
        assert_eq!((before.status, before.exit_code), (None, None));
        thread::sleep(Duration::from_millis(2));
        let now = run.progress();
        adds_up(&now);
        assert!(now.users_accepted >= before.users_accepted && now.calls >= before.calls);
        assert!(now.elapsed_ms >= before.elapsed_ms && now.stage as u32 >= before.stage as u32);
        before = now;
    }
    before
}

#[test]
fn it_learns_the_end_and_misses_nothing_that_must_arrive() {
    let (state, listening) = (State::new(), Listening::new(Settings::default(), SPEED));
    let mut config = state.unkept(listening.configuration());
    config["limits"] = json!({"operations": 1});
    let client = Client::new(config.to_string().as_bytes()).unwrap();
    client.set_secret("clientSecret", listening.secret().as_bytes()).unwrap();
    let path = state.write("workers.csv", source());
    let arguments = json!({"version": 1, "conversion": {"source": {"path": path}}});
    let run = Run::start(&client, arguments.to_string().as_bytes()).unwrap();

    let end = poll(&run);
    assert_eq!((end.status, end.exit_code), (Some(205), Some(14)));
    assert_eq!((end.users_accepted, end.users_rejected), (USERS, REJECTED));
    assert_eq!((end.calls, end.batches, end.retries, end.in_flight), (USERS, USERS, 0, 0));

    let summary = run.summary().unwrap();
    tenant::adds_up(&summary);
    assert_eq!(
        (end.status, end.exit_code, end.elapsed_ms, end.events_dropped, end.resume_at),
        (
            Some(summary.status),
            Some(summary.exit_code),
            summary.elapsed_ms,
            summary.events_dropped,
            summary.resume_at
        )
    );
    assert_eq!((end.rows, end.users_not_sent), (summary.rows, summary.not_sent));

    let next = || run.next(Duration::ZERO).ok().map(|event| event.expect("it is over"));
    let events: Vec<Numbered> = std::iter::from_fn(next).collect();
    let count = |wanted: fn(&Event) -> bool| {
        events.iter().filter(|event| wanted(&event.event)).count() as u64
    };
    assert_eq!(count(|event| matches!(event, Event::Planned { .. })), 1);
    assert_eq!(count(|event| matches!(event, Event::Accepted { .. })), USERS);
    assert_eq!(count(|event| matches!(event, Event::Finished(_))), 1);
    let last = events.last().unwrap();
    assert!(matches!(last.event, Event::Finished(_)));
    assert!(events.windows(2).all(|pair| pair[0].sequence < pair[1].sequence));
    assert_eq!(last.sequence - events.len() as u64, summary.events_dropped, "the gaps");
    let rejected = count(|event| matches!(event, Event::Rejected(_)));
    assert!(rejected > 1_000, "the first ones wait for whoever comes late: {rejected}");
    assert!(summary.events_dropped >= REJECTED - rejected, "{summary:?}");
}
