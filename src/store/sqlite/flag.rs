//! A file that says by its lock that somebody lives.
//!
//! The lock belongs to the open file and not to the process: nobody else gets it, not in the same process
//! either, and however its holder ends, it is free then.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// The file, locked; removed when dropped.
#[derive(Debug)]
pub(super) struct Flag {
    path: PathBuf,
    _locked: File,
}

impl Flag {
    /// Makes the file and locks it, or takes one over whose holder died. `None` if its holder lives.
    pub(super) fn raise(path: &Path) -> io::Result<Option<Self>> {
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        let mut prefix = name.to_owned();
        prefix.push("-");
        loop {
            // Locked before it has its name, so that nobody who looks for the dead takes it for one of them.
            let new = tempfile::Builder::new().prefix(&prefix).tempfile_in(folder)?;
            if !lock(new.as_file())? {
                continue;
            }
            match new.persist_noclobber(path) {
                Ok(locked) => return Ok(Some(Flag { path: path.to_owned(), _locked: locked })),
                Err(refused) if refused.error.kind() == io::ErrorKind::NotFound => continue,
                Err(refused) if refused.error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(refused) => return Err(refused.error),
            }
            match Self::take_over(path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                taken => return taken,
            }
        }
    }

    /// Takes over the file of a holder that died; an error of kind `NotFound` if there is no file, `None` if
    /// its holder lives.
    pub(super) fn take_over(path: &Path) -> io::Result<Option<Self>> {
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        if !lock(&file)? {
            return Ok(None);
        }
        // Its holder may have removed it before it let go.
        if !is_at(&file, path)? {
            return Err(io::ErrorKind::NotFound.into());
        }
        Ok(Some(Flag { path: path.to_owned(), _locked: file }))
    }
}

impl Drop for Flag {
    fn drop(&mut self) {
        // Left behind, it is taken over by the next one.
        let _ = fs::remove_file(&self.path);
    }
}

fn lock(file: &File) -> io::Result<bool> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let (open, there) = (file.metadata()?, fs::metadata(path)?);
    Ok((open.dev(), open.ino()) == (there.dev(), there.ino()))
}

#[cfg(not(unix))]
fn is_at(_file: &File, path: &Path) -> io::Result<bool> {
    path.try_exists()
}
