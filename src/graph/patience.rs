//! Whether a call is tried again, and when.

use std::time::Duration;

use super::answer::{Cause, Judgement};
use super::limits::RetryPolicy;
use super::sentences;
use crate::time::Timestamp;

/// The first pause after a failure; it doubles from try to try.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause of our own.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// Pauses for a full bucket ("pause 5-10 minutes, then retry").
const BUCKET_PAUSES: [Duration; 2] = [Duration::from_secs(300), Duration::from_secs(600)];

/// What one call has been through.
#[derive(Debug, Clone, Default)]
pub(crate) struct Patience {
    /// Tries made.
    pub(crate) tries: u32,
    /// Answers of "bucket full" among them.
    full: usize,
    /// When the first of them began.
    since: Option<Timestamp>,
    /// Whether the last one was refused for its token.
    renewed: bool,
}

/// What comes after a try that did not succeed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Next {
    /// Another one, not before then.
    Again(Timestamp),
    /// Nothing, for it would end alike.
    Nothing,
    /// Nothing, for a limit is reached: a sentence that says which.
    Exhausted(String),
}

impl Patience {
    /// A try begins.
    pub(crate) fn begin(&mut self, now: Timestamp) {
        self.tries += 1;
        self.since.get_or_insert(now);
    }

    /// What comes after a try that was judged so; `chance` is random bits, for the pause. A token is
    /// renewed once; if the next one is refused as well, it is not the token.
    pub(crate) fn next(
        &mut self,
        judgement: Judgement,
        policy: &RetryPolicy,
        now: Timestamp,
        chance: u64,
    ) -> Next {
        let renewed = std::mem::replace(&mut self.renewed, judgement == Judgement::Renew);
        let pause = match judgement {
            Judgement::Stop | Judgement::Refuse => return Next::Nothing,
            Judgement::Renew if renewed => return Next::Nothing,
            Judgement::Renew => Duration::ZERO,
            Judgement::Repeat { cause, asked } => asked.max(match cause {
                Cause::BucketFull => self.bucket_pause(),
                Cause::Failed | Cause::PauseAsked => backoff(self.tries, chance),
            }),
        };
        let until = now.after(pause);
        if self.tries >= policy.attempts {
            Next::Exhausted(sentences::tried_often(self.tries))
        } else if until > self.since.unwrap_or(now).after(policy.total_timeout) {
            Next::Exhausted(sentences::TOO_LATE.to_owned())
        } else {
            Next::Again(until)
        }
    }

    fn bucket_pause(&mut self) -> Duration {
        let pause = BUCKET_PAUSES[self.full.min(BUCKET_PAUSES.len() - 1)];
        self.full += 1;
        pause
    }
}

/// Exponential, half of it by chance, so that clients that failed together do not return together.
fn backoff(tries: u32, chance: u64) -> Duration {
    let doublings = tries.saturating_sub(1).min(16);
    let whole = FIRST_PAUSE.saturating_mul(1 << doublings).min(LONGEST_PAUSE);
    let half = whole / 2;
    let micros = u64::try_from(half.as_micros()).unwrap_or(u64::MAX).max(1);
    half + Duration::from_micros(chance % micros)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Random;

    const POLICY: RetryPolicy = RetryPolicy {
        attempts: 200,
        extra_calls: 0,
        request_timeout: Duration::from_secs(1),
        total_timeout: Duration::from_secs(3_600),
    };
    const NOW: Timestamp = Timestamp(1_000_000);

    fn after(tries: u32) -> Patience {
        Patience { tries, since: Some(NOW), ..Patience::default() }
    }

    fn repeat(cause: Cause, asked: u64) -> Judgement {
        Judgement::Repeat { cause, asked: Duration::from_secs(asked) }
    }

    /// The pause after a failure.
    fn pause(patience: &mut Patience, judgement: Judgement) -> Duration {
        match patience.next(judgement, &POLICY, NOW, 1) {
            Next::Again(until) => until.since(NOW),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_longer_of_both_pauses_holds() {
        for (asked, tries, least, most) in [(7, 1, 7, 7), (2, 7, 30, 60), (0, 1, 0, 1)] {
            let pause = pause(&mut after(tries), repeat(Cause::PauseAsked, asked));
            assert!(pause >= Duration::from_secs(least) && pause <= Duration::from_secs(most));
        }
    }

    #[test]
    fn a_full_bucket_gets_five_minutes_then_ten() {
        let mut patience = after(1);
        for minutes in [5, 10, 10, 10] {
            let full = repeat(Cause::BucketFull, 2);
            assert_eq!(pause(&mut patience, full), Duration::from_secs(60 * minutes));
            assert!(pause(&mut patience, repeat(Cause::Failed, 0)) < Duration::from_secs(1));
        }
        assert_eq!(pause(&mut patience, repeat(Cause::BucketFull, 700)).as_secs(), 700);
    }

    #[test]
    fn pauses_double_up_to_a_minute_and_are_half_chance() {
        let random = Random::seeded(7);
        for (tries, whole) in [(0, 1), (1, 1), (2, 2), (3, 4), (6, 32), (7, 60), (100, 60)] {
            let pauses: Vec<Duration> = (0..50).map(|_| backoff(tries, random.bits())).collect();
            let whole = Duration::from_secs(whole);
            assert!(pauses.iter().all(|pause| *pause >= whole / 2 && *pause < whole), "{tries}");
            let spread = *pauses.iter().max().unwrap() - *pauses.iter().min().unwrap();
            assert!(spread > whole / 5, "{spread:?}");
        }
    }

    #[test]
    fn a_token_is_renewed_at_once_and_not_twice_in_a_row() {
        let mut patience = after(1);
        let mut next = |judgement| patience.next(judgement, &POLICY, NOW, 1);
        assert_eq!(next(Judgement::Renew), Next::Again(NOW));
        assert_eq!(next(Judgement::Renew), Next::Nothing);
        assert!(matches!(next(repeat(Cause::Failed, 0)), Next::Again(_)));
        assert_eq!(next(Judgement::Renew), Next::Again(NOW));
        for judgement in [Judgement::Stop, Judgement::Refuse] {
            assert_eq!(next(judgement), Next::Nothing);
        }
    }

    #[test]
    fn patience_ends_by_tries_and_by_time() {
        let next = |patience: &mut Patience, asked, policy: &RetryPolicy| {
            patience.next(repeat(Cause::PauseAsked, asked), policy, NOW, 1)
        };
        let exhausted = |next| matches!(next, Next::Exhausted(_));
        let three = RetryPolicy { attempts: 3, ..POLICY };
        assert!(!exhausted(next(&mut after(2), 0, &three)));
        assert!(exhausted(next(&mut after(3), 0, &three)));
        assert!(!exhausted(next(&mut after(1), 3_600, &POLICY)));
        assert!(exhausted(next(&mut after(1), 3_601, &POLICY)));
    }
}
