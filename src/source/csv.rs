//! CSV (RFC 4180) to records.

use csv::{ErrorKind as CsvErrorKind, ReaderBuilder, StringRecord};

use super::encoding::read_failure;
use super::flatten::nul_in;
use super::header::{column_names, detect_delimiter, stated_delimiter};
use super::lines::{GUARD_RECORD, Lines};
use super::{Columns, MAX_RECORD_BYTES, Record, Row, Text, sentences};
use crate::error::Error;
use crate::finding::{Finding, Rule};

/// How much the grammar gets at a time, in bytes.
const BUFFER: usize = 64 << 10;

/// The rows under a header.
pub(super) struct CsvRows {
    reader: csv::Reader<Lines<Text>>,
    columns: Columns,
}

impl CsvRows {
    /// Reads the header of `text`, which begins with `head`. Also the delimiter: the one given, or the
    /// one stated by `sep=`, or the one the header uses.
    pub(super) fn open(text: Text, head: &str, delimiter: Option<u8>) -> Result<(Self, u8), Error> {
        let stated = stated_delimiter(head);
        let delimiter = delimiter.or(stated).unwrap_or_else(|| detect_delimiter(head));
        let reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(delimiter)
            .buffer_capacity(BUFFER)
            .from_reader(Lines::new(text));
        let mut rows = CsvRows { reader, columns: Columns::default() };
        let mut fields = StringRecord::new();
        if stated.is_some() {
            rows.read(&mut fields)?;
        }
        let line = rows.read(&mut fields)?.ok_or_else(sentences::no_header)?;
        let names = column_names(&fields, line, delimiter)?;
        rows.columns = Columns::from_header(names).map_err(|(first, second)| {
            Error::internal(format!("Columns {first} and {second} share a name."))
        })?;
        Ok((rows, delimiter))
    }

    /// The columns of the header.
    pub(super) fn columns(&self) -> &Columns {
        &self.columns
    }

    /// The next row, or `None` after the last.
    pub(super) fn next(&mut self, record: &mut Record) -> Result<Option<Row>, Error> {
        record.kinds.clear();
        loop {
            let Some(line) = self.read(&mut record.cells)? else { return Ok(None) };
            record.line = line;
            if record.cells.len() != self.columns.names().len() {
                if is_blank(&record.cells) {
                    continue;
                }
                return Ok(Some(Row::Rejected(self.wrong_count(record))));
            }
            if self.reader.get_ref().saw_nul
                && let Some(at) = record.cells.iter().position(|cell| cell.contains('\0'))
            {
                return Ok(Some(Row::Rejected(nul_in(line, &self.columns.names()[at]))));
            }
            return Ok(Some(Row::Record));
        }
    }

    /// Reads one record of any length; the line it begins on, or `None` at the end.
    fn read(&mut self, cells: &mut StringRecord) -> Result<Option<u64>, Error> {
        let start = self.reader.position().byte();
        self.reader.get_mut().begin_record(start);
        let found = self.reader.read_record(cells);
        let end = self.reader.position().byte();
        let lines = self.reader.get_ref();
        let line = lines.record_line();
        match found {
            Err(error) => Err(failure(error, line)),
            Ok(_) if !lines.guard_in(end) => {
                // Exact, where the check between two buffers is only there to bound the memory.
                if end - start > MAX_RECORD_BYTES as u64 {
                    Err(sentences::record_too_long(line))
                } else {
                    Ok(Some(line))
                }
            }
            Ok(_) if cells.len() == 1 && &cells[0] == GUARD_RECORD => Ok(None),
            Ok(_) => Err(sentences::cut_in_quotes(line)),
        }
    }

    fn wrong_count(&self, record: &Record) -> Finding {
        let message = sentences::field_count(record.cells.len(), self.columns.names().len());
        Finding::new(record.line, Rule::FieldCount, message)
    }
}

/// A line of spaces, or the end-of-file mark that DOS programs leave behind.
fn is_blank(cells: &StringRecord) -> bool {
    cells.len() == 1 && cells[0].chars().all(|c| c.is_whitespace() || c == '\u{1a}')
}

fn failure(error: csv::Error, line: u64) -> Error {
    match error.into_kind() {
        CsvErrorKind::Io(error) => read_failure(error, line),
        other => Error::internal(format!("The CSV grammar failed on line {line}: {other:?}.")),
    }
}
