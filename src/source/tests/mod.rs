//! Sources as a hostile world makes them.

use std::io::Read;

use super::encoding::{Decoded, choose};
use super::reader::look_ahead;
use super::{Cell, Format, Reader, Record, Row, SourceOptions};
use crate::error::{Error, ErrorKind};
use crate::finding::{Finding, Rule};

mod bulk;
mod csv;
mod damage;
mod encoding;
mod json;

/// Everything a source gave, and how it ended.
#[derive(Debug, Default, PartialEq)]
struct Taken {
    /// Line and cells.
    records: Vec<(u64, Vec<String>)>,
    users: Vec<(u64, String)>,
    rejected: Vec<Finding>,
    columns: Vec<String>,
    failed: Option<Error>,
}

impl Taken {
    fn cells(&self) -> Vec<Vec<&str>> {
        self.records.iter().map(|(_, cells)| cells.iter().map(String::as_str).collect()).collect()
    }

    fn lines(&self) -> Vec<u64> {
        self.records.iter().map(|(line, _)| *line).collect()
    }

    fn kind(&self) -> Option<ErrorKind> {
        self.failed.as_ref().map(|error| error.kind)
    }

    fn rules(&self) -> Vec<(u64, Rule)> {
        self.rejected.iter().map(|finding| (finding.line, finding.rule)).collect()
    }
}

fn take(mut reader: Reader) -> Taken {
    let mut taken = Taken::default();
    let mut record = Record::default();
    loop {
        match reader.next(&mut record) {
            Ok(None) => break,
            Ok(Some(Row::Record)) => {
                let cells = record.cells.iter().map(str::to_owned).collect();
                taken.records.push((record.line, cells));
            }
            Ok(Some(Row::User)) => taken.users.push((record.line, record.cells[0].to_owned())),
            Ok(Some(Row::Rejected(finding))) => taken.rejected.push(finding),
            Err(error) => {
                assert_eq!(reader.next(&mut record), Err(error.clone()), "an error stays");
                taken.failed = Some(error);
                break;
            }
        }
    }
    taken.columns = reader.columns().names().to_vec();
    taken
}

fn read_with(bytes: impl AsRef<[u8]>, options: &SourceOptions) -> Taken {
    read_from(std::io::Cursor::new(bytes.as_ref().to_vec()), options)
}

fn read_from(input: impl Read + Send + 'static, options: &SourceOptions) -> Taken {
    match Reader::open(input, options, &[]) {
        Ok(reader) => take(reader),
        Err(error) => Taken { failed: Some(error), ..Taken::default() },
    }
}

/// Reads with at most `most` bytes at a time at every stage, where a file this small would else go
/// through in one piece.
fn read_in_pieces(bytes: impl AsRef<[u8]>, most: usize, options: &SourceOptions) -> Taken {
    let bytes = bytes.as_ref();
    let opened = choose(bytes, true, options.encoding.as_deref()).and_then(|choice| {
        let text = bytes[choice.bom..].to_vec();
        let (head, _) = look_ahead(Decoded::new(std::io::Cursor::new(text.clone()), choice))?;
        let text = Box::new(Decoded::new(Dribble::new(text, most), choice));
        Reader::over(text, &head, choice, options, &[])
    });
    match opened {
        Ok(reader) => take(reader),
        Err(error) => Taken { failed: Some(error), ..Taken::default() },
    }
}

fn read(bytes: impl AsRef<[u8]>) -> Taken {
    read_with(bytes, &SourceOptions::default())
}

fn open(bytes: impl AsRef<[u8]>) -> Result<Reader, Error> {
    let input = std::io::Cursor::new(bytes.as_ref().to_vec());
    Reader::open(input, &SourceOptions::default(), &[])
}

fn refused(bytes: impl AsRef<[u8]>) -> Error {
    read(bytes).failed.expect("an error")
}

fn in_encoding(label: &str) -> SourceOptions {
    SourceOptions { encoding: Some(label.to_owned()), ..SourceOptions::default() }
}

fn in_format(format: Format) -> SourceOptions {
    SourceOptions { format, ..SourceOptions::default() }
}

fn utf16(text: &str, little: bool, mark: bool) -> Vec<u8> {
    let mark = mark.then_some(0xfeff);
    let units = mark.into_iter().chain(text.encode_utf16());
    units.flat_map(|unit| if little { unit.to_le_bytes() } else { unit.to_be_bytes() }).collect()
}

/// Gives 1 to `most` bytes at a time, in a fixed pattern, and an interruption now and then.
struct Dribble {
    bytes: Vec<u8>,
    at: usize,
    most: usize,
    turn: usize,
}

impl Dribble {
    fn new(bytes: impl AsRef<[u8]>, most: usize) -> Self {
        Dribble { bytes: bytes.as_ref().to_vec(), at: 0, most, turn: 0 }
    }
}

impl Read for Dribble {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        self.turn += 1;
        if self.turn.is_multiple_of(7) {
            return Err(std::io::ErrorKind::Interrupted.into());
        }
        let count = (1 + self.turn % self.most).min(out.len()).min(self.bytes.len() - self.at);
        out[..count].copy_from_slice(&self.bytes[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}

/// The cells of a record as its columns name them.
fn named(reader: &Reader, record: &Record) -> Vec<(String, String)> {
    let names = reader.columns().names().iter().enumerate();
    names
        .filter_map(|(at, name)| {
            let text = match record.cell(at) {
                Cell::Absent => return None,
                Cell::Text(text) => format!("\"{text}\""),
                Cell::Number(text) => text.to_owned(),
                Cell::Bool(value) => value.to_string(),
                Cell::Null => "null".to_owned(),
            };
            Some((name.clone(), text))
        })
        .collect()
}
