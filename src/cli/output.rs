//! What people and machines read: plain lines, a progress bar on a terminal, or JSON.

use std::cell::RefCell;
use std::io::{self, ErrorKind, IsTerminal, Write};

use entrabulk::convert::CheckSummary;
use entrabulk::error::Error;
use entrabulk::run::{Event, Numbered, Summary};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use super::sentences::{self, Row};

/// What a command gives: its exit code, or the error that ended it.
pub(super) type Outcome = Result<u8, Error>;

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

    /// The error that ended a command; always on standard error.
    pub(super) fn error(&mut self, error: &Error) {
        self.stderr = true;
        if !self.document(error) {
            self.error_lines(error);
        }
    }

    fn error_lines(&self, error: &Error) {
        sentences::error(error).iter().for_each(|line| self.error_line(line));
    }

    /// What a check found.
    pub(super) fn check(&self, summary: &CheckSummary) {
        if self.document(summary) {
            return;
        }
        for found in &summary.findings {
            self.line(&sentences::finding(found.severity, &found.finding));
        }
        if summary.findings_omitted > 0 {
            self.line(&sentences::findings_left_out(summary.findings_omitted));
        }
        self.table(&sentences::check(summary));
    }

    /// One event of a run.
    pub(super) fn event(&mut self, numbered: &Numbered) {
        if self.document(numbered) {
            return;
        }
        match (&numbered.event, &self.bar) {
            (Event::Accepted { .. }, Some(_)) => {}
            (Event::Progress(progress), Some(bar)) => {
                bar.set_position(progress.users_accepted);
                bar.set_message(sentences::left_today(progress.quota_left));
            }
            (Event::Finished(summary), _) => self.finished(summary),
            (event, _) => {
                if let Some(text) = sentences::event(event) {
                    self.line(&text);
                }
                if let Event::Checked(totals) = event {
                    self.start_bar(totals.users);
                }
            }
        }
    }

    fn start_bar(&mut self, users: u64) {
        if !std::io::stderr().is_terminal() {
            return;
        }
        let bar = ProgressBar::new(users);
        let style = ProgressStyle::with_template(sentences::BAR);
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        self.bar = Some(bar);
    }

    fn finished(&mut self, summary: &Summary) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
        // Nothing was read or sent: the error says all there is, or there was nothing to resume.
        if summary.rows + summary.calls > 0 {
            self.table(&sentences::summary(summary));
        }
        if let Some(error) = &summary.error {
            self.error_lines(error);
        }
        if let Some(moment) = summary.resume_at {
            self.line(&sentences::goes_on_at(&moment));
        }
    }

    /// Names and counts. The first four always, so that they can be added up; the others if there is
    /// anything to count.
    fn table(&self, rows: &[Row]) {
        for (at, (name, count, remark)) in rows.iter().enumerate() {
            if *count > 0 || at < 4 {
                self.line(&sentences::row(name, *count, remark));
            }
        }
    }
}
