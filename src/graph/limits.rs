//! The service's limits, or lower ones, and how persistent a call is.

use std::time::Duration;

use crate::document::Reader;
use crate::scim::bulk::BatchLimits;

/// Microsoft's limit: bulkUpload calls in any 5 seconds ("API-driven inbound provisioning concepts").
const MAX_CALLS_PER_5S: u64 = 40;
/// The most calls that may be under way at once; enough to hide a latency of 2 s at full pace.
const MAX_IN_FLIGHT: u64 = 16;
/// Hundredths of the day's calls kept for disabling users.
const DEFAULT_RESERVE: u64 = 5;

/// The licence that fixes the daily quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Licence {
    /// Entra ID P1 or P2: 2,000 calls a day.
    Premium,
    /// Entra ID Governance: 6,000 calls a day.
    Governance,
}

impl Licence {
    /// Calls in any 24 hours.
    pub const fn calls_per_day(self) -> u64 {
        match self {
            Licence::Premium => 2_000,
            Licence::Governance => 6_000,
        }
    }
}

/// The service's limits, or lower ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Size of a batch.
    pub batch: BatchLimits,
    /// Calls in any 5 seconds.
    pub calls_per_5s: usize,
    /// Calls in any 24 hours.
    pub calls_per_day: usize,
    /// Hundredths of the daily calls that are kept for disabling users.
    pub reserve_percent: u8,
    /// Calls under way at once.
    pub in_flight: usize,
}

/// How often and how long a call is repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Tries of one call, the first included.
    pub attempts: u32,
    /// Repeats that all calls of a run together may spend of the day's quota.
    pub extra_calls: u64,
    /// How long one try may take.
    pub request_timeout: Duration,
    /// How long one call may take with all its tries and waits.
    pub total_timeout: Duration,
}

/// The limits of a client configuration, under the licence's daily quota.
pub(crate) fn read_limits(limits: &mut Reader<'_>, quota: u64) -> Option<Limits> {
    let batch = BatchLimits::read(limits);
    let calls_per_5s = limits.integer("callsPer5s", MAX_CALLS_PER_5S, 1..=MAX_CALLS_PER_5S);
    let calls_per_day = limits.integer("callsPerDay", quota, 1..=quota);
    let reserve = limits.integer("reservePercent", DEFAULT_RESERVE, 0..=50);
    let in_flight = limits.integer("inFlight", MAX_IN_FLIGHT, 1..=MAX_IN_FLIGHT);
    Some(Limits {
        batch: batch?,
        calls_per_5s: usize::try_from(calls_per_5s?).ok()?,
        calls_per_day: usize::try_from(calls_per_day?).ok()?,
        reserve_percent: u8::try_from(reserve?).ok()?,
        in_flight: usize::try_from(in_flight?).ok()?,
    })
}

/// The persistence of a client configuration.
pub(crate) fn read_retry(retry: &mut Reader<'_>) -> Option<RetryPolicy> {
    let attempts = retry.integer("attempts", 8, 1..=100);
    let extra_calls = retry.integer("extraCalls", 200, 0..=6_000);
    let request = retry.integer("requestTimeoutMs", 100_000, 1..=600_000);
    let total = retry.integer("totalTimeoutMs", 3_600_000, 1..=86_400_000);
    Some(RetryPolicy {
        attempts: u32::try_from(attempts?).ok()?,
        extra_calls: extra_calls?,
        request_timeout: Duration::from_millis(request?),
        total_timeout: Duration::from_millis(total?),
    })
}
