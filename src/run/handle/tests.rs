use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::client::ClientConfig;
use crate::convert::Totals;
use crate::graph::transport::{BoxFuture, HttpRequest, HttpResponse, Transport, TransportError};
use crate::run::supply::{Batches, Load};
use crate::run::{Event, Warning};
use crate::scim::bulk::{Batch, BatchUser};
use crate::time::{Clock, Random, TokioClock};

/// Takes every call, or panics, at the call it was told.
#[derive(Default)]
struct Service {
    calls: AtomicUsize,
    panics_at: Option<usize>,
    hangs_at: Option<usize>,
}

impl Transport for Service {
    fn send(&self, _: HttpRequest) -> BoxFuture<'_, Result<HttpResponse, TransportError>> {
        let call = self.calls.fetch_add(1, Ordering::SeqCst);
        assert_ne!(Some(call), self.panics_at, "as told");
        Box::pin(async move {
            if Some(call) == self.hangs_at {
                std::future::pending::<()>().await;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
            Ok(HttpResponse { status: 202, headers: Vec::new(), body: [][..].into() })
        })
    }
}

fn client(service: Service) -> Client {
    let json = br#"{"version":1,"servicePrincipalId":"s","jobId":"j"}"#;
    let clock: Arc<dyn Clock> = Arc::new(TokioClock::new());
    let config = ClientConfig::parse(json).unwrap();
    let client = Client::with_parts(config, clock, Random::seeded(1), Arc::new(service));
    client.set_secret("accessToken", b"token").unwrap();
    client
}

fn batch(number: u64) -> Result<Load, Error> {
    let users = vec![BatchUser { line: number, external_id: number.to_string() }];
    Ok(Load::from(Batch { number, body: number.to_string().into(), users }))
}

fn launch(client: &Client, check: Check) -> Run {
    let (ready, input) = oneshot::channel();
    assert!(ready.send(Work::Send(check)).is_ok());
    Run::launch(client, input, None, false).unwrap()
}

fn checked(users: u64, batches: Batches) -> Check {
    let totals = Totals { rows: users, users, calls: users, ..Totals::default() };
    Box::new(move |_| Ok((totals, batches)))
}

async fn end(run: &Run) -> Summary {
    let mut terminal = 0;
    while let Some(event) = run.event().await {
        terminal += usize::from(matches!(event.event, Event::Finished(_)));
    }
    assert_eq!(terminal, 1);
    let summary = run.summary().unwrap();
    let settled = summary.accepted + summary.refused + summary.in_doubt + summary.not_sent;
    assert_eq!(summary.rows, settled + summary.rejected + summary.out_of_scope, "{summary:?}");
    assert_eq!(run.progress().in_flight, 0);
    summary
}

#[tokio::test(start_paused = true)]
async fn a_panic_anywhere_is_the_terminal_event() {
    let in_check: Check = Box::new(|_| panic!("as told"));
    let in_batches =
        checked(9, Box::new((1..=9).map(|n| if n == 4 { panic!() } else { batch(n) })));
    for (check, not_sent) in [(in_check, 0), (in_batches, 6)] {
        let summary = end(&launch(&client(Service::default()), check)).await;
        assert_eq!((summary.kind, summary.not_sent), ("Panic", not_sent), "{summary:?}");
    }
    let service = Service { panics_at: Some(2), ..Service::default() };
    let summary = end(&launch(&client(service), checked(9, Box::new((1..=9).map(batch))))).await;
    assert_eq!(summary.kind, "Panic");
    assert!(summary.in_doubt >= 1, "the call that panicked may have been sent: {summary:?}");
}

#[tokio::test(start_paused = true)]
async fn a_source_that_fails_halfway_ends_the_run_with_what_was_sent() {
    let failing = (1..=9).map(|number| {
        if number < 4 { batch(number) } else { Err(Error::internal("the file changed")) }
    });
    let summary = end(&launch(&client(Service::default()), checked(9, Box::new(failing)))).await;
    assert_eq!((summary.accepted, summary.not_sent, summary.kind), (3, 6, "Internal"));
}

#[tokio::test(start_paused = true)]
async fn nothing_to_send_is_a_run_too() {
    let nothing = checked(0, Box::new(std::iter::empty()));
    let summary = end(&launch(&client(Service::default()), nothing)).await;
    assert_eq!((summary.status, summary.kind, summary.calls), (0, "Ok", 0));
}

#[tokio::test(start_paused = true)]
async fn more_calls_than_the_quota_has_are_told_before_they_are_sent() {
    let run = launch(&client(Service::default()), checked(2_001, Box::new((1..=2).map(batch))));
    let mut warned = false;
    while let Some(event) = run.event().await {
        match event.event {
            Event::Warning(Warning::Run { message }) => warned = message.contains("2001 calls"),
            Event::Accepted { .. } => assert!(warned),
            _ => {}
        }
    }
    assert!(warned);
}

#[tokio::test(start_paused = true)]
async fn memory_stays_bounded_when_a_call_hangs() {
    let service = Service { hangs_at: Some(0), ..Service::default() };
    let client = client(service);
    let made = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&made);
    let batches = (1..=500).map(move |number| {
        count.fetch_add(1, Ordering::SeqCst);
        batch(number)
    });
    let run = launch(&client, checked(500, Box::new(batches)));
    tokio::time::sleep(Duration::from_secs(2)).await;
    let (made, calls) = (made.load(Ordering::SeqCst), run.progress().calls as usize);
    assert!(made <= calls + 2, "{made} batches made for {calls} calls");
}

#[test]
fn a_runtime_that_goes_down_ends_its_runs() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let entered = runtime.enter();
    let service = Service { hangs_at: Some(1), ..Service::default() };
    let run = launch(&client(service), checked(9, Box::new((1..=9).map(batch))));
    while run.progress().users_accepted < 8 {
        thread::sleep(Duration::from_millis(1));
    }
    drop(entered);
    runtime.shutdown_timeout(Duration::from_secs(10));
    assert!(run.wait(Duration::from_secs(10)).unwrap());
    let summary = run.summary().unwrap();
    assert_eq!((summary.kind, summary.accepted, summary.in_doubt), ("ShuttingDown", 8, 1));
}
