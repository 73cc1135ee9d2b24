//! Payloads without a network: records or a file in, request bodies out.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::loads::{Loads, Users};
use super::sentences;
use super::supply::Batches;
use crate::convert::{CheckSummary, Conversion, Gathered, Spool};
use crate::error::Error;
use crate::plan::{self, Desk, PlanArguments, PlanSettings};
use crate::store::{CallLimits, SqliteStore, Store, TargetKey};
use crate::time::{Random, TokioClock};

/// Builds request bodies: push records (unless the conversion names a file), finish, take batches.
///
/// They are those of an upload that keeps no state, in the same order: a plan is made of everybody and
/// forgotten with the builder. Same records and same conversion give the same bytes, whoever asks. Not shared
/// between threads.
pub struct Builder {
    conversion: Conversion,
    state: State,
}

enum State {
    Filling(Option<Spool>),
    Emptying(Batches),
    Failed,
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").finish_non_exhaustive()
    }
}

impl Builder {
    /// A builder for a conversion (`docs/documents.md`).
    ///
    /// # Errors
    /// `ConfigInvalid`; `OutputFailed` where no temporary file can be made.
    pub fn new(conversion: &[u8]) -> Result<Self, Error> {
        Self::from_conversion(Conversion::parse(conversion)?)
    }

    /// A builder for a validated conversion.
    ///
    /// # Errors
    /// `OutputFailed` where no temporary file can be made.
    pub fn from_conversion(conversion: Conversion) -> Result<Self, Error> {
        let spool = if conversion.is_pushed() { Some(Spool::new()?) } else { None };
        Ok(Builder { conversion, state: State::Filling(spool) })
    }

    /// Adds a record: one JSON object of column names and values.
    ///
    /// # Errors
    /// `InvalidArgument` where it is no JSON object, and nothing is added; `InvalidState` after
    /// [`Self::finish`] or where the conversion names a file.
    pub fn push(&mut self, record: &[u8]) -> Result<(), Error> {
        match &mut self.state {
            State::Filling(Some(spool)) => spool.push(record),
            State::Filling(None) => Err(sentences::conversion_of_file()),
            _ => Err(sentences::builder_finished()),
        }
    }

    /// No more records: checks everything and says what was found.
    ///
    /// # Errors
    /// `InvalidState` the second time; otherwise what reading and mapping the source give;
    /// `StoreFailed` where the temporary state cannot be made.
    pub fn finish(&mut self) -> Result<CheckSummary, Error> {
        let State::Filling(spool) = &mut self.state else {
            return Err(sentences::builder_finished());
        };
        let spool = spool.take();
        self.state = State::Failed;
        let (summary, batches) = plan_everybody(self.conversion.clone(), spool)?;
        self.state = State::Emptying(batches);
        Ok(summary)
    }

    /// The next request body, UTF-8 JSON; `None` after the last.
    ///
    /// # Errors
    /// `InvalidState` before [`Self::finish`] or after an error; otherwise what reading gives.
    pub fn next_body(&mut self) -> Result<Option<bytes::Bytes>, Error> {
        let State::Emptying(batches) = &mut self.state else {
            return Err(sentences::records_open());
        };
        match batches.next().transpose() {
            Ok(load) => Ok(load.map(|load| load.batch.body)),
            Err(error) => {
                self.state = State::Failed;
                Err(error)
            }
        }
    }
}

/// Plans the source against a state that knows nobody; gives what was found, and the plan's batches.
fn plan_everybody(
    conversion: Conversion,
    pushed: Option<Spool>,
) -> Result<(CheckSummary, Batches), Error> {
    let store: Arc<dyn Store> = Arc::new(SqliteStore::temporary()?);
    let offline = || "offline".to_owned();
    let target = store.target(&TargetKey {
        simulator: offline(),
        cloud: offline(),
        tenant: offline(),
        service_principal: offline(),
        job: offline(),
    })?;
    let limits = conversion.limits;
    let desk = Desk {
        store: &*store,
        target,
        ledger: (&*store, target.tenant),
        batch: limits,
        // Nobody asks what it would cost.
        limits: CallLimits {
            calls_per_5s: 1,
            calls_per_day: 1,
            reserve_percent: 0,
            request_timeout: Duration::ZERO,
        },
        clock: &TokioClock::new(),
        random: &Random::seeded(0),
        read_text: |path| std::fs::read_to_string(path),
    };
    let arguments =
        PlanArguments { conversion, settings: PlanSettings::default(), preview_path: None };
    let prepared = plan::open(limits, &arguments, pushed)?;
    let source = prepared.facts().clone();
    let mut gathered = Gathered::default();
    let made = plan::create(&desk, arguments, prepared, &mut |severity, finding| {
        gathered.add(severity, finding);
        Ok(())
    })?;
    let Gathered { findings, omitted: findings_omitted } = gathered;
    let summary = CheckSummary { totals: made.source.totals(), source, findings, findings_omitted };
    let sent = made.plan.facts.counts.sent();
    let users = Users { store, plan: made.plan.id, rendered: None };
    Ok((summary, Box::new(Loads::new(users, limits, sent, Vec::new(), 0))))
}
