//! Tokens: got, handed in, renewed, refused.

use std::sync::Arc;
use std::time::Duration;

use entrabulk::error::{Error, ErrorKind};
use entrabulk::graph::transport::{
    Body, Exchange, HttpRequest, Transport, TransportError, TransportFault,
};
use entrabulk::run::{Event, Summary};
use entrabulk::simulator::{AppSettings, Endpoint, Fault, FaultRule, LatencySettings, Settings};
use entrabulk::time::TokioClock;
use serde_json::json;

use crate::support::state::State;
use crate::support::tenant::{Bench, start, watch, wired};

const SECRET: &str = "simulated~secret.not-a-real-one";

fn slow() -> Settings {
    let latency = LatencySettings { before_ms: 150, after_ms: 150, jitter_ms: 0 };
    Settings { latency, ..Settings::default() }
}

fn on(endpoint: Endpoint, fault: Fault, after: u64, count: u64) -> FaultRule {
    FaultRule { fault, on: endpoint, after, count: Some(count), ..FaultRule::default() }
}

fn sign_ins(bench: &Bench) -> usize {
    bench.tenant.calls().iter().filter(|call| call.endpoint == Endpoint::Token).count()
}

fn error(summary: Summary) -> Error {
    summary.error.expect("an error")
}

#[tokio::test(start_paused = true)]
async fn one_sign_in_serves_all_calls_and_a_token_is_replaced_before_it_expires() {
    let settings = Settings { token_lifetime_seconds: 100, ..slow() };
    let bench = Bench::signed_out(settings, 1, |_| ());
    bench.client.set_secret("clientSecret", SECRET.as_bytes()).expect("a secret");
    let (events, summary) = bench.upload(5 * 1_000).await;
    bench.check(&events, &summary);
    assert_eq!((summary.status, summary.retries), (0, 0));
    // 1,000 calls take some 130 s, a token is used for 80.
    assert_eq!(sign_ins(&bench), 2);
}

#[tokio::test(start_paused = true)]
async fn a_token_that_expires_within_the_run_is_replaced_once_for_everybody() {
    let bench = Bench::signed_out(slow(), 2, |_| ());
    bench.tenant.add_faults([on(Endpoint::BulkUpload, Fault::ExpireTokens, 30, 1)]);
    bench.client.set_secret("clientSecret", SECRET.as_bytes()).expect("a secret");
    let (events, summary) = bench.upload(500).await;
    bench.check(&events, &summary);
    assert_eq!((summary.status, summary.accepted), (0, 500));
    assert!(summary.retries > 0 && summary.retries <= 16);
    assert_eq!(sign_ins(&bench), 2);
}

