//! JSON text (RFC 8259), value by value: finds where each begins and ends without holding the rest.

use std::io::Read;

use serde::de::IgnoredAny;

use super::encoding::read_failure;
use super::flatten::Flattener;
use super::{Columns, MAX_RECORD_BYTES, Record, Row, Text, sentences};
use crate::error::Error;

/// How much is read at a time, in bytes.
const CHUNK: usize = 64 << 10;

/// A place in the text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// 1-based.
    pub(super) line: u64,
    /// 1-based, in characters.
    column: u64,
}

impl Place {
    fn advance(&mut self, text: &[u8]) {
        let mut last = text;
        if let Some(end) = memchr::memrchr(b'\n', text) {
            self.line += memchr::memchr_iter(b'\n', text).count() as u64;
            self.column = 1;
            last = &text[end + 1..];
        }
        self.column += last.iter().filter(|byte| **byte & 0xc0 != 0x80).count() as u64;
    }
}

/// Reads values and the punctuation between them.
pub(super) struct JsonText {
    text: Text,
    buffer: Vec<u8>,
    /// `buffer[at..to]` is read and not yet consumed.
    at: usize,
    to: usize,
    /// Where `buffer[at]` is.
    place: Place,
}

impl JsonText {
    pub(super) fn new(text: Text) -> Self {
        let place = Place { line: 1, column: 1 };
        JsonText { text, buffer: vec![0; CHUNK], at: 0, to: 0, place }
    }

    pub(super) fn place(&self) -> Place {
        self.place
    }

    /// The first byte of the next token, left where it is; `None` at the end.
    pub(super) fn peek(&mut self) -> Result<Option<u8>, Error> {
        loop {
            let rest = &self.buffer[self.at..self.to];
            let blank = rest.iter().take_while(|byte| b" \t\r\n".contains(byte)).count();
            self.consume(blank);
            if self.at < self.to {
                return Ok(Some(self.buffer[self.at]));
            }
            if !self.fill()? {
                return Ok(None);
            }
        }
    }

    /// Consumes the byte that [`Self::peek`] showed.
    pub(super) fn take(&mut self) {
        self.consume(1.min(self.to - self.at));
    }

    /// Whether the array or object that began at `opened` and ends with `close` has another element,
    /// having consumed the comma before it or the end.
    pub(super) fn another(&mut self, close: u8, first: bool, opened: Place) -> Result<bool, Error> {
        let mut next = self.peek()?;
        if next == Some(close) {
            self.take();
            return Ok(false);
        }
        if !first && next == Some(b',') {
            self.take();
            next = self.peek()?;
        } else if !first && next.is_some() {
            return Err(self.unexpected(&sentences::comma_or(close as char)));
        }
        match next {
            None => Err(sentences::cut_in_json(opened.line)),
            Some(byte) if byte == close => Err(self.unexpected(sentences::AN_ELEMENT)),
            Some(_) => Ok(true),
        }
    }

    /// Consumes the value that begins at the byte [`Self::peek`] showed, which is put into `value` as it
    /// is written and is valid JSON apart from what its strings escape. Where it began.
    pub(super) fn value(&mut self, value: &mut String) -> Result<Place, Error> {
        let mut extent = Extent::default();
        let mut length = 0;
        loop {
            let end = extent.find_end(&self.buffer[self.at + length..self.to]);
            if let Some(end) = end {
                length += end;
                break;
            }
            length = self.to - self.at;
            if length > MAX_RECORD_BYTES {
                self.refuse_broken()?;
                return Err(sentences::record_too_long(self.place.line));
            }
            if !self.fill()? {
                if extent.open() {
                    self.refuse_broken()?;
                    return Err(sentences::cut_in_json(self.place.line));
                }
                break;
            }
        }
        if length == 0 {
            return Err(self.unexpected(sentences::A_VALUE));
        }
        if length > MAX_RECORD_BYTES {
            return Err(sentences::record_too_long(self.place.line));
        }
        let bytes = &self.buffer[self.at..self.at + length];
        if let Err(error) = serde_json::from_slice::<IgnoredAny>(bytes) {
            return Err(broken(self.place, bytes, &error));
        }
        value.clear();
        value.push_str(std::str::from_utf8(bytes).map_err(|e| Error::internal(e.to_string()))?);
        let place = self.place;
        self.consume(length);
        Ok(place)
    }

    /// A value that does not end is most often broken earlier; if so, the error for that.
    fn refuse_broken(&self) -> Result<(), Error> {
        let bytes = &self.buffer[self.at..self.to];
        match serde_json::from_slice::<IgnoredAny>(bytes) {
            Err(error) if !error.is_eof() => Err(broken(self.place, bytes, &error)),
            _ => Ok(()),
        }
    }

