//! A user as it is sent.

use xxhash_rust::xxh3::xxh3_128;

use crate::finding::Rule;

/// A SCIM user rendered from one record: its canonical bytes, and what later rooms ask of it.
///
/// Made once and refilled; its buffers keep their size from user to user.
#[derive(Debug, Clone, Default)]
pub struct User {
    /// The user as compact JSON, UTF-8, keys in the mapping's order. Same record, same bytes.
    pub bytes: Vec<u8>,
    /// Its identity.
    pub external_id: String,
    /// Its userName; empty where the user has none.
    pub user_name: String,
    /// Its displayName; empty where the user has none.
    pub display_name: String,
    /// Whether the account is to be enabled, where the user says so.
    pub active: Option<bool>,
    /// The externalId of its manager; empty where it has none.
    pub manager: String,
    /// What is odd about it though it may be sent: the rule and the attribute's path.
    pub warnings: Vec<(Rule, String)>,
}

impl User {
    /// Empties it for the next record, keeping its buffers.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.external_id.clear();
        self.user_name.clear();
        self.display_name.clear();
        self.active = None;
        self.manager.clear();
        self.warnings.clear();
    }

    /// Empties it but for its externalId: what is left of a record that is not sent.
    pub(crate) fn keep_identity(&mut self) {
        let external_id = std::mem::take(&mut self.external_id);
        self.clear();
        self.external_id = external_id;
    }

    /// The hash of the canonical bytes (XXH3, 128 bits): what decides "unchanged", and the bulkId.
    pub fn hash(&self) -> u128 {
        xxh3_128(&self.bytes)
    }
}
