//! Users rendered once more, for a state that keeps only their hashes.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};

use xxhash_rust::xxh3::xxh3_128;

use super::pass::Step;
use super::{Prepared, sentences};
use crate::error::Error;
use crate::scim::User;
use crate::scratch::{PieceReader, Pieces};

/// Users by their hashes, in a file without a name that vanishes with this.
#[derive(Debug)]
pub struct Rendered {
    file: RefCell<PieceReader>,
    places: HashMap<u128, Place>,
}

/// The user and then its manager's externalId.
#[derive(Debug, Clone, Copy)]
struct Place {
    start: u64,
    user: usize,
    manager: usize,
}

impl Prepared {
    /// Renders the users with these hashes (XXH3-128 of their bytes) once more.
    ///
    /// # Errors
    /// What reading the source gives; `SourceChanged` if it does not give all of them; `OutputFailed`
    /// if the temporary file cannot be written.
    pub fn render(mut self, mut wanted: HashSet<u128>) -> Result<Rendered, Error> {
        let mut file = Pieces::new()?;
        let mut places = HashMap::with_capacity(wanted.len());
        while !wanted.is_empty()
            && let Some(step) = self.pass.next()?
        {
            let Step::User(user, _) = step else { continue };
            let hash = xxh3_128(&user.bytes);
            if wanted.remove(&hash) {
                let start = file.add(&user.bytes)?;
                file.add(user.manager.as_bytes())?;
                let (user, manager) = (user.bytes.len(), user.manager.len());
                places.insert(hash, Place { start, user, manager });
            }
        }
        if !wanted.is_empty() {
            return Err(sentences::source_changed());
        }
        Ok(Rendered { file: RefCell::new(file.finish()?), places })
    }
}

impl Rendered {
    /// The user with that hash: its bytes and its manager.
    ///
    /// # Errors
    /// `OutputFailed` if the temporary file cannot be read.
    pub fn user(&self, hash: u128) -> Result<Option<User>, Error> {
        let Some(place) = self.places.get(&hash) else { return Ok(None) };
        let mut bytes = vec![0; place.user + place.manager];
        self.file.borrow_mut().read(place.start, &mut bytes)?;
        let manager = String::from_utf8(bytes.split_off(place.user))
            .map_err(|_| Error::internal("The temporary file of rendered users was damaged."))?;
        Ok(Some(User { bytes, manager, ..User::default() }))
    }
}
