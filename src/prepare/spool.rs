//! Records that a host pushes, kept until the last has come.

use std::fs::File;
use std::io::{BufWriter, Write};

use serde_json::{Map, Value};

use crate::error::{Error, ErrorKind};

/// Pushed records, one JSON object a line, in a file without a name that vanishes with it.
#[derive(Debug)]
pub struct Spool {
    file: BufWriter<File>,
    records: u64,
}

impl Spool {
    /// An empty spool in the system's folder for temporary files.
    ///
    /// # Errors
    /// `OutputFailed`.
    pub fn new() -> Result<Self, Error> {
        let file = tempfile::tempfile().map_err(failed)?;
        Ok(Spool { file: BufWriter::new(file), records: 0 })
    }

    /// Adds one record: a JSON object, UTF-8. A record that is refused is not added.
    ///
    /// # Errors
    /// `InvalidArgument` where it is no JSON object, with the record's number; `OutputFailed`.
    pub fn push(&mut self, record: &[u8]) -> Result<(), Error> {
        let number = self.records + 1;
        if let Err(error) = serde_json::from_slice::<Map<String, Value>>(record) {
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                format!("Record {number} is not a JSON object: {error}."),
                "Push each record as one object of column names and values.",
            )
            .at_line(number));
        }
        // A line break is white space between tokens and cannot stand inside a JSON string, so a
        // space in its place changes nothing, and record N is line N.
        for part in record.split_inclusive(|byte| matches!(byte, b'\n' | b'\r')) {
            match part.split_last() {
                Some((b'\n' | b'\r', rest)) => {
                    self.file.write_all(rest).and_then(|()| self.file.write_all(b" "))
                }
                _ => self.file.write_all(part),
            }
            .map_err(failed)?;
        }
        self.file.write_all(b"\n").map_err(failed)?;
        self.records = number;
        Ok(())
    }

    /// The records as a file.
    pub(super) fn into_file(self) -> Result<File, Error> {
        self.file.into_inner().map_err(|error| failed(error.into_error()))
    }
}

fn failed(error: std::io::Error) -> Error {
    Error::new(
        ErrorKind::OutputFailed,
        format!("The temporary file for pushed records cannot be written: {error}."),
        "Check the space left in the system's temporary folder.",
    )
}
