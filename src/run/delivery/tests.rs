//! Any sequence of events, against a service and a journal that are written apart from the machine.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::run::summary::Tally;

const POLICY: RetryPolicy = RetryPolicy {
    attempts: 5,
    extra_calls: 1_000,
    request_timeout: Duration::from_secs(60),
    total_timeout: Duration::from_secs(3_600),
};
/// Users of the batch.
const USERS: u64 = 7;

/// How a try goes.
#[derive(Debug, Clone, Copy)]
enum Try {
    /// No token is to be had.
    NoToken { passes: bool },
    /// The journal cannot be told that it leaves.
    NotMarked,
    /// It met nobody.
    NotSent,
    /// It left, and no answer comes.
    NoAnswer { arrives: bool },
    /// It left, and the connection broke, or a gateway answered.
    Broken { arrives: bool },
    /// The service does nothing, and says when to come back.
    Later { cause: Cause, seconds: u64 },
    /// The service wants another token.
    BadToken,
    /// The service takes no call like it.
    Forbidden,
    /// The service answers as it has to: it takes the batch or not.
    Judged { recorded: bool },
    /// The run waits no longer.
    Abandoned { left: bool, arrives: bool },
}

/// What happens next.
#[derive(Debug, Clone, Copy)]
enum Move {
    /// A try, some seconds after what came before; the process may die at one of its steps, and another
    /// one goes on with the journal alone.
    Try { how: Try, after: u64, dies_at: Option<u8> },
    /// An event out of its turn.
    Stray(u8),
    /// The run is over, and another one goes on.
    Resumed,
}

/// What the journal knows, by rules of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line {
    Intent,
    Sent,
    InDoubt,
    Accepted,
    Refused,
}

#[derive(Debug)]
struct Journal {
    line: Line,
    attempts: u64,
}

impl Journal {
    fn mark(&mut self) {
        assert!(!matches!(self.line, Line::Accepted | Line::Refused), "sent after its end");
        self.line = Line::Sent;
        self.attempts += 1;
    }

    fn write(&mut self, record: Record) {
        assert_eq!(self.line, Line::Sent, "{record:?}");
        self.line = match record {
            Record::Accepted => Line::Accepted,
            Record::Refused => Line::Refused,
            Record::InDoubt => Line::InDoubt,
            Record::NotStaged { left } => {
                self.attempts -= u64::from(!left);
                Line::Intent
            }
        };
    }

    fn doubtful(&self) -> bool {
        matches!(self.line, Line::Sent | Line::InDoubt)
    }
}

/// A batch between a run that may die and a service that keeps its own count.
struct World {
    delivery: Delivery,
    tally: Tally,
    journal: Journal,
    /// Whether the service would take the batch: the same bytes always fare alike.
    takes: bool,
    /// Whether the service staged it.
    arrived: bool,
    /// Whether the service said what it makes of it, and somebody heard.
    told: bool,
    now: Timestamp,
    /// Tries of this sitting that left, and all that began; when the first one began.
    left: u32,
    begun: u32,
    since: Option<Timestamp>,
    calls_before: u32,
    /// No try is to be made any more.
    over: bool,
}

impl World {
    fn new(takes: bool) -> World {
        World {
            delivery: Delivery::new(0, false),
            tally: Tally::default(),
            journal: Journal { line: Line::Intent, attempts: 0 },
            takes,
            arrived: false,
            told: false,
            now: Timestamp(1_000_000_000),
            left: 0,
            begun: 0,
            since: None,
            calls_before: 0,
            over: false,
        }
    }

    fn step(&mut self, event: Event) -> Effects {
        let (after, effects) = self.delivery.step(event, &POLICY);
        self.tally.delivery(USERS, &self.delivery, &after);
        self.delivery = after;
        effects
    }

    /// The process died: all that is left is the journal.
    fn die(&mut self) {
        let doubtful = self.journal.doubtful();
        self.delivery = Delivery::new(self.journal.attempts, doubtful);
        self.tally = Tally { in_doubt: USERS * u64::from(doubtful), ..Tally::default() };
        (self.left, self.begun, self.since) = (0, 0, None);
        self.calls_before = self.delivery.calls();
        // What has ended is not taken up again.
        self.over = matches!(self.journal.line, Line::Accepted | Line::Refused);
        self.told = self.over;
        if self.over {
            let standing = match self.journal.line {
                Line::Accepted => Standing::Accepted,
                _ => Standing::Refused,
            };
            self.delivery.over(false, standing);
            self.tally.accepted = USERS * u64::from(standing == Standing::Accepted);
            self.tally.refused = USERS * u64::from(standing == Standing::Refused);
        }
    }

    fn arrive(&mut self, arrives: bool) {
        self.left += 1;
        self.arrived |= arrives && self.takes;
    }

