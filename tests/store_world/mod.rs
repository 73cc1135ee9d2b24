//! What the store's tests share: folders, clocks, users, plans.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by them")]

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};

use entrabulk::store::{
    Action, Baseline, Certainty, Counts, Journal, NewBatch, NewRun, Plan, PlanFacts, PlanItem,
    PlanWriter, Plans, SqliteStore, Target, TargetId, TargetKey, Tripped,
};
use entrabulk::time::{Clock, Sleep, Timestamp};
use xxhash_rust::xxh3::xxh3_128;

pub const SECOND: u64 = 1_000_000;
pub const HOUR: u64 = 3600 * SECOND;
pub const DAY: u64 = 24 * HOUR;
/// Some moment in 2025.
pub const NOW: Timestamp = Timestamp(1_764_000_000 * SECOND);

pub fn at(seconds: u64) -> Timestamp {
    Timestamp(NOW.0 + seconds * SECOND)
}

/// A folder that goes with its test; in memory where there is such a place, for thousands of fsyncs.
pub fn folder() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

pub struct World {
    pub folder: tempfile::TempDir,
    pub store: SqliteStore,
    pub target: Target,
}

impl World {
    pub fn new() -> Self {
        let folder = folder();
        let store = SqliteStore::open(&folder.path().join("state.db"), None).unwrap();
        let target = store.target(&key("job-1")).unwrap();
        World { folder, store, target }
    }

    pub fn path(&self) -> PathBuf {
        self.store.path().to_owned()
    }

    /// A plan with these items, made against the baseline as it is.
    pub fn plan(&self, id: &str, items: &[Item]) -> Plan {
        plan(&self.store, self.target.id, id, items, &[])
    }
}

pub fn key(job: &str) -> TargetKey {
    TargetKey {
        simulator: String::new(),
        cloud: "global".into(),
        tenant: "00000000-0000-0000-0000-00000000000A".into(),
        service_principal: "sp-1".into(),
        job: job.into(),
    }
}

/// One user to plan: what to do, who, and which version of the user.
#[derive(Debug, Clone)]
pub struct Item {
    pub action: Action,
    pub id: String,
    pub version: u64,
    pub resend: bool,
}

pub fn item(action: Action, id: &str, version: u64) -> Item {
    Item { action, id: id.into(), version, resend: false }
}

impl Item {
    pub fn bytes(&self) -> Vec<u8> {
        format!(
            r#"{{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"externalId":"{}","userName":"{}","displayName":"User {}","active":{},"title":"佐藤 {}"}}"#,
            self.id,
            self.user_name(),
            self.id,
            serde_json::json!(self.active()),
            self.version
        )
        .into_bytes()
    }

    pub fn user_name(&self) -> String {
        format!("{}.{}@contoso.com", self.id, self.version)
    }

    /// Of those who are new some are inactive, and some do not say.
    pub fn active(&self) -> Option<bool> {
        match (self.action, self.version % 4) {
            (Action::Disable, _) | (Action::Add, 1) => Some(false),
            (Action::Add, 2) => None,
            _ => Some(true),
        }
    }

    pub fn hash(&self) -> u128 {
        xxh3_128(&self.bytes())
    }
}

pub fn counts(items: &[Item]) -> Counts {
    let mut counts = Counts::default();
    for item in items {
        *counts.of(item.action) += 1;
    }
    counts
}

pub fn plan(
    store: &SqliteStore,
    target: TargetId,
    id: &str,
    items: &[Item],
    tripped: &[(&str, u64)],
) -> Plan {
    plan_without_end(store, target, id, items).finish(facts(items, tripped)).unwrap()
}

/// A plan whose items are written, and whose facts are not.
pub fn plan_without_end<'a>(
    store: &'a SqliteStore,
    target: TargetId,
    id: &str,
    items: &[Item],
) -> Box<dyn PlanWriter + 'a> {
    let revision = store.baseline_revision(target).unwrap();
    let mut writer = store.write_plan(id, target, revision, NOW).unwrap();
    for item in items {
        let (bytes, name) = (item.bytes(), item.user_name());
        let ordinal = writer
            .push(&PlanItem {
                ordinal: 0,
                action: item.action,
                external_id: &item.id,
                line: Some(item.version),
                hash: Some(item.hash()),
                user: Some(&bytes),
                active: item.active(),
                user_name: &name,
                user_name_before: "before@contoso.com",
                display_name: "Display",
                manager: "boss",
                reason: "test",
                resend: item.resend,
                certainty: Certainty::Known,
                changed: r#"[{"path":"title"}]"#,
                wiped: if item.version % 3 == 0 { r#"["title","phone"]"# } else { "" },
            })
            .unwrap();
        assert_eq!(ordinal as usize, items.iter().position(|i| std::ptr::eq(i, item)).unwrap());
    }
    writer
}

pub fn facts(items: &[Item], tripped: &[(&str, u64)]) -> PlanFacts {
    PlanFacts {
        input_hash: "input".into(),
        mapping_hash: "mapping".into(),
        rows: items.len() as u64,
        part: false,
        counts: counts(items),
        tripped: brakes(tripped),
        brakes: "{}".into(),
        judgement: "{}".into(),
        protected_names: ["ceo@contoso.com".to_owned()].into(),
        source: "{}".into(),
    }
}

/// Brakes by name.
pub fn brakes(of: &[(&str, u64)]) -> Tripped {
    of.iter().map(|(brake, users)| ((*brake).to_owned(), *users)).collect()
}

/// No brake.
pub static NONE: Tripped = Tripped::new();

pub fn new_run<'a>(id: &'a str, plan: &'a str) -> NewRun<'a> {
    NewRun { id, plan, tripped: &NONE, holder: None }
}

pub fn batch(number: u64, ordinals: std::ops::Range<u64>) -> NewBatch<'static> {
    let body_hash = u128::from(number) << 70 | 7;
    NewBatch { number, ordinals, body_hash, client_request_id: "client-request" }
}

pub fn send(store: &SqliteStore, run: &str, batch: &NewBatch<'_>) {
    store.intend(run, batch, NOW).unwrap();
    store.mark_sent(run, batch.number, "try", NOW).unwrap();
}

pub fn accept(store: &SqliteStore, run: &str, batch: &NewBatch<'_>) -> bool {
    store.accept(run, batch.number, batch.body_hash, "request", NOW).unwrap()
}

/// A clock set by hand.
#[derive(Debug, Default)]
pub struct HandClock(AtomicU64);

impl HandClock {
    pub fn at(moment: Timestamp) -> Self {
        HandClock(AtomicU64::new(moment.0))
    }

    pub fn set(&self, moment: Timestamp) {
        self.0.store(moment.0, Ordering::Relaxed);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::Relaxed))
    }

    fn sleep_until(&self, _moment: Timestamp) -> Sleep {
        unreachable!("the store does not sleep")
    }
}

/// So many cases of a property; what fails is printed, and written nowhere.
pub fn cases(cases: u32) -> proptest::test_runner::Config {
    proptest::test_runner::Config { cases, failure_persistence: None, ..Default::default() }
}

/// This very program again, running one of its ignored tests as a process of its own.
pub fn child(test: &str, arguments: &[(&str, &str)]) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([test, "--exact", "--ignored", "--nocapture", "--test-threads=1"]);
    command.envs(arguments.iter().copied()).stdout(Stdio::piped()).stderr(Stdio::null());
    command
}

/// An argument of [`child`]; `None` when the test was not started by it.
pub fn argument(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
