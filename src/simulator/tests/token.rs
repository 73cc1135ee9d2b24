use std::time::Duration;

use bytes::Bytes;
use hyper::Request;
use serde_json::{Value, json};

use super::{Caller, bulk, read, user};
use crate::simulator::token::read_base64url;
use crate::simulator::{AppSettings, Settings};

/// The default tenant's id.
const TENANT: &str = "7e7a0000-5afe-4000-8000-00000000c0de";
const SCOPE: &str = "scope=https%3A%2F%2Fgraph.microsoft.com%2F.default";

async fn sign_in(caller: &Caller, tenant: &str, form: &str) -> super::Answer {
    let request = Request::post(format!("http://login/{tenant}/oauth2/v2.0/token"))
        .header("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
        .body(Bytes::copy_from_slice(form.as_bytes()))
        .unwrap();
    caller.send(request).await
}

fn form(settings: &Settings) -> String {
    let app = &settings.apps[0];
    let (id, secret) = (&app.client_id, app.client_secret.replace('~', "%7E"));
    format!("grant_type=client_credentials&client_id={id}&client_secret={secret}&{SCOPE}")
}

#[tokio::test(start_paused = true)]
async fn a_secret_buys_a_token_that_lives_as_long_as_it_says() {
    let mut caller = Caller::new(Settings::default());
    let settings = caller.tenant.settings().clone();
    let (status, answer) = sign_in(&caller, &settings.tenant_id, &form(&settings)).await;
    assert_eq!((status, &answer["expires_in"]), (200, &3599.into()));
    assert_eq!(answer["token_type"], "Bearer");
    caller.token = answer["access_token"].as_str().unwrap().to_owned();
    assert_eq!(caller.token.split('.').count(), 3, "a JWT has three parts");

    caller.tenant.advance(Duration::from_secs(3598));
    assert_eq!(caller.upload(&bulk(&[user("1")])).await.0, 202);
    caller.tenant.advance(Duration::from_secs(2));
    let (status, answer) = caller.upload(&bulk(&[user("1")])).await;
    assert_eq!((status, &answer["error"]["code"]), (401, &"InvalidAuthenticationToken".into()));
    let message = answer["error"]["message"].as_str().unwrap();
    assert!(message.contains("expired or is not yet valid"), "{message}");
}

#[tokio::test(start_paused = true)]
async fn every_refusal_has_its_number() {
    let caller = Caller::new(Settings::default());
    let settings = caller.tenant.settings().clone();
    let good = form(&settings);
    let app = &settings.apps[0];
    let cases = [
        ("client_credentials", "password", 70_003, "unsupported_grant_type", 400),
        ("grant_type=client_credentials&", "", 900_144, "invalid_request", 400),
        (SCOPE, "", 900_144, "invalid_request", 400),
        (SCOPE, "scope=User.Read", 70_011, "invalid_scope", 400),
        (SCOPE, "scope=%2F.default", 70_011, "invalid_scope", 400),
        (SCOPE, "scope=a+b%2F.default", 70_011, "invalid_scope", 400),
        ("c11e0000", "c11e0001", 700_016, "unauthorized_client", 400),
        ("client_id=", "id=", 900_144, "invalid_request", 400),
        ("client_id=", "client_id=x&client_id=", 900_144, "invalid_request", 400),
        ("real", "reel", 7_000_215, "invalid_client", 401),
        ("client_secret=", "secret=", 7_000_218, "invalid_client", 401),
        ("client_secret=", "client_assertion=", 700_027, "invalid_client", 401),
    ];
    for (from, to, code, error, status) in cases {
        let spoiled = good.replace(from, to);
        assert_ne!(spoiled, good);
        let (got, answer) = sign_in(&caller, &settings.tenant_id, &spoiled).await;
        assert_eq!((got, &answer["error"]), (status, &error.into()), "{to}");
        assert_eq!(answer["error_codes"][0], code, "{to}");
        let description = answer["error_description"].as_str().unwrap();
        assert!(description.starts_with(&format!("AADSTS{code}: ")), "{description}");
        assert!(!description.contains(&app.client_secret));
    }
    let (status, answer) = sign_in(&caller, "common", &good).await;
    assert_eq!((status, &answer["error_codes"][0]), (400, &90_002.into()));
    assert_eq!(caller.tenant.refusals()["AADSTS900144"], 4);
}

#[tokio::test(start_paused = true)]
async fn no_token_no_role_no_upload() {
    let mut caller = Caller::new(Settings::default());
    let body = bulk(&[user("1")]);
    let mut request = caller.upload_request(body.to_string());
    request.headers_mut().remove("authorization");
    let (status, answer) = caller.send(request).await;
    assert_eq!((status, &answer["error"]["message"]), (401, &"Access token is empty.".into()));
    let good = std::mem::replace(&mut caller.token, "a.b.c".to_owned());
    assert_eq!(caller.upload(&body).await.0, 401);
    caller.token = format!("{good} ");
    assert_eq!(caller.upload(&body).await.0, 401);

    for (roles, owns, status) in [
        (vec!["AuditLog.Read.All"], true, 403),
        (vec!["SynchronizationData-User.Upload.OwnedBy"], false, 403),
        (vec!["SynchronizationData-User.Upload.OwnedBy"], true, 202),
        (vec!["SynchronizationData-User.Upload"], false, 202),
    ] {
        let roles = roles.into_iter().map(str::to_owned).collect();
        let apps = vec![AppSettings { roles, ..AppSettings::default() }];
        let settings = Settings { apps, apps_own_service_principal: owns, ..Settings::default() };
        assert_eq!(Caller::new(settings).upload(&body).await.0, status);
    }
}

#[tokio::test(start_paused = true)]
async fn sign_in_libraries_find_their_way() {
    let caller = Caller::new(Settings::default());
    let tenant = caller.tenant.settings().tenant_id.clone();
    let request = Request::get("http://tenant/common/discovery/instance?api-version=1.1");
    let response = caller.tenant.handle(request.body(Bytes::new()).unwrap()).await.unwrap();
    assert!(read(&response).1["tenant_discovery_endpoint"].as_str().unwrap().contains(&tenant));
}

/// A tenant called by every name it has, and by some that it has not.
fn names() -> (Caller, [&'static str; 6], [&'static str; 4]) {
    let domains = vec!["contoso.onmicrosoft.com".to_owned(), "Hr.Example".to_owned()];
    let caller = Caller::new(Settings { domains, ..Settings::default() });
    let own = [
        TENANT,
        "7E7A0000-5AFE-4000-8000-00000000C0DE",
        "contoso.onmicrosoft.com",
        "Contoso.OnMicrosoft.com",
        "hr.example",
        "HR.EXAMPLE",
    ];
    // The last is a domain of the default settings, which these are not.
    (caller, own, ["common", "7e7a0000-5afe-4000-8000-00000000c0df", "example", "contoso.com"])
}

#[tokio::test(start_paused = true)]
async fn by_whatever_name_it_signs_in_for_one_tenant() {
    let (mut caller, own, foreign) = names();
    let form = form(caller.tenant.settings());
    for name in own {
        let (status, answer) = sign_in(&caller, name, &form).await;
        assert_eq!(status, 200, "{name}");
        caller.token = answer["access_token"].as_str().unwrap().to_owned();
        let claims = read_base64url(caller.token.split('.').nth(1).unwrap()).unwrap();
        let claims: Value = serde_json::from_slice(&claims).unwrap();
        assert_eq!(claims["tid"], TENANT, "{name}");
        assert_eq!(caller.upload(&bulk(&[user("1")])).await.0, 202, "{name}");
    }
    for name in foreign {
        let (status, answer) = sign_in(&caller, name, &form).await;
        assert_eq!((status, &answer["error_codes"]), (400, &json!([90_002])), "{name}");
    }
    assert_eq!(caller.tenant.refusals()["AADSTS90002"], foreign.len() as u64);
}

#[tokio::test(start_paused = true)]
async fn by_whatever_name_it_tells_its_id() {
    let (caller, own, foreign) = names();
    let path = |name: &str| format!("/{name}/v2.0/.well-known/openid-configuration");
    for name in own {
        let (status, answer) = caller.call("GET", &path(name)).await;
        assert_eq!(status, 200, "{name}");
        assert_eq!(answer["issuer"], format!("http://tenant/{TENANT}/v2.0"));
        assert_eq!(answer["token_endpoint"], format!("http://tenant/{TENANT}/oauth2/v2.0/token"));
    }
    for name in foreign {
        let (status, answer) = caller.call("GET", &path(name)).await;
        assert_eq!((status, &answer["error"]), (400, &json!("invalid_tenant")), "{name}");
        let description = answer["error_description"].as_str().unwrap();
        assert!(description.starts_with(&format!("AADSTS90002: Tenant '{name}' not found.")));
    }
}

#[test]
fn the_default_tenant_tells_its_names_and_its_job_holds_its_id() {
    let description = Caller::new(Settings::default()).tenant.describe("http://tenant");
    assert_eq!(description["domains"], json!(["contoso.onmicrosoft.com", "contoso.com"]));
    assert_eq!(description["tenantId"], TENANT);
    let job: Vec<&str> = description["jobId"].as_str().unwrap().split('.').collect();
    let [template, tenant, id] = job[..] else { panic!("{job:?} has not three parts") };
    assert_eq!((template, tenant), ("API2AAD", TENANT.replace('-', "").as_str()));
    assert!(uuid::Uuid::try_parse(id).is_ok() && id.len() == 36, "{id}");
}

#[test]
fn no_secret_is_printed() {
    let settings = Settings::default();
    assert!(!format!("{settings:?}").contains(&settings.apps[0].client_secret));
}
