//! Users rendered once more, for a state that keeps only their hashes.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};

use xxhash_rust::xxh3::xxh3_128;

use super::pass::Step;
use super::{Prepared, source_changed};
use crate::error::{Error, ErrorKind};
use crate::scim::User;

/// Users by their hashes, in a file without a name that vanishes with this.
#[derive(Debug)]
pub struct Rendered {
    file: File,
    places: HashMap<u128, Place>,
}

/// The manager's externalId and then the user.
#[derive(Debug, Clone, Copy)]
struct Place {
    start: u64,
    manager: usize,
    user: usize,
}

impl Prepared {
    /// Renders the users with these hashes (XXH3-128 of their bytes) once more.
    ///
    /// # Errors
    /// What reading the source gives; `SourceChanged` if it does not give all of them; `OutputFailed`
    /// if the temporary file cannot be written.
    pub fn render(mut self, mut wanted: HashSet<u128>) -> Result<Rendered, Error> {
        let mut file = BufWriter::new(tempfile::tempfile().map_err(failed)?);
        let mut places = HashMap::with_capacity(wanted.len());
        let mut end = 0;
        while !wanted.is_empty()
            && let Some(step) = self.pass.next()?
        {
            let Step::User(user, _) = step else { continue };
            let hash = xxh3_128(&user.bytes);
            if wanted.remove(&hash) {
                let place =
                    Place { start: end, manager: user.manager.len(), user: user.bytes.len() };
                file.write_all(user.manager.as_bytes()).map_err(failed)?;
                file.write_all(&user.bytes).map_err(failed)?;
                end += (place.manager + place.user) as u64;
                places.insert(hash, place);
            }
        }
        if !wanted.is_empty() {
            return Err(source_changed());
        }
        let file = file.into_inner().map_err(|error| failed(error.into_error()))?;
        Ok(Rendered { file, places })
    }
}

impl Rendered {
    /// The user with that hash: its bytes and its manager.
    ///
    /// # Errors
    /// `OutputFailed` if the temporary file cannot be read.
    pub fn user(&self, hash: u128) -> Result<Option<User>, Error> {
        self.places.get(&hash).map(|place| self.read(*place).map_err(failed)).transpose()
    }

    fn read(&self, place: Place) -> io::Result<User> {
        let mut file = &self.file;
        file.seek(SeekFrom::Start(place.start))?;
        let mut manager = vec![0; place.manager];
        file.read_exact(&mut manager)?;
        let mut bytes = vec![0; place.user];
        file.read_exact(&mut bytes)?;
        let manager = String::from_utf8(manager).map_err(io::Error::other)?;
        Ok(User { bytes, manager, ..User::default() })
    }
}

fn failed(error: io::Error) -> Error {
    Error::new(
        ErrorKind::OutputFailed,
        format!("The temporary file for rendered users cannot be used: {error}."),
        "Check the space left in the system's temporary folder.",
    )
}
