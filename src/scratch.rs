//! Files in the making: one of pieces, without a name, and one that appears under its name whole or
//! not at all. Both are for their owner only.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, IntoInnerError, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::error::{Error, ErrorKind};

/// Pieces one after another in a temporary file that vanishes with this.
#[derive(Debug)]
pub(crate) struct Pieces {
    file: BufWriter<File>,
    /// `None` once a write failed, perhaps within a piece: nothing can be added or read any more.
    end: Option<u64>,
}

impl Pieces {
    /// None yet, in the system's folder for temporary files.
    ///
    /// # Errors
    /// `OutputFailed`.
    pub(crate) fn new() -> Result<Self, Error> {
        tempfile::tempfile().map(Self::on).map_err(failed)
    }

    fn on(file: File) -> Self {
        Pieces { file: BufWriter::new(file), end: Some(0) }
    }

    /// Adds a piece; gives where it begins.
    ///
    /// # Errors
    /// `OutputFailed`, from then on every time.
    pub(crate) fn add(&mut self, piece: &[u8]) -> Result<u64, Error> {
        let at = self.end.take().ok_or_else(incomplete)?;
        self.file.write_all(piece).map_err(failed)?;
        self.end = Some(at + piece.len() as u64);
        Ok(at)
    }

    /// Ends the writing.
    ///
    /// # Errors
    /// `OutputFailed`.
    pub(crate) fn finish(self) -> Result<PieceReader, Error> {
        Ok(PieceReader { file: BufReader::new(self.into_file()?), position: None })
    }

    /// Ends the writing; the file, at its end.
    ///
    /// # Errors
    /// `OutputFailed`.
    pub(crate) fn into_file(self) -> Result<File, Error> {
        self.end.ok_or_else(incomplete)?;
        self.file.into_inner().map_err(|error| failed(error.into_error()))
    }
}

/// Reads pieces, quickly where they are asked for in their order.
#[derive(Debug)]
pub(crate) struct PieceReader {
    file: BufReader<File>,
    /// `None` where it is not known, as after a failed read.
    position: Option<u64>,
}

impl PieceReader {
    /// Fills `piece` with what begins at `at`.
    ///
    /// # Errors
    /// `OutputFailed`.
    pub(crate) fn read(&mut self, at: u64, piece: &mut [u8]) -> Result<(), Error> {
        let mut read = || {
            match self.position.take() {
                Some(position) => {
                    self.file.seek_relative(at.wrapping_sub(position).cast_signed())?;
                }
                None => {
                    self.file.seek(SeekFrom::Start(at))?;
                }
            }
            self.file.read_exact(piece)?;
            self.position = Some(at + piece.len() as u64);
            Ok(())
        };
        read().map_err(failed)
    }
}

/// All that `from` gives, as a file that can be read from its start again and again.
///
/// # Errors
/// Whatever reading and the system's folder for temporary files give.
pub(crate) fn copied(from: &mut dyn Read) -> io::Result<File> {
    let mut file = tempfile::tempfile()?;
    io::copy(from, &mut file)?;
    Ok(file)
}

fn failed(error: io::Error) -> Error {
    Error::new(
        ErrorKind::OutputFailed,
        format!("A temporary file cannot be written or read: {error}."),
        "Check the space left in the system's temporary folder.",
    )
}

fn incomplete() -> Error {
    failed(io::Error::other("an earlier piece could not be kept"))
}

/// The file in the making, beside its place and under another name. Dropped, it was never there.
#[derive(Debug)]
pub(crate) struct WholeFile {
    path: PathBuf,
    file: BufWriter<NamedTempFile>,
}

impl WholeFile {
    /// Begins the file that is to be at `path`.
    ///
    /// # Errors
    /// Whatever its folder gives.
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let file = NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))?;
        Ok(WholeFile { path: path.to_owned(), file: BufWriter::new(file) })
    }

    /// Puts it in its place, where it follows whatever was there.
    ///
    /// # Errors
    /// Whatever the last write or the folder gives.
    pub(crate) fn persist(self) -> io::Result<()> {
        let file = self.file.into_inner().map_err(IntoInnerError::into_error)?;
        file.persist(&self.path)?;
        Ok(())
    }
}

impl Write for WholeFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_piece_is_read_as_it_was_added_in_whatever_order(
            pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..9_000), 1..9),
            order in prop::collection::vec(any::<prop::sample::Index>(), 1..30),
        ) {
            let mut file = Pieces::new().unwrap();
            let places: Vec<u64> = pieces.iter().map(|piece| file.add(piece).unwrap()).collect();
            let mut reader = file.finish().unwrap();
            for at in order.iter().map(|index| index.index(pieces.len())) {
                let mut piece = vec![0; pieces[at].len()];
                reader.read(places[at], &mut piece).unwrap();
                prop_assert_eq!(&piece, &pieces[at]);
                // Beyond the end: fails, and the next read is right all the same.
                prop_assert!(reader.read(places[at], &mut [0; 90_000]).is_err());
            }
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn after_a_write_that_failed_nothing_is_added_or_read() {
        let full = || Pieces::on(File::options().write(true).open("/dev/full").unwrap());
        let mut pieces = full();
        let error = pieces.add(&[7; 20_000]).unwrap_err();
        assert_eq!(error.kind, ErrorKind::OutputFailed);
        assert!(error.message.contains("No space left"), "{error}");
        assert!(pieces.add(b"").is_err());
        assert!(pieces.into_file().is_err());
        // What still waits in memory is found not to fit in the end.
        let mut pieces = full();
        pieces.add(b"little").unwrap();
        assert!(pieces.finish().is_err());
    }
}
