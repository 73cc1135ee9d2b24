//! The door of this room: any source, opened and read row by row.

use std::io::{self, Cursor, Read};

use super::bulk::{BulkRows, looks_bulk};
use super::csv::CsvRows;
use super::encoding::{Choice, Decoded, choose, read_failure, take_sample};
use super::header::DELIMITERS;
use super::json::JsonRows;
use super::{
    CellKind, Columns, Format, Record, SourceFacts, SourceOptions, Text, foreign, sentences,
};
use crate::error::Error;
use crate::finding::Finding;

/// How much decoded text is looked at to find the format and the delimiter, in bytes.
const HEAD: usize = 64 << 10;

/// What one step of a read gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Row {
    /// The record was filled.
    Record,
    /// A finished SCIM user: the record's only cell is its JSON object, compact.
    User,
    /// A record that goes no further, and why; the record's cells mean nothing.
    Rejected(Finding),
}

/// Reads the records of a source, in order, holding one at a time.
///
/// The same bytes and options give the same rows and facts, always, so that a source may be read once
/// to check it and once more to send it. `Send`, not `Sync`: one thread at a time.
pub struct Reader {
    rows: Rows,
    facts: SourceFacts,
    /// The first row of a JSON source, read to know its columns.
    first: Option<(Row, Record)>,
    end: End,
}

enum Rows {
    Csv(CsvRows),
    Json(JsonRows),
    Bulk(BulkRows, Columns),
}

/// How the read ended, if it did.
enum End {
    NotYet,
    Done,
    Failed(Error),
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader").field("facts", &self.facts).finish_non_exhaustive()
    }
}

impl Reader {
    /// Opens `input` as `options` say and finds out the rest: encoding, format, delimiter, columns.
    /// `wanted` are the columns the caller will ask for by index; a JSON source gives them the first
    /// indices.
    ///
    /// Reads up to 1 MiB before it returns.
    ///
    /// # Errors
    /// `SourceUnreadable`; `SourceEncoding` for a byte that does not decode or a byte order mark that
    /// contradicts the encoding given; `SourceFormat` for what is no text, a header with repeated or
    /// empty names, broken JSON; `SourceEmpty` for a source of nothing but space; `ConfigInvalid` for
    /// an unknown encoding or delimiter.
    pub fn open(
        mut input: impl Read + Send + 'static,
        options: &SourceOptions,
        wanted: &[String],
    ) -> Result<Self, Error> {
        if let Some(other) = options.delimiter.filter(|given| !DELIMITERS.contains(given)) {
            return Err(sentences::no_delimiter(&char::from(other).to_string()));
        }
        let (sample, whole) = take_sample(&mut input).map_err(|error| read_failure(error, 1))?;
        foreign::refuse_known(&sample)?;
        let choice = choose(&sample, whole, options.encoding.as_deref())?;
        let mut raw = Cursor::new(sample);
        raw.set_position(choice.bom as u64);
        let (head, text) = look_ahead(Decoded::new(raw.chain(input), choice))?;
        Reader::over(text, &head, choice, options, wanted)
    }

    /// Reads decoded `text`, which begins with `head`.
    pub(super) fn over(
        text: Text,
        head: &str,
        choice: Choice,
        options: &SourceOptions,
        wanted: &[String],
    ) -> Result<Self, Error> {
        foreign::refuse_markup(head)?;
        let mut facts = SourceFacts {
            format: match options.format {
                Format::Auto => detect_format(head),
                given => given,
            },
            encoding: choice.encoding.name().to_owned(),
            encoding_from: choice.from,
            delimiter: None,
            columns: Vec::new(),
        };
        let mut first = None;
        let rows = match facts.format {
            Format::Auto | Format::Csv => {
                let (rows, delimiter) = CsvRows::open(text, head, options.delimiter)?;
                facts.delimiter = Some(delimiter as char);
                facts.columns = rows.columns().names().to_vec();
                Rows::Csv(rows)
            }
            Format::Json | Format::JsonLines => {
                let mut rows = JsonRows::new(text, facts.format == Format::Json, wanted);
                let mut record = Record::default();
                first = rows.next(&mut record)?.map(|row| (row, record));
                if let Some((Row::Record, record)) = &first {
                    facts.columns = present(rows.columns(), record);
                }
                Rows::Json(rows)
            }
            Format::Bulk => Rows::Bulk(BulkRows::new(text), Columns::default()),
        };
        Ok(Reader { rows, facts, first, end: End::NotYet })
    }

    /// What opening found.
    pub fn facts(&self) -> &SourceFacts {
        &self.facts
    }

    /// The columns: all of them for CSV, those met so far for JSON, none for finished users.
    pub fn columns(&self) -> &Columns {
        match &self.rows {
            Rows::Csv(rows) => rows.columns(),
            Rows::Json(rows) => rows.columns(),
            Rows::Bulk(_, none) => none,
        }
    }

    /// Reads the next row into `record`; `None` after the last.
    ///
    /// # Errors
    /// Anything wrong with the source as a whole, with its line. The read is over then, and every
    /// further call gives the same error.
    pub fn next(&mut self, record: &mut Record) -> Result<Option<Row>, Error> {
        match &self.end {
            End::NotYet => {}
            End::Done => return Ok(None),
            End::Failed(error) => return Err(error.clone()),
        }
        if let Some((row, first)) = self.first.take() {
            *record = first;
            return Ok(Some(row));
        }
        let next = match &mut self.rows {
            Rows::Csv(rows) => rows.next(record),
            Rows::Json(rows) => rows.next(record),
            Rows::Bulk(rows, _) => rows.next(record),
        };
        match &next {
            Ok(Some(_)) => {}
            Ok(None) => self.end = End::Done,
            Err(error) => self.end = End::Failed(error.clone()),
        }
        next
    }
}

/// The beginning of the text, and the text from its beginning.
pub(super) fn look_ahead(
    mut text: Decoded<impl Read + Send + 'static>,
) -> Result<(String, Text), Error> {
    let (mut head, mut piece, mut ended) = (Vec::new(), [0; 8 << 10], false);
    while head.len() < HEAD && !ended {
        match text.read(&mut piece) {
            Ok(count) => {
                head.extend_from_slice(&piece[..count]);
                ended = count == 0;
            }
            // The grammar comes to the same byte, and knows its line.
            Err(error) if error.kind() == io::ErrorKind::InvalidData => break,
            Err(error) => return Err(read_failure(error, 1)),
        }
    }
    let head = String::from_utf8(head).map_err(|error| Error::internal(error.to_string()))?;
    if ended && head.trim_matches(|c: char| c.is_whitespace() || c == '\u{1a}').is_empty() {
        return Err(sentences::empty());
    }
    let text = Cursor::new(head.clone().into_bytes()).chain(text);
    Ok((head, Box::new(text)))
}

fn detect_format(head: &str) -> Format {
    match head.trim_start().as_bytes().first() {
        Some(b'{' | b'[') if looks_bulk(head) => Format::Bulk,
        Some(b'[') => Format::Json,
        Some(b'{') => Format::JsonLines,
        _ => Format::Csv,
    }
}

/// The names of the columns this record has.
fn present(columns: &Columns, record: &Record) -> Vec<String> {
    let absent = |at: usize| record.kinds.get(at).is_none_or(|kind| *kind == CellKind::Absent);
    let names = columns.names().iter().enumerate();
    names.filter(|(at, _)| !absent(*at)).map(|(_, name)| name.clone()).collect()
}
