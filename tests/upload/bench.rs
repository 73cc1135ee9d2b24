//! A workbench: a tenant in the test's own process, a client wired to it, and a run to watch.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use entrabulk::client::Client;
use entrabulk::client::ClientConfig;
use entrabulk::graph::transport::{
    BoxFuture, HttpRequest, HttpResponse, Transport, TransportError, TransportFault,
};
use entrabulk::run::{Event, Numbered, Run, Summary};
use entrabulk::simulator::{Endpoint, Settings, Tenant};
use entrabulk::time::{Clock, Random, TokioClock};
use serde_json::{Value, json};

/// Brings requests to a tenant without a network.
pub(crate) struct InProcess(pub(crate) Arc<Tenant>);

impl Transport for InProcess {
    fn send(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse, TransportError>> {
        let mut builder =
            hyper::Request::builder().method(request.method).uri(request.url.as_str());
        for (name, value) in &request.headers {
            builder = builder.header(*name, value);
        }
        if let Some(token) = &request.token {
            builder = builder.header("authorization", format!("Bearer {}", token.expose()));
        }
        let request = builder.body(request.body).expect("a request");
        Box::pin(async move {
            let lost = TransportError {
                fault: TransportFault::Reset,
                detail: "the connection was lost".to_owned(),
            };
            let response = self.0.handle(request).await.map_err(|_| lost)?;
            let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
            let headers = response.headers().iter();
            let headers =
                headers.map(|(name, value)| (name.to_string(), text(value.as_bytes()))).collect();
            let status = response.status().as_u16();
            Ok(HttpResponse { status, headers, body: response.into_body() })
        })
    }
}

pub(crate) struct Bench {
    pub(crate) tenant: Arc<Tenant>,
    pub(crate) client: Client,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Bench {
    /// A tenant and a client that may send to it. `adjust` changes the client's configuration.
    pub(crate) fn new(settings: Settings, seed: u64, adjust: impl FnOnce(&mut Value)) -> Bench {
        let bench = Self::signed_out(settings, seed, adjust);
        let token = bench.tenant.issue_token();
        bench.client.set_secret("accessToken", token.as_bytes()).expect("a token");
        bench
    }

    /// As [`Self::new`], without a token.
    pub(crate) fn signed_out(
        settings: Settings,
        seed: u64,
        adjust: impl FnOnce(&mut Value),
    ) -> Bench {
        let clock: Arc<dyn Clock> = Arc::new(TokioClock::new());
        let tenant = Tenant::new(settings, Arc::clone(&clock), Random::seeded(seed));
        let tenant = tenant.expect("a tenant");
        let mut config = configuration(&tenant, "http://127.0.0.1:1");
        adjust(&mut config);
        let config = ClientConfig::parse(config.to_string().as_bytes()).expect("a configuration");
        let transport = Arc::new(InProcess(Arc::clone(&tenant)));
        let random = Random::seeded(seed ^ 0x5eed);
        let client = Client::with_parts(config, Arc::clone(&clock), random, transport);
        Bench { tenant, client, clock }
    }

    /// Starts a run over a file of `users` users.
    pub(crate) fn start(&self, users: usize) -> Run {
        start(&self.client, users)
    }

    /// Uploads a file of `users` users to the end.
    pub(crate) async fn upload(&self, users: usize) -> (Vec<Numbered>, Summary) {
        let run = self.start(users);
        watch(&run, |_| ()).await
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
                assert!(staged.contains_key(&external_id(number)), "{number} is not there");
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

/// Operations of a call here: fewer than the most, so that a test of many calls is quick.
pub(crate) const OPERATIONS: usize = 5;

fn external_id(number: usize) -> String {
    format!("E{number}")
}

/// The least configuration for `tenant` at `url`.
pub(crate) fn configuration(tenant: &Tenant, url: &str) -> Value {
    let facts = tenant.describe(url);
    // Nothing is remembered from upload to upload, and the calls are counted apart from everybody's.
    let folder = tempfile::tempdir().expect("a folder");
    let state = json!({"kept": false, "path": folder.path().join("state.db")});
    FOLDERS.with_borrow_mut(|folders| folders.push(folder));
    json!({
        "version": 1,
        "simulator": url,
        "tenantId": facts["tenantId"],
        "clientId": facts["clientId"],
        "servicePrincipalId": facts["servicePrincipalId"],
        "jobId": facts["jobId"],
        "limits": {"operations": OPERATIONS},
        "state": state,
    })
}

/// Starts a run over a file of `users` finished users.
pub(crate) fn start(client: &Client, users: usize) -> Run {
    let operations: Vec<Value> = (1..=users).map(operation).collect();
    let document = json!({"Operations": operations});
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(document.to_string().as_bytes()).expect("written");
    let source = json!({"path": file.path(), "format": "bulk"});
    let arguments = json!({"version": 1, "conversion": {"source": source}});
    let run = Run::start(client, arguments.to_string().as_bytes()).expect("a run");
    FILES.with_borrow_mut(|files| files.push(file));
    run
}

thread_local! {
    /// The sources of this test's runs, which must outlive them.
    static FILES: RefCell<Vec<tempfile::NamedTempFile>> = const { RefCell::new(Vec::new()) };
    /// The folders of their ledgers.
    static FOLDERS: RefCell<Vec<tempfile::TempDir>> = const { RefCell::new(Vec::new()) };
}

fn operation(number: usize) -> Value {
    json!({
        "method": "POST",
        "path": "/Users",
        "bulkId": "any",
        "data": {
            "schemas": [
                "urn:ietf:params:scim:schemas:core:2.0:User",
                "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
            ],
            "externalId": external_id(number),
            "userName": format!("user{number}@example.com"),
            "displayName": format!("User {number}"),
            "active": true,
        },
    })
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
    let sum = summary.accepted
        + summary.rejected
        + summary.out_of_scope
        + summary.refused
        + summary.in_doubt
        + summary.not_sent;
    assert_eq!(summary.rows, sum, "{summary:?}");
    assert_eq!(summary.calls, summary.batches + summary.retries, "{summary:?}");
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
