//! A source read whole, and the proof of it, without which nobody can be removed for being absent.

use std::sync::Arc;

use super::pass::{Pass, Work};
use super::{Prepared, Totals, findings, sentences};
use crate::error::Error;
use crate::finding::Finding;
use crate::source::Columns;

/// A source that was read whole: what would be sent is known.
#[derive(Debug)]
pub struct Checked {
    pub(super) work: Arc<Work>,
    pub(super) totals: Totals,
    pub(super) fingerprint: u128,
    pub(super) columns: Columns,
    /// Columns that the mapping names and no record has.
    pub(super) unseen: Vec<String>,
    /// Records left out whose externalId is not known, and one more for a source that was cut.
    pub(super) unidentified: u64,
}

impl Checked {
    /// The counts.
    pub fn totals(&self) -> Totals {
        self.totals
    }

    /// The hash of the source's bytes, XXH3-128.
    pub fn input_hash(&self) -> u128 {
        self.fingerprint
    }

    /// The hash of the mapping's text and of the options that change what it gives.
    pub fn mapping_hash(&self) -> u128 {
        self.work.mapping_hash
    }

    /// Whether the source has a column of that name; for JSON, whether any record has.
    pub fn has_column(&self, name: &str) -> bool {
        self.columns.find(name).is_some()
            && !self.unseen.iter().any(|unseen| unseen.to_lowercase() == name.to_lowercase())
    }

    /// Reads the bytes once more: are they those that were checked?
    ///
    /// # Errors
    /// `SourceUnreadable`; `SourceChanged`.
    pub fn still_the_same(&self) -> Result<(), Error> {
        if self.work.input.hash()? == self.fingerprint {
            Ok(())
        } else {
            Err(sentences::source_changed())
        }
    }

    /// SHA-256 of the source's bytes, in lower case hexadecimal. Reads them once more.
    ///
    /// # Errors
    /// `SourceUnreadable`; `SourceChanged` where these are no longer the bytes that were checked.
    pub fn sha256(&self) -> Result<String, Error> {
        let (digest, fingerprint) = self.work.input.sha256()?;
        if fingerprint == self.fingerprint { Ok(digest) } else { Err(sentences::source_changed()) }
    }

    /// Adds records that were rejected after the check to the rejects file of the conversion.
    ///
    /// # Errors
    /// `OutputFailed`.
    pub fn add_rejects(&self, findings: &[Finding]) -> Result<(), Error> {
        findings::add(&self.work.conversion, findings)
    }

    /// The same source once more, at its first record.
    ///
    /// # Errors
    /// What opening it again gives.
    pub fn again(&self) -> Result<Prepared, Error> {
        let work = Arc::clone(&self.work);
        Ok(Prepared { pass: Pass::open(Arc::clone(&work))?, work })
    }

    /// The proof, or the number of records of which nobody knows whose they are: rejected ones that
    /// may be anybody's, and what a file that ends within a record lost.
    pub fn complete(&self) -> Result<CompleteSource, u64> {
        match self.unidentified {
            0 => Ok(CompleteSource(())),
            records => Err(records),
        }
    }
}

/// Proof that a source was read from its first byte to its last and that it is known of every record
/// whose it is. Only a check pass that did so gives one; whoever is not in such a source is not in HR.
///
/// ```compile_fail
/// let proof = entrabulk::convert::CompleteSource(());
/// ```
#[derive(Debug)]
pub struct CompleteSource(());
