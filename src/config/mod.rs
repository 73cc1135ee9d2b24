//! Raw JSON to validated settings, every problem at once with its JSON path (`docs/documents.md`).

mod client;
mod conversion;
mod plan;
mod reader;
mod run;

pub use client::{ClientConfig, Licence, Limits, RetryPolicy, State, Target};
pub use conversion::{Conversion, Duplicates, MappingSource};
pub(crate) use plan::is_sha256;
pub use plan::{Guards, Manifest, PlanArguments, PlanSettings};
pub use run::{RunArguments, RunWork};
