//! A folder for a store that nobody keeps.

use std::io;
use std::path::Path;

use tempfile::TempDir;

use super::flag::Flag;

const PREFIX: &str = "entrabulk-";
const FLAG: &str = "lock";

/// A folder for this account alone, gone with this value. Of a process that was killed it stays behind, until
/// the next one is made.
#[derive(Debug)]
pub(super) struct Temporary {
    // Dropped first: where a file that is open cannot be removed, its folder could not be either.
    _flag: Flag,
    folder: TempDir,
}

impl Temporary {
    /// Makes one in the system's temporary folder.
    pub(super) fn new() -> io::Result<Self> {
        let made = loop {
            let mut builder = tempfile::Builder::new();
            #[cfg(unix)]
            builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
            let folder = builder.prefix(PREFIX).tempdir()?;
            // Whoever looks for the dead may have taken it in its first moment for a dead one's.
            match Flag::raise(&folder.path().join(FLAG)) {
                Ok(Some(flag)) => break Temporary { _flag: flag, folder },
                Ok(None) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        };
        made.remove_the_dead();
        Ok(made)
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Removes the folders of this account's processes that were killed.
    fn remove_the_dead(&self) {
        let Some(all) = self.path().parent() else { return };
        for entry in all.read_dir().into_iter().flatten().flatten() {
            let path = entry.path();
            let named = entry.file_name().as_encoded_bytes().starts_with(PREFIX.as_bytes());
            if !named || path == self.path() || !self.is_of_same_owner(&path) {
                continue;
            }
            match Flag::take_over(&path.join(FLAG)) {
                Ok(Some(_flag)) => drop(std::fs::remove_dir_all(&path)),
                // Killed before it raised its flag; nothing happens unless the folder is empty.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    drop(std::fs::remove_dir(&path));
                }
                _ => {}
            }
        }
    }

    #[cfg(unix)]
    fn is_of_same_owner(&self, other: &Path) -> bool {
        use std::os::unix::fs::MetadataExt;
        let owner = |path: &Path| path.symlink_metadata().ok().filter(|it| it.is_dir());
        let (own, other) = (owner(self.path()), owner(other));
        own.zip(other).is_some_and(|(own, other)| own.uid() == other.uid())
    }

    /// The temporary folder is the account's own.
    #[cfg(not(unix))]
    fn is_of_same_owner(&self, other: &Path) -> bool {
        other.is_dir()
    }
}
