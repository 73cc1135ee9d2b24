//! The arguments of operations, from their documents.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::sentences;
use crate::error::Error;

/// The arguments of an operation.
pub(super) fn parse<T: DeserializeOwned>(arguments: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(arguments).map_err(sentences::invalid_arguments)
}

/// The arguments of a list: how many of the newest it has at most.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Listing {
    limit: Option<usize>,
}

impl Listing {
    /// What was asked for, or 20.
    pub(super) fn limit(self) -> usize {
        self.limit.unwrap_or(20)
    }
}
