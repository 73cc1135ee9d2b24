//! Time and chance, handed in: no other room reads a clock, sleeps or draws a random number by itself.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Mutex;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A moment: microseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// This moment and a while later; the end of time if that overflows.
    pub fn after(self, wait: Duration) -> Timestamp {
        Timestamp(self.0.saturating_add(u64::try_from(wait.as_micros()).unwrap_or(u64::MAX)))
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

/// A sleep in progress.
pub type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Where time comes from.
pub trait Clock: fmt::Debug + Send + Sync {
    /// The present moment. Never runs backwards.
    fn now(&self) -> Timestamp;

    /// Completes at `moment`, or at once if that has passed.
    fn sleep_until(&self, moment: Timestamp) -> Sleep;
}

/// The machine's time, or a multiple of it.
///
/// It is anchored to the wall clock once and then follows Tokio's monotonic clock, so that it never
/// runs backwards and obeys `tokio::time::pause` in tests. `speed` 1 is real time; at `speed` 60 a
/// minute of service time passes in a second of real time.
#[derive(Debug, Clone, Copy)]
pub struct TokioClock {
    began: tokio::time::Instant,
    epoch: Timestamp,
    speed: u32,
}

impl TokioClock {
    /// The machine's time.
    pub fn new() -> Self {
        Self::with_speed(1)
    }

    /// Time that passes `speed` times as fast as the machine's; 0 counts as 1.
    pub fn with_speed(speed: u32) -> Self {
        let epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        TokioClock {
            began: tokio::time::Instant::now(),
            epoch: Timestamp(0).after(epoch),
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
        self.epoch.after(self.began.elapsed().saturating_mul(self.speed))
    }

    fn sleep_until(&self, moment: Timestamp) -> Sleep {
        let wait = moment.since(self.epoch) / self.speed;
        // Rounded up to the timer's millisecond, or the sleeper could wake just before `moment`.
        Box::pin(tokio::time::sleep_until(self.began + wait + Duration::from_micros(999)))
    }
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
