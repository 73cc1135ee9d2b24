//! What hosts hold: a target, its secrets, its pace.

/// A target.
#[derive(Debug, Clone)]
pub struct Client {}
