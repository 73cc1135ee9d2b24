//! Places where a test kills the process: every durable step and every network step of a run.
//!
//! In builds with debug assertions, `ENTRABULK_FAIL_AT=name:count` aborts the process when the step of
//! that name is reached for the count-th time. In release builds nothing of it is left.

/// A step of a run. Named after what has just happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The lease on the target was taken.
    LeaseTaken,
    /// The run is in the journal.
    RunStarted,
    /// A batch's intent is in the journal.
    Intended,
    /// A call was granted by the ledger.
    Granted,
    /// The journal says that a try is about to leave.
    MarkedSent,
    /// The answer of the service is here, and nowhere on disk.
    Answered,
    /// The journal and the baseline have the answer.
    Accepted,
    /// The ledger knows that the call ended.
    CallEnded,
    /// The journal has it that nobody staged a try.
    Unsent,
    /// The journal has a refusal.
    Refused,
    /// The journal has a doubt.
    Doubted,
    /// The state of the run, with its summary, is in the journal.
    RunEnded,
    /// The lease was given back.
    LeaseReleased,
}

impl Step {
    /// Every step.
    pub const ALL: [Step; 13] = [
        Step::LeaseTaken,
        Step::RunStarted,
        Step::Intended,
        Step::Granted,
        Step::MarkedSent,
        Step::Answered,
        Step::Accepted,
        Step::CallEnded,
        Step::Unsent,
        Step::Refused,
        Step::Doubted,
        Step::RunEnded,
        Step::LeaseReleased,
    ];

    /// Its name in the environment.
    pub fn name(self) -> String {
        format!("{self:?}")
    }

    /// Dies here if it was told to.
    #[inline]
    pub(crate) fn reached(self) {
        #[cfg(debug_assertions)]
        told::die_if_told(self);
    }
}

#[cfg(debug_assertions)]
mod told {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::Step;

    static REACHED: AtomicU64 = AtomicU64::new(0);

    fn order() -> Option<&'static (Step, u64)> {
        static ORDER: OnceLock<Option<(Step, u64)>> = OnceLock::new();
        let read = || {
            let order = std::env::var("ENTRABULK_FAIL_AT").ok()?;
            let (name, count) = order.split_once(':')?;
            let step = Step::ALL.into_iter().find(|step| step.name() == name)?;
            Some((step, count.parse().ok()?))
        };
        ORDER.get_or_init(read).as_ref()
    }

    pub(super) fn die_if_told(step: Step) {
        let Some((wanted, count)) = order() else { return };
        if step == *wanted && REACHED.fetch_add(1, Ordering::SeqCst) + 1 == *count {
            std::process::abort();
        }
    }
}
