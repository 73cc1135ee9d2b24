//! The operations on runs, approvals and the quota.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::arguments::{Listing, parse};
use super::sentences;
use crate::client::{Client, Ledger, Workspace};
use crate::error::Error;
use crate::store::{self, Approval, Batch, BatchState, Lease, Run, RunState};
use crate::time::Timestamp;

/// Longer than abandoning takes.
const ABANDONING: Duration = Duration::from_secs(60);

/// An approval, as it is asked for and as it is answered.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApprovalDocument {
    /// The plan.
    pub plan: String,
    /// How many users each tripped brake counts in the plan, by the brake's name.
    pub brakes: BTreeMap<String, u64>,
    /// Why it is right.
    pub reason: String,
    /// Who says so.
    pub approver: String,
}

/// `plan.approve`: lets one plan through its brakes, once.
///
/// # Errors
/// `ConfigInvalid`; `NotFound`; `ApprovalRefused`; what the store gives.
pub fn approve(client: &Client, arguments: &[u8]) -> Result<ApprovalDocument, Error> {
    let ApprovalDocument { plan, brakes, reason, approver } = parse(arguments)?;
    let store = client.kept()?.store;
    let now = client.parts().clock.now();
    if crate::plan::judge_again(&*store, &store.plan(&plan)?, now)?.blocked() {
        return Err(sentences::protected(&plan));
    }
    let approval = Approval { plan, brakes, reason, approver };
    store.approve(&approval, now)?;
    let Approval { plan, brakes, reason, approver } = approval;
    Ok(ApprovalDocument { plan, brakes, reason, approver })
}

/// What abandoning a run came to.
#[derive(Debug, Serialize)]
pub struct Abandoned {
    /// The run.
    pub run: String,
    /// Users who were in doubt and are planned again.
    pub resend: u64,
}

/// `runs.abandon`: ends an unfinished run for good.
///
/// # Errors
/// `ConfigInvalid`; `NotFound`; `LockHeld`; what the store gives.
pub fn abandon(client: &Client, arguments: &[u8]) -> Result<Abandoned, Error> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Arguments {
        run: String,
    }
    let Arguments { run } = parse(arguments)?;
    let workspace = client.kept()?;
    let store = &workspace.store;
    let target = workspace.desk(client).own_run(&run)?.target;
    let now = client.parts().clock.now();
    // A run at work renews its lease; nobody may pull the run away under it.
    let holder = sentences::abandoning(&run);
    if let Lease::Held { by, until } = store.take_lease(target, &holder, ABANDONING, now)? {
        return Err(store::lease_held(&by, until));
    }
    let abandoned = store.abandon_run(&run, now);
    store.release_lease(target, &holder)?;
    Ok(Abandoned { run, resend: abandoned? })
}

/// What the day still has.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct QuotaDocument {
    /// Calls of 24 hours.
    pub per_day: u32,
    /// Calls that count.
    pub used: u32,
    /// Calls left, the reserve not counted.
    pub left: u32,
    /// Calls of the reserve that are left.
    pub reserve: u32,
    /// When the next call stops counting.
    pub next_free: Option<Timestamp>,
    /// When none counts any more.
    pub all_free: Option<Timestamp>,
}

/// `quota`: the calls of the last 24 hours, whether or not a state is kept.
///
/// # Errors
/// `ConfigInvalid`; what the store gives.
pub fn quota(client: &Client, arguments: &[u8]) -> Result<QuotaDocument, Error> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Arguments {}
    let Arguments {} = parse(arguments)?;
    let (Ledger { store, tenant }, _) = client.ledger()?;
    let limits = client.config().call_limits();
    let quota = store.quota(tenant, &limits, &*client.parts().clock)?;
    Ok(QuotaDocument {
        per_day: limits.calls_per_day,
        used: quota.used,
        left: quota.left,
        reserve: quota.reserve,
        next_free: quota.next_free,
        all_free: quota.all_free,
    })
}

