//! What people and machines read: plain lines, a progress bar on a terminal, or JSON.

use std::cell::RefCell;
use std::io::{self, ErrorKind, IsTerminal, Write};

use entrabulk::convert::{CheckSummary, Totals};
use entrabulk::error::{Error, Severity};
use entrabulk::finding::Finding;
use entrabulk::run::{Event, Numbered, Summary, Warning};
use entrabulk::source::{EncodingFrom, Format, SourceFacts};
use entrabulk::store::Counts;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use serde_json::Value;

/// Where a command's words go.
pub(super) struct Output {
    json: bool,
    stderr: bool,
    bar: Option<ProgressBar>,
    /// What a write failed with; a run goes on all the same.
    lost: RefCell<Option<io::Error>>,
}

impl Output {
    /// Plain text, or JSON.
    pub(super) fn new(json: bool) -> Self {
        Output { json, stderr: false, bar: None, lost: RefCell::default() }
    }

    /// Whether JSON was asked for.
    pub(super) fn is_json(&self) -> bool {
        self.json
    }

    /// From now on everything goes to standard error.
    pub(super) fn use_stderr(&mut self) {
        self.stderr = true;
    }

    /// One line. That it cannot be written is no reason to stop a run; [`Self::lost`] tells afterwards.
    pub(super) fn line(&self, text: &str) {
        if self.stderr {
            self.error_line(text);
            return;
        }
        let write = || writeln!(io::stdout(), "{text}");
        let written = self.bar.as_ref().map_or_else(write, |bar| bar.suspend(write));
        if let Err(error) = written {
            self.lost.borrow_mut().get_or_insert(error);
        }
    }

    /// One line on standard error.
    fn error_line(&self, text: &str) {
        let write = || writeln!(io::stderr(), "{text}");
        let _ = self.bar.as_ref().map_or_else(write, |bar| bar.suspend(write));
    }

    /// The error that kept something from being written. A reader who has gone away is none.
    pub(super) fn lost(&self) -> Option<io::Error> {
        self.lost.take().filter(|error| error.kind() != ErrorKind::BrokenPipe)
    }

    /// Prints the document where JSON was asked for, and says whether it did.
    pub(super) fn document(&self, document: &impl Serialize) -> bool {
        if self.json {
            self.line(&serde_json::to_string(document).unwrap_or_default());
        }
        self.json
    }

    /// A text, or the document it stands in.
    pub(super) fn text(&self, text: &str, document: &Value) {
        if self.json { self.line(&document.to_string()) } else { self.line(text.trim_end()) }
    }

    /// The error that ended a command; always on standard error.
    pub(super) fn error(&mut self, error: &Error) {
        self.stderr = true;
        if self.json {
            self.line(&serde_json::to_string(error).unwrap_or_default());
            return;
        }
        self.line(&format!("error: {error}"));
        for problem in &error.problems {
            let mark = if problem.severity == Severity::Warning { "warning: " } else { "" };
            self.line(&format!("  {mark}{problem}"));
        }
        let ids = [
            error.line.map(|line| format!("line {line}")),
            error.http_status.map(|status| format!("HTTP {status}")),
            error.service_code.clone(),
            error.request_id.as_ref().map(|id| format!("request-id {id}")),
        ];
        let ids: Vec<String> = ids.into_iter().flatten().collect();
        if !ids.is_empty() {
            self.line(&format!("  ({})", ids.join(", ")));
        }
    }

    /// What a check found.
    pub(super) fn check(&self, summary: &CheckSummary) {
        if self.document(summary) {
            return;
        }
        for found in &summary.findings {
            self.line(&finding_line(found.severity, &found.finding));
        }
        if summary.findings_omitted > 0 {
            self.line(&format!("… and {} more; --rejects names all", summary.findings_omitted));
        }
        let totals = &summary.totals;
        self.table(&[
            ("rows", totals.rows, ""),
            ("users", totals.users, &format!("in {}", counted(totals.calls, "call"))),
            ("rejected", totals.rejected, ""),
            ("out of scope", totals.out_of_scope, ""),
            ("warnings", totals.warnings, ""),
        ]);
    }

