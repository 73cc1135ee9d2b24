//! The synchronization job as Graph shows it.

use hyper::Request;
use serde_json::{Value, json};

use super::json;
use super::queue::Job;
use super::reply::Refusal;
use super::settings::{JobState, Settings};

/// Graph's way to print a time that never was.
const NEVER: &str = "0001-01-01T00:00:00Z";

/// The job as `GET …/jobs/{id}` gives it.
pub(super) fn describe(job: &Job, users: usize, settings: &Settings) -> Value {
    let state = job.state();
    let quarantine = (state == JobState::Quarantine).then(|| {
        json!({
            "reason": "QuarantinedOnDemand", "currentBegan": NEVER, "nextAttempt": NEVER,
            "seriesBegan": NEVER, "seriesCount": 1, "error": null,
        })
    });
    let (code, schedule, interval) = match state {
        JobState::Active => ("Active", "Active", "PT40M"),
        JobState::Paused => ("Paused", "Paused", "PT40M"),
        JobState::Quarantine => ("Quarantine", "Paused", "PT40M"),
        JobState::NotConfigured => ("NotConfigured", "Disabled", "P10675199DT2H48M5.4775807S"),
    };
    json!({
        "id": settings.job_id,
        "templateId": settings.job_id.split('.').next(),
        "schedule": {"expiration": null, "interval": interval, "state": schedule},
        "status": {
            "code": code,
            "countSuccessiveCompleteFailures": 0,
            "escrowsPruned": false,
            "steadyStateFirstAchievedTime": NEVER,
            "steadyStateLastAchievedTime": NEVER,
            "quarantine": quarantine,
            "lastExecution": null,
            "lastSuccessfulExecution": null,
            "lastSuccessfulExecutionWithExports": null,
            "progress": [],
            "synchronizedEntryCountByType": [{"key": "User", "value": users}],
            "troubleshootingUrl": null,
        },
        "synchronizationJobSettings": [],
    })
}

/// Checks the body of a restart: none, or criteria with scopes that are not marked "do not use".
pub(super) fn check_restart(request: &Request<bytes::Bytes>) -> Result<(), Refusal> {
    if request.body().is_empty() {
        return Ok(());
    }
    let wrong = |what: String| Refusal::new(400, "restart", "BadRequest", what);
    let body = json::parse(request.body()).map_err(wrong)?;
    let scope = body["criteria"]["resetScope"].as_str();
    let scope = scope.ok_or_else(|| wrong("criteria.resetScope must be a string".to_owned()))?;
    for name in scope.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        let known = ["Escrows", "Watermark", "QuarantineState", "Full", "ForceDeletes"];
        if !known.contains(&name) {
            return Err(wrong(format!("{name:?} is not a reset scope that may be used")));
        }
    }
    Ok(())
}
