//! A service that fails, throttles and falls silent.

use std::time::Duration;

use entrabulk::error::ErrorKind;
use entrabulk::run::{Event, Summary, WaitReason};
use entrabulk::simulator::{Fault, FaultRule, LatencySettings, Settings};
use proptest::prelude::*;

use crate::support::cases;
use crate::support::tenant::{Bench, virtually};

fn rule(fault: Fault) -> FaultRule {
    FaultRule { fault, ..FaultRule::default() }
}

fn with(faults: Vec<FaultRule>) -> Settings {
    let latency = LatencySettings { before_ms: 100, after_ms: 100, jitter_ms: 50 };
    Settings { latency, faults, ..Settings::default() }
}

fn error_kind(summary: &Summary) -> Option<ErrorKind> {
    summary.error.as_ref().map(|error| error.kind)
}

#[tokio::test(start_paused = true)]
async fn a_storm_of_429_stops_every_sender_for_as_long_as_the_service_asks() {
    let storm = FaultRule {
        after: 20,
        for_ms: Some(1_000),
        retry_after_seconds: Some(30),
        ..rule(Fault::Status429)
    };
    let bench = Bench::new(with(vec![storm]), 1, |_| ());
    let (events, summary) = bench.upload(500).await;
    bench.check(&events, &summary);
    assert_eq!((summary.status, summary.accepted), (0, 500));
    assert!(summary.throttled > 0 && summary.throttled <= 16, "{}", summary.throttled);
    assert_eq!(summary.throttled, summary.retries);
    let calls = bench.tenant.calls();
    let refused = calls.iter().filter(|call| call.status == Some(429));
    let last = refused.clone().filter_map(|call| call.departed).max().expect("a refusal");
    let first = refused.filter_map(|call| call.departed).min().expect("a refusal");
    let within = |call: &&entrabulk::simulator::Call| {
        call.arrived > first.after(Duration::from_millis(200))
            && call.arrived < last.after(Duration::from_secs(30))
    };
    assert_eq!(calls.iter().filter(within).count(), 0, "calls within the pause");
    assert!(
        events.iter().any(|event| matches!(
            event.event,
            Event::Waiting { reason: WaitReason::RetryAfter, .. }
        ))
    );
}

