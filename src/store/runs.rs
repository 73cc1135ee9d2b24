//! Runs: one execution of one plan, begun once and ended once, however often it was interrupted.

use super::{BatchState, TargetId, Tripped};
use crate::time::Timestamp;

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum RunState {
    /// At work; or its process died.
    Running = 0,
    /// It stopped cleanly before its end (quota, cancel) and can be resumed.
    Stopped = 1,
    /// Everything was sent and answered.
    Finished = 2,
    /// It was abandoned; what it had accepted stays.
    Abandoned = 3,
}

impl RunState {
    /// Whether it never comes back from there.
    pub fn is_final(self) -> bool {
        matches!(self, RunState::Finished | RunState::Abandoned)
    }

    /// The batches that keep a run from this state: while there are such, it cannot end so.
    pub(super) const fn blocked_by(self) -> &'static [BatchState] {
        match self {
            RunState::Finished => &BatchState::UNSETTLED,
            RunState::Abandoned => &BatchState::DOUBTFUL,
            RunState::Running | RunState::Stopped => &[],
        }
    }

    pub(super) fn from_stored(number: u8) -> Self {
        match number {
            0 => RunState::Running,
            1 => RunState::Stopped,
            2 => RunState::Finished,
            _ => RunState::Abandoned,
        }
    }
}

/// A run to start.
#[derive(Debug, Clone, Copy)]
pub struct NewRun<'a> {
    /// Its id, new.
    pub id: &'a str,
    /// The plan to execute.
    pub plan: &'a str,
    /// The brakes that trip now, judged again at apply, each with the plan's number. What tripped when the
    /// plan was made needs its approval in any case.
    pub tripped: &'a Tripped,
    /// Who must hold the lease on the target; `None` where nobody needs to.
    pub holder: Option<&'a str>,
}

/// One execution of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Its id.
    pub id: String,
    /// Its plan's id.
    pub plan: String,
    /// Its target.
    pub target: TargetId,
    /// Where it stands.
    pub state: RunState,
    /// When it started.
    pub started_at: Timestamp,
    /// When it ended or stopped.
    pub ended_at: Option<Timestamp>,
    /// Its summary (JSON), once it ended or stopped.
    pub summary: Option<String>,
    /// The first ordinal of the plan that is in no batch yet.
    pub next_ordinal: u64,
}
