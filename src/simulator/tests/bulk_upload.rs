use bytes::Bytes;
use hyper::Request;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{CORE, Caller, ENTERPRISE, bulk, user};
use crate::simulator::{AllowSettings, Settings};

/// No limit on the rate, for tests that call often.
fn patient() -> Settings {
    let mut settings = Settings::default();
    settings.limits.calls_per_window = usize::MAX;
    settings.limits.calls_per_day = usize::MAX;
    settings
}

#[tokio::test(start_paused = true)]
async fn a_good_request_is_accepted_with_headers_and_no_body() {
    let caller = Caller::new(Settings::default());
    let request = caller.upload_request(bulk(&[user("1"), user("2")]).to_string());
    let response = caller.tenant.handle(request).await.unwrap();
    assert_eq!(response.status(), 202);
    assert!(response.body().is_empty());
    let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("client-request-id"), "11111111-2222-4333-8444-555555555555");
    assert_eq!(header("request-id").len(), 36);
    let job = &caller.tenant.settings().job_id;
    assert_eq!(
        header("location"),
        format!("http://tenant/beta/auditLogs/provisioning/?$filter=jobid%20eq%20'{job}'")
    );
    let call = caller.tenant.calls().pop().unwrap();
    assert_eq!((call.status, call.request_id), (Some(202), header("request-id")));
    assert!(call.departed.is_some());
}

#[tokio::test(start_paused = true)]
async fn the_older_form_of_a_202_is_a_switch() {
    let accepted = serde_json::from_value(json!({"location": "v1.0", "body": "json"})).unwrap();
    let settings = Settings { accepted, ..Settings::default() };
    let caller = Caller::new(settings);
    let (status, body) = caller.upload(&bulk(&[user("1")])).await;
    assert_eq!(status, 202);
    assert!(body["location"].as_str().unwrap().starts_with("http://tenant/v1.0/auditLogs/"));
    assert_eq!(body["client-request-id"], "11111111-2222-4333-8444-555555555555");
}

