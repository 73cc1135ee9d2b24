//! The second pass: users to batches.

use std::collections::HashSet;
use std::sync::Arc;

use super::pass::{Pass, Step};
use super::{Checked, sentences};
use crate::error::Error;
use crate::scim::bulk::{Batch, BatchBuilder};

/// The batches of all users that passed the check, in order. After an error there are no more.
#[derive(Debug)]
pub struct Batches {
    pass: Pass,
    builder: BatchBuilder,
    excluded: Arc<HashSet<u64>>,
    fingerprint: u128,
    row: u64,
    /// Users that are still to come.
    left: u64,
    done: bool,
}

impl Batches {
    pub(super) fn begin(checked: &Checked) -> Result<Self, Error> {
        Ok(Batches {
            pass: Pass::open(Arc::clone(&checked.work))?,
            builder: BatchBuilder::new(checked.work.conversion.limits),
            excluded: Arc::clone(&checked.excluded),
            fingerprint: checked.fingerprint,
            row: 0,
            left: checked.totals.users,
            done: false,
        })
    }

    fn step(&mut self) -> Result<Option<Batch>, Error> {
        while let Some(step) = self.pass.next()? {
            self.row += 1;
            let Step::User(user, line) = step else { continue };
            if self.excluded.contains(&self.row) {
                continue;
            }
            self.left = self.left.saturating_sub(1);
            let full = self.builder.is_full_for(user).then(|| self.builder.take()).flatten();
            self.builder.push(user, line);
            if full.is_some() {
                return Ok(full);
            }
        }
        self.done = true;
        if self.pass.fingerprint() != self.fingerprint {
            return Err(sentences::source_changed());
        }
        if self.left != 0 {
            let message = format!("{} users that passed the check did not come again.", self.left);
            return Err(Error::internal(message));
        }
        Ok(self.builder.take())
    }
}

impl Iterator for Batches {
    type Item = Result<Batch, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let batch = self.step();
        self.done |= batch.is_err();
        batch.transpose()
    }
}
