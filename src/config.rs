//! Raw JSON to validated configuration, every problem at once.
