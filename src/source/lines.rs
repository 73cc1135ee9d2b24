//! Where records begin: line numbers beside a grammar that does not tell them.

use std::collections::VecDeque;
use std::io::{self, Read};

use super::encoding::read_failure;
use super::{MAX_RECORD_BYTES, sentences};

/// Put after the end of the text. A CSV grammar reads it as a record of its own, unless the text ended
/// inside a quoted field, which then swallows it: that is how a cut file shows.
const GUARD: &[u8] = b"\nx";
/// The record that [`GUARD`] is.
pub(super) const GUARD_RECORD: &str = "x";

/// Text on its way to the CSV grammar, with the lines that are not blank noted on the way. A line ends
/// at LF, CR LF, or CR alone.
///
/// The reader in front must ask for more only when it has consumed all it got, as `BufReader` does.
pub(super) struct Lines<R> {
    text: R,
    /// Bytes delivered, the guard not counted.
    offset: u64,
    /// The line that the next byte is on.
    line: u64,
    /// Whether the next byte begins a line.
    fresh: bool,
    after_cr: bool,
    /// Offset and number of every line that is not blank, from the record being read on.
    starts: VecDeque<(u64, u64)>,
    /// Where the record being read, or the blank lines before it, begins.
    from: u64,
    /// Whether any NUL has been seen.
    pub(super) saw_nul: bool,
    /// How much of the guard is delivered, once the text has ended.
    guard: Option<usize>,
}

impl<R: Read> Lines<R> {
    pub(super) fn new(text: R) -> Self {
        Lines {
            text,
            offset: 0,
            line: 1,
            fresh: true,
            after_cr: false,
            starts: VecDeque::new(),
            from: 0,
            saw_nul: false,
            guard: None,
        }
    }

    /// The grammar turns to the record that begins at or after `offset`.
    pub(super) fn begin_record(&mut self, offset: u64) {
        self.from = offset;
        while self.starts.front().is_some_and(|(start, _)| *start < offset) {
            self.starts.pop_front();
        }
    }

    /// The line on which the record being read begins.
    pub(super) fn record_line(&self) -> u64 {
        self.starts.front().map_or(self.line, |(_, line)| *line)
    }

    /// Whether a record that ended at `offset` took a part of the guard that is not a line end.
    pub(super) fn guard_in(&self, offset: u64) -> bool {
        self.guard.is_some() && offset > self.offset + 1
    }

    fn note(&mut self, chunk: &[u8]) {
        // Where the line begins of which nothing has been seen yet, if it does so in this chunk.
        let mut fresh = self.fresh.then_some(0);
        let mut after_cr = self.after_cr.then_some(0);
        for at in memchr::memchr3_iter(b'\n', b'\r', 0, chunk) {
            if chunk[at] == 0 {
                self.saw_nul = true;
                continue;
            }
            if let Some(start) = fresh.filter(|start| *start < at) {
                self.starts.push_back((self.offset + start as u64, self.line));
            }
            if chunk[at] == b'\r' || after_cr != Some(at) {
                self.line += 1;
            }
            fresh = Some(at + 1);
            after_cr = (chunk[at] == b'\r').then_some(at + 1);
        }
        if let Some(start) = fresh.filter(|start| *start < chunk.len()) {
            self.starts.push_back((self.offset + start as u64, self.line));
            fresh = None;
        }
        self.fresh = fresh.is_some();
        self.after_cr = after_cr == Some(chunk.len());
        self.offset += chunk.len() as u64;
    }
}

impl<R: Read> Read for Lines<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.offset.saturating_sub(self.from) > MAX_RECORD_BYTES as u64 {
            return Err(io::Error::other(sentences::record_too_long(self.record_line())));
        }
        // All that was delivered is consumed and the record is not complete: it began on the first
        // line noted, and the other lines are inside it.
        self.starts.truncate(1);
        if self.guard.is_none() {
            match self.text.read(out) {
                Ok(0) => self.guard = Some(0),
                Ok(count) => {
                    self.note(&out[..count]);
                    return Ok(count);
                }
                Err(error) => return Err(io::Error::other(read_failure(error, self.line))),
            }
        }
        let sent = self.guard.unwrap_or(0);
        let count = out.len().min(GUARD.len() - sent);
        out[..count].copy_from_slice(&GUARD[sent..sent + count]);
        self.guard = Some(sent + count);
        Ok(count)
    }
}
