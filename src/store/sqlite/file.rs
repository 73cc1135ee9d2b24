//! Making the state file, for its owner only.
//!
//! Closing a file drops the locks that the same process holds on it (POSIX), so once SQLite may have it open,
//! nothing here opens it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::error::Error;
use crate::store::sentences;

/// The path, whatever becomes of the working directory. What SQLite would take for something else than the name
/// of a file is refused.
pub(super) fn absolute(path: &Path) -> Result<PathBuf, Error> {
    let name = path.as_os_str().as_encoded_bytes();
    let special = name == b":memory:" || name.starts_with(b"file:");
    let path_of_file = std::path::absolute(path).ok().filter(|_| !special);
    path_of_file.ok_or_else(|| sentences::no_path_of_a_file(path))
}

/// Held while a file is made, so that nobody has it open through SQLite before it is closed here. One that
/// exists is never opened.
static MAKING: Mutex<()> = Mutex::new(());

/// Makes the folder of the file, for its owner only.
pub(super) fn make_folder(path: &Path) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    path.parent().map_or(Ok(()), |folder| builder.recursive(true).create(folder))
}

/// Makes the file, for its owner only.
pub(super) fn make(path: &Path) -> std::io::Result<()> {
    let _making = MAKING.lock().unwrap_or_else(PoisonError::into_inner);
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => writable(path),
        Err(error) => Err(error),
    }
}

/// SQLite would make a log that is as read-only as the file, and stays so when the file itself is mended.
#[cfg(unix)]
fn writable(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    match fs::metadata(path)?.permissions().mode() & 0o200 {
        0 => Err(std::io::ErrorKind::PermissionDenied.into()),
        _ => Ok(()),
    }
}

#[cfg(not(unix))]
fn writable(_path: &Path) -> std::io::Result<()> {
    Ok(())
}

/// Takes the file, and the log that SQLite made with the file's mode, from everybody else.
#[cfg(unix)]
pub(super) fn owner_only(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    for suffix in ["", "-wal", "-shm"] {
        let mut file = path.as_os_str().to_owned();
        file.push(suffix);
        match fs::metadata(&file) {
            Ok(found) if found.permissions().mode() & 0o077 == 0 => {}
            Ok(_) => fs::set_permissions(&file, fs::Permissions::from_mode(0o600))?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(not(unix))]
pub(super) fn owner_only(_path: &Path) -> std::io::Result<()> {
    Ok(())
}
