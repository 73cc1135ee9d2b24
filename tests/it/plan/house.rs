//! A store, a target and a clock; plans made there, and runs that the service accepts.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use entrabulk::error::{Error, Severity};
use entrabulk::finding::Finding;
use entrabulk::plan::PlanArguments;
use entrabulk::plan::{self, About, Desk, StoredBrakes};
use entrabulk::scim::bulk::BatchLimits;
use entrabulk::store::{
    Action, Actions, Approval, Baseline, CallLimits, ItemFilter, Journal, Keep, NewBatch, NewRun,
    Plan, Plans, RunState, SqliteStore, Target, TargetKey,
};
use entrabulk::time::{Clock, Random, Sleep, Timestamp};
use serde_json::{Value, json};

use crate::support::state::State;

/// Time that stands still until it is moved.
#[derive(Debug)]
pub(crate) struct Still(AtomicU64);

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }

    fn sleep_until(&self, _: Timestamp) -> Sleep {
        panic!("a plan never sleeps");
    }
}

pub(crate) struct House {
    pub(crate) state: State,
    pub(crate) store: SqliteStore,
    pub(crate) target: Target,
    clock: Still,
    random: Random,
    /// What was said of the last source.
    pub(crate) findings: Vec<(Severity, Finding)>,
    runs: u64,
}

/// An item, kept.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub(crate) action: Action,
    pub(crate) id: String,
    pub(crate) reason: String,
    pub(crate) changed: String,
    pub(crate) user: Option<Value>,
    pub(crate) line: Option<u64>,
    pub(crate) certainty: entrabulk::store::Certainty,
}

pub(crate) const DAY: Duration = Duration::from_secs(86_400);

impl House {
    pub(crate) fn new() -> Self {
        Self::keeping(Keep::Users)
    }

    pub(crate) fn keeping(keep: Keep) -> Self {
        let state = State::new();
        let store = state.open(Some(keep));
        let key = TargetKey {
            simulator: String::new(),
            cloud: "global".into(),
            tenant: "t".into(),
            service_principal: "s".into(),
            job: "j".into(),
        };
        let target = store.target(&key).unwrap();
        let clock = Still(AtomicU64::new(1_800_000_000_000_000));
        let random = Random::seeded(1);
        House { state, store, target, clock, random, findings: Vec::new(), runs: 0 }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn wait(&self, wait: Duration) {
        self.clock.0.fetch_add(u64::try_from(wait.as_micros()).unwrap(), Ordering::SeqCst);
    }

    pub(crate) fn desk(&self) -> Desk<'_> {
        Desk {
            store: &self.store,
            target: self.target,
            ledger: (&self.store, self.target.tenant),
            batch: BatchLimits::default(),
            limits: CallLimits {
                calls_per_5s: 40,
                calls_per_day: 2_000,
                reserve_percent: 5,
                request_timeout: Duration::from_secs(100),
            },
            clock: &self.clock,
            random: &self.random,
            read_text: |path| std::fs::read_to_string(path),
        }
    }

    pub(crate) fn rejects_path(&self) -> std::path::PathBuf {
        self.state.path("rejects.csv")
    }

    /// The arguments of a plan for a file of this content.
    pub(crate) fn try_arguments(
        &self,
        content: &str,
        mut conversion: Value,
        settings: &Value,
    ) -> Result<PlanArguments, Error> {
        let path = self.state.write("source", content);
        conversion["source"]["path"] = path.to_str().unwrap().into();
        let arguments = json!({"version": 1, "conversion": conversion, "settings": settings});
        PlanArguments::parse(arguments.to_string().as_bytes())
    }

    /// A plan for a file of this content.
    pub(crate) fn try_plan(
        &mut self,
        content: &str,
        conversion: Value,
        settings: &Value,
    ) -> Result<Plan, Error> {
        let arguments = self.try_arguments(content, conversion, settings).unwrap();
        let mut findings = Vec::new();
        let desk = self.desk();
        let source = plan::open(desk.batch, &arguments, None)?;
        let made = plan::create(&desk, arguments, source, &mut |severity, finding| {
            findings.push((severity, finding));
            Ok(())
        });
        self.findings = findings;
        made.map(|made| made.plan)
    }

