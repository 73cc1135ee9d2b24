//! The provisioning logs: written when a user is processed, visible some minutes later.

use std::time::Duration;

use bytes::Bytes;
use hyper::Response;
use serde_json::{Value, json};

use super::arrival::Arrival;
use super::directory::{Outcome, Status};
use super::log_filter::{Clause, Literal};
use super::reply::{Refusal, json_response};
use super::routing::{Version, pairs, percent_encode};
use super::settings::Settings;
use super::token::base64url;
use crate::time::{Random, Timestamp};

/// How long a cycle's id stays the same where users are processed as they come.
const CONTINUOUS_CYCLE: u64 = 40 * 60 * 1_000_000;

#[derive(Debug, Default)]
pub(super) struct Logs {
    entries: Vec<Entry>,
    cycle: Option<(u64, String)>,
}

#[derive(Debug)]
struct Entry {
    id: String,
    change_id: String,
    cycle_id: String,
    at: Timestamp,
    visible: Timestamp,
    external_id: String,
    outcome: Outcome,
}

impl Logs {
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn write(
        &mut self,
        external_id: String,
        outcome: Outcome,
        at: Timestamp,
        settings: &Settings,
        random: &Random,
    ) {
        let spread = settings.logs.lag_max_seconds - settings.logs.lag_min_seconds;
        let lag = settings.logs.lag_min_seconds + random.bits() % (spread + 1);
        let cycle = match settings.job.cycle_minutes {
            0 => CONTINUOUS_CYCLE,
            minutes => minutes * 60 * 1_000_000,
        };
        let number = at.0 / cycle;
        let cycle_id = match &self.cycle {
            Some((current, id)) if *current == number => id.clone(),
            _ => self.cycle.insert((number, random.uuid())).1.clone(),
        };
        self.entries.push(Entry {
            id: random.uuid(),
            change_id: random.uuid(),
            cycle_id,
            at,
            visible: at.after(Duration::from_secs(lag)),
            external_id,
            outcome,
        });
    }

    /// Answers `GET /auditLogs/provisioning`.
    pub(super) fn query(
        &self,
        arrival: &Arrival<'_>,
        version: Version,
        settings: &Settings,
    ) -> Result<Response<Bytes>, Refusal> {
        let query = Query::read(arrival, settings)?;
        let mut matching = Vec::new();
        for entry in self.entries.iter().filter(|entry| entry.visible <= query.as_of) {
            let keep = query.filter.iter().map(|clause| entry.fits(clause, version, settings));
            if keep.collect::<Result<Vec<_>, _>>()?.into_iter().all(|fits| fits) {
                matching.push(entry);
            }
        }
        // Stable, so entries of one moment keep the order they were processed in.
        matching.sort_by_key(|entry| entry.at);
        if query.newest_first {
            matching.reverse();
        }
        let page = matching.iter().skip(query.skip).take(query.top);
        let value: Vec<Value> = page.map(|entry| entry.render(version, settings)).collect();
        let next = query.skip + value.len();
        let base = arrival.base();
        let name = if version == Version::V1 { "v1.0" } else { "beta" };
        let mut body = json!({
            "@odata.context": format!("{base}/{name}/$metadata#auditLogs/provisioning"),
            "value": value,
        });
        if next < matching.len() {
            let kept = query.given.iter().filter(|(key, _)| key != "$skiptoken");
            let mut link = format!("{base}/{name}/auditLogs/provisioning?");
            for (key, value) in kept {
                link.push_str(&format!("{key}={}&", percent_encode(value)));
            }
            let token = skip_token(query.as_of, next);
            link.push_str(&format!("$skiptoken={token}"));
            body["@odata.nextLink"] = link.into();
        }
        Ok(json_response(200, &body))
    }
}

/// The query options of a call.
struct Query {
    given: Vec<(String, String)>,
    filter: Vec<Clause>,
    top: usize,
    skip: usize,
    /// Later pages show what the first one could have shown.
    as_of: Timestamp,
    newest_first: bool,
}

impl Query {
    fn read(arrival: &Arrival<'_>, settings: &Settings) -> Result<Query, Refusal> {
        let text = arrival.request.uri().query().unwrap_or_default();
        let given = pairs(text).ok_or_else(|| bad_query("the query has a broken escape"))?;
        let mut query = Query {
            given: Vec::new(),
            filter: Vec::new(),
            top: settings.logs.page_size,
            skip: 0,
            as_of: arrival.now,
            newest_first: true,
        };
        for (key, value) in &given {
            match key.as_str() {
                "$filter" => {
                    let allow = settings.allow.undocumented_filter_operators;
                    query.filter = Clause::parse_all(value, allow).map_err(bad_query)?;
                }
                "$top" => {
                    let top = value.parse().ok().filter(|top| (1..=1000).contains(top));
                    let top = top.ok_or_else(|| bad_query("$top must be between 1 and 1000"))?;
                    query.top = settings.logs.page_size.min(top);
                }
                "$orderby" => {
                    query.newest_first = match value.as_str() {
                        "activityDateTime desc" => true,
                        "activityDateTime" | "activityDateTime asc" => false,
                        _ => return Err(bad_query("$orderby knows activityDateTime asc or desc")),
                    };
                }
                "$skiptoken" => {
                    let token = read_skip_token(value);
                    (query.as_of, query.skip) =
                        token.ok_or_else(|| bad_query("$skiptoken is not one of ours"))?;
                }
                _ => return Err(bad_query(format!("the query option {key:?} is not known"))),
            }
        }
        query.given = given;
        Ok(query)
    }
}

