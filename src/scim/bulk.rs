//! The SCIM BulkRequest envelope (RFC 7644 section 3.7) as the bulkUpload call wants it.

use super::User;
use crate::document::Reader;

/// The most operations one bulkUpload call may carry.
pub const MAX_OPERATIONS: usize = 50;

/// The default limit of a request body in bytes. Microsoft documents none; this is ours.
pub const DEFAULT_MAX_BYTES: usize = 1 << 20;

const HEAD: &[u8] =
    br#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],"Operations":["#;
const TAIL: &[u8] = br#"],"failOnErrors":null}"#;
const OPERATION: &[u8] = br#"{"method":"POST","path":"/Users","bulkId":""#;
const DATA: &[u8] = br#"","data":"#;
/// A bulkId is the hash of its user's bytes: 32 hexadecimal digits.
const BULK_ID: usize = 32;
/// What the envelope adds to one user, with the comma that separates it from the one before.
const AROUND: usize = OPERATION.len() + BULK_ID + DATA.len() + 2;

/// How large a batch may grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchLimits {
    /// Operations, 1 to [`MAX_OPERATIONS`].
    pub operations: usize,
    /// Bytes of the whole request body.
    pub bytes: usize,
}

impl Default for BatchLimits {
    fn default() -> Self {
        BatchLimits { operations: MAX_OPERATIONS, bytes: DEFAULT_MAX_BYTES }
    }
}

impl BatchLimits {
    /// `operations` and `bytes`, as the client configuration and the conversion both have them.
    pub(crate) fn read(limits: &mut Reader<'_>) -> Option<Self> {
        let operations =
            limits.integer("operations", MAX_OPERATIONS as u64, 1..=MAX_OPERATIONS as u64);
        let most = DEFAULT_MAX_BYTES as u64;
        let bytes = limits.integer("bytes", most, 1_024..=most);
        Some(BatchLimits {
            operations: usize::try_from(operations?).ok()?,
            bytes: usize::try_from(bytes?).ok()?,
        })
    }

    /// Whether this user fits a request of its own.
    pub fn fits_alone(&self, user: &User) -> bool {
        HEAD.len() + AROUND - 1 + user.bytes.len() + TAIL.len() <= self.bytes
    }
}

/// One finished call: its body and who is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// Its number in this run, from 1.
    pub number: u64,
    /// The request body, UTF-8 JSON.
    pub body: bytes::Bytes,
    /// The users in it, in order.
    pub users: Vec<BatchUser>,
}

/// A user's place in a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchUser {
    /// The line of the record it was rendered from.
    pub line: u64,
    /// Its identity.
    pub external_id: String,
}

/// Packs users into batches, in order. Same users, same limits, same bytes.
#[derive(Debug)]
pub struct BatchBuilder {
    limits: BatchLimits,
    body: Vec<u8>,
    users: Vec<BatchUser>,
    number: u64,
}

impl BatchBuilder {
    /// A builder for batches within `limits`.
    pub fn new(limits: BatchLimits) -> Self {
        BatchBuilder { limits, body: Vec::new(), users: Vec::new(), number: 0 }
    }

    /// Whether one more user must wait for the next batch: call [`Self::take`] first.
    pub fn is_full_for(&self, user: &User) -> bool {
        self.users.len() == self.limits.operations
            || (!self.users.is_empty()
                && self.body.len() + AROUND + user.bytes.len() + TAIL.len() > self.limits.bytes)
    }

    /// Adds a user. The caller has asked [`Self::is_full_for`] and [`BatchLimits::fits_alone`].
    ///
    /// The `bulkId` is the hash of the user's own bytes, so that a batch built again is the same to
    /// the byte and no two users share one.
    pub fn push(&mut self, user: &User, line: u64) {
        if self.users.is_empty() {
            self.body.extend_from_slice(HEAD);
        } else {
            self.body.push(b',');
        }
        self.body.extend_from_slice(OPERATION);
        write_hex(&mut self.body, user.hash());
        self.body.extend_from_slice(DATA);
        self.body.extend_from_slice(&user.bytes);
        self.body.push(b'}');
        self.users.push(BatchUser { line, external_id: user.external_id.clone() });
    }

