//! The delivery of one batch, as a machine: what happened goes in; where the batch then stands, and what is
//! to be done about it, comes out. It knows no clock, no store and no service.

use crate::graph::answer::{Cause, Judgement, Reach};
use crate::graph::limits::RetryPolicy;
use crate::graph::patience::{Next, Patience};
use crate::time::Timestamp;

/// A batch on its way.
#[derive(Debug, Clone)]
pub(super) struct Delivery {
    stage: Stage,
    standing: Standing,
    patience: Patience,
    calls: u32,
}

/// What is happening to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// No try is under way, and another may be made.
    Waiting,
    /// A try has begun; nothing left this machine.
    Begun,
    /// The journal says that the try leaves.
    Leaving,
    /// No further try is made.
    Over,
}

/// What is known of its users.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// The service has nothing of them.
    NotSent,
    /// A try had no answer, so they may have arrived.
    InDoubt,
    /// The service staged them.
    Accepted,
    /// The service will not take them.
    Refused,
}

/// What happens to a batch.
#[derive(Debug, Clone, Copy)]
pub(super) enum Event {
    /// A try begins.
    Begun {
        /// By the run's clock.
        now: Timestamp,
    },
    /// The journal has it that the try leaves.
    Marked,
    /// The service staged the batch.
    Accepted,
    /// The try did not succeed.
    Failed {
        /// What the answer, or its absence, asks for.
        judgement: Judgement,
        /// How far the try came.
        reach: Reach,
        /// By the run's clock.
        now: Timestamp,
        /// Random bits, for the pause.
        chance: u64,
    },
    /// What was to be recorded could not be.
    Unrecorded,
    /// Nobody waits for the try's answer any more.
    Abandoned {
        /// Whether it left this machine.
        left: bool,
    },
}

/// What to do about an event: first to record, then to go on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Effects {
    pub(super) record: Option<Record>,
    pub(super) then: Then,
}

/// What the journal is told of a try's end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Record {
    /// The batch was staged.
    Accepted,
    /// The batch is not taken.
    Refused,
    /// The try may have arrived.
    InDoubt,
    /// Nobody staged this try, nor an earlier one.
    NotStaged {
        /// Whether it left this machine.
        left: bool,
    },
}

/// How the run goes on with the batch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum Then {
    /// As the batch stands.
    #[default]
    Nothing,
    /// With another try, which does not begin earlier.
    Again {
        /// By the run's clock.
        not_before: Timestamp,
        /// Why; `None`: another token is all it takes.
        cause: Option<Cause>,
    },
    /// Not at all, for a limit is reached: a sentence that says which.
    GiveUp(String),
    /// Not at all, for every call would end so.
    Stop,
}

impl Delivery {
    /// A batch after the calls of an earlier sitting, one of which may have arrived.
    pub(super) fn new(calls: u64, doubtful: bool) -> Self {
        Delivery {
            stage: Stage::Waiting,
            standing: if doubtful { Standing::InDoubt } else { Standing::NotSent },
            patience: Patience::default(),
            calls: u32::try_from(calls).unwrap_or(u32::MAX),
        }
    }

    /// What is known of its users.
    pub(super) fn standing(&self) -> Standing {
        self.standing
    }

    /// Tries that left this machine, those of an earlier sitting included.
    pub(super) fn calls(&self) -> u32 {
        self.calls
    }

    /// Tries that began in this sitting.
    pub(super) fn tries(&self) -> u32 {
        self.patience.tries
    }

    /// Where `event` leads. One that cannot be, or comes too late, changes nothing.
    pub(super) fn step(&self, event: Event, policy: &RetryPolicy) -> (Delivery, Effects) {
        let (mut after, mut effects) = (self.clone(), Effects::default());
        match (self.stage, event) {
            (Stage::Waiting, Event::Begun { now }) => {
                after.stage = Stage::Begun;
                after.patience.begin(now);
            }
            (Stage::Begun, Event::Marked) => after.stage = Stage::Leaving,
            (Stage::Leaving, Event::Accepted) => {
                after.over(true, Standing::Accepted);
                effects.record = Some(Record::Accepted);
            }
            (Stage::Begun | Stage::Leaving, Event::Failed { judgement, reach, now, chance }) => {
                effects.record = after.failed(judgement, reach);
                effects.then = match after.patience.next(judgement, policy, now, chance) {
                    Next::Nothing => Then::Stop,
                    Next::Exhausted(limit) => Then::GiveUp(limit),
                    Next::Again(not_before) => {
                        after.stage = Stage::Waiting;
                        Then::Again { not_before, cause: judgement.cause() }
                    }
                };
            }
            (Stage::Over, Event::Unrecorded) if after.standing == Standing::Accepted => {
                // Whoever goes on with this run cannot know it.
                after.standing = Standing::InDoubt;
            }
            (Stage::Begun | Stage::Leaving, Event::Abandoned { left }) => {
                let standing = if left { Standing::InDoubt } else { after.standing };
                after.over(left, standing);
            }
            _ => {}
        }
        (after, effects)
    }

    /// A try failed. What it leaves to record: before the journal was told that it leaves, nothing.
    fn failed(&mut self, judgement: Judgement, reach: Reach) -> Option<Record> {
        let (marked, left) = (self.stage == Stage::Leaving, reach.was_sent());
        let (standing, record) = match self.standing {
            _ if reach.leaves_doubt() => (Standing::InDoubt, Some(Record::InDoubt)),
            _ if marked && judgement == Judgement::Refuse => {
                (Standing::Refused, Some(Record::Refused))
            }
            Standing::NotSent => (Standing::NotSent, Some(Record::NotStaged { left })),
            // An earlier try's doubt outlives this one.
            standing => (standing, None),
        };
        self.over(left, standing);
        record.filter(|_| marked)
    }

    /// A try is over, and so is the delivery unless another try follows.
    fn over(&mut self, left: bool, standing: Standing) {
        self.stage = Stage::Over;
        self.standing = standing;
        self.calls += u32::from(left);
    }
}

#[cfg(test)]
mod tests;