    /// The error for a token that may not stand where the text is now.
    pub(super) fn unexpected(&self, wanted: &str) -> Error {
        let start = &self.buffer[self.at..self.to.min(self.at + 4)];
        let text = start.utf8_chunks().next().map(|chunk| chunk.valid());
        let found = text.and_then(|text| text.chars().next());
        sentences::not_json(
            self.place.line,
            self.place.column,
            &sentences::unexpected(wanted, found),
        )
    }

    fn consume(&mut self, count: usize) {
        self.place.advance(&self.buffer[self.at..self.at + count]);
        self.at += count;
    }

    /// Reads more behind what is there; `false` at the end.
    fn fill(&mut self) -> Result<bool, Error> {
        if self.at > 0 {
            self.buffer.copy_within(self.at..self.to, 0);
            self.to -= self.at;
            self.at = 0;
        }
        if self.buffer.len() - self.to < CHUNK / 2 {
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
        match self.text.read(&mut self.buffer[self.to..]) {
            Ok(count) => {
                self.to += count;
                Ok(count > 0)
            }
            Err(error) => {
                let mut place = self.place;
                place.advance(&self.buffer[self.at..self.to]);
                Err(read_failure(error, place.line))
            }
        }
    }
}

/// How far a value reaches, found byte by byte over as many pieces as it takes.
#[derive(Default)]
struct Extent {
    depth: u64,
    in_string: bool,
    escaped: bool,
    started: bool,
}

impl Extent {
    /// The length of the value within `bytes`, which continue those of the call before, if it ends there.
    fn find_end(&mut self, bytes: &[u8]) -> Option<usize> {
        for (at, byte) in bytes.iter().enumerate() {
            if self.in_string {
                if self.escaped {
                    self.escaped = false;
                } else if *byte == b'\\' {
                    self.escaped = true;
                } else if *byte == b'"' {
                    self.in_string = false;
                    if self.depth == 0 {
                        return Some(at + 1);
                    }
                }
                continue;
            }
            match byte {
                // Outside any bracket these end a number or a word, and are no part of it.
                b'"' | b'{' | b'[' if self.depth == 0 && self.started => return Some(at),
                b'}' | b']' | b',' | b':' | b' ' | b'\t' | b'\r' | b'\n' if self.depth == 0 => {
                    return Some(at);
                }
                b'"' => self.in_string = true,
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => {
                    self.depth -= 1;
                    if self.depth == 0 {
                        return Some(at + 1);
                    }
                }
                _ => {}
            }
            self.started = true;
        }
        None
    }

    /// Whether the value cannot end here.
    fn open(&self) -> bool {
        self.in_string || self.depth > 0
    }
}

fn broken(start: Place, value: &[u8], error: &serde_json::Error) -> Error {
    // The parser counts lines from the value's own start, and columns in bytes.
    let before: usize = value
        .split_inclusive(|byte| *byte == b'\n')
        .take(error.line().saturating_sub(1))
        .map(<[u8]>::len)
        .sum();
    let offset = (before + error.column().saturating_sub(1)).min(value.len());
    let mut place = start;
    place.advance(&value[..offset]);
    let told = error.to_string();
    // Its place is relative, and ours is told beside it.
    let told = told.split(" at line ").next().unwrap_or_default();
    sentences::not_json(place.line, place.column, told)
}

/// The objects of a JSON source, one record each.
pub(super) struct JsonRows {
    json: JsonText,
    /// Whether an array at the top holds the records, rather than being one.
    arrays: bool,
    /// The array being read: where it began and whether its first element comes next.
    array: Option<(Place, bool)>,
    value: String,
    flattener: Flattener,
}

impl JsonRows {
    pub(super) fn new(text: Text, arrays: bool, wanted: &[String]) -> Self {
        let flattener = Flattener::new(wanted);
        JsonRows { json: JsonText::new(text), arrays, array: None, value: String::new(), flattener }
    }

    /// The columns seen so far.
    pub(super) fn columns(&self) -> &Columns {
        self.flattener.columns()
    }

    /// The next row, or `None` after the last.
    pub(super) fn next(&mut self, record: &mut Record) -> Result<Option<Row>, Error> {
        loop {
            match self.array {
                Some((opened, first)) => {
                    if self.json.another(b']', first, opened)? {
                        self.array = Some((opened, false));
                        break;
                    }
                    self.array = None;
                }
                None => match self.json.peek()? {
                    None => return Ok(None),
                    Some(b'[') if self.arrays => {
                        self.array = Some((self.json.place(), true));
                        self.json.take();
                    }
                    Some(_) => break,
                },
            }
        }
        let place = self.json.value(&mut self.value)?;
        self.flattener.fill(&self.value, place.line, record).map(Some)
    }
}
