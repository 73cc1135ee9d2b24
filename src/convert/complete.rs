//! The value without which nobody can be removed for being absent.

use super::Checked;

/// Proof that a source was read from its first byte to its last and that it is known of every record
/// whose it is. Only a check pass that did so gives one; whoever is not in such a source is not in HR.
///
/// ```compile_fail
/// let proof = entrabulk::convert::CompleteSource(());
/// ```
#[derive(Debug)]
pub struct CompleteSource(());

impl Checked {
    /// The proof, or the number of records of which nobody knows whose they are: rejected ones that
    /// may be anybody's, and what a file that ends within a record lost.
    pub fn complete(&self) -> Result<CompleteSource, u64> {
        match self.unidentified {
            0 => Ok(CompleteSource(())),
            records => Err(records),
        }
    }
}
