//! A run that its host ends, forgets or does not listen to.

use std::time::Duration;

use entrabulk::error::ErrorKind;
use entrabulk::run::{Event, Numbered, Run};
use entrabulk::simulator::{Endpoint, Fault, FaultRule, LatencySettings, Settings};
use proptest::prelude::*;

use crate::support::cases;
use crate::support::tenant::{Bench, virtually, watch};

const SECRET: &str = "simulated~secret.not-a-real-one";

fn slow() -> Settings {
    let latency = LatencySettings { before_ms: 300, after_ms: 300, jitter_ms: 400 };
    Settings { latency, ..Settings::default() }
}

proptest! {
    #![proptest_config(cases(24))]

    #[test]
    fn a_run_may_be_cancelled_at_any_moment(after_ms in 0_u64..9_000, seed: u64, stuck: bool) {
        virtually(async {
            let bench = Bench::new(slow(), seed, |_| ());
            if stuck {
                bench.tenant.add_faults([FaultRule {
                    fault: Fault::Slow,
                    after: 5,
                    count: Some(u64::MAX),
                    probability: 0.3,
                    delay_ms: 40_000,
                    ..FaultRule::default()
                }]);
            }
            let run = bench.start(300);
            let moment = bench.clock.now().after(Duration::from_millis(after_ms));
            let cancel = async {
                bench.clock.sleep_until(moment).await;
                run.cancel();
                let calls = run.progress().calls;
                run.cancel();
                calls
            };
            let ((events, summary), calls) = tokio::join!(watch(&run, |_| ()), cancel);
            bench.check(&events, &summary);
            if summary.status == 0 {
                assert_eq!(summary.accepted, 300);
            } else {
                assert_eq!(summary.kind, "Cancelled");
                assert_eq!(summary.exit_code, 130);
                assert_eq!(summary.calls, calls, "no call starts after the cancel");
                let ended = events.last().expect("one").at;
                assert!(ended.since(moment) <= Duration::from_millis(5_010));
            }
        });
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_stays_unanswered_is_in_doubt() {
    let bench = Bench::new(slow(), 1, |_| ());
    bench.tenant.add_faults([FaultRule {
        fault: Fault::Slow,
        after: 2,
        count: Some(1),
        delay_ms: 40_000,
        ..FaultRule::default()
    }]);
    let run = bench.start(200);
    let cancel = async {
        bench.clock.sleep_until(bench.clock.now().after(Duration::from_millis(1_500))).await;
        run.cancel();
    };
    let ((events, summary), ()) = tokio::join!(watch(&run, |_| ()), cancel);
    bench.check(&events, &summary);
    assert_eq!(summary.in_doubt, 5);
    assert_eq!(summary.error.map(|error| error.kind), Some(ErrorKind::Cancelled));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_never_left_is_not_in_doubt() {
    let bench = Bench::signed_out(slow(), 1, |_| ());
    bench.client.set_secret("clientSecret", SECRET.as_bytes()).expect("a secret");
    bench.tenant.add_faults([FaultRule {
        fault: Fault::Slow,
        on: Endpoint::Token,
        count: Some(1),
        delay_ms: 40_000,
        ..FaultRule::default()
    }]);
    let run = bench.start(200);
    let cancel = async {
        bench.clock.sleep_until(bench.clock.now().after(Duration::from_secs(1))).await;
        run.cancel();
    };
    let ((events, summary), ()) = tokio::join!(watch(&run, |_| ()), cancel);
    bench.check(&events, &summary);
    assert_eq!(summary.kind, "Cancelled");
    assert_eq!((summary.in_doubt, summary.calls, summary.not_sent), (0, 0, 200));
    tokio::time::sleep(Duration::from_secs(60)).await;
    let calls = bench.tenant.calls();
    assert!(calls.iter().all(|call| call.endpoint == Endpoint::Token), "{calls:?}");
}

#[tokio::test(start_paused = true)]
async fn a_run_without_its_last_record_can_be_cancelled() {
    let bench = Bench::new(slow(), 2, |_| ());
    let run = Run::start(&bench.client, br#"{"version":1,"conversion":{}}"#).expect("a run");
    run.push(b"{\"externalId\":\"1\"}").expect("a record");
    run.push(b"[1]").expect_err("no object");
    run.cancel();
    assert_eq!(run.push(b"{}").expect_err("too late").kind, ErrorKind::Cancelled);
    let (events, summary) = watch(&run, |_| ()).await;
    bench.check(&events, &summary);
    assert_eq!((summary.kind, summary.rows, events.len()), ("Cancelled", 0, 1));
    run.finish_input().expect("changes nothing");
    let error = run.finish_input().expect_err("twice");
    assert_eq!(error.kind, ErrorKind::InvalidState);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_run_stops_sending() {
    let bench = Bench::new(slow(), 3, |_| ());
    let run = bench.start(5_000);
    while !matches!(run.event().await.map(|e| e.event), Some(Event::Accepted { .. })) {}
    drop(run);
    tokio::time::sleep(Duration::from_secs(10)).await;
    let calls = bench.tenant.calls().len();
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(bench.tenant.calls().len(), calls);
    assert!(calls < 60, "{calls}");
}

#[tokio::test(start_paused = true)]
async fn a_host_that_takes_no_events_holds_nobody_and_still_finds_the_end() {
    let bench = Bench::new(Settings::default(), 4, |config| {
        config["limits"]["operations"] = 1.into();
    });
    let run = bench.start(1_300);
    tokio::time::sleep(Duration::from_secs(600)).await;
    let summary = run.summary().expect("it ended without its host");
    assert_eq!((summary.status, summary.accepted), (0, 1_300));
    let (events, _) = watch(&run, |_| ()).await;
    let accepted = |event: &&Numbered| matches!(event.event, Event::Accepted { .. });
    assert_eq!(events.iter().filter(accepted).count(), 1_300);
    let last = events.last().expect("one");
    assert!(matches!(last.event, Event::Finished(_)));
    assert_eq!(last.sequence - events.len() as u64, summary.events_dropped, "the gaps");
    assert!(run.event().await.is_none());
    assert_eq!(run.next(Duration::ZERO).expect_err("taken").kind, ErrorKind::EndOfEvents);
    assert!(run.wait(Duration::ZERO).expect("ended"));
}
