//! Records that a host pushes, kept until the last has come.

use std::fs::File;
use std::io::{self, BufWriter, Write};

use serde_json::{Map, Value};

use crate::error::{Error, ErrorKind};

/// Pushed records, one JSON object a line, in a file without a name that vanishes with it.
#[derive(Debug)]
pub struct Spool {
    file: BufWriter<File>,
    records: u64,
    /// A write failed, perhaps in the middle of a record: nothing can be added or read any more.
    broken: bool,
}

impl Spool {
    /// An empty spool in the system's folder for temporary files.
    ///
    /// # Errors
    /// `OutputFailed`.
    pub fn new() -> Result<Self, Error> {
        let file = tempfile::tempfile().map_err(failed)?;
        Ok(Spool { file: BufWriter::new(file), records: 0, broken: false })
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
        self.write(record).map_err(|error| {
            self.broken = true;
            failed(error)
        })?;
        self.records = number;
        Ok(())
    }

    /// A line break is white space between tokens and cannot stand inside a JSON string, so a space in
    /// its place changes nothing, and record N is line N.
    fn write(&mut self, record: &[u8]) -> io::Result<()> {
        if self.broken {
            return Err(io::Error::other("an earlier record could not be kept"));
        }
        for part in record.split_inclusive(|byte| matches!(byte, b'\n' | b'\r')) {
            match part.split_last() {
                Some((b'\n' | b'\r', rest)) => {
                    self.file.write_all(rest)?;
                    self.file.write_all(b" ")?;
                }
                _ => self.file.write_all(part)?,
            }
        }
        self.file.write_all(b"\n")
    }

    /// The records as a file.
    pub(super) fn into_file(self) -> Result<File, Error> {
        if self.broken {
            return Err(failed(io::Error::other("a record could not be kept")));
        }
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
