//! The pace and the quota of the service, kept by one client.

use std::time::Duration;

use entrabulk::run::{Event, Run, WaitReason};
use entrabulk::simulator::{LatencySettings, Settings};

use crate::support::tenant::{Bench, watch};

fn slow(ms: u64) -> Settings {
    let latency = LatencySettings { before_ms: ms / 2, after_ms: ms / 2, jitter_ms: 0 };
    Settings { latency, ..Settings::default() }
}

#[tokio::test(start_paused = true)]
async fn everyone_arrives_once_at_the_services_own_pace() {
    let bench = Bench::new(slow(300), 1, |_| ());
    let (events, summary) = bench.upload(500).await;
    bench.check(&events, &summary);
    assert_eq!((summary.status, summary.accepted, summary.calls), (0, 500, 100));
    assert_eq!((summary.retries, summary.throttled), (0, 0));
    assert_eq!(bench.tenant.worst_window(), 40);
    assert!(bench.tenant.staged().values().all(|user| user.times == 1));
    let names: Vec<&Event> = events.iter().map(|event| &event.event).take(3).collect();
    assert!(matches!(names[..], [Event::Started { .. }, Event::Planned { .. }, Event::Checked(_)]));
}

#[tokio::test(start_paused = true)]
async fn a_wait_is_told_once_and_only_if_it_is_long() {
    let bench = Bench::new(Settings::default(), 2, |_| ());
    let (events, _) = bench.upload(5 * 100).await;
    let waits: Vec<_> = events
        .iter()
        .filter_map(|numbered| match &numbered.event {
            Event::Waiting { reason, until, .. } => Some((*reason, *until, numbered.at)),
            _ => None,
        })
        .collect();
    // 100 calls: 40, 40 and 20, with a wait of 5 s after each of the first two.
    assert_eq!(waits.len(), 2, "{waits:?}");
    for (reason, until, at) in waits {
        assert_eq!(reason, WaitReason::Pace);
        assert!(until.since(at) >= Duration::from_secs(4), "{:?}", until.since(at));
    }
}

#[tokio::test(start_paused = true)]
async fn progress_comes_at_most_four_times_a_second() {
    let bench = Bench::new(slow(900), 3, |_| ());
    let (events, _) = bench.upload(5 * 200).await;
    let told: Vec<_> =
        events.iter().filter(|e| matches!(e.event, Event::Progress(_))).map(|e| e.at).collect();
    assert!(told.len() > 10, "{}", told.len());
    // The last one, before the terminal event, may come sooner.
    for pair in told[..told.len() - 1].windows(2) {
        assert!(pair[1].since(pair[0]) >= Duration::from_millis(250));
    }
}

#[tokio::test(start_paused = true)]
async fn two_runs_of_one_client_share_its_pace() {
    let bench = Bench::new(slow(200), 4, |_| ());
    let (first, second) = (bench.start(5 * 60), bench.start(5 * 60));
    let (first, second) = tokio::join!(watch(&first, |_| ()), watch(&second, |_| ()));
    assert_eq!((first.1.status, second.1.status), (0, 0));
    assert_eq!((first.1.throttled, second.1.throttled), (0, 0));
    assert!(bench.tenant.worst_window() <= 40);
    assert_eq!(bench.tenant.calls().len(), 120);
}

#[tokio::test(start_paused = true)]
async fn a_spent_quota_ends_the_run_and_says_when_to_go_on() {
    let bench = Bench::new(slow(300), 5, |config| config["limits"]["callsPerDay"] = 30.into());
    let began = bench.clock.now();
    let (events, summary) = bench.upload(5 * 50).await;
    bench.check(&events, &summary);
    assert_eq!(summary.kind, "QuotaSpent");
    // One call is kept to disable people.
    assert_eq!((summary.accepted, summary.not_sent, summary.calls), (145, 105, 29));
    let resume = summary.resume_at.expect("a time");
    let day = Duration::from_secs(86_400);
    assert!(resume >= began.after(day) && resume < began.after(day + Duration::from_secs(2)));
    bench.clock.sleep_until(resume).await;
    bench.sign_in();
    let (_, summary) = bench.upload(5).await;
    assert_eq!(summary.accepted, 5);
}

#[tokio::test(start_paused = true)]
async fn a_quota_that_comes_back_soon_is_waited_for() {
    let bench = Bench::new(Settings::default(), 6, |config| {
        config["limits"]["callsPerDay"] = 2.into();
    });
    bench.upload(10).await;
    let almost = bench.clock.now().after(Duration::from_secs(86_400 - 600));
    bench.clock.sleep_until(almost).await;
    bench.sign_in();
    let (events, summary) = bench.upload(5).await;
    assert_eq!((summary.status, summary.accepted), (0, 5));
    assert!(
        events.iter().any(|event| {
            matches!(event.event, Event::Waiting { reason: WaitReason::Quota, .. })
        })
    );
}

#[tokio::test(start_paused = true)]
async fn a_source_that_is_not_there_is_the_terminal_event() {
    let bench = Bench::new(Settings::default(), 7, |_| ());
    let arguments = br#"{"version":1,"conversion":{"source":{"path":"/nowhere/at/all.csv"}}}"#;
    let run = Run::start(&bench.client, arguments).expect("a run");
    let (events, summary) = watch(&run, |_| ()).await;
    bench.check(&events, &summary);
    assert!(matches!(events[0].event, Event::Started { source: None, .. }));
    assert_eq!((summary.kind, summary.rows, summary.calls), ("SourceUnreadable", 0, 0));
}
