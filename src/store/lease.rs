//! One run at a time per target. A holder that died is followed after its lease.

use crate::time::Timestamp;

/// The answer to whoever wants to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lease {
    /// It is yours.
    Taken,
    /// It is yours; the holder before you let it expire without giving it back, so it probably died.
    TakenOver {
        /// Who that was.
        previous: String,
    },
    /// Another has it.
    Held {
        /// Who.
        by: String,
        /// When it expires, unless it is renewed.
        until: Timestamp,
    },
}

impl Lease {
    /// What `holder` gets at `now`, where the lease is `current`'s. One's own is one's own, expired or not.
    pub(super) fn asked(
        current: Option<(String, Timestamp)>,
        holder: &str,
        now: Timestamp,
    ) -> Self {
        match current {
            Some((by, until)) if by != holder && until > now => Lease::Held { by, until },
            Some((by, _)) if by != holder => Lease::TakenOver { previous: by },
            _ => Lease::Taken,
        }
    }
}
