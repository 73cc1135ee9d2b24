//! The tenant: in the test's own process with a client wired to it, or listening on loopback.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use entrabulk::client::{Client, ClientConfig};
use entrabulk::graph::transport::{
    Body, Exchange, HttpRequest, Transport, TransportError, TransportFault,
};
use entrabulk::operation;
use entrabulk::run::{Event, Numbered, Run, Summary};
use entrabulk::simulator::{Endpoint, RunningSimulator, Settings, Simulator, Tenant};
use entrabulk::time::{Clock, Random, TokioClock};
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};

use crate::support::state::State;
use crate::support::users::{User, bulk, id};

/// Operations of a call here: fewer than the most, so that a test of many calls is quick.
pub(crate) const OPERATIONS: usize = 5;

/// Runs `future` in virtual time.
pub(crate) fn virtually<T>(future: impl Future<Output = T>) -> T {
    let mut runtime = Builder::new_current_thread();
    runtime.enable_all().start_paused(true).build().expect("a runtime").block_on(future)
}

/// The least configuration for a tenant that says this of itself.
pub(crate) fn configuration(facts: &Value) -> Value {
    let mut config = json!({"version": 1, "simulator": facts["url"]});
    for key in ["tenantId", "clientId", "servicePrincipalId", "jobId"] {
        config[key] = facts[key].clone();
    }
    config
}

/// A client of the calling thread's runtime, on a transport of the test's.
pub(crate) fn wired(
    config: &Value,
    clock: Arc<dyn Clock>,
    seed: u64,
    transport: impl Transport + 'static,
) -> Client {
    let config = ClientConfig::parse(config.to_string().as_bytes()).expect("a configuration");
    Client::with_parts(config, clock, Random::seeded(seed), Arc::new(transport))
}

/// Brings requests to a tenant without a network.
pub(crate) fn wire(tenant: &Arc<Tenant>) -> impl Transport + 'static {
    let tenant = Arc::clone(tenant);
    move |request: HttpRequest| -> Exchange<'static> {
        let tenant = Arc::clone(&tenant);
        Box::pin(async move {
            let lost = TransportError {
                fault: TransportFault::Reset,
                detail: "the connection was lost".to_owned(),
            };
            let answer = tenant.handle(request.map(|body| body.0)).await.map_err(|_| lost)?;
            Ok(answer.map(Body))
        })
    }
}

/// A workbench: a tenant in the test's own process, a client wired to it, and a folder for its state.
pub(crate) struct Bench {
    pub(crate) tenant: Arc<Tenant>,
    pub(crate) client: Client,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) state: State,
}

impl Bench {
    /// A tenant and a client that may send to it and keeps no state. `adjust` changes the client's
    /// configuration.
    pub(crate) fn new(settings: Settings, seed: u64, adjust: impl FnOnce(&mut Value)) -> Bench {
        let bench = Self::signed_out(settings, seed, adjust);
        bench.sign_in();
        bench
    }

    /// As [`Self::new`], without a token.
    pub(crate) fn signed_out(
        settings: Settings,
        seed: u64,
        adjust: impl FnOnce(&mut Value),
    ) -> Bench {
        Self::made(settings, seed, adjust, State::unkept)
    }

    /// As [`Self::new`], with a state.
    pub(crate) fn kept(settings: Settings, seed: u64, adjust: impl FnOnce(&mut Value)) -> Bench {
        let bench = Self::made(settings, seed, adjust, State::kept);
        bench.sign_in();
        bench
    }

    fn made(
        settings: Settings,
        seed: u64,
        adjust: impl FnOnce(&mut Value),
        keep: impl FnOnce(&State, Value) -> Value,
    ) -> Bench {
        let clock: Arc<dyn Clock> = Arc::new(TokioClock::new());
        let tenant = Tenant::new(settings, Arc::clone(&clock), Random::seeded(seed));
        let (tenant, state) = (tenant.expect("a tenant"), State::new());
        let mut config = configuration(&tenant.describe("http://127.0.0.1:1"));
        config["limits"] = json!({"operations": OPERATIONS});
        adjust(&mut config);
        let config = keep(&state, config);
        let client = wired(&config, Arc::clone(&clock), seed ^ 0x5eed, wire(&tenant));
        Bench { tenant, client, clock, state }
    }

