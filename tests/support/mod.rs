//! What the tests share: people to send, a tenant to send them to, a state of their own, the program.

use std::path::{Path, PathBuf};

pub(crate) mod program;
pub(crate) mod state;
pub(crate) mod tenant;
pub(crate) mod users;

/// A file of the checkout.
pub(crate) fn at_root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The text of a file of the checkout.
pub(crate) fn read(path: &str) -> String {
    std::fs::read_to_string(at_root(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// So many cases of a property; what fails is printed, and written nowhere.
pub(crate) fn cases(cases: u32) -> proptest::test_runner::Config {
    proptest::test_runner::Config { cases, failure_persistence: None, ..Default::default() }
}
