//! Calls in virtual time, against a service that does as the test says.

use std::sync::Mutex;
use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use super::*;
use crate::client::ClientConfig;
use crate::error::ErrorKind;
use crate::graph::transport::{Body, Exchange, TransportError, TransportFault, answer as canned};
use crate::time::{Timestamp, TokioClock};

/// What the service does with a call.
enum Turn {
    Answer(HttpResponse),
    Fault(TransportFault),
    /// It never answers.
    Silence,
}

fn status(status: u16) -> Turn {
    Turn::Answer(canned(status, &[], ""))
}

fn later(status: u16, seconds: &str) -> Turn {
    Turn::Answer(canned(status, &[("retry-after", seconds)], ""))
}

fn text(body: &Value) -> Turn {
    Turn::Answer(canned(200, &[("request-id", "r")], &body.to_string()))
}

/// A request as it arrived, and when.
struct Seen {
    at: Timestamp,
    request: HttpRequest,
}

impl Seen {
    fn header(&self, name: &str) -> Option<&str> {
        self.request.headers().get(name).map(|value| value.to_str().unwrap())
    }
}

/// A way to Graph, and what arrived there.
struct World {
    graph: Graph,
    seen: Arc<Mutex<Vec<Seen>>>,
}

const SECRET: &str = "s3cret";

impl World {
    /// The service takes its turns by the number of the call; a sign-in is always answered, by `t1`, `t2` …
    fn new(retry: &Value, turn: impl Fn(usize) -> Turn + Send + Sync + 'static) -> World {
        let config = json!({"version": 1, "servicePrincipalId": "sp", "jobId": "job",
            "tenantId": "t0", "clientId": "c0", "retry": retry});
        let config = ClientConfig::parse(config.to_string().as_bytes()).unwrap();
        let clock: Arc<dyn Clock> = Arc::new(TokioClock::new());
        let seen = Arc::new(Mutex::new(Vec::<Seen>::new()));
        let (arriving, time) = (Arc::clone(&seen), Arc::clone(&clock));
        let signed_in = Mutex::new(0);
        let transport = move |request: HttpRequest| -> Exchange<'static> {
            if request.uri().path().ends_with("/token") {
                let mut count = signed_in.lock().unwrap();
                *count += 1;
                let body = json!({"access_token": format!("t{count}"), "expires_in": 3_600,
                    "token_type": "Bearer"});
                let answer = canned(200, &[], &body.to_string());
                return Box::pin(async { Ok(answer) });
            }
            let mut seen = arriving.lock().unwrap();
            seen.push(Seen { at: time.now(), request });
            let turn = turn(seen.len() - 1);
            Box::pin(async move {
                match turn {
                    Turn::Answer(answer) => Ok(answer),
                    Turn::Fault(fault) => Err(TransportError { fault, detail: "so".to_owned() }),
                    Turn::Silence => std::future::pending().await,
                }
            })
        };
        let random = Arc::new(Random::seeded(1));
        let graph = Graph::new(config.target, config.retry, clock, random, Arc::new(transport));
        World { graph, seen }
    }

    fn signed_in(retry: &Value, turn: impl Fn(usize) -> Turn + Send + Sync + 'static) -> World {
        let world = Self::new(retry, turn);
        world.graph.sign_in.set_client_secret(SECRET.as_bytes()).unwrap();
        world
    }

    fn calls(&self) -> usize {
        self.seen.lock().unwrap().len()
    }

    /// The tokens shown, in order.
    fn tokens(&self) -> Vec<String> {
        let seen = self.seen.lock().unwrap();
        let tokens = seen.iter().filter_map(|seen| seen.header("authorization"));
        tokens.map(|value| value.trim_start_matches("Bearer ").to_owned()).collect()
    }

    /// The pauses between the calls.
    fn pauses(&self) -> Vec<Duration> {
        let seen = self.seen.lock().unwrap();
        seen.windows(2).map(|pair| pair[1].at.since(pair[0].at)).collect()
    }
}

fn ask(host: Host, method: Method, address: &str) -> Ask {
    let request = http::Request::builder().method(method).uri(address);
    let request = request.header("ConsistencyLevel", "eventual").body(Body::default()).unwrap();
    let describe: Describe = Arc::new(|refusal, _| refusal.describe());
    Ask { host, request, done: StatusCode::OK, describe }
}

fn get() -> Ask {
    ask(Host::Graph, Method::GET, "https://graph.microsoft.com/v1.0/things")
}

