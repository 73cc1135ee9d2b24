//! A tenant on loopback that is stricter than the real one.
