//! What people and machines read: plain lines, a progress bar on a terminal, or JSON.

use std::cell::RefCell;
use std::io::{self, ErrorKind, IsTerminal, Write};

use entrabulk::convert::CheckSummary;
use entrabulk::error::{Error, Severity};
use indicatif::{ProgressBar, ProgressStyle};
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
        if self.json {
            self.line(&serde_json::to_string(summary).unwrap_or_default());
            return;
        }
        for found in &summary.findings {
            let finding = serde_json::to_value(&found.finding).unwrap_or_default();
            self.line(&finding_line(found.severity, &finding));
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

    /// One event of a run (`docs/documents.md`).
    pub(super) fn event(&mut self, event: &Value) {
        if self.json {
            self.line(&event.to_string());
            return;
        }
        let text = |key: &str| event[key].as_str().unwrap_or_default().to_owned();
        let number = |key: &str| event[key].as_u64().unwrap_or_default();
        match event["event"].as_str().unwrap_or_default() {
            "started" if event["source"].is_object() => self.line(&started_line(event)),
            "planned" => {
                let (plan, counts) = (&event["plan"], &event["plan"]["counts"]);
                self.line(&format!(
                    "plan {}: add {}, update {}, disable {}, restore {}",
                    plan["plan"].as_str().unwrap_or_default(),
                    counts["add"],
                    counts["update"],
                    counts["disable"],
                    counts["restore"]
                ));
            }
            severity @ ("rejected" | "warning") => self.line(&finding_line(severity, event)),
            "note" => self.line(&text("message")),
            "settled" => self.line(&format!(
                "settled: batch {} of run {} with {} users (request-id {})",
                number("batch"),
                text("run"),
                number("users"),
                text("requestId")
            )),
            "checked" => {
                self.line(&format!(
                    "checked: {} rows, {} users to send in {} calls, {} rejected, {} out of scope",
                    number("rows"),
                    number("users"),
                    number("calls"),
                    number("rejected"),
                    number("outOfScope")
                ));
                self.start_bar(number("users"));
            }
            "accepted" if self.bar.is_none() => self.line(&format!(
                "accepted: call {} with {} users (request-id {})",
                number("batch"),
                number("users"),
                text("requestId")
            )),
            "refused" => self.line(&format!(
                "refused: call {} with {} users ({}): {}",
                number("batch"),
                number("users"),
                names(&event["externalIds"]),
                event["error"]["message"].as_str().unwrap_or_default()
            )),
            "waiting" => {
                self.line(&format!("waiting until {}: {}", text("until"), text("message")))
            }
            "progress" => {
                if let Some(bar) = &self.bar {
                    bar.set_position(number("usersAccepted"));
                    bar.set_message(format!("{} calls left today", number("quotaLeft")));
                }
            }
            "finished" => self.finished(event),
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

    fn finished(&mut self, summary: &Value) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
        let number = |key: &str| summary[key].as_u64().unwrap_or_default();
        let calls = format!(
            "in {} ({} of them repeats, {} throttled)",
            counted(number("calls"), "call"),
            number("retries"),
            number("throttled")
        );
        let rejected = if number("rejected") > 0 { "each explained above" } else { "" };
        let error = &summary["error"];
        let nothing_happened = error.is_object() && number("rows") + number("calls") == 0;
        let table: &[(&str, u64, &str)] = &[
            ("rows", number("rows"), ""),
            ("accepted", number("accepted"), &calls),
            ("rejected", number("rejected"), rejected),
            ("out of scope", number("outOfScope"), ""),
            ("unchanged", number("unchanged"), "nothing to send"),
            ("refused", number("refused"), "by the service"),
            ("in doubt", number("inDoubt"), "sent, and no answer came"),
            ("not sent", number("notSent"), "the run ended before"),
        ];
        if !nothing_happened {
            self.table(table);
        }
        if let Some(message) = error["message"].as_str() {
            let advice = error["advice"].as_str().unwrap_or_default();
            self.error_line(&format!("error: {message} {advice}"));
        }
        if let Some(moment) = summary["resumeAt"].as_str() {
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

fn started_line(event: &Value) -> String {
    let source = &event["source"];
    let text = |key: &str| source[key].as_str().unwrap_or_default();
    let delimiter = match text("delimiter") {
        "" => String::new(),
        "\t" => ", tab-separated".into(),
        delimiter => format!(", separated by \"{delimiter}\""),
    };
    let from = match text("encodingFrom") {
        "given" => "as given",
        "bom" => "by its byte order mark",
        "utf8" => "valid so far",
        _ => "detected",
    };
    format!("reading {}{delimiter} in {} ({from})", text("format"), text("encoding"))
}

fn names(ids: &Value) -> String {
    let ids: Vec<&str> = ids.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    ids.join(", ")
}

/// `1 call`, `2 calls`.
pub(super) fn counted(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// `rejected  line 7  not-boolean  message`.
pub(super) fn finding_line(severity: &str, finding: &Value) -> String {
    let line = match finding["line"].as_u64() {
        Some(line) => format!("line {line}"),
        None => "all lines".into(),
    };
    let rule = finding["rule"].as_str().unwrap_or_default();
    let message = finding["message"].as_str().unwrap_or_default();
    let column = match finding["column"].as_str() {
        Some(column) if !message.contains(column) => format!("{column}: "),
        _ => String::new(),
    };
    format!("{severity:<9} {line:<9} {rule:<22} {column}{message}")
}
