//! A file that can be read several times from its start.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest, Sha256};
use xxhash_rust::xxh3::Xxh3;

use super::{RecordSource, Spool, sentences};
use crate::error::Error;
use crate::scratch::copied;
use crate::source::{Format, SourceOptions};

/// The open file, so that a file replaced meanwhile under the same name is not mixed in.
#[derive(Debug)]
pub(super) struct Input {
    file: Arc<File>,
    name: String,
    pushed: bool,
}

impl Input {
    /// Opens what a conversion reads. What cannot be read twice (a pipe) is copied to a temporary
    /// file first.
    pub(super) fn open(records: &RecordSource, pushed: Option<Spool>) -> Result<Self, Error> {
        let (file, name) = match (records, pushed) {
            (RecordSource::Pushed, Some(spool)) => {
                let file = Arc::new(spool.into_file()?);
                return Ok(Input { file, name: sentences::PUSHED.into(), pushed: true });
            }
            (RecordSource::Pushed, None) => return Err(sentences::no_source()),
            (_, Some(_)) => return Err(sentences::pushed_beside_file()),
            (RecordSource::StandardInput, None) => {
                (copied(&mut io::stdin().lock()), sentences::STANDARD_INPUT.to_owned())
            }
            (RecordSource::File(path), None) => (opened(path), path.display().to_string()),
        };
        let file = file.map_err(|error| match error.kind() {
            io::ErrorKind::IsADirectory => sentences::a_folder(&name),
            _ => sentences::unreadable(&name, &error),
        })?;
        Ok(Input { file: Arc::new(file), name, pushed: false })
    }

    /// What to call it in a sentence.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// How to read it: pushed records are JSON lines, whatever was asked for.
    pub(super) fn options(&self, given: &SourceOptions) -> SourceOptions {
        if self.pushed {
            SourceOptions {
                format: Format::JsonLines,
                encoding: Some("utf-8".into()),
                delimiter: None,
            }
        } else {
            given.clone()
        }
    }

    /// Whether its last byte ends a line, as the last record of a text file should.
    pub(super) fn ends_a_line(&self) -> Result<bool, Error> {
        let mut last = None;
        self.read_through(|bytes| last = bytes.iter().rev().find(|byte| **byte != 0).copied())?;
        Ok(matches!(last, Some(b'\n' | b'\r')))
    }

    /// The hash of all its bytes.
    pub(super) fn hash(&self) -> Result<u128, Error> {
        self.read_through(|_| {})
    }

    /// SHA-256 of all its bytes, in lower case hexadecimal, and their hash.
    pub(super) fn sha256(&self) -> Result<(String, u128), Error> {
        let mut digest = Sha256::new();
        let hash = self.read_through(|bytes| digest.update(bytes))?;
        let hex = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok((hex, hash))
    }

    fn read_through(&self, mut each: impl FnMut(&[u8])) -> Result<u128, Error> {
        let (mut bytes, fingerprint) = self.rewind()?;
        let mut buffer = vec![0; 64 << 10];
        loop {
            match bytes.read(&mut buffer) {
                Ok(0) => return Ok(fingerprint.value()),
                Ok(count) => each(&buffer[..count]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(sentences::unreadable_again(&self.name, error)),
            }
        }
    }

    /// Its bytes from the start, and the hash of those read so far. One at a time: all readers of
    /// one input share its position.
    pub(super) fn rewind(&self) -> Result<(Fingerprinted, Fingerprint), Error> {
        (&*self.file)
            .seek(SeekFrom::Start(0))
            .map_err(|error| sentences::unreadable_again(&self.name, error))?;
        let fingerprint = Fingerprint::default();
        let reader =
            Fingerprinted { file: Arc::clone(&self.file), fingerprint: fingerprint.clone() };
        Ok((reader, fingerprint))
    }
}

fn opened(path: &Path) -> io::Result<File> {
    let mut file = File::open(path)?;
    if file.metadata()?.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    if file.stream_position().is_ok() { Ok(file) } else { copied(&mut file) }
}

/// The hash of the bytes read so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Fingerprint(Arc<Mutex<Hasher>>);

#[derive(Default)]
struct Hasher(Xxh3);

impl std::fmt::Debug for Hasher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Hasher")
    }
}

impl Fingerprint {
    /// The hash.
    pub(super) fn value(&self) -> u128 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).0.digest128()
    }
}

/// Reads the file and takes its fingerprint on the way.
#[derive(Debug)]
pub(super) struct Fingerprinted {
    file: Arc<File>,
    fingerprint: Fingerprint,
}

impl Read for Fingerprinted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = (&*self.file).read(buffer)?;
        let mut hasher = self.fingerprint.0.lock().unwrap_or_else(PoisonError::into_inner);
        hasher.0.update(&buffer[..count]);
        Ok(count)
    }
}
