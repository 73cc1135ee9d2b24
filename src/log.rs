//! Log records handed to the host.
//!
//! One sink for the process, silent until a host sets it. Records of this crate's `tracing` events wait in a
//! bounded queue for a thread of their own, so that a slow host slows nothing down: what does not fit is
//! dropped, counted, and told. Records of other crates are left out, for only our own are known to hold
//! no secret.
//!
//! The first [`set`] installs a `tracing` subscriber. In the shared library it is alone with its copy of
//! `tracing`; in a Rust program that has a subscriber already, that one stays and keeps receiving.

use std::cell::Cell;
use std::collections::VecDeque;
use std::fmt::Write as _;
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, Once, PoisonError};
use std::time::{Duration, Instant};

use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id};
use tracing::subscriber::Interest;
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::fmt::format::{DefaultFields, Writer};
use tracing_subscriber::fmt::{FormatFields, FormattedFields};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

use crate::error::Error;

/// Receives one record. Called on one thread of the library's, never twice at a time; must not panic.
pub type Sink = Box<dyn Fn(Level, &str) + Send + Sync>;

/// How many records wait for a slow sink before more are dropped.
const QUEUE: usize = 4096;

struct State {
    sink: Option<Arc<Sink>>,
    queue: VecDeque<(Level, String)>,
    dropped: u64,
    /// Whether the delivering thread exists.
    thread: bool,
    /// How many calls of a sink began, and how many ended.
    begun: u64,
    ended: u64,
}

static STATE: Mutex<State> = Mutex::new(State {
    sink: None,
    queue: VecDeque::new(),
    dropped: 0,
    thread: false,
    begun: 0,
    ended: 0,
});

/// Signalled whenever `STATE` changes in a way that someone may wait for.
static CHANGED: Condvar = Condvar::new();

/// The most verbose level wanted, as a rank: 0 is off, 1 errors, 5 everything.
static WANTED: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// Whether this is the delivering thread, whose own records would never end.
    static DELIVERS: Cell<bool> = const { Cell::new(false) };
}

fn state() -> MutexGuard<'static, State> {
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What is wanted, by rank.
const RANKS: [LevelFilter; 6] = [
    LevelFilter::OFF,
    LevelFilter::ERROR,
    LevelFilter::WARN,
    LevelFilter::INFO,
    LevelFilter::DEBUG,
    LevelFilter::TRACE,
];

fn rank(level: Level) -> usize {
    RANKS.iter().take_while(|filter| **filter < level).count()
}

/// Hands records of `level` and more important ones to `sink`, in place of the sink there was. Records that
/// are still queued go to the new one.
///
/// Returns once the old sink's running call has ended, unless called from inside it; the old sink is then
/// dropped. Fails only if no thread can be started, and then changes nothing.
pub fn set(sink: Sink, level: Level) -> Result<(), Error> {
    install();
    let mut now = state();
    if !now.thread {
        let thread = std::thread::Builder::new().name("entrabulk-log".to_owned());
        thread.spawn(deliver).map_err(|error| {
            Error::internal(format!("The thread that delivers log records cannot start: {error}."))
        })?;
        now.thread = true;
    }
    replace(now, Some(Arc::new(sink)), rank(level));
    Ok(())
}

/// Ends logging; records still queued are thrown away.
///
/// Returns once the sink's running call has ended, unless called from inside it; it is not called again.
pub fn clear() {
    let mut now = state();
    now.queue.clear();
    now.dropped = 0;
    replace(now, None, 0);
}

fn replace(mut now: MutexGuard<'static, State>, sink: Option<Arc<Sink>>, wanted: usize) {
    let old = std::mem::replace(&mut now.sink, sink);
    WANTED.store(wanted, Ordering::Relaxed);
    CHANGED.notify_all();
    if !DELIVERS.get() {
        let running = now.begun;
        now = wait_while(now, None, |state| state.ended < running);
    }
    drop(now);
    // Outside the lock: the sink's destructor is the host's code.
    drop(old);
    // Makes every disabled callsite free again, and every enabled one awake.
    tracing::callsite::rebuild_interest_cache();
}