    pub(crate) fn plan_with(&mut self, csv: &str, settings: Value) -> Plan {
        self.try_plan(csv, json!({}), &settings).unwrap()
    }

    pub(crate) fn plan(&mut self, csv: &str) -> Plan {
        self.plan_with(csv, json!({}))
    }

    /// Carries a plan out: everything is accepted. Gives the run's id.
    pub(crate) fn apply(&mut self, plan: &Plan) -> String {
        self.runs += 1;
        let id = format!("run-{}", self.runs);
        let now = self.now();
        if !plan.facts.tripped.is_empty() {
            let approval = Approval {
                plan: plan.id.clone(),
                brakes: plan.facts.tripped.clone(),
                reason: "meant".into(),
                approver: "me".into(),
            };
            self.store.approve(&approval, now).unwrap();
        }
        let run = NewRun { id: &id, plan: &plan.id, tripped: &plan.facts.tripped, holder: None };
        self.store.start_run(&run, now).unwrap();
        let sent = plan.facts.counts.sent();
        for (number, first) in (1..).zip((0..sent).step_by(50)) {
            let ordinals = first..sent.min(first + 50);
            let batch =
                NewBatch { number, ordinals, body_hash: number.into(), client_request_id: "c" };
            self.store.intend(&id, &batch, now).unwrap();
            self.store.mark_sent(&id, number, "c", now).unwrap();
            assert!(self.store.accept(&id, number, number.into(), "r", now).unwrap());
        }
        self.store.set_run_state(&id, RunState::Finished, None, now).unwrap();
        self.wait(Duration::from_secs(1));
        id
    }

    /// Makes this content the baseline, past every brake.
    pub(crate) fn settle(&mut self, csv: &str) {
        let plan = self.plan(csv);
        self.apply(&plan);
    }

    pub(crate) fn items(&self, plan: &Plan) -> Vec<Item> {
        let mut items = Vec::new();
        let filter = ItemFilter { actions: Actions::ALL, ordinals: 0..u64::MAX, with_users: true };
        self.store
            .plan_items(&plan.id, &filter, &mut |item| {
                items.push(Item {
                    action: item.action,
                    id: item.external_id.into(),
                    reason: item.reason.into(),
                    changed: item.changed.into(),
                    user: item.user.map(|user| serde_json::from_slice(user).unwrap()),
                    line: item.line,
                    certainty: item.certainty,
                });
                Ok(())
            })
            .unwrap();
        items
    }

    /// Action, externalId and reason of every item, sorted.
    pub(crate) fn rows(&self, plan: &Plan) -> Vec<(Action, String, String)> {
        let items = self.items(plan).into_iter();
        let mut rows: Vec<_> = items.map(|item| (item.action, item.id, item.reason)).collect();
        rows.sort();
        rows
    }

    /// As [`Self::rows`], after the other rows are found to be these.
    pub(crate) fn expect(&self, plan: &Plan, rows: &[(Action, &str, &str)]) {
        let found = self.rows(plan);
        let found: Vec<(Action, &str, &str)> =
            found.iter().map(|(action, id, reason)| (*action, &**id, &**reason)).collect();
        assert_eq!(found, rows);
    }
}

pub(crate) fn about(plan: &Plan) -> About {
    About::of(plan).unwrap()
}

/// The brakes that stop a plan.
pub(crate) fn tripped(plan: &Plan) -> Vec<String> {
    let judgement = StoredBrakes::of(plan).unwrap().judgement;
    let tripped = judgement.verdicts.iter().filter(|verdict| verdict.tripped());
    tripped
        .map(|verdict| {
            let attribute = verdict.attribute.as_deref().unwrap_or_default();
            format!("{:?} {attribute} {:?}", verdict.brake, verdict.window).replace("  ", " ")
        })
        .collect()
}
