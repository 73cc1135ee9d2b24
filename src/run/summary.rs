//! The count of a run while it goes and when it ended.

use serde::Serialize;

use super::delivery::{Delivery, Standing};
use crate::convert::Totals;
use crate::error::{Error, ErrorKind, STATUS_OK};
use crate::time::Timestamp;

/// How far a run is, and once it is over how it ended: the counts of its [`Summary`], which add up at any
/// moment. Those of records and users are 0 until the source was checked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Progress {
    /// What it is doing.
    pub stage: Stage,
    /// Calls made, repeats and those under way included.
    pub calls: u64,
    /// Calls that sending takes, without repeats; 0 until the source was checked.
    pub calls_total: u64,
    /// Users the service staged.
    pub users_accepted: u64,
    /// Users to send; 0 until the source was checked.
    pub users_total: u64,
    /// Records rejected before anything was sent; 0 until the source was checked.
    pub users_rejected: u64,
    /// Calls under way.
    pub in_flight: u64,
    /// Calls that the daily quota still has for this client.
    pub quota_left: u64,
    /// As [`Summary::status`]; `None` until the run is over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<i32>,
    /// As [`Summary::exit_code`]; `None` until the run is over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<u8>,
    /// Users in batches that the service refused.
    pub users_refused: u64,
    /// Users in batches that were sent and not answered: they may have arrived.
    pub users_in_doubt: u64,
    /// Users of whom the service has nothing from this run; those under way are among them.
    pub users_not_sent: u64,
    /// Records whose users are as the service has them already; 0 without a plan.
    pub users_unchanged: u64,
    /// Unknown inactive users, not sent because that was asked for.
    pub users_skipped: u64,
    /// Users to send although the source has no record of them in scope; 0 without a plan.
    pub users_absent: u64,
    /// Records outside the mapping's scope.
    pub users_out_of_scope: u64,
    /// Records of the source.
    pub rows: u64,
    /// Warnings about records that went on.
    pub warnings: u64,
    /// Distinct batches among the calls that are over.
    pub batches: u64,
    /// Calls that were repeats, among those that are over.
    pub retries: u64,
    /// Answers of 429.
    pub throttled: u64,
    /// How long the run goes on, or took, by its clock, in milliseconds.
    pub elapsed_ms: u64,
    /// Events that the host will never see, because it did not keep up.
    pub events_dropped: u64,
    /// When sending can go on, where a limit ended the run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resume_at: Option<Timestamp>,
}

impl Progress {
    /// The last progress of a run that ended so.
    pub(super) fn ended(self, summary: &Summary) -> Progress {
        Progress {
            stage: Stage::Finished,
            status: Some(summary.status),
            exit_code: Some(summary.exit_code),
            elapsed_ms: summary.elapsed_ms,
            events_dropped: summary.events_dropped,
            resume_at: summary.resume_at,
            ..self
        }
    }
}

/// What a run is doing. The numbers are those of the C ABI.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[repr(u32)]
pub enum Stage {
    /// Taking records and checking them; nothing was sent.
    #[default]
    Reading = 0,
    /// Sending.
    Sending = 1,
    /// Nothing any more.
    Finished = 2,
}

/// How a run ended.
/// `rows + absent = accepted + rejected + out_of_scope + unchanged + skipped + refused + in_doubt +
/// not_sent`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Summary {
    /// The run's id, a UUID.
    pub run: String,
    /// The plan it executed or made, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
    /// 0, or the status of the C ABI that says how it ended.
    pub status: i32,
    /// The status's name; `Ok` for 0.
    pub kind: &'static str,
    /// The exit code of the command line; where a plan was all that was asked for, the plan's.
    pub exit_code: u8,
    /// Records of the source; 0 if it was not read to its end.
    pub rows: u64,
    /// Users the service staged (202).
    pub accepted: u64,
    /// Records rejected before anything was sent.
    pub rejected: u64,
    /// Records outside the mapping's scope.
    pub out_of_scope: u64,
    /// Records whose users are as the service has them already; 0 without a plan.
    pub unchanged: u64,
    /// Unknown inactive users, not sent because that was asked for.
    pub skipped: u64,
    /// Users sent although the source has no record of them in scope; 0 without a plan.
    pub absent: u64,
    /// Users in batches that the service refused.
    pub refused: u64,
    /// Users in batches that were sent and not answered: they may have arrived.
    pub in_doubt: u64,
    /// Users of whom the service has nothing from this run.
    pub not_sent: u64,
    /// Warnings about records that went on.
    pub warnings: u64,
    /// Calls made, repeats included.
    pub calls: u64,
    /// Distinct batches among them.
    pub batches: u64,
    /// Calls that were repeats.
    pub retries: u64,
    /// Answers of 429.
    pub throttled: u64,
    /// How long the run took by its clock, in milliseconds.
    pub elapsed_ms: u64,
    /// Events that the host never saw, because it did not keep up: progress, rejected records, and
    /// warnings about records.
    pub events_dropped: u64,
    /// When sending can go on, where a limit ended the run.
    pub resume_at: Option<Timestamp>,
    /// Why the run ended early, if it did.
    pub error: Option<Error>,
}