fn bad_query(detail: impl std::fmt::Display) -> Refusal {
    Refusal::new(400, "query", "BadRequest", format!("Invalid query: {detail}"))
}

/// Not to be read or built by anyone but us.
fn skip_token(as_of: Timestamp, skip: usize) -> String {
    let plain = format!("{:x}-{skip:x}", as_of.0);
    base64url(plain.bytes().rev().collect::<Vec<_>>().as_slice())
}

fn read_skip_token(token: &str) -> Option<(Timestamp, usize)> {
    let plain: Vec<u8> = super::token::read_base64url(token)?.into_iter().rev().collect();
    let (as_of, skip) = std::str::from_utf8(&plain).ok()?.split_once('-')?;
    let as_of = u64::from_str_radix(as_of, 16).ok()?;
    Some((Timestamp(as_of), usize::from_str_radix(skip, 16).ok()?))
}

impl Entry {
    fn fits(
        &self,
        clause: &Clause,
        version: Version,
        settings: &Settings,
    ) -> Result<bool, Refusal> {
        let path = clause.path.to_ascii_lowercase();
        if path == "activitydatetime" {
            return match &clause.literal {
                Literal::Moment(moment) => Ok(clause.operator.holds_for(&self.at, moment)),
                Literal::Text(_) => Err(bad_query("activityDateTime takes no quotes")),
            };
        }
        let (action, status) = field_names(version);
        let text = match path.as_str() {
            "id" => self.id.clone(),
            "jobid" => settings.job_id.clone(),
            "tenantid" => settings.tenant_id.clone(),
            "cycleid" => self.cycle_id.clone(),
            "changeid" => self.change_id.clone(),
            "serviceprincipal/id" => settings.service_principal_id.clone(),
            "sourceidentity/id" => self.external_id.clone(),
            "targetidentity/id" => self.outcome.object_id.clone().unwrap_or_default(),
            _ if path == action.to_ascii_lowercase() => name_of(&self.outcome.action),
            _ if path == format!("{status}/status").to_ascii_lowercase() => {
                name_of(&self.outcome.status)
            }
            _ => return Err(bad_query(format!("{} cannot be filtered by", clause.path))),
        };
        match &clause.literal {
            Literal::Text(wanted) => Ok(clause.operator.holds_for_text(&text, wanted)),
            Literal::Moment(_) => Err(bad_query(format!("{} takes quotes", clause.path))),
        }
    }

    fn render(&self, version: Version, settings: &Settings) -> Value {
        let outcome = &self.outcome;
        let failed = outcome.status == Status::Failure;
        let error = outcome.problem.as_ref().map(|problem| {
            json!({
                "errorCode": problem.code,
                "reason": problem.reason,
                "additionalDetails": null,
                "errorCategory": if failed { "nonServiceFailure" } else { "success" },
                "recommendedAction": null,
            })
        });
        let steps = ["import", "matching", "scoping", "export"].map(|kind| {
            let last = kind == "export";
            json!({
                "name": format!("Entry{}{}", kind[..1].to_uppercase(), &kind[1..]),
                "provisioningStepType": kind,
                "status": if last { name_of(&outcome.status) } else { "success".to_owned() },
                "description": "",
                "details": {},
            })
        });
        let identity = |id: &Option<String>, name: &Option<String>| json!({"id": id, "displayName": name, "identityType": "User", "details": {}});
        let principal =
            json!({"id": settings.service_principal_id, "displayName": "API-driven provisioning"});
        let (action, status) = field_names(version);
        let mut entry = json!({
            "id": self.id,
            "activityDateTime": self.at.to_string(),
            "tenantId": settings.tenant_id,
            "jobId": settings.job_id,
            "cycleId": self.cycle_id,
            "changeId": self.change_id,
            "durationInMilliseconds": 1,
            "provisioningSteps": steps,
            "modifiedProperties": outcome.changes,
            "servicePrincipal": principal,
            "sourceSystem": {"id": settings.app_id, "displayName": "API", "details": {}},
            "targetSystem": {
                "id": settings.tenant_id,
                "displayName": "Microsoft Entra ID",
                "details": {"ServicePrincipalId": settings.service_principal_id},
            },
            "initiatedBy": {"id": "", "displayName": "Provisioning", "initiatorType": "system"},
            "sourceIdentity": identity(&Some(self.external_id.clone()), &outcome.name),
            "targetIdentity": identity(&outcome.object_id, &outcome.name),
        });
        entry[action] = name_of(&outcome.action).into();
        entry[status] = json!({"status": name_of(&outcome.status), "errorInformation": error});
        entry
    }
}

/// What action and status are called: beta keeps the older names.
fn field_names(version: Version) -> (&'static str, &'static str) {
    match version {
        Version::V1 => ("provisioningAction", "provisioningStatusInfo"),
        Version::Beta => ("action", "statusInfo"),
    }
}

/// The name of an enum's value in JSON.
fn name_of(value: &impl serde::Serialize) -> String {
    let value = serde_json::to_value(value).unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
}
