//! The items of a plan before their order is known. What they hold waits in a temporary file, so that
//! memory does not grow with a first upload of everybody.

use xxhash_rust::xxh3::xxh3_64;

use super::reason::Reason;
use crate::convert::Place;
use crate::error::Error;
use crate::scratch::{PieceReader, Pieces};
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

/// Before the texts of a draft stands where each of them ends: four bytes, little end first.
const HEAD: usize = 4 * FIELDS;

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
#[derive(Debug)]
pub(super) struct Drafts {
    pub(super) all: Vec<Draft>,
    texts: Pieces,
}

impl Drafts {
    pub(super) fn new() -> Result<Self, Error> {
        Ok(Drafts { all: Vec::new(), texts: Pieces::new()? })
    }

    /// Adds a draft; gives its index.
    pub(super) fn add(&mut self, mut draft: Draft, texts: &Texts<'_>) -> Result<usize, Error> {
        draft.key = xxh3_64(texts.external_id.as_bytes());
        draft.manager = Some(texts.manager)
            .filter(|manager| !manager.is_empty())
            .map(|manager| xxh3_64(manager.as_bytes()));
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
        let (mut head, mut end) = ([0; HEAD], 0);
        for (place, field) in head.as_chunks_mut().0.iter_mut().zip(fields) {
            end += field.len();
            let end = u32::try_from(end)
                .map_err(|_| Error::internal("A user is too long to be planned."))?;
            *place = end.to_le_bytes();
        }
        draft.at = self.texts.add(&head)?;
        for field in fields {
            self.texts.add(field)?;
        }
        self.all.push(draft);
        Ok(self.all.len() - 1)
    }

    /// Ends the writing; the drafts, and a reader of their texts.
    pub(super) fn finish(self) -> Result<(Vec<Draft>, DraftTexts), Error> {
        Ok((self.all, DraftTexts { file: self.texts.finish()?, buffer: Vec::new() }))
    }
}

/// Reads the texts of drafts.
#[derive(Debug)]
pub(super) struct DraftTexts {
    file: PieceReader,
    buffer: Vec<u8>,
}

impl DraftTexts {
    /// The texts of a draft.
    pub(super) fn of(&mut self, draft: &Draft) -> Result<Texts<'_>, Error> {
        let damaged = || Error::internal("The temporary file of a plan was damaged.");
        let mut head = [0; HEAD];
        self.file.read(draft.at, &mut head)?;
        let mut ends = [0; FIELDS];
        for (end, bytes) in ends.iter_mut().zip(head.as_chunks().0) {
            *end = u32::from_le_bytes(*bytes) as usize;
        }
        self.buffer.resize(ends[FIELDS - 1], 0);
        self.file.read(draft.at + HEAD as u64, &mut self.buffer)?;
        let part = |field: usize| {
            let from = field.checked_sub(1).map_or(0, |before| ends[before]);
            self.buffer.get(from..ends[field]).ok_or_else(damaged)
        };
        let text = |field| std::str::from_utf8(part(field)?).map_err(|_| damaged());
        Ok(Texts {
            external_id: text(0)?,
            user_name: text(1)?,
            user_name_before: text(2)?,
            display_name: text(3)?,
            manager: text(4)?,
            changed: text(5)?,
            wiped: text(6)?,
            user: part(7)?,
        })
    }
}
