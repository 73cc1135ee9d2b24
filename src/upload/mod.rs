//! Batches to calls: pace, retry, run, events.