#[tokio::test(start_paused = true)]
async fn what_breaks_is_repeated_byte_for_byte_until_it_holds() {
    for fault in [
        Fault::Status500,
        Fault::Status503,
        Fault::Status504AfterProcessing,
        Fault::ResetBeforeProcessing,
        Fault::ResetAfterProcessing,
        Fault::CutHead,
        Fault::CutBody,
    ] {
        let broken = FaultRule { after: 3, count: Some(10), ..rule(fault) };
        let bench = Bench::new(with(vec![broken]), 2, |_| ());
        let (events, summary) = bench.upload(200).await;
        bench.check(&events, &summary);
        assert_eq!((summary.status, summary.accepted), (0, 200), "{fault:?}");
        assert_eq!((summary.retries, summary.in_doubt), (10, 0), "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_comes_too_late_counts_as_none() {
    let slow = FaultRule { delay_ms: 60_000, ..rule(Fault::Slow) };
    let bench = Bench::new(with(vec![slow]), 3, |config| {
        config["retry"] = serde_json::json!({"requestTimeoutMs": 5_000});
    });
    let (events, summary) = bench.upload(20).await;
    bench.check(&events, &summary);
    assert_eq!((summary.status, summary.accepted, summary.retries), (0, 20, 1));
    let twice = bench.tenant.staged().values().filter(|user| user.times == 2).count();
    assert_eq!(twice, 5, "the late batch was staged twice, which changes nothing");
}

#[tokio::test(start_paused = true)]
async fn a_service_that_stays_down_ends_the_run_in_doubt_or_not_sent() {
    for (fault, in_doubt) in [(Fault::Status500, false), (Fault::ResetBeforeProcessing, true)] {
        let down = FaultRule { after: 4, count: Some(u64::MAX), ..rule(fault) };
        let bench = Bench::new(with(vec![down]), 4, |_| ());
        let (events, summary) = bench.upload(500).await;
        bench.check(&events, &summary);
        assert_eq!(error_kind(&summary), Some(ErrorKind::ServiceFailed));
        assert_eq!(summary.accepted, 20);
        assert_eq!(summary.in_doubt > 0, in_doubt, "{fault:?}: {summary:?}");
        assert!(summary.error.expect("one").message.contains("Given up after"));
    }
}

#[tokio::test(start_paused = true)]
async fn an_outage_costs_no_more_of_the_quota_than_it_may() {
    let down = FaultRule { count: Some(u64::MAX), ..rule(Fault::Status500) };
    let bench = Bench::new(with(vec![down]), 5, |config| {
        config["retry"] = serde_json::json!({"extraCalls": 7, "attempts": 100});
    });
    let (events, summary) = bench.upload(500).await;
    bench.check(&events, &summary);
    assert!(summary.retries <= 7, "{summary:?}");
    assert!(summary.error.expect("one").message.contains("7 repeats of this run are spent"));
    assert!(summary.batches <= 16);
    assert_eq!(summary.not_sent, 500);
}

#[tokio::test(start_paused = true)]
async fn a_full_bucket_is_waited_for_in_minutes() {
    let full = FaultRule { after: 10, for_ms: Some(400_000), ..rule(Fault::BucketFull) };
    let bench = Bench::new(with(vec![full]), 6, |_| ());
    let (events, summary) = bench.upload(200).await;
    bench.check(&events, &summary);
    assert_eq!((summary.status, summary.accepted), (0, 200));
    let waits: Vec<Duration> = events
        .iter()
        .filter_map(|numbered| match numbered.event {
            Event::Waiting { reason: WaitReason::BucketFull, until, .. } => {
                Some(until.since(numbered.at))
            }
            _ => None,
        })
        .collect();
    let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
    assert!(waits.iter().any(|wait| *wait > minutes(4) && *wait <= minutes(5)), "{waits:?}");
    assert!(waits.iter().any(|wait| *wait > minutes(9) && *wait <= minutes(10)), "{waits:?}");
}

#[tokio::test(start_paused = true)]
async fn a_bucket_that_stays_full_ends_the_run() {
    let full = FaultRule { count: Some(u64::MAX), ..rule(Fault::BucketFull) };
    let bench = Bench::new(with(vec![full]), 7, |_| ());
    let (events, summary) = bench.upload(50).await;
    bench.check(&events, &summary);
    assert_eq!(error_kind(&summary), Some(ErrorKind::BucketFull));
    assert_eq!((summary.exit_code, summary.not_sent), (16, 50));
    assert!(summary.elapsed_ms >= 30 * 60_000 && summary.elapsed_ms <= 61 * 60_000);
}

#[tokio::test(start_paused = true)]
async fn a_throttle_without_end_ends_the_run_with_a_time_to_come_back() {
    let storm = FaultRule {
        count: Some(u64::MAX),
        retry_after_seconds: Some(7_200),
        ..rule(Fault::Status429)
    };
    let bench = Bench::new(with(vec![storm]), 8, |_| ());
    let (events, summary) = bench.upload(50).await;
    bench.check(&events, &summary);
    assert_eq!(error_kind(&summary), Some(ErrorKind::Throttled));
    let error = summary.error.as_ref().expect("one");
    assert_eq!((error.http_status, error.retry_after_ms), (Some(429), Some(7_200_000)));
    assert!(error.request_id.is_some());
    assert!(summary.resume_at.expect("a time") > bench.clock.now());
    assert_eq!(summary.not_sent, 50);
}

/// A world where everything goes wrong now and then.
fn weather() -> impl Strategy<Value = (u64, Vec<FaultRule>)> {
    let fault = prop::sample::select(vec![
        Fault::Status429,
        Fault::Status500,
        Fault::Status503,
        Fault::Status504AfterProcessing,
        Fault::ResetBeforeProcessing,
        Fault::ResetAfterProcessing,
        Fault::CutBody,
        Fault::Slow,
    ]);
    let rule =
        (fault, 0_u64..40, 1_u64..15, 0.05_f64..0.6, prop::option::of(0_u64..20), 0_u64..9_000);
    let rule =
        rule.prop_map(|(fault, after, count, probability, retry_after_seconds, delay_ms)| {
            FaultRule {
                after,
                count: Some(count),
                probability,
                retry_after_seconds,
                delay_ms,
                ..self::rule(fault)
            }
        });
    (any::<u64>(), prop::collection::vec(rule, 0..5))
}

proptest! {
    #![proptest_config(cases(24))]

    #[test]
    fn whatever_the_weather_everyone_arrives((seed, faults) in weather()) {
        virtually(async {
            let bench = Bench::new(with(faults), seed, |config| {
                config["retry"] = serde_json::json!({"attempts": 100, "requestTimeoutMs": 4_000});
            });
            let (events, summary) = bench.upload(300).await;
            bench.check(&events, &summary);
            assert_eq!((summary.status, summary.accepted), (0, 300));
            assert_eq!(bench.tenant.staged().len(), 300);
        });
    }
}