#[tokio::test(start_paused = true)]
async fn a_token_goes_to_graph_alone() {
    let world = World::signed_in(&json!({}), |_| status(200));
    world.graph.call(&get()).await.unwrap();
    assert_eq!(world.tokens(), ["t1"]);
    let login = "https://login.microsoftonline.com/t0/v2.0/x";
    world.graph.call(&ask(Host::Login, Method::GET, login)).await.unwrap();
    assert_eq!((world.calls(), world.tokens().len()), (2, 1));
    let of_login: [Ask; 2] = [
        ask(Host::Graph, Method::GET, login),
        ask(Host::Graph, Method::GET, "https://evil.example/v1.0/things"),
    ];
    for foreign in of_login {
        let error = world.graph.call(&foreign).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::HostNotAllowed);
    }
    assert_eq!(world.calls(), 2, "nothing left for another host");
}

#[tokio::test(start_paused = true)]
async fn no_debug_print_shows_a_token_or_a_body() {
    let world = World::signed_in(&json!({}), |_| status(200));
    let mut ask = get();
    *ask.request.body_mut() = Body(SECRET.into());
    world.graph.call(&ask).await.unwrap();
    let seen = world.seen.lock().unwrap();
    let printed = format!("{:?}", seen[0].request);
    assert!(printed.contains("graph.microsoft.com") && printed.contains("6 bytes"), "{printed}");
    assert!(!printed.contains(SECRET) && !printed.contains("t1"), "{printed}");
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_is_replaced_once_and_at_once() {
    let world = World::signed_in(&json!({}), |call| status(if call == 0 { 401 } else { 200 }));
    world.graph.call(&get()).await.unwrap();
    assert_eq!(world.tokens(), ["t1", "t2"]);
    assert_eq!(world.pauses(), [Duration::ZERO]);
    world.graph.call(&get()).await.unwrap();
    assert_eq!(world.tokens()[2], "t2", "the new token is kept");

    let world = World::signed_in(&json!({}), |_| status(401));
    let error = world.graph.call(&get()).await.unwrap_err();
    assert_eq!((error.kind, world.calls()), (ErrorKind::TokenRejected, 2));

    let world = World::new(&json!({}), |_| status(401));
    world.graph.sign_in.set_token(b"handed-in", None).unwrap();
    let error = world.graph.call(&get()).await.unwrap_err();
    assert_eq!((error.kind, world.calls()), (ErrorKind::TokenRejected, 1));
    let error = world.graph.call(&get()).await.unwrap_err();
    assert_eq!((error.kind, world.calls()), (ErrorKind::TokenRejected, 1), "it is not shown again");
    world.graph.sign_in.set_token(b"fresh", Some(Duration::from_secs(60))).unwrap();
    world.graph.call(&get()).await.unwrap_err();
    assert_eq!(world.tokens(), ["handed-in", "fresh"]);
}

#[tokio::test(start_paused = true)]
async fn the_service_says_when_to_come_back() {
    for code in [429, 503] {
        let turn = move |call| if call == 0 { later(code, "7") } else { status(200) };
        let world = World::signed_in(&json!({}), turn);
        world.graph.call(&get()).await.unwrap();
        let pause = world.pauses()[0];
        assert!(
            pause >= Duration::from_secs(7) && pause < Duration::from_millis(7_010),
            "{pause:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn what_fails_is_repeated_after_longer_and_longer_pauses() {
    for turn in [|| status(500), || Turn::Fault(TransportFault::Reset)] {
        let world = World::signed_in(&json!({"attempts": 5}), move |_| turn());
        let error = world.graph.call(&get()).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::ServiceFailed);
        assert!(error.message.ends_with("5 tries."), "{error}");
        for (pause, most) in world.pauses().iter().zip([1, 2, 4, 8]) {
            let most = Duration::from_secs(most);
            assert!(*pause >= most / 2 && *pause <= most + Duration::from_millis(1), "{pause:?}");
        }
        let seen = world.seen.lock().unwrap();
        assert_eq!(seen.len(), 5);
        let mut ids: Vec<_> =
            seen.iter().map(|seen| seen.header("client-request-id").unwrap()).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 5, "every try has an id of its own");
    }
}

#[tokio::test(start_paused = true)]
async fn no_try_begins_after_a_calls_time() {
    let retry = json!({"attempts": 100, "totalTimeoutMs": 60_000});
    let world = World::signed_in(&retry, |_| status(500));
    let error = world.graph.call(&get()).await.unwrap_err();
    assert!(error.message.ends_with("too late."), "{error}");
    let took: Duration = world.pauses().iter().sum();
    assert!(took <= Duration::from_secs(60) && took > Duration::from_secs(15), "{took:?}");

    let world = World::signed_in(&retry, |_| later(429, "61"));
    let error = world.graph.call(&get()).await.unwrap_err();
    assert_eq!((error.kind, world.calls()), (ErrorKind::Throttled, 1));
    assert_eq!(error.retry_after_ms, Some(61_000), "the caller learns when it would be time");
}

#[tokio::test(start_paused = true)]
async fn silence_ends_a_try_by_the_clock() {
    let retry = json!({"requestTimeoutMs": 2_000});
    let silent = |call| if call == 0 { Turn::Silence } else { status(200) };
    let world = World::signed_in(&retry, silent);
    world.graph.call(&get()).await.unwrap();
    let pause = world.pauses()[0];
    assert!(pause >= Duration::from_millis(2_500) && pause <= Duration::from_millis(3_010));
}

#[tokio::test(start_paused = true)]
async fn what_may_have_been_done_is_repeated_only_if_twice_is_once() {
    let doubtful: [fn() -> Turn; 5] = [
        || Turn::Silence,
        || Turn::Fault(TransportFault::Reset),
        || Turn::Fault(TransportFault::Cut),
        || status(502),
        || status(504),
    ];
    let certain: [fn() -> Turn; 5] = [
        || Turn::Fault(TransportFault::NotSent),
        || status(500),
        || status(503),
        || later(429, "1"),
        || status(401),
    ];
    for (turns, always) in [(doubtful, false), (certain, true)] {
        for turn in turns {
            for method in [Method::GET, Method::PUT, Method::DELETE, Method::POST, Method::PATCH] {
                let world =
                    World::signed_in(
                        &json!({}),
                        move |call| {
                            if call == 0 { turn() } else { status(200) }
                        },
                    );
                let ask = ask(Host::Graph, method.clone(), "https://graph.microsoft.com/v1.0/x");
                let done = world.graph.call(&ask).await;
                let repeated = always || ![Method::POST, Method::PATCH].contains(&method);
                assert_eq!(done.is_ok(), repeated, "{method} {done:?}");
                assert_eq!(world.calls(), 1 + usize::from(repeated), "{method}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_service_refuses_is_asked_once() {
    for code in [201, 307, 400, 403, 404, 413] {
        let world = World::signed_in(&json!({}), move |_| {
            Turn::Answer(canned(code, &[], r#"{"error":{"code":"C","message":"words"}}"#))
        });
        let error = world.graph.call(&get()).await.unwrap_err();
        assert_eq!((error.http_status, world.calls()), (Some(code), 1));
        assert_eq!(error.service_code.as_deref(), Some("C"));
    }
}

/// Three pages, the second of them empty.
fn pages(call: usize) -> Turn {
    let link =
        |page: usize| format!("https://graph.microsoft.com/v1.0/things?$skiptoken=a%20{page}");
    match call {
        0 => text(&json!({"value": [1, 2], "@odata.nextLink": link(2), "@odata.context": "c"})),
        1 => status(503),
        2 => text(&json!({"value": [], "@odata.nextLink": link(3)})),
        3 => text(&json!({"value": [3]})),
        more => panic!("{more} calls"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_is_read_to_its_last_page() {
    let world = World::signed_in(&json!({}), pages);
    let mut list = world.graph.pages(get());
    let mut found = Vec::new();
    while let Some(page) = list.page::<u64>().await.unwrap() {
        found.push(page);
    }
    assert_eq!(found, [vec![1, 2], vec![], vec![3]]);
    assert_eq!(list.page::<u64>().await.unwrap(), None);
    let seen = world.seen.lock().unwrap();
    let asked: Vec<String> = seen.iter().map(|seen| seen.request.uri().to_string()).collect();
    let next = |page| format!("https://graph.microsoft.com/v1.0/things?$skiptoken=a%20{page}");
    let first = "https://graph.microsoft.com/v1.0/things";
    assert_eq!(asked, [first, &next(2), &next(2), &next(3)], "links are followed as they are");
    for seen in seen.iter() {
        assert_eq!(seen.header("consistencylevel"), Some("eventual"), "no link carries headers");
        assert_eq!(seen.header("authorization"), Some("Bearer t1"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_next_page_of_another_host_is_not_asked_for() {
    for link in [
        "https://evil.example/v1.0/things",
        "http://graph.microsoft.com/v1.0/things",
        "https://graph.microsoft.com:8443/v1.0/things",
        "https://graph.microsoft.com@evil.example/",
        "/v1.0/things",
    ] {
        let page = json!({"value": [1], "@odata.nextLink": link});
        let world = World::signed_in(&json!({}), move |_| text(&page));
        let mut list = world.graph.pages(get());
        assert_eq!(list.page::<u64>().await.unwrap(), Some(vec![1]));
        let error = list.page::<u64>().await.unwrap_err();
        assert_eq!((error.kind, world.calls()), (ErrorKind::HostNotAllowed, 1), "{link}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_no_page_says_so() {
    for body in [json!([]), json!({"value": 1}), json!({"value": ["x"]}), json!(null)] {
        let world = World::signed_in(&json!({}), move |_| text(&body));
        let error = world.graph.pages(get()).page::<u64>().await.unwrap_err();
        assert_eq!(
            (error.kind, error.request_id.as_deref()),
            (ErrorKind::ServiceFailed, Some("r"))
        );
    }
}
