//! Eight processes that send to one tenant at once.

use std::process::Child;

use entrabulk::simulator::{AppSettings, LatencySettings, Settings};
use serde_json::{Value, json};

use crate::site::{Site, summary, told};

#[test]
fn eight_processes_never_exceed_the_tenants_limits_together() {
    let latency = LatencySettings { before_ms: 100, after_ms: 100, jitter_ms: 300 };
    let settings = Settings { latency, apps: vec![AppSettings::default()], ..Settings::default() };
    let site = Site::new(settings, |config| {
        config["limits"] = json!({"operations": 1});
    });
    // One tenant and one ledger; a target of its own for every process, or the lease would queue them.
    let config: Value =
        serde_json::from_slice(&std::fs::read(site.path("config.json")).expect("read"))
            .expect("JSON");
    assert_eq!(config["limits"]["operations"], 1);
    let file = |process: usize| {
        let users: Vec<_> = (0..25).map(|number| (process * 100 + number, "Clerk", None)).collect();
        site.users(&format!("users{process}.json"), &users)
    };
    let files: Vec<_> = (0..8).map(file).collect();
    let start = |path: &std::path::PathBuf| -> Child {
        let path = path.to_str().expect("UTF-8");
        site.spawn(&["upload", path, "--format", "bulk", "--wait", "--max-row-drop", "100"])
    };
    let children: Vec<Child> = files.iter().map(start).collect();
    for child in children {
        let output = child.wait_with_output().expect("it ends");
        assert!(output.status.success(), "{}", told(&output));
        assert_eq!(summary(&output)["throttled"], 0);
    }
    let tenant = site.running.tenant();
    assert_eq!(tenant.staged().len(), 200);
    assert!(tenant.worst_window() <= 40, "{} in 5 s", tenant.worst_window());
    assert!(tenant.refusals().is_empty(), "{:?}", tenant.refusals());
}
