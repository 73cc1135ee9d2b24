//! A workforce that changes by the hour, exported as CSV and sent to a simulated tenant.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write;
use std::time::Duration;

use entrabulk::run::Summary;
use entrabulk::simulator::{Call, Endpoint, LatencySettings, Settings, SimulatedUser};
use entrabulk::time::{Random, Timestamp};
use serde_json::{Value, json};

use crate::support::tenant::Bench;

const HOUR: Duration = Duration::from_secs(3_600);
const DEPARTMENTS: u64 = 40;

#[derive(Debug)]
struct Worker {
    grade: u64,
    department: u64,
    manager: Option<usize>,
    active: bool,
    /// Whether the export still has them.
    listed: bool,
}

/// Workers by number. Nobody's manager has a higher number than theirs.
pub(crate) struct Workforce {
    workers: Vec<Worker>,
    random: Random,
}

impl Workforce {
    pub(crate) fn new(count: usize, seed: u64) -> Self {
        let mut workforce = Workforce { workers: Vec::new(), random: Random::seeded(seed) };
        (0..count).for_each(|_| workforce.hire());
        workforce
    }

    /// A number below `bound`.
    pub(crate) fn draw(&self, bound: u64) -> u64 {
        self.random.bits() % bound
    }

    fn hire(&mut self) {
        let number = self.workers.len();
        let manager = (number > 0).then(|| self.draw(number as u64) as usize);
        let department = self.draw(DEPARTMENTS);
        self.workers.push(Worker { grade: 0, department, manager, active: true, listed: true });
    }

    /// So many different workers change: titles, departments, managers, hires and leavers, of whom
    /// every other one is still exported, as inactive.
    pub(crate) fn change(&mut self, changes: u64) {
        let there = self.workers.len() as u64;
        let mut touched = HashSet::new();
        for _ in 0..changes {
            let kind = self.draw(10);
            if kind == 0 {
                self.hire();
                continue;
            }
            let number = loop {
                let number = self.draw(there) as usize;
                if self.workers[number].active && touched.insert(number) {
                    break number;
                }
            };
            let (manager, stays_listed) = (self.draw(there) as usize, self.draw(2) == 0);
            let worker = &mut self.workers[number];
            match kind {
                1 => (worker.active, worker.listed) = (false, stays_listed),
                2..4 if manager < number && worker.manager != Some(manager) => {
                    worker.manager = Some(manager);
                }
                4..7 => worker.department = (worker.department + 1) % DEPARTMENTS,
                _ => worker.grade += 1,
            }
        }
    }

    fn csv(&self) -> String {
        let mut csv = String::from("WorkerID,UserName,FullName,Grade,Department,Boss,Active\n");
        for (number, worker) in self.workers.iter().enumerate().filter(|(_, each)| each.listed) {
            let Worker { grade, department, manager, active, .. } = worker;
            let boss = manager.map(id).unwrap_or_default();
            writeln!(
                csv,
                "{},{},Worker {number},Grade {grade},Department {department},{boss},{active}",
                id(number),
                name(number)
            )
            .expect("written");
        }
        csv
    }

    /// The directory holds every worker, as last exported; whoever left is disabled.
    pub(crate) fn check(&self, users: &BTreeMap<String, SimulatedUser>) {
        assert_eq!(users.len(), self.workers.len());
        for (number, worker) in self.workers.iter().enumerate() {
            let user = &users[&id(number)];
            assert_eq!(user.account_enabled, worker.active, "{number}");
            assert_eq!(user.manager, worker.manager.map(id), "{number}");
            for (attribute, value) in [
                ("userPrincipalName", name(number)),
                ("displayName", format!("Worker {number}")),
                ("jobTitle", format!("Grade {}", worker.grade)),
                ("department", format!("Department {}", worker.department)),
            ] {
                assert_eq!(user.attributes.get(attribute), Some(&value), "{number}");
            }
        }
    }
}

fn id(number: usize) -> String {
    format!("W{number}")
}

fn name(number: usize) -> String {
    format!("w{number}@example.com")
}

/// A client with a state file that uploads the workforce on the hour.
pub(crate) struct Payroll {
    pub(crate) bench: Bench,
    pub(crate) workforce: Workforce,
    pub(crate) began: Timestamp,
    settings: Value,
    hours: u32,
}

impl Payroll {
    pub(crate) fn new(workers: usize, settings: Value, adjust: impl FnOnce(&mut Value)) -> Self {
        let latency = LatencySettings { before_ms: 150, after_ms: 150, jitter_ms: 100 };
        let bench = Bench::kept(Settings { latency, ..Settings::default() }, 1, |config| {
            config["limits"] = json!({});
            adjust(config);
        });
        let (began, workforce) = (bench.clock.now(), Workforce::new(workers, 1));
        Payroll { bench, workforce, began, settings, hours: 0 }
    }

    /// Uploads the workforce as it is, then waits for the next hour.
    pub(crate) async fn upload(&mut self) -> Summary {
        let path = self.bench.state.write("workers.csv", self.workforce.csv());
        let arguments = json!({
            "version": 1,
            "conversion": {"source": {"path": path}, "mapping": {
                "version": 1,
                "externalId": "WorkerID",
                "userName": "UserName",
                "displayName": "FullName",
                "title": "Grade",
                "active": "Active",
                "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {
                    "department": "Department",
                    "manager": {"value": "Boss"},
                },
            }},
            "settings": self.settings,
        });
        self.bench.sign_in();
        let summary = self.bench.run(&arguments).await;
        self.hours += 1;
        self.bench.clock.sleep_until(self.began.after(HOUR * self.hours)).await;
        summary
    }

    /// The calls that the tenant counted.
    pub(crate) fn calls(&self) -> Vec<Call> {
        let mut calls = self.bench.tenant.calls();
        calls.retain(|call| call.endpoint == Endpoint::BulkUpload);
        calls
    }

    /// The calls that the client may still make today.
    pub(crate) fn quota_left(&self) -> u64 {
        self.bench.call("quota", &json!({}))["left"].as_u64().expect("a number")
    }

    pub(crate) fn state_bytes(&self) -> u64 {
        std::fs::metadata(self.bench.state.file()).expect("a state file").len()
    }
}