/// A run as hosts see it (`docs/documents.md`, "Run").
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RunDocument {
    /// Its id.
    pub run: String,
    /// Its plan.
    pub plan: String,
    /// Where it stands: `running`, `stopped`, `finished`, `abandoned`.
    pub state: &'static str,
    /// When it started.
    pub started_at: Timestamp,
    /// When it ended or stopped.
    pub ended_at: Option<Timestamp>,
    /// Its summary, as its terminal event had it.
    pub summary: Option<Box<RawValue>>,
    /// Its batches; a list has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batches: Option<Vec<BatchDocument>>,
}

impl RunDocument {
    fn of(run: Run) -> Self {
        RunDocument {
            state: match run.state {
                RunState::Running => "running",
                RunState::Stopped => "stopped",
                RunState::Finished => "finished",
                RunState::Abandoned => "abandoned",
            },
            started_at: run.started_at,
            ended_at: run.ended_at,
            summary: run.summary.and_then(|json| RawValue::from_string(json).ok()),
            batches: None,
            run: run.id,
            plan: run.plan,
        }
    }

    /// Users accepted, where the run has ended.
    pub fn accepted(&self) -> Option<u64> {
        #[derive(Deserialize)]
        struct Accepted {
            accepted: u64,
        }
        let summary: Accepted = serde_json::from_str(self.summary.as_ref()?.get()).ok()?;
        Some(summary.accepted)
    }
}

/// A batch of a run.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchDocument {
    /// Its number, from 1.
    pub batch: u64,
    /// Where it stands: `intent`, `sent`, `accepted`, `refused`, `inDoubt`, `givenUp`.
    pub state: &'static str,
    /// Tries that left.
    pub attempts: u64,
    /// Our id of its last call.
    pub client_request_id: String,
    /// The service's id of the call that settled it.
    pub request_id: Option<String>,
    /// Hash of the body.
    pub body_hash: String,
    /// When its last try left.
    pub sent_at: Option<Timestamp>,
    /// When it was settled.
    pub settled_at: Option<Timestamp>,
    /// Why it is not accepted.
    pub error: Option<Box<RawValue>>,
}

impl From<Batch> for BatchDocument {
    fn from(batch: Batch) -> Self {
        BatchDocument {
            batch: batch.number,
            state: match batch.state {
                BatchState::Intent => "intent",
                BatchState::Sent => "sent",
                BatchState::Accepted => "accepted",
                BatchState::Refused => "refused",
                BatchState::InDoubt => "inDoubt",
                BatchState::GivenUp => "givenUp",
            },
            attempts: batch.attempts,
            client_request_id: batch.client_request_id,
            request_id: batch.request_id,
            body_hash: format!("{:032x}", batch.body_hash),
            sent_at: batch.sent_at,
            settled_at: batch.settled_at,
            error: batch.error.and_then(|json| RawValue::from_string(json).ok()),
        }
    }
}

/// Runs, the newest first.
#[derive(Debug, Serialize)]
pub struct Runs {
    /// Each of them.
    pub runs: Vec<RunDocument>,
}

/// `runs.list`: the target's runs.
///
/// # Errors
/// `ConfigInvalid`; what the store gives.
pub fn list(client: &Client, arguments: &[u8]) -> Result<Runs, Error> {
    let limit = parse::<Listing>(arguments)?.limit();
    let Workspace { store, target, .. } = client.kept()?;
    let runs = store.runs(Some(target.id), limit)?;
    Ok(Runs { runs: runs.into_iter().map(RunDocument::of).collect() })
}

/// `runs.show`: a run and its batches, or the newest.
///
/// # Errors
/// `ConfigInvalid`; `NotFound`; what the store gives.
pub fn show(client: &Client, arguments: &[u8]) -> Result<RunDocument, Error> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Arguments {
        run: Option<String>,
    }
    let arguments: Arguments = parse(arguments)?;
    let Workspace { store, target, .. } = client.kept()?;
    let run = match arguments.run {
        Some(id) => store.run(&id)?,
        None => store.runs(Some(target.id), 1)?.pop().ok_or_else(sentences::no_run_yet)?,
    };
    let batches = store.batches(&run.id)?.into_iter().map(BatchDocument::from).collect();
    Ok(RunDocument { batches: Some(batches), ..RunDocument::of(run) })
}
