//! A week of hourly uploads of 20,000 workers of whom 0.5 % change every day, against the simulated
//! tenant in virtual time: the calls it takes, beside a client that sends everybody every hour.
//!
//! `cargo bench --bench week`
#![allow(clippy::print_stdout, reason = "a benchmark prints its result")]
#![allow(
    clippy::expect_used,
    clippy::explicit_write,
    clippy::panic,
    reason = "a benchmark fails by panicking"
)]

use std::time::Instant;

use serde_json::{Value, json};

#[path = "../tests/it/run/payroll.rs"]
mod payroll;
#[path = "../tests/support/mod.rs"]
#[allow(dead_code, reason = "shared with the tests")]
mod support;

use payroll::Payroll;
use support::tenant::virtually;

const WORKERS: usize = 20_000;
const DAYS: usize = 7;
const CHANGES_A_DAY: u64 = WORKERS as u64 / 200;
const QUOTA: u64 = 2_000;
const USERS_A_CALL: u64 = 50;

fn main() {
    let began = Instant::now();
    virtually(changes_only());
    let took = began.elapsed();
    println!("  real time             {:>6.1} s", took.as_secs_f64());
    virtually(everybody());
}

async fn changes_only() {
    let mut payroll = Payroll::new(WORKERS, json!({"missing": "disable"}), |_| ());
    let first = payroll.upload().await;
    assert_eq!((first.kind, first.accepted), ("Ok", WORKERS as u64), "{first:?}");
    let (mut users, mut idle_hours, mut least_left) = (0, 0, payroll.quota_left());
    let mut days = Vec::new();
    for _ in 0..DAYS {
        let mut hours = [0; 24];
        (0..CHANGES_A_DAY).for_each(|_| hours[payroll.workforce.draw(24) as usize] += 1);
        let before = payroll.calls().len();
        for changes in hours {
            payroll.workforce.change(changes);
            let summary = payroll.upload().await;
            assert_eq!((summary.kind, summary.accepted), ("Ok", changes), "{summary:?}");
            assert_eq!(summary.calls, changes.div_ceil(USERS_A_CALL));
            users += summary.accepted;
            idle_hours += u64::from(changes == 0);
            least_left = least_left.min(payroll.quota_left());
        }
        days.push(payroll.calls().len() - before);
    }
    let tenant = &payroll.bench.tenant;
    payroll.workforce.check(&tenant.users());
    assert!(tenant.refusals().is_empty());
    println!("{WORKERS} workers, {CHANGES_A_DAY} changes a day, {} hourly runs:", 24 * DAYS);
    println!("  the first run         {:>6} calls, everybody", first.calls);
    println!("  calls of each day     {days:?}");
    println!(
        "  calls of the week     {:>6}, at most {} a day, for {users} users; {idle_hours} hours \
         without a change cost none",
        days.iter().sum::<usize>(),
        days.iter().max().expect("a day")
    );
    println!("  in the busiest 5 s    {:>6} calls of 40", tenant.worst_window());
    println!("  quota left, at least  {least_left:>6} calls of {QUOTA}; never short");
    println!("  the state file        {:>6} KiB", payroll.state_bytes() / 1024);
}

/// Stops where the quota does.
async fn everybody() {
    let everybody = json!({"full": true, "missing": "disable"});
    let no_reserve = |config: &mut Value| config["limits"]["reservePercent"] = 0.into();
    let mut payroll = Payroll::new(WORKERS, everybody, no_reserve);
    let per_run = (WORKERS as u64).div_ceil(USERS_A_CALL);
    println!("everybody every hour    {:>6} calls a day", 24 * per_run);
    for run in 1..=24 {
        let summary = payroll.upload().await;
        if summary.kind != "Ok" {
            let (counted, kind) = (payroll.calls().len(), summary.kind);
            println!("  run {run} of the first day ends with {kind}: {counted} calls counted");
            assert_eq!(counted as u64, QUOTA);
            return;
        }
    }
    panic!("the quota was never short");
}