#[tokio::test(start_paused = true)]
async fn a_token_of_the_host_that_expires_ends_the_run_unless_there_is_a_fresh_one() {
    for fresh in [false, true] {
        let bench = Bench::new(slow(), 3, |_| ());
        bench.tenant.add_faults([on(Endpoint::BulkUpload, Fault::ExpireTokens, 30, 1)]);
        let run = bench.start(500);
        let mut accepted = 0;
        let (events, summary) = watch(&run, |event| {
            accepted += u64::from(matches!(event, Event::Accepted { .. }));
            if fresh && accepted == 20 {
                // While calls with the old token are on their way.
                let token = bench.tenant.issue_token();
                run.provide_token(token.as_bytes(), Duration::from_secs(3_600)).expect("a token");
            }
        })
        .await;
        bench.check(&events, &summary);
        if fresh && summary.status == 0 {
            assert_eq!(summary.accepted, 500);
        } else {
            assert_eq!(summary.kind, "TokenRejected");
            assert_eq!((summary.exit_code, summary.in_doubt), (18, 0));
            assert_eq!(error(summary).http_status, Some(401));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_without_any_way_to_sign_in_says_so() {
    let bench = Bench::signed_out(slow(), 4, |_| ());
    let (events, summary) = bench.upload(20).await;
    bench.check(&events, &summary);
    assert_eq!((summary.kind, summary.not_sent, summary.calls), ("TokenRequired", 20, 0));
    assert_eq!(run_progress_quota(&bench), 2_000);
}

fn run_progress_quota(bench: &Bench) -> u64 {
    bench.start(0).progress().quota_left
}

#[tokio::test(start_paused = true)]
async fn each_refused_sign_in_is_a_sentence_with_a_next_step() {
    let wrong_app = "11111111-1111-1111-1111-111111111111";
    let wrong_tenant = "22222222-2222-2222-2222-222222222222";
    for (tenant, app, secret, code, advice) in [
        (None, None, "not~it", "AADSTS7000215", "not the secret"),
        (None, Some(wrong_app), SECRET, "AADSTS700016", "clientId"),
        (Some(wrong_tenant), None, SECRET, "AADSTS90002", "tenantId"),
    ] {
        let bench = Bench::signed_out(slow(), 5, |config| {
            if let Some(tenant) = tenant {
                config["tenantId"] = tenant.into();
            }
            if let Some(app) = app {
                config["clientId"] = app.into();
            }
        });
        bench.client.set_secret("clientSecret", secret.as_bytes()).expect("a secret");
        let (events, summary) = bench.upload(20).await;
        bench.check(&events, &summary);
        assert_eq!((summary.kind, summary.calls), ("SignInFailed", 0));
        let error = error(summary);
        assert_eq!(error.service_code.as_deref(), Some(code));
        assert!(error.advice.contains(advice), "{error}");
        assert!(!error.to_string().contains(secret));
    }
}

#[tokio::test(start_paused = true)]
async fn a_sign_in_that_breaks_is_tried_again() {
    let bench = Bench::signed_out(slow(), 6, |_| ());
    bench.tenant.add_faults([
        on(Endpoint::Token, Fault::Status503, 0, 1),
        on(Endpoint::Token, Fault::ResetAfterProcessing, 1, 1),
    ]);
    bench.client.set_secret("clientSecret", SECRET.as_bytes()).expect("a secret");
    let (events, summary) = bench.upload(20).await;
    bench.check(&events, &summary);
    assert_eq!((summary.status, summary.calls, summary.retries), (0, 4, 0));
}

#[tokio::test(start_paused = true)]
async fn what_the_configuration_gets_wrong_stops_the_run_with_advice() {
    let no_permission = Settings {
        apps: vec![AppSettings { roles: Vec::new(), ..AppSettings::default() }],
        ..slow()
    };
    for (settings, key, value, kind, advice) in [
        (no_permission, "cloud", "global", "PermissionMissing", "SynchronizationData-User.Upload"),
        (slow(), "servicePrincipalId", "elsewhere", "TargetNotFound", "object id"),
        (slow(), "jobId", "API2AAD.a.b", "TargetNotFound", "jobId"),
    ] {
        let bench = Bench::new(settings, 7, |config| config[key] = value.into());
        let (events, summary) = bench.upload(200).await;
        bench.check(&events, &summary);
        assert_eq!((summary.kind, summary.not_sent), (kind, 200));
        assert!(summary.calls <= 16, "{}", summary.calls);
        assert!(error(summary).advice.contains(advice));
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_batch_is_named_and_the_run_stops_there() {
    let bench = Bench::new(Settings { max_body_bytes: 1_000, ..slow() }, 8, |_| ());
    let (events, summary) = bench.upload(500).await;
    bench.check(&events, &summary);
    assert_eq!(summary.kind, "RequestRefused");
    assert!(summary.refused > 0 && summary.refused <= 80, "{}", summary.refused);
    assert!(error(summary).advice.contains("limits.bytes"));
}

/// Answers everything the same way.
fn always(
    end: Result<u16, TransportFault>,
    location: &'static str,
) -> impl Fn(HttpRequest) -> Exchange<'static> + Send + Sync + 'static {
    move |request| {
        assert!(!format!("{request:?}").contains(SECRET));
        let answer = end.map(|status| {
            let answer = http::Response::builder().status(status).header("Location", location);
            answer.body(Body::default()).expect("an answer")
        });
        let detail = "as told".to_owned();
        Box::pin(async move { answer.map_err(|fault| TransportError { fault, detail }) })
    }
}

async fn upload_through(transport: impl Transport + 'static, secret: &str) -> Summary {
    let state = State::new();
    let config =
        json!({"version":1,"servicePrincipalId":"s","jobId":"j","tenantId":"t","clientId":"c"});
    let client = wired(&state.unkept(config), Arc::new(TokioClock::new()), 1, transport);
    client.set_secret(secret, SECRET.as_bytes()).expect("a secret");
    assert!(!format!("{client:?}").contains(SECRET));
    watch(&start(&client, &state, 20), |_| ()).await.1
}

#[tokio::test(start_paused = true)]
async fn a_redirect_is_never_followed() {
    for secret in ["accessToken", "clientSecret"] {
        let redirect = always(Ok(307), "https://evil.example/take");
        let summary = upload_through(redirect, secret).await;
        assert_eq!(summary.kind, "HostNotAllowed");
        assert!(error(summary).message.contains("evil.example"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_host_that_cannot_be_reached_costs_no_quota_and_no_doubt() {
    for (fault, kind) in
        [(TransportFault::NotSent, "Unreachable"), (TransportFault::Tls, "TlsFailed")]
    {
        for secret in ["accessToken", "clientSecret"] {
            let summary = upload_through(always(Err(fault), ""), secret).await;
            assert_eq!((summary.kind, summary.calls, summary.in_doubt), (kind, 0, 0));
            assert_eq!(summary.not_sent, 20);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_secret_that_cannot_be_one_is_refused_at_the_door() {
    let bench = Bench::signed_out(slow(), 9, |_| ());
    for name in ["clientSecret", "accessToken"] {
        for bad in [&b""[..], b"line\n", b" space", b"a\0b", "caf\u{e9}".as_bytes()] {
            let error = bench.client.set_secret(name, bad).expect_err("no secret");
            assert_eq!(error.kind, ErrorKind::InvalidArgument, "{name}");
        }
        assert_eq!(
            bench.client.set_secret(name, b"\xff").expect_err("").kind,
            ErrorKind::InvalidUtf8
        );
    }
    assert_eq!(
        bench.client.set_secret("password", b"x").expect_err("unknown").kind,
        ErrorKind::InvalidArgument
    );
    let bench = Bench::signed_out(slow(), 9, |config| {
        config.as_object_mut().expect("an object").remove("clientId");
    });
    let error = bench.client.set_secret("clientSecret", b"x").expect_err("no clientId");
    assert_eq!(error.kind, ErrorKind::ConfigInvalid);
}