#[tokio::test(start_paused = true)]
async fn what_was_staged_is_kept_byte_for_byte() {
    let caller = Caller::new(Settings::default());
    // Spaces, an escape and a number that a parser would print otherwise.
    let data = format!(
        r#"{{ "schemas":["{CORE}","{ENTERPRISE}"], "externalId":"\u0041", "userName":"a@b.c" }}"#
    );
    let operation =
        |id: &str| format!(r#"{{"method":"POST","path":"/Users","bulkId":"{id}","data":{data}}}"#);
    let body = format!(
        r#"{{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],"Operations":[{}],"failOnErrors":null}}"#,
        operation("1")
    );
    for _ in 0..2 {
        assert_eq!(caller.send(caller.upload_request(body.clone())).await.0, 202);
    }
    let staged = &caller.tenant.staged()["A"];
    assert_eq!(staged.times, 2);
    assert_eq!(&staged.data[..], data.as_bytes());
    assert_eq!(staged.hash, format!("{:032x}", xxhash_rust::xxh3::xxh3_128(data.as_bytes())));
}

/// A body, spoiled: what is done to it, and the words the answer must hold.
type Spoiled = (&'static str, fn(&mut Value));

const SPOILED: &[Spoiled] = &[
    ("must be an object", |b| *b = json!([])),
    ("\"contentUrl\" does not belong", |b| b["contentUrl"] = json!("x")),
    ("schemas must be", |b| b["schemas"] = json!([])),
    ("schemas must be", |b| {
        b["schemas"] = json!("urn:ietf:params:scim:api:messages:2.0:BulkRequest")
    }),
    ("schemas must be", |b| drop(b.as_object_mut().unwrap().remove("schemas"))),
    ("failOnErrors must be", |b| drop(b.as_object_mut().unwrap().remove("failOnErrors"))),
    ("failOnErrors must be", |b| b["failOnErrors"] = json!(1)),
    ("at least one operation", |b| b["Operations"] = json!([])),
    ("at least one operation", |b| b["Operations"] = json!({})),
    ("at least one operation", |b| drop(b.as_object_mut().unwrap().remove("Operations"))),
    ("51 operations", |b| *b = bulk(&(0..51).map(|at| user(&at.to_string())).collect::<Vec<_>>())),
    ("Operations[1] must be an object", |b| b["Operations"][1] = json!("x")),
    ("Operations[1] has a key \"extra\"", |b| b["Operations"][1]["extra"] = json!(1)),
    ("Operations[1].method", |b| b["Operations"][1]["method"] = json!("post")),
    ("Operations[1].method", |b| b["Operations"][1]["method"] = json!("DELETE")),
    ("Operations[1].path", |b| b["Operations"][1]["path"] = json!("/Groups")),
    ("Operations[1].path", |b| b["Operations"][1]["path"] = json!("/users")),
    ("Operations[1].bulkId", |b| b["Operations"][1]["bulkId"] = json!("")),
    ("Operations[1].bulkId", |b| b["Operations"][1]["bulkId"] = json!(7)),
    ("Operations[1].bulkId is that of", |b| b["Operations"][1]["bulkId"] = json!("b0")),
    ("Operations[1].data is required", |b| {
        drop(b["Operations"][1].as_object_mut().unwrap().remove("data"))
    }),
    ("Operations[1].data must be an object", |b| b["Operations"][1]["data"] = json!(null)),
    ("data.externalId is that of", |b| b["Operations"][1]["data"]["externalId"] = json!("1")),
];

#[tokio::test(start_paused = true)]
async fn every_spoiled_envelope_is_refused_by_name() {
    let caller = Caller::new(patient());
    for (words, spoil) in SPOILED {
        let mut body = bulk(&[user("1"), user("2")]);
        spoil(&mut body);
        let (status, answer) = caller.upload(&body).await;
        let message = answer["error"]["message"].as_str().unwrap_or_default();
        assert_eq!(status, 400, "{words}");
        assert!(message.starts_with("Invalid Data Format"), "{message}");
        assert!(message.contains(words), "{words}: {message}");
        assert_eq!(answer["error"]["innerError"]["request-id"].as_str().unwrap().len(), 36);
        assert_eq!(answer["error"]["innerError"]["date"].as_str().unwrap().len(), 19);
    }
    assert!(caller.tenant.staged().is_empty(), "a refused request stages nobody");
}

const SPOILED_USERS: &[Spoiled] = &[
    ("data.externalId is required", |u| drop(u.as_object_mut().unwrap().remove("externalId"))),
    ("data.externalId is required", |u| u["externalId"] = json!("  ")),
    ("data.externalId must be a string", |u| u["externalId"] = json!(12)),
    ("data.userName is required", |u| drop(u.as_object_mut().unwrap().remove("userName"))),
    ("data.userName is required", |u| u["userName"] = json!(null)),
    ("data.active must be true or false", |u| u["active"] = json!("true")),
    ("data.active must be true or false", |u| u["active"] = json!(1)),
    ("data.displayName must be a string", |u| u["displayName"] = json!(5)),
    ("data.name must be an object", |u| u["name"] = json!("Ada")),
    ("data.name.givenname is not an attribute", |u| u["name"]["givenname"] = json!("Ada")),
    ("data.username is not an attribute", |u| u["username"] = json!("ada")),
    ("data.password is not an attribute", |u| u["password"] = json!("x")),
    ("data.emails must be an array", |u| u["emails"] = json!({"value": "x"})),
    ("data.emails[0] must be an object", |u| u["emails"] = json!(["x"])),
    ("data.emails[0].primary must be true or false", |u| u["emails"][0]["primary"] = json!("yes")),
    ("data.emails has more than one primary", |u| {
        let one = u["emails"][0].clone();
        u["emails"] = json!([one, one]);
    }),
    ("enterprise:2.0:User.manager must be an object", |u| u[ENTERPRISE]["manager"] = json!("7")),
    ("enterprise:2.0:User.boss is not an attribute", |u| u[ENTERPRISE]["boss"] = json!("7")),
    ("data.schemas must list the core", |u| u["schemas"] = json!([ENTERPRISE])),
    ("data.schemas must list the core and the enterprise", |u| {
        u["schemas"] = json!([CORE]);
        u.as_object_mut().unwrap().remove(ENTERPRISE);
    }),
    ("data.schemas is required", |u| drop(u.as_object_mut().unwrap().remove("schemas"))),
    ("data.schemas lists a namespace that", |u| {
        u["schemas"] =
            json!([CORE, ENTERPRISE, "urn:ietf:params:scim:schemas:extension:x:1.0:User"]);
    }),
    ("data.schemas lists a namespace twice", |u| u["schemas"] = json!([CORE, ENTERPRISE, CORE])),
    ("data.schemas must list every namespace", |u| {
        u["urn:ietf:params:scim:schemas:extension:x:1.0:User"] = json!({"a": "b"});
    }),
    ("must begin with urn:ietf", |u| {
        u["schemas"] = json!([CORE, ENTERPRISE, "urn:contoso:employee"]);
        u["urn:contoso:employee"] = json!({"a": "b"});
    }),
    ("x:1.0:User.a must be one plain value", |u| {
        let urn = "urn:ietf:params:scim:schemas:extension:x:1.0:User";
        u["schemas"] = json!([CORE, ENTERPRISE, urn]);
        u[urn] = json!({"a": ["b"]});
    }),
];

#[tokio::test(start_paused = true)]
async fn every_spoiled_user_is_refused_by_name() {
    let caller = Caller::new(patient());
    for (words, spoil) in SPOILED_USERS {
        let mut spoiled = user("2");
        spoil(&mut spoiled);
        let (status, answer) = caller.upload(&bulk(&[user("1"), spoiled])).await;
        let message = answer["error"]["message"].as_str().unwrap_or_default();
        assert_eq!(status, 400, "{words}");
        assert!(message.contains("Operations[1].data"), "{message}");
        assert!(message.contains(words), "{words}: {message}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_user_may_hold_all_that_the_tables_hold() {
    let caller = Caller::new(Settings::default());
    let urn = "urn:ietf:params:scim:schemas:extension:csv:1.0:User";
    let mut full = user("1");
    full["schemas"] = json!([CORE, ENTERPRISE, urn]);
    full[urn] = json!({"text": "a", "number": 4, "flag": true, "nothing": null});
    full["title"] = json!(null);
    full["addresses"] = json!([{"type": "work", "locality": "Kyoto", "primary": false}]);
    full["phoneNumbers"] = json!([]);
    full[ENTERPRISE]["manager"] = json!({"value": "7"});
    assert_eq!(caller.upload(&bulk(&[full])).await.0, 202);
}

#[tokio::test(start_paused = true)]
async fn what_is_not_json_to_the_letter_is_refused() {
    let caller = Caller::new(patient());
    let good = bulk(&[user("1")]).to_string();
    let in_name = |text: &str| good.replace("User 1", text).into_bytes();
    let bodies: Vec<Vec<u8>> = vec![
        Vec::new(),
        b"null".to_vec(),
        [b"\xef\xbb\xbf", good.as_bytes()].concat(),
        [good.as_bytes(), b"{}"].concat(),
        [good.as_bytes(), b"\0"].concat(),
        good.as_bytes()[..good.len() - 1].to_vec(),
        good.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        in_name(r"\ud800"),
        in_name(r"\udc00\ud800"),
        good.replace("User 1", "X").bytes().map(|b| if b == b'X' { 0xff } else { b }).collect(),
        in_name("\u{1}"),
        good.replacen('{', r#"{"failOnErrors":null,"#, 1).into_bytes(),
        good.replace(r#""active":true"#, r#""active":true,"active":true"#).into_bytes(),
        good.replace(r#""active":true"#, r#""active":true,"\u0061ctive":true"#).into_bytes(),
        good.replace(r#""active":true"#, r#""active":True"#).into_bytes(),
        vec![b'['; 100_000],
    ];
    for body in bodies {
        let shown = String::from_utf8_lossy(&body[..body.len().min(40)]).into_owned();
        let (status, answer) = caller.send(caller.upload_request(body)).await;
        assert_eq!(status, 400, "{shown}");
        assert_eq!(answer["error"]["code"], "BadRequest", "{shown}");
    }
    assert!(caller.tenant.staged().is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_content_type_must_be_exactly_the_one() {
    let caller = Caller::new(patient());
    let body = bulk(&[user("1")]).to_string();
    let with = async |types: &[&str]| {
        let mut request = caller.upload_request(body.clone());
        request.headers_mut().remove(CONTENT_TYPE);
        for value in types {
            request.headers_mut().append(CONTENT_TYPE, HeaderValue::from_str(value).unwrap());
        }
        caller.send(request).await.0
    };
    let right = "application/scim+json";
    for wrong in [
        &[][..],
        &["application/json"],
        &["Application/SCIM+JSON"],
        &["application/scim+json; charset=utf-8"],
        &[right, right],
        &[""],
    ] {
        assert_eq!(with(wrong).await, 400, "{wrong:?}");
    }
    assert_eq!(with(&[right]).await, 202);
}

#[tokio::test(start_paused = true)]
async fn each_switch_lets_pass_what_it_names() {
    let mut partial = user("1");
    partial.as_object_mut().unwrap().remove("userName");
    let mut short_urn = user("1");
    short_urn["schemas"] = json!([CORE, ENTERPRISE, "urn:contoso:employee"]);
    short_urn["urn:contoso:employee"] = json!({"a": "b"});
    let mut one_bulk_id = bulk(&[user("1"), user("2")]);
    one_bulk_id["Operations"][1]["bulkId"] = json!("b0");
    let mut no_fail = bulk(&[user("1")]);
    no_fail.as_object_mut().unwrap().remove("failOnErrors");
    let cases = [
        ("partialUsers", bulk(&[partial])),
        ("anyCustomUrn", bulk(&[short_urn])),
        ("repeatedBulkIds", one_bulk_id),
        ("repeatedExternalIds", bulk(&[user("1"), user("1")])),
        ("failOnErrorsAbsent", no_fail),
    ];
    for (switch, body) in &cases {
        for (other, _) in &cases {
            let allow: AllowSettings = serde_json::from_value(json!({*other: true})).unwrap();
            let caller = Caller::new(Settings { allow, ..Settings::default() });
            let expected = if switch == other { 202 } else { 400 };
            assert_eq!(caller.upload(body).await.0, expected, "{switch} {other}");
        }
    }
    let allow: AllowSettings =
        serde_json::from_value(json!({"contentTypeParameters": true})).unwrap();
    let caller = Caller::new(Settings { allow, ..Settings::default() });
    let mut request = caller.upload_request(bulk(&[user("1")]).to_string());
    let value = HeaderValue::from_static("application/scim+json; charset=utf-8");
    request.headers_mut().insert(CONTENT_TYPE, value);
    assert_eq!(caller.send(request).await.0, 202);
}

#[tokio::test(start_paused = true)]
async fn wrong_addresses_and_methods_are_told_apart() {
    let caller = Caller::new(patient());
    let settings = caller.tenant.settings();
    let (principal, job) = (&settings.service_principal_id, &settings.job_id);
    let path = |version: &str, principal: &str, job: &str| {
        format!("/{version}/servicePrincipals/{principal}/synchronization/jobs/{job}/bulkUpload")
    };
    let post = async |path: String| {
        let mut request = caller.upload_request(bulk(&[user("1")]).to_string());
        *request.uri_mut() = path.parse().unwrap();
        caller.send(request).await
    };
    assert_eq!(post(path("beta", principal, job)).await.0, 202);
    let (status, answer) = post(path("v1.0", &settings.app_id, job)).await;
    assert_eq!(status, 404);
    assert!(answer["error"]["message"].as_str().unwrap().contains("object id"));
    assert_eq!(post(path("v1.0", job, job)).await.0, 404);
    assert_eq!(post(path("v1.0", principal, "API2AAD.x.y")).await.0, 404);
    assert_eq!(post(path("v2.0", principal, job)).await.0, 404);
    assert_eq!(post("/v1.0/users".to_owned()).await.0, 404);
    for method in ["GET", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"] {
        assert_eq!(caller.call(method, &path("v1.0", principal, job)).await.0, 405, "{method}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_over_the_limit_is_413() {
    let body = bulk(&[user("1")]).to_string();
    for (limit, status) in [(body.len(), 202), (body.len() - 1, 413)] {
        let caller = Caller::new(Settings { max_body_bytes: limit, ..Settings::default() });
        assert_eq!(caller.send(caller.upload_request(body.clone())).await.0, status);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_request_breaks_it(body in prop::collection::vec(any::<u8>(), 0..300), at in 0_usize..400) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let caller = Caller::new(patient());
            let (status, _) = caller.send(caller.upload_request(body.clone())).await;
            prop_assert_eq!(status, 400);
            // A good request with a hole in it.
            let mut holed = bulk(&[user("1")]).to_string().into_bytes();
            let end = (at + body.len()).min(holed.len());
            holed.splice(at.min(end)..end, body);
            let request: Request<Bytes> = caller.upload_request(holed);
            let (status, _) = caller.send(request).await;
            prop_assert!(status == 202 || status == 400);
            Ok(())
        })?;
    }
}