    /// Another client for the same job and on the same state, which calls the tenant by this name.
    pub(crate) fn calling(self, name: &str, seed: u64) -> Bench {
        let mut config = configuration(&self.tenant.describe("http://127.0.0.1:1"));
        config["tenantId"] = name.into();
        let (config, clock) = (self.state.kept(config), Arc::clone(&self.clock));
        let client = wired(&config, clock, seed, wire(&self.tenant));
        let bench = Bench { client, ..self };
        bench.sign_in();
        bench
    }

    /// Hands the client a new token, which is good for an hour.
    pub(crate) fn sign_in(&self) {
        let token = self.tenant.issue_token();
        self.client.set_secret("accessToken", token.as_bytes()).expect("a token");
    }

    /// Starts a run over a file of `users` users.
    pub(crate) fn start(&self, users: usize) -> Run {
        start(&self.client, &self.state, users)
    }

    /// Uploads a file of `users` users to the end.
    pub(crate) async fn upload(&self, users: usize) -> (Vec<Numbered>, Summary) {
        watch(&self.start(users), |_| ()).await
    }

    /// The arguments that make the directory hold these users and no other active one.
    pub(crate) fn arguments(&self, users: impl IntoIterator<Item = User>) -> Value {
        let path = self.state.write("users.json", bulk(users));
        json!({
            "version": 1,
            "conversion": {"source": {"path": path, "format": "bulk"}},
            "settings": {
                "missing": "disable",
                "brakes": {"removals": "off", "wipes": "off", "updates": "off", "renames": "off",
               "inactiveAdds": "off"},
                "guards": {"maxRowDropPercent": "off"},
            },
        })
    }

    /// Starts a run with these arguments and takes it to its end.
    pub(crate) async fn run(&self, arguments: &Value) -> Summary {
        let run = Run::start(&self.client, arguments.to_string().as_bytes()).expect("a run");
        watch(&run, |_| ()).await.1
    }

    /// The answer of an operation.
    pub(crate) fn call(&self, operation: &str, arguments: &Value) -> Value {
        call(&self.client, operation, arguments)
    }

    /// The properties of the only run of this bench, whatever happened to it.
    pub(crate) fn check(&self, events: &[Numbered], summary: &Summary) {
        check_events(events, summary);
        assert!(self.tenant.worst_window() <= 40, "{} in 5 s", self.tenant.worst_window());
        let staged = self.tenant.staged();
        let mut accepted = BTreeSet::new();
        for event in events {
            let Event::Accepted { batch, users, .. } = event.event else { continue };
            assert!(accepted.insert(batch), "batch {batch} was accepted twice");
            let first = (batch as usize - 1) * OPERATIONS + 1;
            for number in first..first + users {
                assert!(staged.contains_key(&id(number)), "{number} is not there");
            }
        }
        let possible = (summary.accepted + summary.in_doubt) as usize;
        assert!(staged.len() <= possible, "{} staged, {possible} possible", staged.len());
        let calls = self.tenant.calls();
        let uploads = calls.iter().filter(|call| call.endpoint == Endpoint::BulkUpload);
        let bodies: BTreeSet<&str> = uploads.map(|call| call.body_hash.as_str()).collect();
        assert!(bodies.len() as u64 <= summary.batches, "a repeat differs from its first try");
    }
}

/// The answer of an operation.
pub(crate) fn call(client: &Client, operation: &str, arguments: &Value) -> Value {
    let answer = operation::call(Some(client), operation, arguments.to_string().as_bytes());
    serde_json::from_slice(&answer.expect(operation)).expect("JSON")
}