/// What a run counts as it goes.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// When the run began, by its clock.
    pub(super) began: Timestamp,
    /// Never the last one: the summary is what says that the run is over.
    pub(super) stage: Stage,
    pub(super) totals: Totals,
    pub(super) plan: Option<String>,
    /// The plan's exit code, where making it was all.
    pub(super) only_planned: Option<u8>,
    pub(super) unchanged: u64,
    pub(super) skipped: u64,
    pub(super) absent: u64,
    pub(super) accepted: u64,
    pub(super) refused: u64,
    /// Users in batches with a call that was never answered.
    pub(super) in_doubt: u64,
    pub(super) calls: u64,
    pub(super) batches: u64,
    pub(super) throttled: u64,
    pub(super) in_flight: u64,
}

impl Tally {
    /// The delivery of a batch of `users` went from one place to another.
    pub(super) fn delivery(&mut self, users: u64, before: &Delivery, after: &Delivery) {
        if let Some(count) = self.standing(before.standing()) {
            *count -= users;
        }
        if let Some(count) = self.standing(after.standing()) {
            *count += users;
        }
        self.calls += u64::from(after.calls() - before.calls());
        self.batches += u64::from(before.calls() == 0 && after.calls() > 0);
    }

    /// The users who stand so, where they are counted: whoever is nowhere else was not sent.
    fn standing(&mut self, standing: Standing) -> Option<&mut u64> {
        match standing {
            Standing::NotSent => None,
            Standing::InDoubt => Some(&mut self.in_doubt),
            Standing::Accepted => Some(&mut self.accepted),
            Standing::Refused => Some(&mut self.refused),
        }
    }

    fn elapsed_ms(&self, now: Timestamp) -> u64 {
        u64::try_from(now.since(self.began).as_millis()).unwrap_or(u64::MAX)
    }

    /// Users of whom the service has nothing from this run.
    fn not_sent(&self) -> u64 {
        self.totals.users.saturating_sub(self.accepted + self.refused + self.in_doubt)
    }

    pub(super) fn summary(
        &self,
        run: &str,
        now: Timestamp,
        events_dropped: u64,
        end: End,
    ) -> Summary {
        let (status, kind, exit_code) = match (&end.error, self.only_planned) {
            (Some(error), _) => (error.status(), error.kind.name(), error.kind.exit_code()),
            (None, Some(code)) => (STATUS_OK, "Ok", code),
            (None, None) => {
                let left_out = [
                    // Refused in an earlier sitting: in this one the error would be there.
                    (self.refused, ErrorKind::RequestRefused),
                    (self.totals.rejected, ErrorKind::RecordsRejected),
                ];
                let kind = left_out.into_iter().find(|(users, _)| *users > 0);
                kind.map_or((STATUS_OK, "Ok", 0), |(_, kind)| {
                    (kind.status(), kind.name(), kind.exit_code())
                })
            }
        };
        Summary {
            run: run.to_owned(),
            plan: self.plan.clone(),
            status,
            kind,
            exit_code,
            rows: self.totals.rows,
            accepted: self.accepted,
            rejected: self.totals.rejected,
            out_of_scope: self.totals.out_of_scope,
            unchanged: self.unchanged,
            skipped: self.skipped,
            absent: self.absent,
            refused: self.refused,
            in_doubt: self.in_doubt,
            not_sent: self.not_sent(),
            warnings: self.totals.warnings,
            calls: self.calls,
            batches: self.batches,
            retries: self.calls - self.batches,
            throttled: self.throttled,
            elapsed_ms: self.elapsed_ms(now),
            events_dropped,
            resume_at: end.resume_at,
            error: end.error,
        }
    }

    pub(super) fn progress(
        &self,
        now: Timestamp,
        quota_left: u64,
        events_dropped: u64,
    ) -> Progress {
        Progress {
            stage: self.stage,
            calls: self.calls + self.in_flight,
            calls_total: self.totals.calls,
            users_accepted: self.accepted,
            users_total: self.totals.users,
            users_rejected: self.totals.rejected,
            in_flight: self.in_flight,
            quota_left,
            users_refused: self.refused,
            users_in_doubt: self.in_doubt,
            users_not_sent: self.not_sent(),
            users_unchanged: self.unchanged,
            users_skipped: self.skipped,
            users_absent: self.absent,
            users_out_of_scope: self.totals.out_of_scope,
            rows: self.totals.rows,
            warnings: self.totals.warnings,
            batches: self.batches,
            retries: self.calls - self.batches,
            throttled: self.throttled,
            elapsed_ms: self.elapsed_ms(now),
            events_dropped,
            ..Progress::default()
        }
    }
}

/// Why a run ends.
#[derive(Debug, Clone, Default)]
pub(super) struct End {
    pub(super) error: Option<Error>,
    pub(super) resume_at: Option<Timestamp>,
}

impl From<Error> for End {
    fn from(error: Error) -> Self {
        End { error: Some(error), resume_at: None }
    }
}