    /// A try from its first step to its last; dies before the step numbered `dies_at`.
    fn make(&mut self, how: Try, dies_at: Option<u8>) {
        let before = self.delivery.clone();
        self.step(Event::Begun { now: self.now });
        if self.over {
            assert_eq!(self.delivery.stage, before.stage, "a try after the end");
            return;
        }
        self.begun += 1;
        let since = *self.since.get_or_insert(self.now);
        if dies_at == Some(0) {
            return self.die();
        }
        let now = self.now;
        let failed = move |judgement, reach| Event::Failed { judgement, reach, now, chance: now.0 };
        let again =
            |cause, seconds| Judgement::Repeat { cause, asked: Duration::from_secs(seconds) };
        let never_left = match how {
            Try::NoToken { passes: true } => Some(again(Cause::Failed, 0)),
            Try::NoToken { passes: false } | Try::NotMarked => Some(Judgement::Stop),
            _ => None,
        };
        if let Some(judgement) = never_left {
            let event = failed(judgement, Reach::Nobody);
            return self.end(event, true, since, None);
        }
        self.journal.mark();
        self.step(Event::Marked);
        if dies_at == Some(1) {
            return self.die();
        }
        let mut recorded = true;
        let event = match how {
            Try::NotSent => failed(again(Cause::Failed, 0), Reach::Nobody),
            Try::NoAnswer { arrives } => {
                let event = failed(again(Cause::Failed, 0), Reach::NoAnswer);
                self.arrive(arrives);
                event
            }
            Try::Broken { arrives } => {
                let event = failed(again(Cause::Failed, 0), Reach::Unknown);
                self.arrive(arrives);
                event
            }
            Try::Later { cause, seconds } => {
                let event = failed(again(cause, seconds), Reach::Answered);
                self.arrive(false);
                event
            }
            Try::BadToken | Try::Forbidden => {
                let judgement =
                    if matches!(how, Try::BadToken) { Judgement::Renew } else { Judgement::Stop };
                let event = failed(judgement, Reach::Answered);
                self.arrive(false);
                event
            }
            Try::Judged { recorded: kept } => {
                let refusal = failed(Judgement::Refuse, Reach::Answered);
                self.arrive(true);
                recorded = kept;
                if self.takes { Event::Accepted } else { refusal }
            }
            Try::Abandoned { left, arrives } => {
                if left {
                    self.arrive(arrives);
                }
                Event::Abandoned { left }
            }
            Try::NoToken { .. } | Try::NotMarked => unreachable!("it never left"),
        };
        self.end(event, recorded, since, dies_at);
    }

    /// The end of a try: what the machine says is done.
    fn end(&mut self, event: Event, recorded: bool, since: Timestamp, dies_at: Option<u8>) {
        if dies_at == Some(2) {
            return self.die();
        }
        let earlier_doubt = self.delivery.standing == Standing::InDoubt;
        let Effects { record, then } = self.step(event);
        match (record, recorded) {
            (Some(record), true) => self.journal.write(record),
            (Some(_), false) => {
                self.step(Event::Unrecorded);
            }
            (None, _) => {
                let marked = self.journal.line == Line::Sent;
                let gave_up = matches!(event, Event::Abandoned { .. });
                assert!(!marked || earlier_doubt || gave_up, "nothing recorded of {event:?}");
            }
        }
        let judged = matches!(event, Event::Accepted)
            || matches!(event, Event::Failed { judgement: Judgement::Refuse, .. });
        self.told |= judged && (recorded || !self.takes);
        self.over = true;
        if let Then::Again { not_before, .. } = then {
            let Event::Failed { judgement, now, .. } = event else { panic!("again {event:?}") };
            if let Judgement::Repeat { asked, .. } = judgement {
                assert!(not_before >= now.after(asked), "sooner than the service asked");
            }
            assert!(not_before <= since.after(POLICY.total_timeout), "later than is worth it");
            assert!(self.begun < POLICY.attempts, "too often");
            self.now = self.now.max(not_before);
            self.over = false;
        }
        if dies_at == Some(3) {
            self.die();
        }
    }

    /// An event that cannot be now.
    fn stray(&mut self, which: u8) {
        let before = self.delivery.clone();
        let event = match (which % 4, self.over) {
            (0, _) => Event::Accepted,
            (1, true) => Event::Begun { now: self.now },
            (2, _) => Event::Marked,
            _ => Event::Failed {
                judgement: Judgement::Refuse,
                reach: Reach::Unknown,
                now: self.now,
                chance: 1,
            },
        };
        let effects = self.step(event);
        assert_eq!(effects, Effects::default(), "{event:?} at {before:?}");
        assert_eq!(format!("{:?}", self.delivery), format!("{before:?}"), "{event:?}");
    }

