use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::time::TokioClock;

/// A call as the service sees it, and how long it occupies the client.
#[derive(Debug, Clone)]
struct Plan {
    /// Idle time before the client wants to make it.
    idle_ms: u64,
    there_ms: u64,
    back_ms: u64,
    answered: bool,
}

fn plans(longest: u64) -> impl Strategy<Value = Vec<Plan>> {
    let plan = (
        prop_oneof![4 => Just(0_u64), 1 => 0..3_000_u64],
        0..longest,
        0..longest,
        prop::bool::weighted(0.9),
    );
    let plan = plan.prop_map(|(idle_ms, there_ms, back_ms, answered)| Plan {
        idle_ms,
        there_ms,
        back_ms,
        answered,
    });
    prop::collection::vec(plan, 1..120)
}

fn at(ms: u64) -> Timestamp {
    Timestamp(ms * 1_000)
}

/// The most moments within any stretch of `length`, both of its ends counted.
fn most_within(moments: &[Timestamp], length: Duration) -> usize {
    let within = |from: Timestamp| {
        moments.iter().filter(|moment| (from..=from.after(length)).contains(moment)).count()
    };
    moments.iter().map(|moment| within(*moment)).max().unwrap_or(0)
}

/// Makes the planned calls as early as a window lets them start; gives starts and arrivals.
fn simulate(limit: usize, in_flight: usize, plans: &[Plan]) -> (Vec<Timestamp>, Vec<Timestamp>) {
    let mut ledger = Ledger {
        short: Window::new(limit, SHORT),
        long: Window::new(usize::MAX, LONG),
        in_flight,
        paused: None,
    };
    let (mut now, mut starts, mut arrivals) = (Timestamp(0), Vec::new(), Vec::new());
    let mut ends: Vec<(Timestamp, Timestamp)> = Vec::new();
    for plan in plans {
        now = now.after(Duration::from_millis(plan.idle_ms));
        loop {
            ends.sort();
            while ends.first().is_some_and(|(end, _)| *end <= now) {
                ledger.end(Some(ends.remove(0).1));
            }
            match ledger.start(now) {
                Ok(()) => break,
                Err(Wait { until, .. }) => {
                    let next_end = ends.first().map(|(end, _)| *end);
                    now = until.into_iter().chain(next_end).min().expect("something to wait for");
                }
            }
        }
        let arrival = now.after(Duration::from_millis(plan.there_ms));
        starts.push(now);
        arrivals.push(arrival);
        if plan.answered {
            let end = arrival.after(Duration::from_millis(plan.back_ms));
            ends.push((end, end));
        } else {
            // Given up after an arbitrary while, and seen by the service up to STRAGGLING later.
            let end = now.after(Duration::from_millis(plan.back_ms));
            *arrivals.last_mut().expect("just pushed") =
                end.after(Duration::from_millis(plan.there_ms).min(STRAGGLING));
            ends.push((end, end.after(STRAGGLING)));
        }
    }
    (starts, arrivals)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn the_service_never_sees_more_than_the_limit_whatever_the_network_does(
        limit in 1_usize..12,
        in_flight in 1_usize..16,
        plans in plans(8_000),
    ) {
        let (_, arrivals) = simulate(limit, in_flight, &plans);
        prop_assert!(most_within(&arrivals, SHORT) <= limit, "{arrivals:?}");
    }

    #[test]
    fn nobody_waits_without_need(limit in 1_usize..12, gaps in prop::collection::vec(0_u64..900, 1..120)) {
        // With a network that takes no time a call must start at once unless its start would make
        // one too many within the last window.
        let plans: Vec<Plan> = gaps
            .iter()
            .map(|idle_ms| Plan { idle_ms: *idle_ms, there_ms: 0, back_ms: 0, answered: true })
            .collect();
        let (starts, _) = simulate(limit, usize::MAX, &plans);
        let mut wanted = Timestamp(0);
        for (number, start) in starts.iter().enumerate() {
            wanted = wanted.after(Duration::from_millis(gaps[number]));
            let free = number.checked_sub(limit).map(|before| starts[before].after(SHORT + MARGIN));
            prop_assert_eq!(*start, wanted.max(free.unwrap_or(wanted)));
            wanted = *start;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_quota_comes_back_call_by_call_after_a_day() {
    let limits = Limits {
        batch: crate::scim::bulk::BatchLimits::default(),
        calls_per_5s: 40,
        calls_per_day: 2,
        reserve_percent: 0,
        in_flight: 16,
    };
    let clock: Arc<dyn Clock> = Arc::new(TokioClock::new());
    let pacer = Arc::new(Pacer::new(&limits, Arc::clone(&clock)));
    let first = clock.now();
    pacer.start(false).await.expect("free").over(202).await;
    clock.sleep_until(first.after(Duration::from_secs(3600))).await;
    pacer.start(false).await.expect("free").over(202).await;
    pacer.start(false).await.expect_err("spent");
    assert_eq!(pacer.quota_left(), 0);
    let Err(Denied::Wait(wait)) = pacer.start(false).await else { panic!("spent") };
    assert_eq!(wait, Wait { reason: WaitReason::Quota, until: Some(first.after(LONG + MARGIN)) });
    clock.sleep_until(first.after(LONG + MARGIN)).await;
    assert_eq!(pacer.quota_left(), 1);
    pacer.start(false).await.expect("the first call is forgotten").unused().await;
    assert_eq!(pacer.quota_left(), 1, "a call that never left is not counted");
}

#[tokio::test]
async fn a_pause_holds_everyone_and_a_shorter_one_does_not_shorten_it() {
    let limits = Limits {
        batch: crate::scim::bulk::BatchLimits::default(),
        calls_per_5s: 40,
        calls_per_day: 100,
        reserve_percent: 0,
        in_flight: 16,
    };
    let mut ledger = Ledger {
        short: Window::new(limits.calls_per_5s, SHORT),
        long: Window::new(limits.calls_per_day, LONG),
        in_flight: limits.in_flight,
        paused: Some((at(10_000), WaitReason::RetryAfter)),
    };
    let wait = ledger.start(at(9_999)).expect_err("paused");
    assert_eq!(wait, Wait { reason: WaitReason::RetryAfter, until: Some(at(10_000)) });
    ledger.start(at(10_000)).expect("over");
    let clock: Arc<dyn Clock> = Arc::new(TokioClock::new());
    let pacer = Arc::new(Pacer::new(&limits, Arc::clone(&clock)));
    let late = clock.now().after(Duration::from_secs(60));
    pacer.pause(late, WaitReason::BucketFull);
    pacer.pause(clock.now().after(Duration::from_secs(1)), WaitReason::RetryAfter);
    let Err(Denied::Wait(wait)) = pacer.start(false).await else { panic!("paused") };
    assert_eq!(wait, Wait { reason: WaitReason::BucketFull, until: Some(late) });
}
