//! Which tenant it is: asked for by any of its names, or as a token claims it.

use std::sync::{Arc, Mutex};

use entrabulk::client::ClientConfig;
use entrabulk::error::ErrorKind;
use entrabulk::graph::call::Graph;
use entrabulk::graph::openid::{tenant_id, tenant_of_token};
use entrabulk::graph::transport::{Body, Exchange, HttpRequest, Transport};
use entrabulk::simulator::{Endpoint, Fault, FaultRule, Settings, Tenant};
use entrabulk::time::{Random, TokioClock};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::cases;
use crate::support::tenant::{configuration, wire};

const ID: &str = "7e7a0000-5afe-4000-8000-00000000c0de";

fn tenant() -> Arc<Tenant> {
    let (clock, random) = (Arc::new(TokioClock::new()), Random::seeded(1));
    Tenant::new(Settings::default(), clock, random).expect("a tenant")
}

/// The way there for a client that has no token.
fn graph(config: &Value, transport: impl Transport + 'static) -> Graph {
    let config = ClientConfig::parse(config.to_string().as_bytes()).expect("a configuration");
    let (clock, random) = (Arc::new(TokioClock::new()), Arc::new(Random::seeded(2)));
    Graph::new(config.target, config.retry, clock, random, Arc::new(transport))
}

fn simulated(tenant: &Arc<Tenant>) -> Graph {
    graph(&configuration(&tenant.describe("http://127.0.0.1:1")), wire(tenant))
}

#[tokio::test(start_paused = true)]
async fn a_tenant_has_one_id_by_whichever_name() {
    let tenant = tenant();
    let graph = simulated(&tenant);
    for name in [ID, "contoso.com", "contoso.onmicrosoft.com", "CONTOSO.COM"] {
        assert_eq!(tenant_id(&graph, name).await.expect(name), ID, "{name}");
    }
    let error = tenant_id(&graph, "nobody.example").await.expect_err("no tenant");
    assert_eq!(error.kind, ErrorKind::SignInFailed);
    assert!(error.message.contains("no tenant nobody.example"), "{error}");
    assert_eq!(error.service_code.as_deref(), Some("AADSTS90002"));
}

#[tokio::test(start_paused = true)]
async fn a_login_host_that_stumbles_is_asked_again() {
    let tenant = tenant();
    let on = Endpoint::Other;
    tenant.add_faults([
        FaultRule {
            fault: Fault::Status503,
            on,
            retry_after_seconds: Some(5),
            ..FaultRule::default()
        },
        FaultRule { fault: Fault::CutBody, on, after: 1, ..FaultRule::default() },
    ]);
    assert_eq!(tenant_id(&simulated(&tenant), "contoso.com").await.expect("an id"), ID);
    assert_eq!(tenant.calls().len(), 3);
}

/// A login host that says this of every tenant, and where it was asked.
fn telling(document: Value) -> (impl Transport + 'static, Arc<Mutex<Vec<String>>>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let asking = Arc::clone(&asked);
    let transport = move |request: HttpRequest| -> Exchange<'static> {
        assert!(!request.headers().contains_key("authorization"));
        asking.lock().expect("a list").push(request.uri().to_string());
        let answer = http::Response::new(Body(document.to_string().into()));
        Box::pin(async { Ok(answer) })
    };
    (transport, asked)
}

#[tokio::test(start_paused = true)]
async fn each_cloud_asks_its_own_login_host() {
    for (cloud, host) in [
        ("global", "login.microsoftonline.com"),
        ("usGov", "login.microsoftonline.us"),
        ("usGovDod", "login.microsoftonline.us"),
        ("china", "login.partner.microsoftonline.cn"),
    ] {
        let (transport, asked) = telling(json!({
            "token_endpoint": format!("https://{host}/{ID}/oauth2/v2.0/token"),
            "issuer": format!("https://{host}/{ID}/v2.0"),
        }));
        let config = json!({"version": 1, "servicePrincipalId": "s", "jobId": "j", "cloud": cloud});
        assert_eq!(tenant_id(&graph(&config, transport), "contoso.com").await.expect(cloud), ID);
        let expected = format!("https://{host}/contoso.com/v2.0/.well-known/openid-configuration");
        assert_eq!(*asked.lock().expect("a list"), [expected]);
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_without_one_id_is_no_answer() {
    let of = |tenant: &str| format!("https://login.microsoftonline.com/{tenant}/v2.0");
    let other = "11111111-1111-1111-1111-111111111111";
    for (issuer, endpoint, found) in [
        (of(ID), of(ID), true),
        (of(&ID.to_uppercase()), of(ID), true),
        (of("{tenantid}"), of(ID), true),
        (of(ID), of("common"), true),
        (of("{tenantid}"), of("common"), false),
        (of(ID), of(other), false),
        (of(&ID.replace('-', "")), of("common"), false),
        (ID.to_owned(), String::new(), false),
    ] {
        let (transport, _) = telling(json!({"issuer": issuer, "token_endpoint": endpoint}));
        let config = json!({"version": 1, "servicePrincipalId": "s", "jobId": "j"});
        match tenant_id(&graph(&config, transport), "common").await {
            Ok(id) => assert!(found && id == ID, "{issuer} {endpoint}: {id}"),
            Err(error) => {
                assert!(!found, "{issuer} {endpoint}: {error}");
                assert_eq!(error.kind, ErrorKind::ServiceFailed);
            }
        }
    }
    let config = json!({"version": 1, "servicePrincipalId": "s", "jobId": "j"});
    let (transport, _) = telling(json!({"issuer": 1}));
    let error = tenant_id(&graph(&config, transport), "x").await.expect_err("no document");
    assert_eq!(error.kind, ErrorKind::ServiceFailed);
}

#[tokio::test(start_paused = true)]
async fn a_token_claims_its_tenant() {
    assert_eq!(tenant_of_token(&tenant().issue_token()).as_deref(), Some(ID));
    // {"tid":"7E7A0000-5AFE-4000-8000-00000000C0DE"}
    let claims = "eyJ0aWQiOiI3RTdBMDAwMC01QUZFLTQwMDAtODAwMC0wMDAwMDAwMEMwREUifQ";
    for token in [format!("h.{claims}.s"), format!("h.{claims}==.s"), format!("h.{claims}")] {
        assert_eq!(tenant_of_token(&token).as_deref(), Some(ID));
    }
    // {"tid":"contoso.com"}, {"sub":"x"}, [], no base64, an opaque token, nothing
    for token in
        ["h.eyJ0aWQiOiJjb250b3NvLmNvbSJ9.s", "h.eyJzdWIiOiJ4In0.s", "h.W10.s", "h.%.s", "x", ""]
    {
        assert_eq!(tenant_of_token(token), None, "{token}");
    }
}

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn no_token_confuses_it(token in "[A-Za-z0-9_.=-]{0,40}|.*") {
        let _ = tenant_of_token(&token);
    }
}
