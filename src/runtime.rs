//! The process-wide Tokio runtime.
