//! A stored plan as batches: first what the journal knows and nobody answered, then the rest.

use std::collections::{HashMap, VecDeque};
use std::ops::Range;
use std::sync::Arc;

use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use super::sentences;
use super::supply::Load;
use crate::convert::Rendered;
use crate::error::Error;
use crate::scim::User;
use crate::scim::bulk::{BatchBuilder, BatchLimits};
use crate::store::{self, Action, Actions, BatchState, ItemFilter, PlanItem, Store};

/// Items read at a time.
const CHUNK: u64 = 512;

/// One item to send.
struct Item {
    ordinal: u64,
    user: User,
    line: u64,
    disables: bool,
}

/// The users of a plan.
pub(super) struct Users {
    pub(super) store: Arc<dyn Store>,
    pub(super) plan: String,
    /// Where the store keeps only their hashes.
    pub(super) rendered: Option<Rendered>,
}

impl Users {
    fn items(&self, ordinals: Range<u64>) -> Result<VecDeque<Item>, Error> {
        let filter = ItemFilter { actions: Actions::SENT, ordinals, with_users: true };
        let mut items = VecDeque::new();
        self.store.plan_items(&self.plan, &filter, &mut |item| {
            let mut user = self.user(&item)?;
            item.external_id.clone_into(&mut user.external_id);
            items.push_back(Item {
                ordinal: item.ordinal,
                user,
                line: item.line.unwrap_or_default(),
                disables: item.action == Action::Disable,
            });
            Ok(())
        })?;
        Ok(items)
    }

    fn user(&self, item: &PlanItem<'_>) -> Result<User, Error> {
        match (item.user, &self.rendered) {
            (Some(bytes), _) if item.hash == Some(xxh3_128(bytes)) => Ok(User {
                bytes: bytes.to_vec(),
                manager: item.manager.to_owned(),
                ..User::default()
            }),
            (Some(_), _) => Err(sentences::user_changed(item.external_id, &self.plan)),
            (None, Some(rendered)) => {
                let user = item.hash.map(|hash| rendered.user(hash)).transpose()?;
                user.flatten().ok_or_else(sentences::not_kept)
            }
            (None, None) => Err(sentences::not_kept()),
        }
    }
}

/// The batches of a run.
pub(super) struct Loads {
    users: Users,
    limits: BatchLimits,
    /// What to settle first.
    open: VecDeque<store::Batch>,
    /// Nothing new before these are settled.
    barrier: u64,
    /// The number of the next new batch.
    number: u64,
    /// The first ordinal not read yet.
    next: u64,
    /// Items not read yet.
    unread: u64,
    read: VecDeque<Item>,
    /// The batch of every user so far, by the hash of its externalId.
    batch_of: HashMap<u64, u64>,
}

impl Loads {
    /// The batches of a plan of `users` from where `batches`, the journal's, leave off. `sent` is how many
    /// items the plan sends in all.
    pub(super) fn new(
        users: Users,
        limits: BatchLimits,
        sent: u64,
        batches: Vec<store::Batch>,
        covered: u64,
    ) -> Self {
        let number = batches.last().map_or(1, |batch| batch.number + 1);
        let next = batches.last().map_or(0, |batch| batch.ordinals.end);
        let settled = |batch: &store::Batch| {
            matches!(batch.state, BatchState::Accepted | BatchState::Refused)
        };
        let open: VecDeque<_> = batches.into_iter().filter(|batch| !settled(batch)).collect();
        let barrier = open.back().map_or(0, |batch| batch.number);
        let unread = sent.saturating_sub(covered);
        let (read, batch_of) = (VecDeque::new(), HashMap::new());
        Loads { users, limits, open, barrier, number, next, unread, read, batch_of }
    }

    /// A batch that the journal knows, to the byte.
    fn again(&mut self, known: store::Batch) -> Result<Load, Error> {
        let items = self.users.items(known.ordinals.clone())?;
        let unlimited = BatchLimits { operations: usize::MAX, bytes: usize::MAX };
        let load = self.build(items, unlimited, known.number, known.ordinals)?;
        let load = load.ok_or_else(|| Error::internal("A batch in the journal is empty."))?;
        if load.body_hash != known.body_hash {
            return Err(sentences::batch_changed(known.number));
        }
        let doubtful = matches!(known.state, BatchState::Sent | BatchState::InDoubt);
        Ok(Load { attempts: known.attempts, doubtful, ..load })
    }

    /// The next batch that the journal does not know.
    fn fresh(&mut self) -> Result<Option<Load>, Error> {
        while self.unread > 0 && self.read.len() < self.limits.operations {
            let chunk = self.users.items(self.next..self.next.saturating_add(CHUNK))?;
            self.next = self.next.saturating_add(CHUNK);
            // What is sent comes first in a plan, without gaps.
            if chunk.is_empty() {
                return Err(Error::internal("A plan has fewer items than it counts."));
            }
            self.unread = self.unread.saturating_sub(chunk.len() as u64);
            self.read.extend(chunk);
        }
        let Some(first) = self.read.front() else { return Ok(None) };
        let (first, number) = (first.ordinal, self.number);
        self.number += 1;
        let items = std::mem::take(&mut self.read);
        self.build(items, self.limits, number, first..first)
    }

    /// One batch of as many of `items` as fit; the others are read again.
    fn build(
        &mut self,
        mut items: VecDeque<Item>,
        limits: BatchLimits,
        number: u64,
        mut ordinals: Range<u64>,
    ) -> Result<Option<Load>, Error> {
        let mut builder = BatchBuilder::new(limits);
        let (mut after, mut urgent) = (0, false);
        if number > self.barrier {
            after = self.barrier;
        }
        while let Some(item) = items.pop_front() {
            if builder.is_full_for(&item.user) {
                items.push_front(item);
                break;
            }
            builder.push(&item.user, item.line);
            urgent |= item.disables;
            ordinals.end = ordinals.end.max(item.ordinal + 1);
            self.batch_of.insert(key(&item.user.external_id), number);
            // A manager further down leads back here; nobody in a cycle can come first.
            let manager = self.batch_of.get(&key(&item.user.manager));
            after = after.max(manager.copied().filter(|batch| *batch < number).unwrap_or(0));
        }
        self.read.extend(items);
        let Some(mut batch) = builder.take() else { return Ok(None) };
        batch.number = number;
        let body_hash = xxh3_128(&batch.body);
        Ok(Some(Load { batch, ordinals, body_hash, after, urgent, attempts: 0, doubtful: false }))
    }
}

impl Iterator for Loads {
    type Item = Result<Load, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.open.pop_front() {
            Some(known) => Some(self.again(known)),
            None => self.fresh().transpose(),
        }
    }
}

fn key(external_id: &str) -> u64 {
    xxh3_64(external_id.as_bytes())
}
