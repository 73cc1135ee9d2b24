//! The baseline, small enough that a million users fit fifty megabytes.

use std::cell::Cell;

use hashbrown::HashTable;
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use super::reason::Reason;
use super::sentences;
use crate::error::Error;
use crate::lint::fold_into;
use crate::store::{BaselineRow, Store, TargetId, UserState};

const DISABLED: u8 = 1;
const FAILED: u8 = 2;
const UNCONFIRMED: u8 = 4;
const SEEN: u8 = 8;

/// What the baseline has of each user: hashes of its externalId, its bytes and its name, and how it
/// stands. Users are numbered in byte order of externalId.
#[derive(Debug, Default)]
pub(super) struct Known {
    target: Option<TargetId>,
    revision: u64,
    keys: Vec<u128>,
    hashes: Vec<u128>,
    names: Vec<u64>,
    marks: Vec<u8>,
    /// Numbers of users by their keys.
    numbers: HashTable<u32>,
    active: u64,
    /// The number after the one found last: exports tend to be sorted, and then it is the next.
    next: Cell<u32>,
}

impl Known {
    /// Reads the baseline of a target.
    pub(super) fn load(store: &dyn Store, target: TargetId) -> Result<Self, Error> {
        let mut known = Known { target: Some(target), ..Known::default() };
        let mut folded = String::new();
        known.revision = store.scan_baseline(target, &mut |row| {
            known.keys.push(xxh3_128(row.external_id.as_bytes()));
            known.hashes.push(row.hash);
            known.names.push(name_hash(row.user_name, &mut folded));
            let mut marks = match row.state {
                UserState::Failed => FAILED,
                UserState::Unconfirmed => UNCONFIRMED,
                UserState::Accepted | UserState::Confirmed => 0,
            };
            match row.active {
                Some(false) => marks |= DISABLED,
                Some(true) | None => known.active += 1,
            }
            known.marks.push(marks);
            Ok(())
        })?;
        let hash = |number: &u32| hash_of(known.keys[*number as usize]);
        known.numbers.reserve(known.keys.len(), hash);
        for (number, key) in (0..).zip(&known.keys) {
            known.numbers.insert_unique(hash_of(*key), number, hash);
        }
        Ok(known)
    }

    /// The number of a user.
    pub(super) fn find(&self, external_id: &str) -> Option<u32> {
        let key = xxh3_128(external_id.as_bytes());
        let next = self.next.get();
        let found = match self.keys.get(next as usize) {
            Some(candidate) if *candidate == key => Some(next),
            _ => self.numbers.find(hash_of(key), |at| self.keys[*at as usize] == key).copied(),
        };
        self.next.set(found.map_or(next, |number| number + 1));
        found
    }

    /// How many users there are.
    pub(super) fn users(&self) -> u64 {
        self.keys.len() as u64
    }

    /// How many of them are active: not said to be disabled.
    pub(super) fn active(&self) -> u64 {
        self.active
    }

    /// The revision it was read at.
    pub(super) fn revision(&self) -> u64 {
        self.revision
    }

    /// The hash of the accepted user.
    pub(super) fn hash(&self, number: u32) -> u128 {
        self.hashes[number as usize]
    }

    /// The users with a name, and its hash.
    pub(super) fn names(&self) -> impl Iterator<Item = (u32, u64)> + '_ {
        (0..).zip(self.names.iter().copied()).filter(|(_, name)| *name != 0)
    }

    /// Whether the user is active: not said to be disabled.
    pub(super) fn is_active(&self, number: u32) -> bool {
        self.has(number, DISABLED).is_none()
    }

    /// Why the user is to be sent again even if it did not change.
    pub(super) fn resend(&self, number: u32) -> Option<Reason> {
        self.has(number, FAILED)
            .and(Some(Reason::ResendFailed))
            .or(self.has(number, UNCONFIRMED).and(Some(Reason::ResendUnconfirmed)))
    }

    /// Notes that the source holds the user.
    pub(super) fn see(&mut self, number: u32) {
        self.marks[number as usize] |= SEEN;
    }

    /// Whether the source holds the user.
    pub(super) fn is_seen(&self, number: u32) -> bool {
        self.has(number, SEEN).is_some()
    }

    fn has(&self, number: u32, mark: u8) -> Option<()> {
        (self.marks[number as usize] & mark != 0).then_some(())
    }

    /// Reads the baseline again, handing over each user and its number.
    pub(super) fn read_again(
        &self,
        store: &dyn Store,
        each: &mut dyn FnMut(u32, BaselineRow<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let Some(target) = self.target else { return Ok(()) };
        // A baseline that moved has other numbers, so nothing may come of a scan of it.
        if store.baseline_revision(target)? != self.revision {
            return Err(sentences::baseline_moved());
        }
        let mut number = 0;
        let revision = store.scan_baseline(target, &mut |row| {
            let at = number;
            number += 1;
            if self.keys.get(at as usize) != Some(&xxh3_128(row.external_id.as_bytes())) {
                return Err(sentences::baseline_moved());
            }
            each(at, row)
        })?;
        if revision == self.revision { Ok(()) } else { Err(sentences::baseline_moved()) }
    }

    /// An error if the baseline is no longer what was read.
    pub(super) fn still_holds(&self, store: &dyn Store) -> Result<(), Error> {
        match self.target {
            Some(target) if store.baseline_revision(target)? != self.revision => {
                Err(sentences::baseline_moved())
            }
            _ => Ok(()),
        }
    }
}

/// A key is a hash already; half of it will do.
const fn hash_of(key: u128) -> u64 {
    key as u64
}

/// The hash of a userName as Entra compares it, without regard to case; 0 for none.
pub(super) fn name_hash(name: &str, folded: &mut String) -> u64 {
    if name.is_empty() {
        return 0;
    }
    fold_into(folded, name);
    xxh3_64(folded.as_bytes()).max(1)
}