/// Starts a run over a file of `users` finished users, which lies with the state.
pub(crate) fn start(client: &Client, state: &State, users: usize) -> Run {
    let name = format!("{users} users.json");
    // Another run may be reading it.
    if !state.path(&name).exists() {
        state.write(&name, bulk((1..=users).map(User::new)));
    }
    let source = json!({"path": state.path(&name), "format": "bulk"});
    let arguments = json!({"version": 1, "conversion": {"source": source}});
    Run::start(client, arguments.to_string().as_bytes()).expect("a run")
}

/// A tenant that listens, on a runtime of its own, at so many times the speed of time.
pub(crate) struct Listening {
    // In this order: the tenant goes before its runtime.
    running: RunningSimulator,
    _runtime: Runtime,
    speed: u32,
}

impl Listening {
    pub(crate) fn new(settings: Settings, speed: u32) -> Listening {
        let mut runtime = Builder::new_multi_thread();
        let runtime = runtime.worker_threads(1).enable_all().build().expect("a runtime");
        let running = runtime.block_on(async {
            let clock = Arc::new(TokioClock::with_speed(speed));
            Simulator::start(settings, clock, Random::seeded(1)).expect("a simulator")
        });
        Listening { running, _runtime: runtime, speed }
    }

    pub(crate) fn tenant(&self) -> Arc<Tenant> {
        self.running.tenant()
    }

    /// The least configuration of a client.
    pub(crate) fn configuration(&self) -> Value {
        let mut config = configuration(&self.running.describe());
        config["clockSpeed"] = self.speed.into();
        config
    }

    pub(crate) fn secret(&self) -> String {
        self.running.describe()["clientSecret"].as_str().expect("a secret").to_owned()
    }
}

/// Takes every event of a run.
pub(crate) async fn watch(run: &Run, mut look: impl FnMut(&Event)) -> (Vec<Numbered>, Summary) {
    let mut events = Vec::new();
    let all = async {
        while let Some(event) = run.event().await {
            look(&event.event);
            events.push(event);
        }
    };
    // Longer than any run here takes, in virtual time; a run that hangs fails instead.
    tokio::time::timeout(Duration::from_secs(3 * 86_400), all).await.expect("the run ends");
    (events, run.summary().expect("it ended"))
}

/// Exactly one terminal event, the last; a gapless sequence; numbers that add up.
pub(crate) fn check_events(events: &[Numbered], summary: &Summary) {
    let finished = |event: &Numbered| matches!(event.event, Event::Finished(_));
    assert_eq!(events.iter().filter(|event| finished(event)).count(), 1);
    assert!(events.last().is_some_and(finished));
    for (at, event) in events.iter().enumerate() {
        assert_eq!(event.sequence, at as u64 + 1);
    }
    assert!(events.windows(2).all(|pair| pair[0].at <= pair[1].at));
    adds_up(summary);
    assert_eq!((summary.unchanged, summary.absent), (0, 0), "without a state: {summary:?}");
    let accepted = events.iter().filter_map(|event| match &event.event {
        Event::Accepted { users, .. } => Some(*users as u64),
        _ => None,
    });
    assert_eq!(accepted.sum::<u64>(), summary.accepted);
    let refused = events.iter().filter_map(|event| match &event.event {
        Event::Refused { users, external_ids, .. } => {
            assert_eq!(*users, external_ids.len());
            Some(*users as u64)
        }
        _ => None,
    });
    assert_eq!(refused.sum::<u64>(), summary.refused);
}

/// Every row of the source and every user sent beside them is in exactly one count.
pub(crate) fn adds_up(summary: &Summary) {
    let sum = summary.accepted
        + summary.rejected
        + summary.out_of_scope
        + summary.unchanged
        + summary.refused
        + summary.in_doubt
        + summary.not_sent;
    assert_eq!(summary.rows + summary.absent, sum, "{summary:?}");
    assert_eq!(summary.calls, summary.batches + summary.retries, "{summary:?}");
}
