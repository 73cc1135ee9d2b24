//! Payloads without a network, record by record.
