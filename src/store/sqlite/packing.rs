//! Users, compressed. Users of one mapping differ in little, so each is packed against a dictionary:
//! an earlier user of the same target. That makes a user of 0.9 kB a sixth of its size.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use lz4_flex::block::{
    compress_into_with_dict, decompress_into_with_dict, get_maximum_output_size,
};
use rusqlite::{Connection, OptionalExtension, Row};

use super::trouble::Trouble;
use crate::error::Error;
use crate::store::{TargetId, sentences};

/// Before the packed bytes: the dictionary's id (0: none) and the length unpacked, 4 bytes each.
const HEAD: usize = 8;
/// The farthest LZ4 looks back.
const MAX_DICTIONARY: usize = 1 << 16;
/// No user comes near this; a length beyond it is damage.
const MAX_USER: usize = 1 << 26;

/// A dictionary and its id.
#[derive(Debug, Clone)]
pub(super) struct Dictionary {
    id: u32,
    bytes: Arc<[u8]>,
}

impl Dictionary {
    /// Packs one user into `out`, replacing what is there.
    pub(super) fn pack(&self, user: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
        let too_long = || Error::internal("A user is too long to be stored.");
        let length = u32::try_from(user.len()).map_err(|_| too_long())?;
        out.clear();
        out.extend_from_slice(&self.id.to_le_bytes());
        out.extend_from_slice(&length.to_le_bytes());
        out.resize(HEAD + get_maximum_output_size(user.len()), 0);
        let written =
            compress_into_with_dict(user, &mut out[HEAD..], &self.bytes).map_err(|_| too_long())?;
        out.truncate(HEAD + written);
        Ok(())
    }
}

/// Unpacks users; keeps the dictionaries it has met.
#[derive(Debug, Default)]
pub(super) struct Packing(Mutex<HashMap<u32, Arc<[u8]>>>);

impl Packing {
    /// The dictionary for the next users of `target`: the newest, if it serves `sample` well, else
    /// `sample` itself, stored as a new one.
    pub(super) fn dictionary_for(
        &self,
        connection: &Connection,
        target: TargetId,
        sample: &[u8],
    ) -> Result<Dictionary, Trouble> {
        let newest = connection
            .query_row(
                "SELECT id, bytes FROM dictionary WHERE target = ?1 ORDER BY id DESC LIMIT 1",
                [target.0],
                |row| Ok(Dictionary { id: row.get(0)?, bytes: row.get::<_, Vec<u8>>(1)?.into() }),
            )
            .optional()?;
        if let Some(dictionary) = newest {
            let mut packed = Vec::new();
            dictionary.pack(sample, &mut packed)?;
            if packed.len() <= HEAD + sample.len() / 2 {
                return Ok(dictionary);
            }
        }
        let bytes = &sample[..sample.len().min(MAX_DICTIONARY)];
        let id = connection.query_row(
            "INSERT INTO dictionary (target, bytes) VALUES (?1, ?2) RETURNING id",
            (target.0, bytes),
            |row| row.get(0),
        )?;
        Ok(Dictionary { id, bytes: bytes.into() })
    }

    /// Unpacks one user into `out`, replacing what is there.
    pub(super) fn unpack(
        &self,
        connection: &Connection,
        packed: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), Trouble> {
        let word = |at: usize| {
            let bytes = packed.get(at..at + 4).and_then(|four| four.try_into().ok());
            bytes.map(u32::from_le_bytes)
        };
        let (Some(id), Some(length)) = (word(0), word(4)) else {
            return Err(sentences::user_damaged().into());
        };
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if length > MAX_USER {
            return Err(sentences::user_damaged().into());
        }
        let dictionary = self.dictionary(connection, id)?;
        out.clear();
        out.resize(length, 0);
        match decompress_into_with_dict(&packed[HEAD..], out, &dictionary) {
            Ok(written) if written == length => Ok(()),
            _ => Err(sentences::user_damaged().into()),
        }
    }

    /// The user in a column, unpacked into `out`; `None` where none is kept.
    pub(super) fn user<'a>(
        &self,
        connection: &Connection,
        row: &Row<'_>,
        column: usize,
        out: &'a mut Vec<u8>,
    ) -> Result<Option<&'a [u8]>, Trouble> {
        match row.get_ref(column)?.as_blob_or_null().map_err(rusqlite::Error::from)? {
            Some(packed) => {
                self.unpack(connection, packed, out)?;
                Ok(Some(out))
            }
            None => Ok(None),
        }
    }

    fn dictionary(&self, connection: &Connection, id: u32) -> Result<Arc<[u8]>, Trouble> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(dictionary) = known.get(&id) {
            return Ok(Arc::clone(dictionary));
        }
        let bytes: Option<Vec<u8>> = connection
            .query_row("SELECT bytes FROM dictionary WHERE id = ?1", [id], |row| row.get(0))
            .optional()?;
        let dictionary: Arc<[u8]> = bytes.ok_or_else(sentences::user_damaged)?.into();
        known.insert(id, Arc::clone(&dictionary));
        Ok(dictionary)
    }

    /// Forgets every dictionary, because they were wiped.
    pub(super) fn forget(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
