//! The operations on runs, approvals and the quota.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Listing, parse};
use crate::client::{Client, Ledger, Workspace};
use crate::error::{Error, ErrorKind};
use crate::store::{self, Approval, Batch, BatchState, Lease, Run, RunState};

/// Longer than abandoning takes.
const ABANDONING: Duration = Duration::from_secs(60);

pub(super) fn approve(client: &Client, arguments: &[u8]) -> Result<Value, Error> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Arguments {
        plan: String,
        brakes: BTreeMap<String, u64>,
        reason: String,
        approver: String,
    }
    let arguments: Arguments = parse(arguments)?;
    let Arguments { plan, brakes, reason, approver } = arguments;
    let store = client.kept()?.store;
    let now = client.parts().clock.now();
    let judgement = crate::plan::judge_again(&*store, &store.plan(&plan)?, now)?;
    if judgement.blocked() {
        return Err(Error::new(
            ErrorKind::ApprovalRefused,
            format!("Plan {plan} would disable protected users, which no approval allows."),
            "Fix the source, or take them off the protected list.",
        ));
    }
    let approval = Approval { plan, brakes, reason, approver };
    store.approve(&approval, now)?;
    Ok(json!({
        "plan": approval.plan,
        "brakes": approval.brakes,
        "reason": approval.reason,
        "approver": approval.approver,
    }))
}

pub(super) fn abandon(client: &Client, arguments: &[u8]) -> Result<Value, Error> {
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
    let holder = format!("the abandoning of run {run}");
    if let Lease::Held { by, until } = store.take_lease(target, &holder, ABANDONING, now)? {
        return Err(store::lease_held(&by, until));
    }
    let abandoned = store.abandon_run(&run, now);
    store.release_lease(target, &holder)?;
    Ok(json!({"run": run, "resend": abandoned?}))
}

pub(super) fn quota(client: &Client, arguments: &[u8]) -> Result<Value, Error> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Arguments {}
    let Arguments {} = parse(arguments)?;
    let (Ledger { store, tenant }, _) = client.ledger()?;
    let limits = client.config().call_limits();
    let quota = store.quota(tenant, &limits, &*client.parts().clock)?;
    Ok(json!({
        "perDay": limits.calls_per_day,
        "used": quota.used,
        "left": quota.left,
        "reserve": quota.reserve,
        "nextFree": quota.next_free.map(|at| at.to_string()),
        "allFree": quota.all_free.map(|at| at.to_string()),
    }))
}

pub(super) fn list(client: &Client, arguments: &[u8]) -> Result<Value, Error> {
    let limit = parse::<Listing>(arguments)?.limit();
    let Workspace { store, target, .. } = client.kept()?;
    let runs = store.runs(Some(target.id), limit)?;
    Ok(json!({"runs": runs.iter().map(document).collect::<Vec<_>>()}))
}

pub(super) fn show(client: &Client, arguments: &[u8]) -> Result<Value, Error> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Arguments {
        run: Option<String>,
    }
    let arguments: Arguments = parse(arguments)?;
    let Workspace { store, target, .. } = client.kept()?;
    let run = match arguments.run {
        Some(id) => store.run(&id)?,
        None => store.runs(Some(target.id), 1)?.pop().ok_or_else(|| {
            Error::new(ErrorKind::NotFound, "This target has no run yet.", "Apply a plan first.")
        })?,
    };
    let mut shown = document(&run);
    shown["batches"] = store.batches(&run.id)?.iter().map(batch).collect();
    Ok(shown)
}

fn document(run: &Run) -> Value {
    let summary = run.summary.as_deref().and_then(|json| serde_json::from_str::<Value>(json).ok());
    json!({
        "run": run.id,
        "plan": run.plan,
        "state": match run.state {
            RunState::Running => "running",
            RunState::Stopped => "stopped",
            RunState::Finished => "finished",
            RunState::Abandoned => "abandoned",
        },
        "startedAt": run.started_at.to_string(),
        "endedAt": run.ended_at.map(|at| at.to_string()),
        "summary": summary,
    })
}

fn batch(batch: &Batch) -> Value {
    json!({
        "batch": batch.number,
        "state": match batch.state {
            BatchState::Intent => "intent",
            BatchState::Sent => "sent",
            BatchState::Accepted => "accepted",
            BatchState::Refused => "refused",
            BatchState::InDoubt => "inDoubt",
            BatchState::GivenUp => "givenUp",
        },
        "attempts": batch.attempts,
        "clientRequestId": batch.client_request_id,
        "requestId": batch.request_id,
        "bodyHash": format!("{:032x}", batch.body_hash),
        "sentAt": batch.sent_at.map(|at| at.to_string()),
        "settledAt": batch.settled_at.map(|at| at.to_string()),
        "error": batch.error.as_deref().and_then(|json| serde_json::from_str::<Value>(json).ok()),
    })
}
