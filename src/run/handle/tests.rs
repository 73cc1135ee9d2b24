use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::client::ClientConfig;
use crate::graph::transport::{Body, Exchange, HttpRequest, HttpResponse, Transport};
use crate::run::{Event, Warning};
use crate::store::{SqliteStore, Store};
use crate::time::{Clock, HostTime, Random, Sleep, Timestamp, TokioClock};

/// Takes every call, or panics or hangs at the call it was told.
#[derive(Default)]
struct Service {
    calls: AtomicUsize,
    panics_at: Option<usize>,
    hangs_at: Option<usize>,
}

impl Transport for Service {
    fn send(&self, _: HttpRequest) -> Exchange<'_> {
        let call = self.calls.fetch_add(1, Ordering::SeqCst);
        assert_ne!(Some(call), self.panics_at, "as told");
        Box::pin(async move {
            if Some(call) == self.hangs_at {
                std::future::pending::<()>().await;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
            let mut answer = HttpResponse::new(Body::default());
            *answer.status_mut() = http::StatusCode::ACCEPTED;
            Ok(answer)
        })
    }
}

/// A clock that panics once, at the reading it was told: every part of a run asks for the time.
#[derive(Debug)]
struct Bomb {
    clock: TokioClock,
    left: AtomicUsize,
}

impl Clock for Bomb {
    fn now(&self) -> Timestamp {
        let before =
            self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        assert_ne!(before, Ok(1), "as told");
        self.clock.now()
    }

    fn host(&self) -> HostTime {
        self.clock.host()
    }

    fn sleep_until(&self, moment: Timestamp) -> Sleep {
        self.clock.sleep_until(moment)
    }
}

fn client_with(service: Service, clock: Arc<dyn Clock>) -> (Client, Arc<dyn Store>) {
    let json = br#"{"version":1,"servicePrincipalId":"s","jobId":"j","tenantId":"7e7a0000-5afe-4000-8000-00000000c0de",
                    "limits":{"callsPerDay":20,"operations":1}}"#;
    let config = ClientConfig::parse(json).unwrap();
    let client = Client::with_parts(config, clock, Random::seeded(1), Arc::new(service));
    client.set_secret("accessToken", b"token").unwrap();
    let store: Arc<dyn Store> = Arc::new(SqliteStore::temporary().unwrap());
    client.set_store(Arc::clone(&store));
    (client, store)
}

fn client(service: Service) -> Client {
    client_with(service, Arc::new(TokioClock::new())).0
}

/// A run over so many pushed users, one to a call.
fn upload(client: &Client, users: usize) -> Run {
    let arguments = br#"{"version":1,"conversion":{"mapping":
        {"externalId":"id","userName":"id","active":{"const":true}}}}"#;
    let run = Run::start(client, arguments).unwrap();
    for number in 1..=users {
        run.push(format!(r#"{{"id":"{number}"}}"#).as_bytes()).unwrap();
    }
    run.finish_input().unwrap();
    run
}

async fn end(run: &Run) -> Summary {
    let mut terminal = 0;
    while let Some(event) = run.event().await {
        terminal += usize::from(matches!(event.event, Event::Finished(_)));
    }
    assert_eq!(terminal, 1);
    let summary = run.summary().unwrap();
    let settled = summary.accepted + summary.refused + summary.in_doubt + summary.not_sent;
    let settled = settled + summary.rejected + summary.out_of_scope + summary.unchanged;
    assert_eq!(summary.rows, settled, "{summary:?}");
    assert_eq!(run.progress().in_flight, 0);
    summary
}

#[tokio::test(start_paused = true)]
async fn a_panic_anywhere_is_the_terminal_event() {
    let (mut panicked, mut number) = (0, 1);
    loop {
        let bomb = Arc::new(Bomb { clock: TokioClock::new(), left: AtomicUsize::new(0) });
        let (client, _store) = client_with(Service::default(), Arc::clone(&bomb) as _);
        let run = upload(&client, 3);
        bomb.left.store(number, Ordering::SeqCst);
        let summary = end(&run).await;
        if bomb.left.load(Ordering::SeqCst) > 0 {
            assert_eq!((summary.kind, summary.accepted), ("Ok", 3), "{summary:?}");
            break;
        }
        panicked += usize::from(summary.kind == "Panic");
        number += 7;
    }
    assert!(panicked >= 5, "{panicked} of {} readings of the clock", number / 7);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_panics_may_have_been_sent() {
    let service = Service { panics_at: Some(2), ..Service::default() };
    let summary = end(&upload(&client(service), 9)).await;
    assert_eq!(summary.kind, "Panic");
    assert!(summary.in_doubt >= 1, "the call that panicked may have been sent: {summary:?}");
}

#[tokio::test(start_paused = true)]
async fn nothing_to_send_is_a_run_too() {
    let client = client(Service::default());
    assert_eq!(end(&upload(&client, 3)).await.accepted, 3);
    let summary = end(&upload(&client, 3)).await;
    assert_eq!((summary.status, summary.kind, summary.calls), (0, "Ok", 0));
    assert_eq!(summary.unchanged, 3);
}

#[tokio::test(start_paused = true)]
async fn more_calls_than_the_quota_has_are_told_before_they_are_sent() {
    let run = upload(&client(Service::default()), 21);
    let mut warned = false;
    while let Some(event) = run.event().await {
        match event.event {
            Event::Warning(Warning::Run { message }) => warned |= message.contains("21 calls"),
            Event::Accepted { .. } => assert!(warned),
            _ => {}
        }
    }
    assert!(warned);
}

#[tokio::test(start_paused = true)]
async fn memory_stays_bounded_when_a_call_hangs() {
    let service = Service { hangs_at: Some(0), ..Service::default() };
    let (client, store) = client_with(service, Arc::new(TokioClock::new()));
    let run = upload(&client, 19);
    while run.progress().calls < 16 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let kept = store.runs(None, 1).unwrap().pop().unwrap();
    let made = store.batches(&kept.id).unwrap().len();
    let calls = run.progress().calls as usize;
    assert!(made <= calls + 2, "{made} batches made for {calls} calls");
}

#[test]
fn a_runtime_that_goes_down_ends_its_runs() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let entered = runtime.enter();
    let service = Service { hangs_at: Some(1), ..Service::default() };
    let run = upload(&client(service), 9);
    while run.progress().users_accepted < 8 {
        thread::sleep(Duration::from_millis(1));
    }
    drop(entered);
    runtime.shutdown_timeout(Duration::from_secs(10));
    assert!(run.wait(Duration::from_secs(10)).unwrap());
    let summary = run.summary().unwrap();
    assert_eq!((summary.kind, summary.accepted, summary.in_doubt), ("ShuttingDown", 8, 1));
}
