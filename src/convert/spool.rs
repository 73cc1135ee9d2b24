//! Records that a host pushes, kept until the last has come.

use std::fs::File;

use serde_json::{Map, Value};

use super::sentences;
use crate::error::Error;
use crate::scratch::Pieces;

/// Pushed records, one JSON object a line, in a file without a name that vanishes with it.
#[derive(Debug)]
pub struct Spool {
    file: Pieces,
    records: u64,
}

impl Spool {
    /// An empty spool in the system's folder for temporary files.
    ///
    /// # Errors
    /// `OutputFailed`.
    pub fn new() -> Result<Self, Error> {
        Ok(Spool { file: Pieces::new()?, records: 0 })
    }

    /// Adds one record: a JSON object, UTF-8. A record that is refused is not added.
    ///
    /// # Errors
    /// `InvalidArgument` where it is no JSON object, with the record's number; `OutputFailed`.
    pub fn push(&mut self, record: &[u8]) -> Result<(), Error> {
        let number = self.records + 1;
        if let Err(error) = serde_json::from_slice::<Map<String, Value>>(record) {
            return Err(sentences::pushed_no_object(number, &error));
        }
        self.write(record)?;
        self.records = number;
        Ok(())
    }

    /// A line break is white space between tokens and cannot stand inside a JSON string, so a space in
    /// its place changes nothing, and record N is line N.
    fn write(&mut self, record: &[u8]) -> Result<(), Error> {
        for part in record.split_inclusive(|byte| matches!(byte, b'\n' | b'\r')) {
            match part.split_last() {
                Some((b'\n' | b'\r', rest)) => {
                    self.file.add(rest)?;
                    self.file.add(b" ")?;
                }
                _ => {
                    self.file.add(part)?;
                }
            }
        }
        self.file.add(b"\n").map(|_| ())
    }

    /// The records as a file.
    pub(super) fn into_file(self) -> Result<File, Error> {
        self.file.into_file()
    }
}