/// Waits at most `timeout` until every queued record was delivered; at once from inside the sink.
pub fn flush(timeout: Duration) {
    if !DELIVERS.get() {
        let deadline = Instant::now() + timeout;
        let pending = |state: &State| {
            let queued = !state.queue.is_empty() || state.dropped > 0;
            state.ended < state.begun || (state.sink.is_some() && queued)
        };
        drop(wait_while(state(), Some(deadline), pending));
    }
}

fn wait_while(
    mut now: MutexGuard<'static, State>,
    deadline: Option<Instant>,
    condition: impl Fn(&State) -> bool,
) -> MutexGuard<'static, State> {
    while condition(&now) {
        let left =
            deadline.map_or(Duration::MAX, |at| at.saturating_duration_since(Instant::now()));
        if left.is_zero() {
            break;
        }
        // A bounded wait, because Condvar refuses Duration::MAX on some systems.
        let slice = left.min(Duration::from_secs(1));
        now = CHANGED.wait_timeout(now, slice).unwrap_or_else(PoisonError::into_inner).0;
    }
    now
}

/// The delivering thread: lives as long as there is a sink.
fn deliver() {
    DELIVERS.set(true);
    let mut now = state();
    while let Some(sink) = now.sink.clone() {
        let Some((level, message)) = next_record(&mut now) else {
            now = CHANGED.wait(now).unwrap_or_else(PoisonError::into_inner);
            continue;
        };
        now.begun += 1;
        drop(now);
        // A sink that panics all the same must not leave everyone waiting for its end.
        let _ = panic::catch_unwind(AssertUnwindSafe(|| sink(level, &message)));
        drop(sink);
        now = state();
        now.ended += 1;
        CHANGED.notify_all();
    }
    now.thread = false;
}

fn next_record(state: &mut State) -> Option<(Level, String)> {
    if let Some(record) = state.queue.pop_front() {
        return Some(record);
    }
    let dropped = std::mem::take(&mut state.dropped);
    (dropped > 0).then(|| {
        let text = format!("entrabulk::log: the sink is too slow; {dropped} records were dropped");
        (Level::WARN, text)
    })
}

fn enqueue(level: Level, message: String) {
    let mut now = state();
    if now.queue.len() == QUEUE {
        now.dropped += 1;
    } else if now.sink.is_some() {
        now.queue.push_back((level, message));
        CHANGED.notify_all();
    }
}

fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let subscriber = tracing_subscriber::registry().with(ToQueue(DefaultFields::new()));
        // Fails only where the process has a subscriber of its own, which is then the one to hear.
        let _ = tracing::subscriber::set_global_default(subscriber);
    });
}

/// The layer that turns events into text and queues it. Fields are `name=value`, the message bare.
struct ToQueue(DefaultFields);

fn wanted(metadata: &Metadata<'_>) -> bool {
    let ours = metadata.target().split("::").next() == Some(env!("CARGO_CRATE_NAME"));
    ours && rank(*metadata.level()) <= WANTED.load(Ordering::Relaxed) && !DELIVERS.get()
}

/// The fields of a span, as they appear after its events.
type Fields = FormattedFields<DefaultFields>;

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for ToQueue {
    fn register_callsite(&self, _: &'static Metadata<'static>) -> Interest {
        // Whether one is wanted depends on the thread too.
        Interest::sometimes()
    }

    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        wanted(metadata)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        RANKS.get(WANTED.load(Ordering::Relaxed)).copied()
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if let Some(span) = context.span(id) {
            let mut fields = Fields::new(String::new());
            // Writing to a String does not fail.
            let _ = self.0.format_fields(fields.as_writer(), attributes);
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &tracing::span::Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<Fields>()
        {
            let _ = self.0.add_fields(fields, values);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let metadata = event.metadata();
        let mut text = format!("{}: ", metadata.target());
        let _ = self.0.format_fields(Writer::new(&mut text), event);
        for span in context.event_scope(event).into_iter().flatten() {
            let _ = write!(text, " {}{{", span.name());
            if let Some(fields) = span.extensions().get::<Fields>() {
                text.push_str(fields);
            }
            text.push('}');
        }
        enqueue(*metadata.level(), text.replace(['\n', '\r', '\0'], " "));
    }
}

#[cfg(test)]
mod tests;
