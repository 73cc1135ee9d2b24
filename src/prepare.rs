//! Source, mapping and lint joined: what would be sent, and then the batches.
