//! How much of the service's own pace an upload reaches when every call takes 300 ms, beside a sender
//! that makes one call after the other. Virtual time: minutes of service time pass in seconds.
#![allow(clippy::print_stdout, reason = "a benchmark prints its result")]
#![allow(
    clippy::expect_used,
    clippy::explicit_write,
    clippy::panic,
    reason = "a benchmark fails by panicking"
)]

use std::io::Write;
use std::time::Duration;

use entrabulk::simulator::{Call, Endpoint, LatencySettings, Settings};
use serde_json::json;

#[path = "../tests/support/mod.rs"]
#[allow(dead_code, reason = "shared with the tests")]
mod support;

use support::tenant::{Bench, virtually};

const CALLS: usize = 2_000;
const NAIVE_CALLS: usize = 200;
const USERS_A_CALL: usize = 50;
/// 40 calls of 50 users in any 5 seconds.
const LEGAL_CALLS_PER_SECOND: f64 = 8.0;
const LEAST_SHARE: f64 = 0.92;

/// A tenant that answers after 300 ms, and a client of it that makes up to `in_flight` calls at once.
fn bench(in_flight: usize) -> Bench {
    let latency = LatencySettings { before_ms: 150, after_ms: 150, jitter_ms: 0 };
    Bench::new(Settings { latency, ..Settings::default() }, 1, |config| {
        config["limits"] = json!({"inFlight": in_flight, "reservePercent": 0});
    })
}

/// The share of the legal rate: over everything, and from window to window, without the first 40 calls,
/// which cost no wait, and the last.
fn shares(calls: &[Call]) -> (f64, f64) {
    let uploads: Vec<&Call> =
        calls.iter().filter(|call| call.endpoint == Endpoint::BulkUpload).collect();
    let share =
        |count: usize, time: Duration| count as f64 / time.as_secs_f64() / LEGAL_CALLS_PER_SECOND;
    let first = uploads.first().expect("a call").arrived;
    let last = uploads.iter().filter_map(|call| call.departed).max().expect("an answer");
    let whole = share(uploads.len(), last.since(first));
    let (early, late) = (40, uploads.len() - 40);
    let steady = uploads[late].arrived.since(uploads[early].arrived);
    (whole, share(late - early, steady))
}

fn measure(in_flight: usize, calls: usize) -> (f64, f64, u64) {
    virtually(async {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        writeln!(file, "externalId,userName,displayName,active").expect("written");
        for number in 0..calls * USERS_A_CALL {
            writeln!(file, "E{number},u{number}@example.com,User {number},true").expect("written");
        }
        let bench = bench(in_flight);
        let source = json!({"path": file.path()});
        let summary = bench.run(&json!({"version": 1, "conversion": {"source": source}})).await;
        assert_eq!(summary.accepted, (calls * USERS_A_CALL) as u64, "{summary:?}");
        assert!(bench.tenant.worst_window() <= 40);
        let (whole, steady) = shares(&bench.tenant.calls());
        (whole, steady, summary.throttled)
    })
}

fn main() {
    let (naive, _, _) = measure(1, NAIVE_CALLS);
    let (whole, steady, throttled) = measure(16, CALLS);
    let users = |share: f64| share * LEGAL_CALLS_PER_SECOND * USERS_A_CALL as f64;
    println!("of 400 users/s, every call taking 300 ms:");
    println!("  one after the other {:5.1} %  {:3.0} users/s", 100.0 * naive, users(naive));
    println!("  this library        {:5.1} %  {:3.0} users/s", 100.0 * whole, users(whole));
    println!("  in its steady state {:5.1} %  {:3.0} users/s", 100.0 * steady, users(steady));
    println!("  {throttled} answers of 429 to {CALLS} calls");
    assert_eq!(throttled, 0);
    assert!(whole >= LEAST_SHARE && steady >= LEAST_SHARE, "too slow");
    assert!(whole > 2.0 * naive, "not worth the trouble");
}
