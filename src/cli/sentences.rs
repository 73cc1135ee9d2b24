//! What the command line says beside its help, in one place: to review it, and to translate it one day.

use std::fmt::Display;
use std::path::Path;

use entrabulk::convert::{CheckSummary, Totals};
use entrabulk::error::{Error, ErrorKind, Severity};
use entrabulk::finding::Finding;
use entrabulk::operation::runs::{BatchDocument, QuotaDocument, RunDocument};
use entrabulk::plan::PlanDocument;
use entrabulk::plan::brakes::{BrakeKind, BrakeVerdict, Window};
use entrabulk::run::{Event, Summary, Warning};
use entrabulk::source::{EncodingFrom, Format, SourceFacts};
use entrabulk::store::Counts;
use serde_json::Value;

/// A name, a count and a remark, which may be empty.
pub(super) type Row = (&'static str, u64, String);

/// "1 call", "2 calls".
fn counted(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

// Wrong usage.

/// The error of an option that is missing or cannot be followed.
fn usage(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidArgument, message, "See --help.")
}

pub(super) fn unreadable(path: &Path, why: &dyn Display) -> Error {
    usage(format!("The file {} cannot be read: {why}.", path.display()))
}

pub(super) fn not_unicode(path: &Path) -> Error {
    usage(format!("The path {} is not Unicode.", path.display()))
}

pub(super) fn configuration_not_json(path: &Path, error: &serde_json::Error) -> Error {
    usage(format!("The configuration {} is not JSON: {error}.", path.display()))
}

pub(super) fn configuration_no_object() -> Error {
    usage("The configuration is not a JSON object.")
}

pub(super) fn settings_no_object() -> Error {
    usage("The plan settings are not a JSON object.")
}

/// A flag sets something within `key`, and the settings have no object there.
pub(super) fn no_object_at(key: &str) -> Error {
    usage(format!("In the plan settings \"{key}\" is not an object."))
}

pub(super) fn nothing_to_plan() -> Error {
    usage("Name the file to plan, or use show, list, preview or undo.")
}

pub(super) const NO_BRAKE: &str = "must be the name of a brake and a number, such as removals=12";

pub(super) fn no_reason() -> Error {
    usage("Say why with --reason TEXT.")
}

pub(super) fn no_approver() -> Error {
    usage("USER is not set, so say who approves with --approver or ENTRABULK_APPROVER.")
}

pub(super) fn no_approval() -> Error {
    usage("Name each brake that tripped, with --approve BRAKE=N, and say why with --reason TEXT.")
}

pub(super) fn tenant_settings_invalid(error: &serde_json::Error) -> Error {
    Error::new(
        ErrorKind::ConfigInvalid,
        format!("The simulator's settings are not valid: {error}."),
        "docs/simulator.md lists every setting.",
    )
}

// Output.

pub(super) fn output_failed(error: &std::io::Error) -> Error {
    Error::new(
        ErrorKind::OutputFailed,
        format!("The output cannot be written: {error}."),
        "Check the space left and who reads it.",
    )
}

pub(super) fn preview_failed(error: &std::io::Error) -> Error {
    Error::new(
        ErrorKind::OutputFailed,
        format!("The preview cannot be written: {error}."),
        "Check who reads it, or name a file with --output.",
    )
}

pub(super) fn temporary_failed(error: &std::io::Error) -> Error {
    Error::new(
        ErrorKind::OutputFailed,
        format!("A temporary file cannot be written: {error}."),
        "Check the space left in the system's temporary folder.",
    )
}

/// An error and all that is known of it. Of several problems each has a line; a single one is in the message.
pub(super) fn error(error: &Error) -> Vec<String> {
    let mut lines = vec![format!("error: {error}")];
    let is_error = |severity| severity == Severity::Error;
    let several = error.problems.iter().filter(|it| is_error(it.severity)).count() > 1;
    for problem in &error.problems {
        match is_error(problem.severity) {
            true if several => lines.push(format!("  {problem}")),
            true => {}
            false => lines.push(format!("  warning: {problem}")),
        }
    }
    let ids = [
        error.line.map(|line| format!("line {line}")),
        error.http_status.map(|status| format!("HTTP {status}")),
        error.service_code.clone(),
        error.request_id.as_ref().map(|id| format!("request-id {id}")),
    ];
    let ids: Vec<String> = ids.into_iter().flatten().collect();
    if !ids.is_empty() {
        lines.push(format!("  ({})", ids.join(", ")));
    }
    lines
}

// Findings.

pub(super) const REJECTED: &str = "rejected";
pub(super) const WARNING: &str = "warning";

/// `rejected  line 7  not-boolean  message`.
pub(super) fn finding(severity: &str, finding: &Finding) -> String {
    let line = match finding.line {
        0 => "all lines".into(),
        line => format!("line {line}"),
    };
    let message = &finding.message;
    let column = match &finding.column {
        Some(column) if !message.contains(column) => format!("{column}: "),
        _ => String::new(),
    };
    format!("{severity:<9} {line:<9} {:<22} {column}{message}", finding.rule.code())
}

pub(super) fn findings_left_out(more: u64) -> String {
    format!("… and {more} more; --rejects FILE writes every rejected record to FILE")
}

pub(super) fn warnings_left_out(more: usize) -> String {
    format!("… and {more} more; --json has them")
}

pub(super) fn check(summary: &CheckSummary) -> Vec<Row> {
    let totals = &summary.totals;
    vec![
        ("rows", totals.rows, String::new()),
        ("users", totals.users, format!("in {}", counted(totals.calls, "call"))),
        ("rejected", totals.rejected, String::new()),
        ("out of scope", totals.out_of_scope, String::new()),
        ("warnings", totals.warnings, String::new()),
    ]
}

// Runs, as they go.

/// What an event says; nothing where there is nothing to say.
pub(super) fn event(event: &Event) -> Option<String> {
    let id = |id: &Option<String>| match id {
        Some(id) => format!(" (request-id {id})"),
        None => String::new(),
    };
    Some(match event {
        Event::Started { source: Some(source), .. } => reading(source),
        Event::Planned { plan } => format!("plan {}: {}", plan.plan, changes(&plan.counts)),
        Event::Rejected(found) => finding(REJECTED, found),
        Event::Warning(Warning::Record(found)) => finding(WARNING, found),
        Event::Warning(Warning::Run { message }) => warning(message),
        Event::Note { message } => message.clone(),
        Event::Settled { run, batch, users, request_id } => format!(
            "settled: call {batch} of run {run} with {}{}",
            counted(*users as u64, "user"),
            id(request_id)
        ),
        Event::Checked(Totals { rows, users, calls, rejected, out_of_scope, .. }) => format!(
            "checked: {}, {} to send in {}, {rejected} rejected, {out_of_scope} out of scope",
            counted(*rows, "row"),
            counted(*users, "user"),
            counted(*calls, "call"),
        ),
        Event::Accepted { batch, users, request_id, .. } => {
            format!(
                "accepted: call {batch} with {}{}",
                counted(*users as u64, "user"),
                id(request_id)
            )
        }
        Event::Refused { batch, users, external_ids, error } => format!(
            "refused: call {batch} with {} ({}): {}",
            counted(*users as u64, "user"),
            external_ids.join(", "),
            error.message
        ),
        Event::Waiting { until, message, .. } => format!("waiting until {until}: {message}"),
        _ => return None,
    })
}

pub(super) fn warning(message: &str) -> String {
    format!("{WARNING}: {message}")
}

fn reading(source: &SourceFacts) -> String {
    let delimiter = match source.delimiter {
        None => String::new(),
        Some('\t') => ", tab-separated".into(),
        Some(delimiter) => format!(", separated by \"{delimiter}\""),
    };
    let from = match source.encoding_from {
        EncodingFrom::Given => "as given",
        EncodingFrom::Bom => "by its byte order mark",
        EncodingFrom::Utf8 => "valid so far",
        EncodingFrom::Detected => "detected",
    };
    let format = match source.format {
        Format::Csv => "csv",
        Format::Json => "json",
        Format::JsonLines => "jsonl",
        Format::Bulk => "bulk",
        Format::Auto => "auto",
    };
    format!("reading {format}{delimiter} in {} ({from})", source.encoding)
}

fn changes(counts: &Counts) -> String {
    let Counts { add, update, disable, restore, .. } = counts;
    format!("add {add}, update {update}, disable {disable}, restore {restore}")
}

/// Beside the progress bar.
pub(super) const BAR: &str = "{bar:30} {pos}/{len} users  {eta} left  {msg}";

/// What follows the progress bar.
pub(super) fn left_today(calls: u64) -> String {
    format!("{} left today", counted(calls, "call"))
}

/// What a run came to.
pub(super) fn summary(summary: &Summary) -> Vec<Row> {
    let calls = format!(
        "in {} ({}, {} throttled)",
        counted(summary.calls, "call"),
        counted(summary.retries, "repeat"),
        summary.throttled
    );
    let rejected = match (summary.rejected, summary.events_dropped) {
        (0, _) => "",
        (_, 0) => "each explained above",
        _ => {
            "not each explained above, for the output was too slow; --rejects FILE writes them all"
        }
    };
    vec![
        ("rows", summary.rows, String::new()),
        ("accepted", summary.accepted, calls),
        ("rejected", summary.rejected, rejected.into()),
        ("out of scope", summary.out_of_scope, String::new()),
        ("unchanged", summary.unchanged, "nothing to send".into()),
        ("skipped", summary.skipped, "not known, and not active".into()),
        ("refused", summary.refused, "by the service".into()),
        ("in doubt", summary.in_doubt, "sent, and no answer came".into()),
        ("not sent", summary.not_sent, "the run ended before".into()),
    ]
}

pub(super) fn goes_on_at(moment: &dyn Display) -> String {
    format!("It can go on at {moment}.")
}

// Runs, afterwards.

pub(super) fn run(run: &RunDocument) -> String {
    let accepted = run.accepted().map_or(String::new(), |users| format!("  {users} accepted"));
    format!("{}  {}  {}  plan {}{accepted}", run.run, run.started_at, run.state, run.plan)
}

pub(super) fn batch(batch: &BatchDocument) -> String {
    format!(
        "  batch {}  {}  {}  {}",
        batch.batch,
        batch.state,
        match batch.attempts {
            1 => "1 try".into(),
            tries => format!("{tries} tries"),
        },
        batch.client_request_id
    )
}

pub(super) fn abandoned(run: &str, resend: u64) -> String {
    format!("Run {run} is abandoned; {} will be planned again.", counted(resend, "user"))
}

pub(super) fn quota(quota: &QuotaDocument) -> String {
    let mut text = format!(
        "{} of {} calls used in the last 24 hours, {} left, {} more for urgent disables",
        quota.used, quota.per_day, quota.left, quota.reserve
    );
    if let (Some(next), Some(all)) = (quota.next_free, quota.all_free) {
        text.push_str(&format!("\nthe next is free again at {next}, all of them at {all}"));
    }
    text
}

pub(super) fn approved(plan: &str) -> String {
    format!("Plan {plan} may be applied once within 24 hours: entrabulk apply {plan}")
}

// Plans.

/// A plan in a list.
pub(super) fn plan_line(plan: &PlanDocument) -> String {
    let state = if plan.tripped { "  stopped by a brake" } else { "" };
    format!("{}  {}  {}{state}", plan.plan, plan.created_at, changes(&plan.counts))
}

pub(super) fn plan_made(plan: &PlanDocument) -> String {
    format!("plan {}, made {}", plan.plan, plan.created_at)
}

/// Its counts; how far the removals are from their limit is said in any case.
pub(super) fn plan_counts(plan: &PlanDocument) -> Vec<String> {
    let counts = &plan.counts;
    let rows = [
        ("add", counts.add),
        ("update", counts.update),
        ("disable", counts.disable),
        ("restore", counts.restore),
        ("unchanged", counts.unchanged),
        ("skipped", counts.skipped),
        ("missing", counts.missing),
        ("out of scope", counts.out_of_scope),
        ("rejected", counts.rejected),
    ];
    let lines = rows.into_iter().filter_map(|(name, count)| match name {
        "disable" => Some(format!("  {}", row(name, count, &removals(plan)))),
        _ => (count > 0).then(|| format!("  {}", row(name, count, ""))),
    });
    lines.collect()
}

/// A line of a table.
pub(super) fn row(name: &str, count: u64, remark: &str) -> String {
    format!("{name:<13}{count:>9}  {remark}").trim_end().into()
}

/// What is to be known of a plan below its counts. Of its warnings so many are shown.
pub(super) fn plan_remarks(plan: &PlanDocument, warnings_shown: usize) -> Vec<String> {
    let mut lines = Vec::new();
    if plan.baseline_revision == 0 && plan.changes > 0 {
        lines.push("Nothing is known of this target yet: everybody is new.".into());
    }
    let cost = &plan.about.cost;
    lines.push(format!(
        "{} of {} left today, {} at the service's pace: done at {}",
        counted(cost.calls, "call"),
        cost.quota_left,
        duration(cost.seconds),
        cost.finish_at
    ));
    let warnings = &plan.about.warnings;
    lines.extend(warnings.iter().take(warnings_shown).map(|message| warning(message)));
    if warnings.len() > warnings_shown {
        lines.push(warnings_left_out(warnings.len() - warnings_shown));
    }
    lines.extend(
        plan.brakes.iter().filter(|it| it.tripped()).map(|it| format!("BRAKE {}", brake(it))),
    );
    if !plan.protected.is_empty() {
        let ids = plan.protected.join(", ");
        lines.push(format!("PROTECTED {ids} would be disabled, which no approval allows"));
    }
    lines.push(
        match () {
            () if plan.blocked => "The plan cannot be applied. Fix the source or the mapping.",
            () if plan.tripped => {
                "A brake stops the plan. Look at the preview; if it is right, approve the plan; without a \
                 state, the upload."
            }
            () if plan.changes == 0 => "Nothing to do.",
            () => "Nothing stops the plan.",
        }
        .into(),
    );
    lines
}

/// How far the removals are from their limit.
fn removals(plan: &PlanDocument) -> String {
    let of_run = |it: &&BrakeVerdict| it.brake == BrakeKind::Removals && it.window == Window::Run;
    let Some(verdict) = plan.brakes.iter().find(of_run) else { return String::new() };
    let share = share(verdict);
    match verdict.trips_at {
        None => format!("{share}; no limit"),
        Some(at) if at > verdict.affected => {
            format!("{share}; stops at {at}, {} more", at - verdict.affected)
        }
        Some(at) => format!("{share}; stops at {at}"),
    }
}

fn brake(verdict: &BrakeVerdict) -> String {
    let attribute = match &verdict.attribute {
        Some(path) => format!(" of {path}"),
        None => String::new(),
    };
    let earlier = match verdict.earlier {
        0 => String::new(),
        earlier => format!(" and {earlier} before"),
    };
    let window = match verdict.window {
        Window::Run => "in this plan",
        Window::Day => "in 24 hours",
        Window::Week => "in 7 days",
    };
    format!(
        "{}{attribute}: {}{earlier} {window}, {}; stops at {}",
        verdict.brake.name(),
        verdict.affected,
        share(verdict),
        verdict.trips_at.unwrap_or_default()
    )
}

/// `0.42 % of 19990`.
fn share(verdict: &BrakeVerdict) -> String {
    let (touched, base) = (verdict.affected + verdict.earlier, verdict.base);
    let percent = if base == 0 { 0.0 } else { touched as f64 * 100.0 / base as f64 };
    format!("{percent:.2} % of {base}")
}

fn duration(seconds: u64) -> String {
    match (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60) {
        (0, 0, 0, seconds) => format!("{seconds} s"),
        (0, 0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (0, hours, minutes, _) => format!("{hours} h {minutes} min"),
        (days, hours, ..) => format!("{days} d {hours} h"),
    }
}

pub(super) fn preview_written(rows: u64) -> String {
    counted(rows, "row")
}

// The simulated tenant.

/// How to send to it; `description` is what it says of itself.
pub(super) fn tenant(description: &Value) -> Vec<String> {
    let text = |key: &str| description[key].as_str().unwrap_or_default();
    let flags = [
        ("--simulator", "url"),
        ("--tenant-id", "tenantId"),
        ("--client-id", "clientId"),
        ("--service-principal-id", "servicePrincipalId"),
        ("--job-id", "jobId"),
    ];
    let mut lines = vec!["A simulated tenant is listening. Point an upload at it with:".to_owned()];
    lines.extend(flags.iter().map(|(flag, key)| format!("  {flag} {}", text(key))));
    let secret = text("clientSecret");
    lines.push(format!("  and ENTRABULK_CLIENT_SECRET='{secret}' in the environment"));
    lines.push("Its state: GET /simulator/state. Ctrl+C stops it.".into());
    lines
}

/// What a rehearsal came to; `state` is the tenant's.
pub(super) fn rehearsed(state: &Value) -> String {
    format!(
        "Users that the simulated tenant was given: {}. Calls in its busiest 5 seconds: {} of at most 40.",
        state["usersStaged"], state["worstWindow"]
    )
}
