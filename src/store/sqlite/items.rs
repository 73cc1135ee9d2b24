//! The items of a plan, written in pieces.

use rusqlite::{Connection, params};

use super::columns::{moment, stored_json};
use super::packing::Dictionary;
use super::trouble::Trouble;
use super::{SqliteStore, keep};
use crate::error::Error;
use crate::store::{
    Action, Certainty, Counts, Keep, Plan, PlanFacts, PlanItem, PlanWriter, TargetId, sentences,
};
use crate::time::Timestamp;

/// A piece is written when it has this many items or bytes.
const PIECE_ITEMS: usize = 4096;
const PIECE_BYTES: usize = 4 << 20;

/// An item held back.
#[derive(Debug)]
struct Held {
    action: Action,
    line: Option<u64>,
    hash: Option<[u8; 16]>,
    active: Option<bool>,
    certainty: Certainty,
    external_id: String,
    user_name: String,
    user_name_before: String,
    display_name: String,
    manager: String,
    reason: String,
    resend: bool,
    changed: String,
    wiped: String,
    user: Option<Vec<u8>>,
}

/// Writes a plan.
#[derive(Debug)]
pub(super) struct Writer<'a> {
    store: &'a SqliteStore,
    id: String,
    number: i64,
    target: TargetId,
    created_at: Timestamp,
    baseline_revision: u64,
    keep: Keep,
    dictionary: Option<Dictionary>,
    written: u64,
    held: Vec<Held>,
    held_bytes: usize,
    counts: Counts,
    packed: Vec<u8>,
}

impl<'a> Writer<'a> {
    pub(super) fn begin(
        store: &'a SqliteStore,
        id: &str,
        target: TargetId,
        baseline_revision: u64,
        now: Timestamp,
    ) -> Result<Self, Error> {
        let (number, keep) = store.write(|change| {
            let taken: bool = change.query_row(
                "SELECT EXISTS (SELECT 1 FROM plan WHERE id = ?1)",
                [id],
                |row| row.get(0),
            )?;
            if taken {
                return Err(sentences::plan_exists(id).into());
            }
            let number = change.query_row(
                "INSERT INTO plan (id, target, created_at, baseline_revision)
                 VALUES (?1, ?2, ?3, ?4) RETURNING number",
                params![id, target.0, moment(now), baseline_revision],
                |row| row.get(0),
            )?;
            Ok((number, keep::current(change)?))
        })?;
        Ok(Writer {
            store,
            id: id.to_owned(),
            number,
            target,
            created_at: now,
            baseline_revision,
            keep,
            dictionary: None,
            written: 0,
            held: Vec::new(),
            held_bytes: 0,
            counts: Counts::default(),
            packed: Vec::new(),
        })
    }

    fn pack(&mut self, user: Option<&[u8]>) -> Result<Option<Vec<u8>>, Error> {
        let Some(user) = user.filter(|_| self.keep == Keep::Users) else { return Ok(None) };
        if self.dictionary.is_none() {
            let (store, target) = (self.store, self.target);
            self.dictionary =
                Some(store.write(|change| store.packing.dictionary_for(change, target, user))?);
        }
        if let Some(dictionary) = &self.dictionary {
            dictionary.pack(user, &mut self.packed)?;
        }
        Ok(Some(self.packed.as_slice().to_vec()))
    }

    /// Writes what is held back.
    fn write_piece(&mut self, connection: &Connection) -> Result<(), Trouble> {
        // Asked again: a store that was told to forget users must not get them back.
        if keep::current(connection)? != self.keep {
            return Err(sentences::keep_changed().into());
        }
        let mut insert = connection.prepare_cached(
            "INSERT INTO plan_item (plan, ordinal, action, line, hash, active, certainty,
                 external_id, user_name, user_name_before, display_name, manager, reason, changed,
                 wiped, user, resend)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)",
        )?;
        for (ordinal, item) in (self.written..).zip(&self.held) {
            insert.execute(params![
                self.number,
                ordinal,
                item.action as u8,
                item.line,
                item.hash,
                item.active,
                item.certainty as u8,
                item.external_id,
                item.user_name,
                item.user_name_before,
                item.display_name,
                item.manager,
                item.reason,
                item.changed,
                item.wiped,
                item.user,
                item.resend,
            ])?;
        }
        Ok(())
    }

    fn piece_written(&mut self) {
        self.written += self.held.len() as u64;
        self.held.clear();
        self.held_bytes = 0;
    }
}

impl PlanWriter for Writer<'_> {
    fn push(&mut self, item: &PlanItem<'_>) -> Result<u64, Error> {
        if !item.wiped.is_empty() {
            serde_json::from_str::<Vec<&serde_json::value::RawValue>>(item.wiped).map_err(
                |_| Error::internal("A plan item's wiped attributes are no JSON array."),
            )?;
        }
        if item.action.sends() && item.hash.is_none() {
            return Err(Error::internal("A plan item that is sent has no hash."));
        }
        let user = self.pack(item.user)?;
        let kept = |text: &str| match self.keep {
            Keep::Users => text.to_owned(),
            Keep::Hashes => String::new(),
        };
        let held = Held {
            action: item.action,
            line: item.line,
            hash: item.hash.map(u128::to_be_bytes),
            active: item.active,
            certainty: item.certainty,
            external_id: item.external_id.to_owned(),
            user_name: kept(item.user_name),
            user_name_before: kept(item.user_name_before),
            display_name: kept(item.display_name),
            manager: kept(item.manager),
            reason: item.reason.to_owned(),
            resend: item.resend,
            changed: kept(item.changed),
            wiped: item.wiped.to_owned(),
            user,
        };
        self.held_bytes += held.user.as_ref().map_or(0, Vec::len) + held.changed.len();
        self.held.push(held);
        *self.counts.of(item.action) += 1;
        let ordinal = self.written + self.held.len() as u64 - 1;
        if self.held.len() >= PIECE_ITEMS || self.held_bytes >= PIECE_BYTES {
            self.store.write(|change| self.write_piece(change))?;
            self.piece_written();
        }
        Ok(ordinal)
    }

    fn finish(mut self: Box<Self>, mut facts: PlanFacts) -> Result<Plan, Error> {
        let sent = |counts: &Counts| (counts.add, counts.update, counts.disable, counts.restore);
        if sent(&facts.counts) != sent(&self.counts) {
            return Err(Error::internal("A plan's counts are not those of its items."));
        }
        if self.keep == Keep::Hashes {
            facts.protected_names.clear();
        }
        let (counts, tripped) = (stored_json(&facts.counts)?, stored_json(&facts.tripped)?);
        let protected_names = stored_json(&facts.protected_names)?;
        let store = self.store;
        store.write(|change| {
            self.write_piece(change)?;
            change.execute(
                "UPDATE plan SET complete = 1, input_hash = ?2, mapping_hash = ?3, rows = ?4,
                     counts = ?5, tripped = ?6, brakes = ?7, facts = ?8, part = ?9, judgement = ?10,
                     protected_names = ?11
                 WHERE number = ?1",
                params![
                    self.number,
                    facts.input_hash,
                    facts.mapping_hash,
                    facts.rows,
                    counts,
                    tripped,
                    facts.brakes,
                    facts.source,
                    facts.part,
                    facts.judgement,
                    protected_names
                ],
            )?;
            Ok(())
        })?;
        Ok(Plan {
            id: self.id,
            target: self.target,
            created_at: self.created_at,
            baseline_revision: self.baseline_revision,
            facts,
            pruned_at: None,
        })
    }
}
