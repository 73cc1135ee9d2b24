//! Time and chance, handed in: no other room reads a clock, sleeps or draws a random number by itself.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The service's short window: calls in any 5 seconds ("API-driven inbound provisioning concepts", usage
/// limits).
pub const WINDOW: Duration = Duration::from_secs(5);
/// The service's long window: calls in any 24 hours.
pub const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// A call that was given up without an answer may reach the service still; it counts this much longer.
pub const STRAGGLING: Duration = Duration::from_secs(5);

/// A moment: microseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// This moment and a while later; the end of time if that overflows.
    pub fn after(self, wait: Duration) -> Timestamp {
        Timestamp(self.0.saturating_add(u64::try_from(wait.as_micros()).unwrap_or(u64::MAX)))
    }

    /// This moment and a while before; the beginning of time if there is nothing before.
    pub fn before(self, wait: Duration) -> Timestamp {
        Timestamp(self.0.saturating_sub(u64::try_from(wait.as_micros()).unwrap_or(u64::MAX)))
    }

    /// How long it is from `earlier` to this moment; zero if `earlier` is later.
    pub fn since(self, earlier: Timestamp) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }
}

/// RFC 3339 in UTC with milliseconds, as every event and error prints it.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = i128::from(self.0 / 1000) * 1_000_000;
        let text = OffsetDateTime::from_unix_timestamp_nanos(millis)
            .ok()
            .and_then(|moment| moment.format(&Rfc3339).ok());
        f.write_str(text.as_deref().unwrap_or("(beyond the calendar)"))
    }
}

/// As it is printed.
impl serde::Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A moment by the clock that all processes of a host share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HostTime {
    /// Which start of the host it counts from; moments of different starts cannot be compared. 0 where
    /// the platform does not tell.
    pub boot: u64,
    /// Microseconds since then.
    pub at: Timestamp,
}

/// A sleep in progress.
pub type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Where time comes from.
pub trait Clock: fmt::Debug + Send + Sync {
    /// The present moment. Never runs backwards.
    fn now(&self) -> Timestamp;

    /// The present moment as every process of this host reads it, whatever its wall clock was set to when
    /// the process began.
    fn host(&self) -> HostTime {
        HostTime { boot: 0, at: self.now() }
    }

    /// Completes at `moment`, or at once if that has passed.
    fn sleep_until(&self, moment: Timestamp) -> Sleep;
}

/// The machine's time, or a multiple of it.
///
/// It is anchored to the wall clock once and then follows Tokio's monotonic clock, and the sleep of the
/// host, so that it never runs backwards and obeys `tokio::time::pause` in tests. `speed` 1 is real time; at `speed` 60 a
/// minute of service time passes in a second of real time.
#[derive(Debug, Clone, Copy)]
pub struct TokioClock {
    began: tokio::time::Instant,
    /// How long the host had slept by then.
    asleep: Duration,
    epoch: Timestamp,
    speed: u32,
}

/// The longest wait that one timer measures.
const PIECE: Duration = Duration::from_secs(60);
/// Timers count milliseconds; a sleeper is not to wake just before its moment.
const ROUNDING: Duration = Duration::from_micros(999);

impl TokioClock {
    /// The machine's time.
    pub fn new() -> Self {
        Self::with_speed(1)
    }

    /// Time that passes `speed` times as fast as the machine's; 0 counts as 1.
    pub fn with_speed(speed: u32) -> Self {
        TokioClock {
            began: tokio::time::Instant::now(),
            asleep: asleep(),
            epoch: Timestamp(0).after(wall_time()),
            speed: speed.max(1),
        }
    }
}

impl Default for TokioClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for TokioClock {
    fn now(&self) -> Timestamp {
        let asleep = asleep().saturating_sub(self.asleep);
        self.epoch.after((self.began.elapsed() + asleep).saturating_mul(self.speed))
    }

    fn host(&self) -> HostTime {
        let (boot, now) = host_time();
        let (counted, passed) = (Instant::now(), tokio::time::Instant::now().into_std());
        // In tests Tokio's time is not the host's.
        let ahead = passed.saturating_duration_since(counted);
        let since = (now + ahead).saturating_sub(counted.saturating_duration_since(passed));
        // From the host's start on, so that processes of one speed agree whenever they began.
        HostTime { boot, at: Timestamp(0).after(since.saturating_mul(self.speed)) }
    }

    fn sleep_until(&self, moment: Timestamp) -> Sleep {
        let clock = *self;
        Box::pin(async move {
            // A timer stands still while the host sleeps, so a long wait is taken in pieces.
            loop {
                let wait = moment.since(clock.now());
                if wait.is_zero() {
                    return;
                }
                tokio::time::sleep((wait / clock.speed).min(PIECE) + ROUNDING).await;
            }
        })
    }
}

