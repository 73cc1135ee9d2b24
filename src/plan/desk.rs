//! What a plan is made with; all of it is handed in.

use std::io;
use std::path::Path;

use super::sentences;
use crate::error::Error;
use crate::scim::bulk::BatchLimits;
use crate::store::{CallLimits, Ledger, Run, Store, Target, TenantId};
use crate::time::{Clock, Random};

/// The state, the target, time, chance and files for making or judging a plan.
#[derive(Debug, Clone, Copy)]
pub struct Desk<'a> {
    /// Where baseline and plans are kept.
    pub store: &'a dyn Store,
    /// Whose they are.
    pub target: Target,
    /// Where the tenant's calls are counted.
    pub ledger: (&'a dyn Ledger, TenantId),
    /// The size of a call.
    pub batch: BatchLimits,
    /// The pace and the quota that time is reckoned with.
    pub limits: CallLimits,
    /// The time.
    pub clock: &'a dyn Clock,
    /// Chance, for ids.
    pub random: &'a Random,
    /// How a small text file beside the source is read: its manifest.
    pub read_text: fn(&Path) -> io::Result<String>,
}

impl Desk<'_> {
    /// The run of that id, if it is of this target.
    ///
    /// # Errors
    /// `NotFound`; what the store gives.
    pub fn own_run(&self, id: &str) -> Result<Run, Error> {
        let run = self.store.run(id)?;
        if run.target == self.target.id {
            return Ok(run);
        }
        Err(sentences::run_elsewhere(id))
    }
}
