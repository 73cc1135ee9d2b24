//! Source, mapping and lint joined: one check pass over everything, which reports every finding and shows
//! every user to whoever plans, before anything is sent.

mod check;
mod complete;
mod findings;
mod input;
mod pass;
pub mod rejects;
mod rendered;
mod sentences;
pub mod settings;
mod spool;
mod summary;

use std::sync::Arc;

use crate::error::Error;
use crate::mapping::MappingOptions;
use crate::scim::bulk::BatchLimits;
use crate::source::{Format, Record, SourceFacts};

pub use check::{LeftOut, Place, Report, Totals, Visitor};
pub use complete::{Checked, CompleteSource};
use input::Input;
use pass::{Pass, Work};
pub use rendered::Rendered;
pub use settings::{Conversion, MappingSource, RecordSource};
pub use spool::Spool;
pub(crate) use summary::Gathered;
pub use summary::{CheckFinding, CheckSummary, MAX_FINDINGS, check};

/// An opened source with its mapping, both found sound.
#[derive(Debug)]
pub struct Prepared {
    work: Arc<Work>,
    pass: Pass,
}

impl Prepared {
    /// Opens the source - the file of the conversion, or the pushed records - and checks the mapping
    /// against it. No record is read yet.
    ///
    /// # Errors
    /// `SourceUnreadable`, `SourceEncoding`, `SourceFormat`, `SourceEmpty`, `MappingInvalid`.
    pub fn open(conversion: Conversion, pushed: Option<Spool>) -> Result<Self, Error> {
        let work = Arc::new(Work::open(conversion, pushed)?);
        let pass = Pass::open(Arc::clone(&work))?;
        let maps = work.conversion.mapping != MappingSource::ByColumnNames
            || work.conversion.mapping_options != MappingOptions::default();
        if pass.facts().format == Format::Bulk && maps {
            return Err(sentences::finished_users_are_not_mapped());
        }
        Ok(Prepared { work, pass })
    }

    /// How large a batch may grow.
    pub fn limits(&self) -> BatchLimits {
        self.work.conversion.limits
    }

    /// What is known of the source before its first record.
    pub fn facts(&self) -> &SourceFacts {
        self.pass.facts()
    }
}

/// The columns of a conversion's source: of its header, or of its first record.
///
/// # Errors
/// What opening and reading the source give; `SourceEmpty` for JSON without a record.
pub fn columns(conversion: &Conversion) -> Result<Vec<String>, Error> {
    let input = Input::open(&conversion.records, None)?;
    let (mut reader, _) = pass::open(conversion, &input, &[])?;
    if reader.facts().format == Format::Bulk {
        return Err(sentences::finished_users_need_no_mapping(input.name()));
    }
    if !reader.columns().complete() && reader.next(&mut Record::default())?.is_none() {
        return Err(sentences::no_record(input.name()));
    }
    Ok(reader.columns().names().to_vec())
}

/// The hashes of a conversion's source and mapping as they are now, as [`Checked::input_hash`] and
/// [`Checked::mapping_hash`] give them.
///
/// # Errors
/// What opening the source and reading the mapping give.
pub fn hashes(conversion: &Conversion) -> Result<(u128, u128), Error> {
    let work = Work::open(conversion.clone(), None)?;
    Ok((work.input.hash()?, work.mapping_hash))
}