/// How long the host has slept since its start, in whole seconds, which monotonic clocks leave out. Never
/// less than before.
#[cfg(target_os = "linux")]
fn asleep() -> Duration {
    use std::sync::atomic::{AtomicU64, Ordering};

    use rustix::time::{ClockId, clock_gettime};

    static LONGEST: AtomicU64 = AtomicU64::new(0);
    let read = |clock| Duration::try_from(clock_gettime(clock)).unwrap_or_default();
    let awake = read(ClockId::Monotonic);
    let slept = read(ClockId::Boottime).saturating_sub(awake).as_secs();
    Duration::from_secs(LONGEST.fetch_max(slept, Ordering::SeqCst).max(slept))
}

#[cfg(not(target_os = "linux"))]
fn asleep() -> Duration {
    Duration::ZERO
}

/// Which start of the host this is, and the time since, asleep or awake; no setting of the wall clock
/// moves it.
#[cfg(target_os = "linux")]
fn host_time() -> (u64, Duration) {
    use std::sync::LazyLock;

    use rustix::time::{ClockId, clock_gettime};

    static BOOT: LazyLock<Option<u64>> = LazyLock::new(|| {
        let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
        let (high, low) = id.trim().parse::<uuid::Uuid>().ok()?.as_u64_pair();
        Some(high ^ low)
    });
    match *BOOT {
        Some(boot) => {
            (boot, Duration::try_from(clock_gettime(ClockId::Boottime)).unwrap_or_default())
        }
        None => (0, wall_time()),
    }
}

/// The wall clock: the one that all processes see without a word of the system's own.
#[cfg(not(target_os = "linux"))]
fn host_time() -> (u64, Duration) {
    (0, wall_time())
}

fn wall_time() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// Where chance comes from: jitter and request ids. Share it freely between threads.
pub struct Random(Mutex<fastrand::Rng>);

impl Random {
    /// Seeded by the system.
    pub fn from_system() -> Self {
        Random(Mutex::new(fastrand::Rng::new()))
    }

    /// The same sequence for the same seed.
    pub fn seeded(seed: u64) -> Self {
        Random(Mutex::new(fastrand::Rng::with_seed(seed)))
    }

    /// The next 64 random bits.
    pub fn bits(&self) -> u64 {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).u64(..)
    }

    /// A random (version 4) UUID in its usual form, RFC 9562.
    pub fn uuid(&self) -> String {
        let bits = (u128::from(self.bits()) << 64) | u128::from(self.bits());
        uuid::Builder::from_random_bytes(bits.to_be_bytes()).into_uuid().to_string()
    }

    /// A UUID that begins with the moment `now` (version 7, RFC 9562), so that ids sort by age.
    pub fn uuid_at(&self, now: Timestamp) -> String {
        let bits = (u128::from(self.bits()) << 64) | u128::from(self.bits());
        let mut random = [0; 10];
        random.copy_from_slice(&bits.to_be_bytes()[..10]);
        let millis = now.0 / 1_000;
        uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid().to_string()
    }
}

impl fmt::Debug for Random {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Random")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_prints_utc_with_milliseconds() {
        assert_eq!(Timestamp(1_764_000_000_123_456).to_string(), "2025-11-24T16:00:00.123Z");
        assert_eq!(Timestamp(0).after(Duration::from_secs(1)).to_string(), "1970-01-01T00:00:01Z");
    }

    #[tokio::test]
    async fn clocks_that_began_apart_read_the_host_alike() {
        let early = TokioClock::with_speed(20);
        std::thread::sleep(Duration::from_millis(20));
        let late = TokioClock::with_speed(20);
        assert_eq!(early.host().boot, late.host().boot);
        for _ in 0..1000 {
            let [before, between, after] = [early.host().at, late.host().at, early.host().at];
            assert!(before <= between && between <= after, "{before:?} {between:?} {after:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_hosts_time_obeys_a_test() {
        let clock = TokioClock::with_speed(60);
        let before = clock.host().at;
        std::thread::sleep(Duration::from_millis(5));
        tokio::time::advance(Duration::from_secs(5)).await;
        let passed = clock.host().at.since(before);
        assert!(passed.abs_diff(Duration::from_secs(300)) < Duration::from_millis(1), "{passed:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_fast_clock_sleeps_a_fraction_and_never_wakes_early() {
        let (slow, fast) = (TokioClock::new(), TokioClock::with_speed(60));
        let began = slow.now();
        let until = fast.now().after(Duration::from_secs(60));
        fast.sleep_until(until).await;
        assert!(fast.now() >= until);
        let took = slow.now().since(began);
        assert!(took >= Duration::from_secs(1) && took < Duration::from_millis(1010), "{took:?}");
    }
}
