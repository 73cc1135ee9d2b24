//! A day of hourly uploads; `benches/week.rs` makes a week of it, of many more.

use serde_json::json;

use super::payroll::Payroll;

#[tokio::test(start_paused = true)]
async fn an_hour_costs_as_many_calls_as_its_changes_fill() {
    let settings = json!({"missing": "disable", "brakes": {"removals": "off", "updates": "off"}});
    let mut payroll = Payroll::new(400, settings, |_| ());
    let first = payroll.upload().await;
    assert_eq!((first.kind, first.accepted, first.calls), ("Ok", 400, 8), "{first:?}");
    let mut counted = payroll.calls().len() as u64;
    for hour in 0..24 {
        let changes = [0, 1, 49, 50, 51, 101][hour % 6];
        payroll.workforce.change(changes);
        let summary = payroll.upload().await;
        assert_eq!((summary.kind, summary.in_doubt, summary.not_sent), ("Ok", 0, 0), "{summary:?}");
        assert_eq!((summary.accepted, summary.calls), (changes, changes.div_ceil(50)), "{hour}");
        counted += summary.calls;
        assert_eq!(payroll.calls().len() as u64, counted);
    }
    payroll.workforce.check(&payroll.bench.tenant.users());
    assert!(payroll.bench.tenant.worst_window() <= 40);
    assert!(payroll.bench.tenant.refusals().is_empty());
}
