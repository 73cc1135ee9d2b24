//! The items of a plan before their order is known. What they hold waits in a temporary file, so that
//! memory does not grow with a first upload of everybody.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Seek, SeekFrom, Write};

use xxhash_rust::xxh3::xxh3_64;

use super::reason::Reason;
use crate::convert::Place;
use crate::error::{Error, ErrorKind};
use crate::store::{Action, Certainty};

/// The texts and bytes of an item.
#[derive(Default, Clone, Copy)]
pub(super) struct Texts<'a> {
    pub(super) external_id: &'a str,
    pub(super) user_name: &'a str,
    pub(super) user_name_before: &'a str,
    pub(super) display_name: &'a str,
    pub(super) manager: &'a str,
    pub(super) changed: &'a str,
    pub(super) wiped: &'a str,
    /// Empty where nothing is sent.
    pub(super) user: &'a [u8],
}

const FIELDS: usize = 8;

/// What is kept at hand of an item.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    /// Where its record stands, if it has one.
    pub(super) place: Option<Place>,
    pub(super) action: Action,
    pub(super) reason: &'static str,
    pub(super) certainty: Certainty,
    pub(super) active: Option<bool>,
    /// Its number in the baseline.
    pub(super) known: Option<u32>,
    /// Hash of the userName it would have and has not yet; 0 for none.
    pub(super) claim: u64,
    /// Hashes of externalId and manager, for the order.
    pub(super) key: u64,
    pub(super) manager: Option<u64>,
    /// Where its texts begin in the file.
    at: u64,
}

impl Draft {
    pub(super) fn new(action: Action, reason: Reason, certainty: Certainty) -> Self {
        Draft {
            place: None,
            action,
            reason: reason.code(),
            certainty,
            active: None,
            known: None,
            claim: 0,
            key: 0,
            manager: None,
            at: 0,
        }
    }

    /// Makes it a rejected record.
    pub(super) fn reject(&mut self, code: &'static str) {
        self.action = Action::Rejected;
        self.reason = code;
    }
}

/// All drafts, and the file of their texts.
#[derive(Debug, Default)]
pub(super) struct Drafts {
    pub(super) all: Vec<Draft>,
    file: Option<BufWriter<File>>,
    length: u64,
}

impl Drafts {
    /// Adds a draft; gives its index.
    pub(super) fn add(&mut self, mut draft: Draft, texts: &Texts<'_>) -> Result<usize, Error> {
        draft.at = self.length;
        draft.key = xxh3_64(texts.external_id.as_bytes());
        draft.manager = Some(texts.manager)
            .filter(|manager| !manager.is_empty())
            .map(|manager| xxh3_64(manager.as_bytes()));
        let file = match &mut self.file {
            Some(file) => file,
            None => self.file.insert(BufWriter::new(tempfile::tempfile().map_err(failed)?)),
        };
        let fields: [&[u8]; FIELDS] = [
            texts.external_id.as_bytes(),
            texts.user_name.as_bytes(),
            texts.user_name_before.as_bytes(),
            texts.display_name.as_bytes(),
            texts.manager.as_bytes(),
            texts.changed.as_bytes(),
            texts.wiped.as_bytes(),
            texts.user,
        ];
        for field in fields {
            let length = u32::try_from(field.len())
                .map_err(|_| Error::internal("A user is too long to be planned."))?;
            file.write_all(&length.to_le_bytes()).map_err(failed)?;
            file.write_all(field).map_err(failed)?;
            self.length += 4 + u64::from(length);
        }
        self.all.push(draft);
        Ok(self.all.len() - 1)
    }

    /// Ends the writing; the drafts, and a reader of their texts.
    pub(super) fn finish(self) -> Result<(Vec<Draft>, DraftTexts), Error> {
        let file = match self.file {
            Some(file) => Some(file.into_inner().map_err(|error| failed(error.into_error()))?),
            None => None,
        };
        let texts = DraftTexts {
            file: file.map(|file| BufReader::with_capacity(256 << 10, file)),
            // The writer left the file at its end.
            position: self.length,
            buffer: Vec::new(),
            ends: [0; FIELDS],
        };
        Ok((self.all, texts))
    }
}

/// Reads the texts of drafts, quickly where they are asked for in their order.
#[derive(Debug)]
pub(super) struct DraftTexts {
    file: Option<BufReader<File>>,
    position: u64,
    buffer: Vec<u8>,
    ends: [usize; FIELDS],
}

impl DraftTexts {
    /// The texts of a draft.
    pub(super) fn of(&mut self, draft: &Draft) -> Result<Texts<'_>, Error> {
        let damaged = || Error::internal("The temporary file of a plan was damaged.");
        let Some(file) = &mut self.file else { return Err(damaged()) };
        match i64::try_from(draft.at.abs_diff(self.position)) {
            Ok(distance) if draft.at >= self.position => file.seek_relative(distance),
            _ => file.seek(SeekFrom::Start(draft.at)).map(|_| ()),
        }
        .map_err(failed)?;
        self.position = draft.at;
        self.buffer.clear();
        for end in &mut self.ends {
            let mut length = [0; 4];
            file.read_exact(&mut length).map_err(failed)?;
            let length = u32::from_le_bytes(length);
            let from = self.buffer.len();
            *end = from + length as usize;
            self.buffer.resize(*end, 0);
            file.read_exact(&mut self.buffer[from..]).map_err(failed)?;
            self.position += 4 + u64::from(length);
        }
        let part = |field: usize| {
            let from = field.checked_sub(1).map_or(0, |before| self.ends[before]);
            &self.buffer[from..self.ends[field]]
        };
        let text = |field| std::str::from_utf8(part(field)).map_err(|_| damaged());
        Ok(Texts {
            external_id: text(0)?,
            user_name: text(1)?,
            user_name_before: text(2)?,
            display_name: text(3)?,
            manager: text(4)?,
            changed: text(5)?,
            wiped: text(6)?,
            user: part(7),
        })
    }
}

fn failed(error: std::io::Error) -> Error {
    Error::new(
        ErrorKind::OutputFailed,
        format!("The temporary file of a plan cannot be written or read: {error}."),
        "Check the space left in the system's temporary folder.",
    )
}
