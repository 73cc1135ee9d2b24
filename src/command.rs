//! Named operations, JSON in and JSON out.
