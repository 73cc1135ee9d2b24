use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::mpsc;

use super::*;

/// One sink for the process means one test at a time.
static TURN: Mutex<()> = Mutex::new(());

fn turn() -> MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

const SOON: Duration = Duration::from_secs(20);

/// Sets a sink that sends each record on.
fn listen(level: Level) -> mpsc::Receiver<(Level, String)> {
    let (sender, receiver) = mpsc::channel();
    let sender = Mutex::new(sender);
    let sink = move |level: Level, message: &str| {
        let _ = sender.lock().unwrap().send((level, message.to_owned()));
    };
    set(Box::new(sink), level).unwrap();
    receiver
}

/// What arrives until logging ends; other tests of the process may log too.
fn heard(receiver: &mpsc::Receiver<(Level, String)>, mark: &str) -> Vec<(Level, String)> {
    flush(SOON);
    clear();
    receiver.try_iter().filter(|(_, message)| message.contains(mark)).collect()
}

#[test]
fn a_record_is_one_line_with_its_fields_and_its_spans() {
    let _turn = turn();
    let records = listen(Level::INFO);
    let span = tracing::info_span!("run", id = 7, late = tracing::field::Empty);
    span.record("late", "set");
    span.in_scope(|| tracing::info!(users = 50, cause = %"two\nlines\0", "mark-1 accepted"));
    let heard = heard(&records, "mark-1");
    let wanted = concat!(
        module_path!(),
        ": mark-1 accepted users=50 cause=two lines  run{id=7 late=\"set\"}"
    );
    assert_eq!(heard, [(Level::INFO, wanted.to_owned())]);
}

#[test]
fn less_important_records_and_those_of_others_stay_out() {
    let _turn = turn();
    let records = listen(Level::WARN);
    tracing::info!("mark-2 info");
    tracing::warn!("mark-2 warn");
    tracing::error!("mark-2 error");
    tracing::error!(target: "azure_core::http", "mark-2 of another crate");
    tracing::error!(target: "entrabulkish", "mark-2 of a crate that only sounds alike");
    let levels: Vec<Level> =
        heard(&records, "mark-2").into_iter().map(|(level, _)| level).collect();
    assert_eq!(levels, [Level::WARN, Level::ERROR]);
}

#[test]
fn silence_until_set_and_after_clear() {
    let _turn = turn();
    clear();
    tracing::error!("mark-3 before");
    let records = listen(Level::TRACE);
    let heard = heard(&records, "mark-3");
    tracing::error!("mark-3 after");
    assert_eq!(heard, []);
    assert_eq!(records.recv_timeout(Duration::from_millis(20)).ok(), None);
    assert!(state().queue.is_empty());
}

#[test]
fn what_a_slow_sink_leaves_no_room_for_is_counted() {
    let _turn = turn();
    let (release, gate) = mpsc::channel::<()>();
    let gate = Mutex::new(gate);
    let heard: Arc<Mutex<Vec<String>>> = Arc::default();
    let sink = {
        let heard = Arc::clone(&heard);
        move |_: Level, message: &str| {
            let _ = gate.lock().unwrap().recv();
            heard.lock().unwrap().push(message.to_owned());
        }
    };
    set(Box::new(sink), Level::INFO).unwrap();
    let extra = 10;
    for number in 0..QUEUE + extra {
        tracing::info!(number, "mark-4");
    }
    // One more may have left the queue for the sink in time.
    drop(release);
    flush(SOON);
    clear();
    let heard = heard.lock().unwrap();
    let arrived = heard.iter().filter(|message| message.contains("mark-4")).count();
    assert!((QUEUE..=QUEUE + 1).contains(&arrived), "{arrived}");
    let told = format!("{} records were dropped", QUEUE + extra - arrived);
    assert!(heard.last().unwrap().contains(&told), "{:?}", heard.last());
}

#[test]
fn clear_returns_only_after_the_running_call_and_drops_the_sink() {
    let _turn = turn();
    struct Dropped(Arc<AtomicBool>);
    impl Drop for Dropped {
        fn drop(&mut self) {
            self.0.store(true, Ordering::SeqCst);
        }
    }
    let (entered, inside) = mpsc::channel();
    let entered = Mutex::new(entered);
    let (ended, dropped) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let sink = {
        let (ended, dropped) = (Arc::clone(&ended), Dropped(Arc::clone(&dropped)));
        move |_: Level, _: &str| {
            let _alive = &dropped;
            let _ = entered.lock().unwrap().send(());
            std::thread::sleep(Duration::from_millis(100));
            ended.store(true, Ordering::SeqCst);
        }
    };
    set(Box::new(sink), Level::ERROR).unwrap();
    tracing::error!("mark-5");
    inside.recv_timeout(SOON).unwrap();
    clear();
    assert!(ended.load(Ordering::SeqCst) && dropped.load(Ordering::SeqCst));
}

#[test]
fn a_sink_may_log_clear_flush_and_panic() {
    let _turn = turn();
    let (done, reached) = mpsc::channel();
    let done = Mutex::new(done);
    let calls = Arc::new(AtomicU64::new(0));
    let sink = {
        let calls = Arc::clone(&calls);
        move |_: Level, message: &str| {
            if message.contains("mark-6") {
                calls.fetch_add(1, Ordering::SeqCst);
                tracing::error!("mark-6 from inside the sink");
                flush(SOON);
                clear();
                let _ = done.lock().unwrap().send(());
                std::panic::resume_unwind(Box::new("out"));
            }
        }
    };
    set(Box::new(sink), Level::ERROR).unwrap();
    tracing::error!("mark-6");
    reached.recv_timeout(SOON).unwrap();
    tracing::error!("mark-6 after clear");
    // Logging works again, so neither the call that cleared nor the panic left anyone waiting.
    let records = listen(Level::ERROR);
    tracing::error!("mark-7");
    assert_eq!(heard(&records, "mark-7").len(), 1);
    assert_eq!(calls.load(Ordering::SeqCst), 1);
}

#[test]
fn sinks_replaced_under_load_are_never_called_after_their_time() {
    let _turn = turn();
    let stop = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..2)
        .map(|_| {
            let stop = Arc::clone(&stop);
            std::thread::spawn(move || {
                while !stop.load(Ordering::SeqCst) {
                    tracing::error!("mark-8");
                }
            })
        })
        .collect();
    let late = Arc::new(AtomicU64::new(0));
    for round in 0..200 {
        let retired = Arc::new(AtomicBool::new(false));
        let (entered, inside) = mpsc::channel();
        let sink = {
            let (retired, late) = (Arc::clone(&retired), Arc::clone(&late));
            let entered = Mutex::new(entered);
            move |_: Level, _: &str| {
                let _ = entered.lock().unwrap().send(());
                std::thread::sleep(Duration::from_micros(100));
                late.fetch_add(retired.load(Ordering::SeqCst).into(), Ordering::SeqCst);
            }
        };
        set(Box::new(sink), Level::ERROR).unwrap();
        inside.recv_timeout(SOON).unwrap();
        if round % 2 == 0 {
            clear();
        } else {
            set(Box::new(|_, _| ()), Level::ERROR).unwrap();
        }
        retired.store(true, Ordering::SeqCst);
    }
    stop.store(true, Ordering::SeqCst);
    for writer in writers {
        writer.join().unwrap();
    }
    clear();
    assert_eq!(late.load(Ordering::SeqCst), 0);
}
