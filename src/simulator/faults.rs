//! What goes wrong on demand: after so many calls, for so many calls or so long, or by chance.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::reply::Refusal;
use super::routing::Endpoint;
use crate::time::{Random, Timestamp};

/// One thing that goes wrong. A rule sees the calls to its endpoint from the moment it was set.
///
/// In JSON `fault` must be said; everything else is as in the default rule if it is not.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FaultRule {
    /// What happens.
    pub fault: Fault,
    /// To calls of which kind.
    #[serde(default)]
    pub on: Endpoint,
    /// How many calls go well first.
    #[serde(default)]
    pub after: u64,
    /// To how many calls it happens; without end if absent and `forMs` is given, otherwise to one.
    #[serde(default)]
    pub count: Option<u64>,
    /// For how long it happens, from the first time on.
    #[serde(default)]
    pub for_ms: Option<u64>,
    /// How likely it is to happen to a call, 0 to 1.
    #[serde(default = "certain")]
    pub probability: f64,
    /// What a 429 or 503 puts into Retry-After; absent: no such header.
    #[serde(default)]
    pub retry_after_seconds: Option<u64>,
    /// How much later a `slow` answer comes.
    #[serde(default)]
    pub delay_ms: u64,
}

fn certain() -> f64 {
    1.0
}

impl Default for FaultRule {
    /// The next upload is answered 500, once.
    fn default() -> Self {
        FaultRule {
            fault: Fault::Status500,
            on: Endpoint::default(),
            after: 0,
            count: None,
            for_ms: None,
            probability: certain(),
            retry_after_seconds: None,
            delay_ms: 0,
        }
    }
}

/// What can happen to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Fault {
    /// 400, however good the call is. Nothing is staged.
    Status400,
    /// 429, whatever the limits say. Nothing is staged.
    Status429,
    /// 500. Nothing is staged.
    Status500,
    /// 503. Nothing is staged.
    Status503,
    /// 504 although the call was processed.
    Status504AfterProcessing,
    /// The 500 of a full bucket. Nothing is staged.
    BucketFull,
    /// The connection is reset and nothing is staged.
    ResetBeforeProcessing,
    /// The call is processed, and the connection reset instead of an answer.
    ResetAfterProcessing,
    /// The call is processed; the answer ends in the middle of its head.
    CutHead,
    /// The call is processed; the answer ends in the middle of its body.
    CutBody,
    /// The call is processed; the answer comes `delayMs` later.
    Slow,
    /// Every token issued so far expires; then the call is processed.
    ExpireTokens,
}

/// How the connection of an answer is damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Damage {
    /// Reset: not a byte of the answer arrives.
    Reset,
    /// Closed in the middle of the answer's head.
    CutHead,
    /// Closed in the middle of the answer's body.
    CutBody,
}

/// The fault that struck a call, with what it needs to know.
#[derive(Debug, Clone, Copy)]
pub(super) struct Strike {
    pub(super) fault: Fault,
    retry_after: Option<u64>,
    pub(super) delay: Duration,
}

impl Strike {
    /// The refusal that takes the place of processing.
    pub(super) fn refusal(&self) -> Option<Refusal> {
        let failed = |status, code, message| Refusal::new(status, "fault", code, message);
        let mut refusal = match self.fault {
            Fault::Status400 => return Some(Refusal::invalid("fault", "told to refuse this call")),
            Fault::Status429 => {
                return Some(Refusal::throttled("fault", "Too many requests.", self.retry_after));
            }
            Fault::Status500 => failed(500, "InternalServerError", "Something broke in here."),
            Fault::Status503 => failed(503, "ServiceUnavailable", "The service rests a little."),
            Fault::ResetBeforeProcessing => failed(500, "InternalServerError", ""),
            Fault::BucketFull => return Some(bucket_full()),
            _ => return None,
        };
        refusal.retry_after = self.retry_after;
        Some(refusal)
    }

    /// The refusal that takes the place of a processed call's answer.
    pub(super) fn late_refusal(&self) -> Option<Refusal> {
        let message = "The gateway got no answer in time.";
        (self.fault == Fault::Status504AfterProcessing)
            .then(|| Refusal::new(504, "fault", "GatewayTimeout", message))
    }

    pub(super) fn damage(&self) -> Option<Damage> {
        match self.fault {
            Fault::ResetBeforeProcessing | Fault::ResetAfterProcessing => Some(Damage::Reset),
            Fault::CutHead => Some(Damage::CutHead),
            Fault::CutBody => Some(Damage::CutBody),
            _ => None,
        }
    }
}

/// The 500 that asks the caller to come back in some minutes. Its code is not documented.
pub(super) fn bucket_full() -> Refusal {
    let message = "The bucket that stores the ingested data is full. Wait until the \
                   synchronization service has worked on it, then try again.";
    Refusal::new(500, "bucketFull", "InternalServerError", message)
}

/// The rules in force.
#[derive(Debug, Default)]
pub(super) struct Faults(Vec<Armed>);

#[derive(Debug)]
struct Armed {
    rule: FaultRule,
    seen: u64,
    struck: u64,
    ends: Option<Timestamp>,
}

impl Faults {
    pub(super) fn add(&mut self, rules: impl IntoIterator<Item = FaultRule>) {
        self.0.extend(rules.into_iter().map(|rule| Armed { rule, seen: 0, struck: 0, ends: None }));
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// Shows a call to every rule; the first that wants to strikes it.
    pub(super) fn strike(
        &mut self,
        endpoint: Endpoint,
        now: Timestamp,
        random: &Random,
    ) -> Option<Strike> {
        let mut strike = None;
        for armed in self.0.iter_mut().filter(|armed| armed.rule.on == endpoint) {
            armed.seen += 1;
            if strike.is_none() && armed.wants(now, random) {
                armed.struck += 1;
                let rule = &armed.rule;
                strike = Some(Strike {
                    fault: rule.fault,
                    retry_after: rule.retry_after_seconds,
                    delay: Duration::from_millis(rule.delay_ms),
                });
            }
        }
        strike
    }
}

impl Armed {
    fn wants(&mut self, now: Timestamp, random: &Random) -> bool {
        let rule = &self.rule;
        let unlimited = if rule.for_ms.is_some() { u64::MAX } else { 1 };
        if self.seen <= rule.after
            || self.struck >= rule.count.unwrap_or(unlimited)
            || self.ends.is_some_and(|ends| now >= ends)
        {
            return false;
        }
        // 53 bits: the fractions that a double holds exactly.
        let chance = (random.bits() >> 11) as f64 / (1_u64 << 53) as f64;
        if chance >= rule.probability {
            return false;
        }
        let lasts = rule.for_ms.map(Duration::from_millis);
        self.ends = self.ends.or(lasts.map(|lasts| now.after(lasts)));
        true
    }
}
