use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;

use super::{Caller, bulk, user};
use crate::simulator::{Settings, Tenant};

#[tokio::test(start_paused = true)]
async fn the_forty_first_call_in_five_seconds_waits_for_the_first_to_leave() {
    let caller = Caller::new(Settings::default());
    let body = bulk(&[user("1")]);
    for _ in 0..40 {
        assert_eq!(caller.upload(&body).await.0, 202);
    }
    caller.tenant.advance(Duration::from_micros(3_500_001));
    let refused = caller.upload_request(body.to_string());
    let response = caller.tenant.handle(refused).await.unwrap();
    assert_eq!(response.status(), 429);
    assert_eq!(response.headers()["retry-after"], "2", "1.499999 s, rounded up");
    assert_eq!(super::read(&response).1["error"]["innerError"]["code"], "throttledRequest");
    assert_eq!(caller.tenant.worst_window(), 41);
    // The refused call counts: when the forty have left it is still there.
    caller.tenant.advance(Duration::from_micros(1_499_999));
    for _ in 0..39 {
        assert_eq!(caller.upload(&body).await.0, 202);
    }
    assert_eq!(caller.upload(&body).await.0, 429);
    assert_eq!(caller.tenant.refusals()["rate"], 2);
}

#[tokio::test(start_paused = true)]
async fn refused_calls_can_be_free_and_429_can_keep_its_counsel() {
    let mut settings = Settings::default();
    settings.limits.calls_per_window = 2;
    settings.limits.refused_calls_count = false;
    settings.limits.retry_after = false;
    let caller = Caller::new(settings);
    let body = bulk(&[user("1")]);
    assert_eq!(caller.upload(&bulk(&[])).await.0, 400);
    assert_eq!(caller.upload(&body).await.0, 202);
    assert_eq!(caller.upload(&body).await.0, 202);
    let response = caller.tenant.handle(caller.upload_request(body.to_string())).await.unwrap();
    assert_eq!(response.status(), 429);
    assert!(!response.headers().contains_key("retry-after"));
    assert_eq!(caller.tenant.state()["callsInLastDay"], 2);
    assert_eq!(caller.tenant.worst_window(), 4, "what arrived is told all the same");
}

#[tokio::test(start_paused = true)]
async fn the_day_rolls() {
    let mut settings = Settings::default();
    settings.limits.calls_per_day = 3;
    settings.token_lifetime_seconds = 1_000_000;
    let caller = Caller::new(settings);
    let body = bulk(&[user("1")]);
    for _ in 0..3 {
        assert_eq!(caller.upload(&body).await.0, 202);
        caller.tenant.advance(Duration::from_secs(3600));
    }
    let request = caller.upload_request(body.to_string());
    let response = caller.tenant.handle(request).await.unwrap();
    assert_eq!(response.status(), 429);
    assert_eq!(response.headers()["retry-after"], (21 * 3600).to_string());
    assert_eq!(caller.tenant.refusals()["quota"], 1);
    caller.tenant.advance(Duration::from_secs(21 * 3600));
    assert_eq!(caller.upload(&body).await.0, 429, "the refused call took its place");
}

#[tokio::test(start_paused = true)]
async fn latency_lies_before_and_after_the_arrival() {
    let mut settings = Settings::default();
    settings.latency.before_ms = 200;
    settings.latency.after_ms = 100;
    let caller = Caller::new(settings);
    let began = caller.tenant.now();
    caller.upload(&bulk(&[user("1")])).await;
    let call = caller.tenant.calls().pop().unwrap();
    let about = |time: Duration, ms: u64| {
        assert!((ms..ms + 5).contains(&(time.as_millis() as u64)), "{time:?} is not {ms} ms");
    };
    about(call.arrived.since(began), 200);
    about(call.departed.unwrap().since(call.arrived), 100);
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_jumps_wakes_who_waits_for_it() {
    let mut settings = Settings::default();
    settings.latency.before_ms = 60_000;
    let caller = Caller::new(settings);
    let began = tokio::time::Instant::now();
    let body = bulk(&[user("1")]);
    let jump = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        caller.tenant.advance(Duration::from_secs(50));
    };
    tokio::join!(caller.upload(&body), jump);
    let waited = began.elapsed();
    assert!((10_000..10_010).contains(&waited.as_millis()), "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_gives_up_does_not_unsend_its_call() {
    let mut settings = Settings::default();
    settings.latency.before_ms = 1000;
    let caller = Caller::new(settings);
    let body = bulk(&[user("1")]);
    let call = caller.upload(&body);
    assert!(tokio::time::timeout(Duration::from_millis(500), call).await.is_err());
    assert!(caller.tenant.staged().is_empty());
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert_eq!(caller.tenant.staged().len(), 1);
}

/// Sends calls at these moments, all at once where the latency overlaps them.
async fn send_at(caller: Arc<Caller>, gaps: Vec<u64>) {
    let mut calls = tokio::task::JoinSet::new();
    for gap in gaps {
        tokio::time::sleep(Duration::from_millis(gap)).await;
        let caller = Arc::clone(&caller);
        calls.spawn(async move { caller.upload(&bulk(&[user("1")])).await });
    }
    calls.join_all().await;
}

fn arrivals(tenant: &Tenant) -> Vec<(u64, bool)> {
    let calls = tenant.calls().into_iter();
    calls.map(|call| (call.arrived.0, call.status == Some(202))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn exactly_the_calls_within_the_limit_are_accepted(
        gaps in prop::collection::vec(0_u64..400, 1..60),
        jitter in 0_u64..3000,
        limit in 1_usize..6,
        window in 1_u64..1500,
        refused_count in any::<bool>(),
    ) {
        let mut settings = Settings::default();
        settings.limits.calls_per_window = limit;
        settings.limits.window_ms = window;
        settings.limits.refused_calls_count = refused_count;
        settings.latency.jitter_ms = jitter;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all().start_paused(true).build().unwrap();
        let tenant = runtime.block_on(async {
            let caller = Arc::new(Caller::new(settings));
            send_at(Arc::clone(&caller), gaps).await;
            Arc::clone(&caller.tenant)
        });
        let arrivals = arrivals(&tenant);
        prop_assert!(arrivals.is_sorted_by_key(|(at, _)| *at));
        let mut worst = 0;
        for (number, (at, accepted)) in arrivals.iter().enumerate() {
            let recent = arrivals[..number].iter().filter(|(then, _)| at - then < window * 1000);
            let all = recent.clone().count();
            let counted = recent.filter(|(_, accepted)| *accepted || refused_count).count();
            prop_assert_eq!(*accepted, counted < limit);
            worst = worst.max(all + 1);
        }
        prop_assert_eq!(tenant.worst_window(), worst);
    }
}