    /// One event of a run.
    pub(super) fn event(&mut self, numbered: &Numbered) {
        if self.document(numbered) {
            return;
        }
        match &numbered.event {
            Event::Started { source: Some(source), .. } => self.line(&started_line(source)),
            Event::Planned { plan } => {
                let Counts { add, update, disable, restore, .. } = plan.counts;
                self.line(&format!(
                    "plan {}: add {add}, update {update}, disable {disable}, restore {restore}",
                    plan.plan
                ));
            }
            Event::Rejected(finding) => self.line(&finding_line("rejected", finding)),
            Event::Warning(Warning::Record(finding)) => {
                self.line(&finding_line("warning", finding));
            }
            Event::Warning(Warning::Run { message }) => self.line(&format!("warning: {message}")),
            Event::Note { message } => self.line(message),
            Event::Settled { run, batch, users, request_id } => self.line(&format!(
                "settled: call {batch} of run {run} with {} (request-id {})",
                counted(*users as u64, "user"),
                request_id.as_deref().unwrap_or_default()
            )),
            Event::Checked(Totals { rows, users, calls, rejected, out_of_scope, .. }) => {
                self.line(&format!(
                    "checked: {}, {} to send in {}, {rejected} rejected, {out_of_scope} out of scope",
                    counted(*rows, "row"),
                    counted(*users, "user"),
                    counted(*calls, "call"),
                ));
                self.start_bar(*users);
            }
            Event::Accepted { batch, users, request_id, .. } if self.bar.is_none() => {
                self.line(&format!(
                    "accepted: call {batch} with {} (request-id {})",
                    counted(*users as u64, "user"),
                    request_id.as_deref().unwrap_or_default()
                ));
            }
            Event::Refused { batch, users, external_ids, error } => self.line(&format!(
                "refused: call {batch} with {} ({}): {}",
                counted(*users as u64, "user"),
                external_ids.join(", "),
                error.message
            )),
            Event::Waiting { until, message, .. } => {
                self.line(&format!("waiting until {until}: {message}"));
            }
            Event::Progress(progress) => {
                if let Some(bar) = &self.bar {
                    bar.set_position(progress.users_accepted);
                    bar.set_message(format!("{} left today", counted(progress.quota_left, "call")));
                }
            }
            Event::Finished(summary) => self.finished(summary),
            _ => {}
        }
    }

    fn start_bar(&mut self, users: u64) {
        if !std::io::stderr().is_terminal() {
            return;
        }
        let bar = ProgressBar::new(users);
        let style = ProgressStyle::with_template("{bar:30} {pos}/{len} users  {eta} left  {msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        self.bar = Some(bar);
    }

    fn finished(&mut self, summary: &Summary) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
        let calls = format!(
            "in {} ({} of them repeats, {} throttled)",
            counted(summary.calls, "call"),
            summary.retries,
            summary.throttled
        );
        let explained = match (summary.rejected, summary.events_dropped) {
            (0, _) => "",
            (_, 0) => "each explained above",
            _ => "not each explained above, for the output was too slow; --rejects writes all",
        };
        // Nothing was read or sent: the error says all there is, or there was nothing to resume.
        if summary.rows + summary.calls > 0 {
            self.table(&[
                ("rows", summary.rows, ""),
                ("accepted", summary.accepted, &calls),
                ("rejected", summary.rejected, explained),
                ("out of scope", summary.out_of_scope, ""),
                ("unchanged", summary.unchanged, "nothing to send"),
                ("skipped", summary.skipped, "not known, and not active"),
                ("refused", summary.refused, "by the service"),
                ("in doubt", summary.in_doubt, "sent, and no answer came"),
                ("not sent", summary.not_sent, "the run ended before"),
            ]);
        }
        if let Some(error) = &summary.error {
            self.error_line(&format!("error: {error}"));
        }
        if let Some(moment) = summary.resume_at {
            self.line(&format!("It can go on at {moment}."));
        }
    }

    /// Names and counts. The first four always, so that they can be added up; the others if there is
    /// anything to count.
    fn table(&self, rows: &[(&str, u64, &str)]) {
        for (at, (name, count, remark)) in rows.iter().enumerate() {
            if *count > 0 || at < 4 {
                self.line(format!("{name:<13}{count:>9}  {remark}").trim_end());
            }
        }
    }
}

fn started_line(source: &SourceFacts) -> String {
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

/// `1 call`, `2 calls`.
pub(super) fn counted(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// `rejected  line 7  not-boolean  message`.
pub(super) fn finding_line(severity: &str, finding: &Finding) -> String {
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
