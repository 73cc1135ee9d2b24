//! How much of the service's own pace an upload reaches when every call takes 300 ms, beside a sender
//! that makes one call after the other. Virtual time: minutes of service time pass in seconds.
#![allow(clippy::print_stdout, reason = "a benchmark prints its result")]
#![allow(clippy::expect_used, reason = "a benchmark fails by panicking")]

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use entrabulk::client::Client;
use entrabulk::client::ClientConfig;
use entrabulk::graph::transport::{
    BoxFuture, HttpRequest, HttpResponse, Transport, TransportError, TransportFault,
};
use entrabulk::run::Run;
use entrabulk::simulator::{Call, Endpoint, LatencySettings, Settings, Tenant};
use entrabulk::time::{Clock, Random, TokioClock};
use serde_json::{Value, json};

const CALLS: usize = 2_000;
const NAIVE_CALLS: usize = 200;
const USERS_A_CALL: usize = 50;
/// 40 calls of 50 users in any 5 seconds.
const LEGAL_CALLS_PER_SECOND: f64 = 8.0;
const LEAST_SHARE: f64 = 0.92;

struct InProcess(Arc<Tenant>);

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
            let response = self.0.handle(request).await.map_err(|lost| TransportError {
                fault: TransportFault::Reset,
                detail: lost.to_string(),
            })?;
            let status = response.status().as_u16();
            Ok(HttpResponse { status, headers: Vec::new(), body: response.into_body() })
        })
    }
}

/// A tenant that answers after 300 ms, and a client of it that makes up to `in_flight` calls at once.
fn client(in_flight: usize) -> (Arc<Tenant>, Client) {
    let clock: Arc<dyn Clock> = Arc::new(TokioClock::new());
    let settings = Settings {
        latency: LatencySettings { before_ms: 150, after_ms: 150, jitter_ms: 0 },
        ..Settings::default()
    };
    let tenant = Tenant::new(settings, Arc::clone(&clock), Random::seeded(1)).expect("a tenant");
    let facts = tenant.describe("http://127.0.0.1:1");
    let config = json!({
        "version": 1,
        "simulator": "http://127.0.0.1:1",
        "servicePrincipalId": facts["servicePrincipalId"],
        "jobId": facts["jobId"],
        "limits": {"inFlight": in_flight},
    });
    let config = ClientConfig::parse(config.to_string().as_bytes()).expect("a configuration");
    let transport = Arc::new(InProcess(Arc::clone(&tenant)));
    let client = Client::with_parts(config, clock, Random::seeded(2), transport);
    client.set_secret("accessToken", tenant.issue_token().as_bytes()).expect("a token");
    (tenant, client)
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
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        writeln!(file, "externalId,userName,displayName,active").expect("written");
        for number in 0..calls * USERS_A_CALL {
            writeln!(file, "E{number},u{number}@example.com,User {number},true").expect("written");
        }
        let (tenant, client) = client(in_flight);
        let arguments: Value =
            json!({"version": 1, "conversion": {"source": {"path": file.path()}}});
        let run = Run::start(&client, arguments.to_string().as_bytes()).expect("a run");
        while run.event().await.is_some() {}
        let summary = run.summary().expect("it ended");
        assert_eq!(summary.accepted, (calls * USERS_A_CALL) as u64, "{summary:?}");
        assert!(tenant.worst_window() <= 40);
        let (whole, steady) = shares(&tenant.calls());
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