    /// What holds at every moment.
    fn check(&self) {
        use Standing::{Accepted, InDoubt, NotSent, Refused};
        let (standing, line) = (self.delivery.standing, self.journal.line);
        match standing {
            NotSent => assert!(!self.arrived, "the service has it, and nobody knows"),
            InDoubt => assert!(self.journal.doubtful(), "a doubt that no later run hears of"),
            Accepted => assert!(self.arrived && line == Line::Accepted),
            Refused => assert!(!self.arrived && self.told && line != Line::Accepted),
        }
        assert_eq!(self.told, matches!(standing, Accepted | Refused), "an answer was lost");
        assert!(!self.arrived || matches!(line, Line::Sent | Line::InDoubt | Line::Accepted));
        assert_eq!(self.delivery.calls - self.calls_before, self.left);
        assert!(self.begun <= POLICY.attempts);
        let of = |what| USERS * u64::from(standing == what);
        let counted = (self.tally.accepted, self.tally.refused, self.tally.in_doubt);
        assert_eq!(counted, (of(Accepted), of(Refused), of(InDoubt)));
        assert_eq!(self.tally.calls, u64::from(self.left));
        assert_eq!(self.tally.batches, u64::from(self.calls_before == 0 && self.left > 0));
    }
}

fn tries() -> impl Strategy<Value = Try> {
    let cause = prop_oneof![Just(Cause::Failed), Just(Cause::PauseAsked), Just(Cause::BucketFull)];
    prop_oneof![
        1 => any::<bool>().prop_map(|passes| Try::NoToken { passes }),
        1 => Just(Try::NotMarked),
        3 => Just(Try::NotSent),
        3 => any::<bool>().prop_map(|arrives| Try::NoAnswer { arrives }),
        3 => any::<bool>().prop_map(|arrives| Try::Broken { arrives }),
        3 => (cause, 0..1_000u64).prop_map(|(cause, seconds)| Try::Later { cause, seconds }),
        2 => Just(Try::BadToken),
        1 => Just(Try::Forbidden),
        2 => prop::bool::weighted(0.8).prop_map(|recorded| Try::Judged { recorded }),
        1 => any::<(bool, bool)>().prop_map(|(left, arrives)| Try::Abandoned { left, arrives }),
    ]
}

fn moves() -> impl Strategy<Value = Move> {
    let dies_at = prop_oneof![3 => Just(None), 1 => (0..4u8).prop_map(Some)];
    prop_oneof![
        8 => (tries(), 0..2_000u64, dies_at)
            .prop_map(|(how, after, dies_at)| Move::Try { how, after, dies_at }),
        1 => any::<u8>().prop_map(Move::Stray),
        2 => Just(Move::Resumed),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_096))]

    #[test]
    fn whatever_happens_nobody_is_forgotten_or_counted_twice(
        takes in prop::bool::weighted(0.7),
        moves in prop::collection::vec(moves(), 1..30),
    ) {
        let mut world = World::new(takes);
        for next in moves {
            match next {
                Move::Try { how, after, dies_at } => {
                    world.now = world.now.after(Duration::from_secs(after));
                    world.make(how, dies_at);
                }
                Move::Stray(which) => world.stray(which),
                Move::Resumed => world.die(),
            }
            world.check();
        }
    }
}

/// Calls until `judgement` no longer leads to another one.
fn calls_until_the_end(judgement: Judgement) -> (u32, Then) {
    let (mut delivery, mut now) = (Delivery::new(0, false), Timestamp(0));
    loop {
        for event in [Event::Begun { now }, Event::Marked] {
            delivery = delivery.step(event, &POLICY).0;
        }
        let failed = Event::Failed { judgement, reach: Reach::Answered, now, chance: 3 };
        let (after, Effects { then, .. }) = delivery.step(failed, &POLICY);
        delivery = after;
        let Then::Again { not_before, .. } = then else { return (delivery.calls(), then) };
        now = not_before;
    }
}

#[test]
fn every_answer_has_its_number_of_calls() {
    let again = |cause, seconds| Judgement::Repeat { cause, asked: Duration::from_secs(seconds) };
    for (judgement, calls) in [
        (Judgement::Stop, 1),
        (Judgement::Refuse, 1),
        (Judgement::Renew, 2),
        (again(Cause::Failed, 0), 5),
        (again(Cause::PauseAsked, 30), 5),
        (again(Cause::PauseAsked, 1_000), 4),
        (again(Cause::BucketFull, 0), 5),
    ] {
        let (made, then) = calls_until_the_end(judgement);
        assert_eq!(made, calls, "{judgement:?}");
        let limited = matches!(judgement, Judgement::Repeat { .. });
        assert_eq!(matches!(then, Then::GiveUp(_)), limited, "{then:?}");
    }
}