    /// The batch so far, if it holds anyone; the next one begins.
    pub fn take(&mut self) -> Option<Batch> {
        if self.users.is_empty() {
            return None;
        }
        self.body.extend_from_slice(TAIL);
        self.number += 1;
        let capacity = self.body.capacity();
        let body = std::mem::replace(&mut self.body, Vec::with_capacity(capacity));
        let users = std::mem::take(&mut self.users);
        Some(Batch { number: self.number, body: body.into(), users })
    }
}

/// Counts the batches that users would fill, as [`BatchBuilder`] fills them.
#[derive(Debug)]
pub struct BatchCount {
    limits: BatchLimits,
    users: usize,
    bytes: usize,
    batches: u64,
}

impl BatchCount {
    /// Nobody yet.
    pub fn new(limits: BatchLimits) -> Self {
        BatchCount { limits, users: 0, bytes: 0, batches: 0 }
    }

    /// One more user, of this many bytes.
    pub fn add(&mut self, bytes: usize) {
        let full = self.users == self.limits.operations
            || self.bytes + AROUND + bytes + TAIL.len() > self.limits.bytes;
        if self.users == 0 || full {
            self.batches += 1;
            self.users = 0;
            // The first user has no comma before it.
            self.bytes = HEAD.len() - 1;
        }
        self.users += 1;
        self.bytes += AROUND + bytes;
    }

    /// The batches so far.
    pub fn batches(&self) -> u64 {
        self.batches
    }
}

fn write_hex(out: &mut Vec<u8>, hash: u128) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = [0_u8; BULK_ID];
    for (at, digit) in text.iter_mut().enumerate() {
        *digit = DIGITS[((hash >> (124 - 4 * at)) & 15) as usize];
    }
    out.extend_from_slice(&text);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn user(id: usize, size: usize) -> User {
        let bytes = format!(r#"{{"externalId":"{id}","x":"{}"}}"#, "y".repeat(size));
        User { external_id: id.to_string(), bytes: bytes.into_bytes(), ..User::default() }
    }

    proptest! {
        #[test]
        fn batches_hold_everyone_once_in_order_within_both_limits(
            sizes in prop::collection::vec(0_usize..900, 0..200),
            operations in 1_usize..=MAX_OPERATIONS,
            bytes in 1_300_usize..20_000,
        ) {
            let limits = BatchLimits { operations, bytes };
            let mut builder = BatchBuilder::new(limits);
            let mut count = BatchCount::new(limits);
            let mut batches = Vec::new();
            for (id, size) in sizes.iter().enumerate() {
                let user = user(id, *size);
                prop_assert!(limits.fits_alone(&user));
                if builder.is_full_for(&user) {
                    batches.extend(builder.take());
                }
                builder.push(&user, id as u64);
                count.add(user.bytes.len());
            }
            batches.extend(builder.take());
            prop_assert_eq!(count.batches(), batches.len() as u64);
            let mut seen = Vec::new();
            for (at, batch) in batches.iter().enumerate() {
                prop_assert_eq!(batch.number, at as u64 + 1);
                prop_assert!(batch.body.len() <= bytes && batch.users.len() <= operations);
                let json: serde_json::Value = serde_json::from_slice(&batch.body).unwrap();
                prop_assert!(json["failOnErrors"].is_null());
                for (operation, entry) in json["Operations"].as_array().unwrap().iter().zip(&batch.users) {
                    prop_assert_eq!(operation["path"].as_str(), Some("/Users"));
                    prop_assert_eq!(operation["bulkId"].as_str().unwrap().len(), BULK_ID);
                    prop_assert_eq!(operation["data"]["externalId"].as_str(), Some(&*entry.external_id));
                    seen.push(entry.external_id.clone());
                }
            }
            let all: Vec<String> = (0..sizes.len()).map(|id| id.to_string()).collect();
            prop_assert_eq!(seen, all);
        }
    }

    #[test]
    fn a_user_fits_alone_to_the_very_byte() {
        let user = user(1, 10);
        let mut builder = BatchBuilder::new(BatchLimits::default());
        builder.push(&user, 1);
        let size = builder.take().unwrap().body.len();
        assert!(BatchLimits { operations: 50, bytes: size }.fits_alone(&user));
        assert!(!BatchLimits { operations: 50, bytes: size - 1 }.fits_alone(&user));
    }
}
