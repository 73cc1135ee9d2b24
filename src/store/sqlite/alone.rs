//! One copy of this library for each state and process.
//!
//! SQLite's locks belong to the process (POSIX). One SQLite knows what it has open and goes by that; two
//! copies of the library in one process, from two paths or one of them linked in, have two, which do not know
//! of each other and destroy what both write. So each copy first raises a flag beside the state that bears the
//! number of the process: the second copy of a process finds it flying. Other processes have other flags.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::flag::Flag;

/// The flags that this copy flies, each with how many stores it flies for.
static FLYING: Mutex<BTreeMap<PathBuf, (Flag, usize)>> = Mutex::new(BTreeMap::new());

fn flying() -> MutexGuard<'static, BTreeMap<PathBuf, (Flag, usize)>> {
    FLYING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// While it lives, no other copy of the library in this process has the state.
#[derive(Debug)]
pub(super) struct Alone(PathBuf);

impl Alone {
    /// `None` if another copy in this process has the state. Its folder must exist.
    pub(super) fn with(state: &Path) -> io::Result<Option<Self>> {
        let (folder, stem) = beside(state)?;
        let mut own = stem.clone();
        own.push(number_of_process());
        let path = folder.join(own);
        let mut flying = flying();
        if let Some((_, stores)) = flying.get_mut(&path) {
            *stores += 1;
            return Ok(Some(Alone(path)));
        }
        let Some(flag) = Flag::raise(&path)? else { return Ok(None) };
        flying.insert(path.clone(), (flag, 1));
        remove_the_dead(&folder, &stem);
        Ok(Some(Alone(path)))
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        // Under the mutex to the end: whoever opens the state next must not meet a flag that is going.
        let mut flying = flying();
        let Some((_, stores)) = flying.get_mut(&self.0) else { return };
        *stores -= 1;
        if *stores == 0 {
            flying.remove(&self.0);
        }
    }
}

/// The folder of the state, by whatever name it was given, and what the names of its flags begin with.
fn beside(state: &Path) -> io::Result<(PathBuf, OsString)> {
    let folder = |path: &Path| path.parent().map(Path::to_owned);
    let state = match state.canonicalize() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let folder = folder(state).ok_or(io::ErrorKind::InvalidInput)?;
            folder.canonicalize()?.join(state.file_name().unwrap_or_default())
        }
        state => state?,
    };
    let mut stem = state.file_name().unwrap_or_default().to_owned();
    stem.push("-process-");
    Ok((folder(&state).ok_or(io::ErrorKind::InvalidInput)?, stem))
}

/// Two containers that share a folder may both have a process of this number, so the space it counts in
/// belongs to it.
#[cfg(target_os = "linux")]
fn number_of_process() -> String {
    use std::os::unix::fs::MetadataExt;
    let space = std::fs::metadata("/proc/self/ns/pid").map_or(0, |space| space.ino());
    format!("{}-{space}", std::process::id())
}

#[cfg(not(target_os = "linux"))]
fn number_of_process() -> String {
    std::process::id().to_string()
}

/// Removes the flags of processes that were killed.
fn remove_the_dead(folder: &Path, stem: &OsString) {
    let stem = stem.as_encoded_bytes();
    for entry in folder.read_dir().into_iter().flatten().flatten() {
        let name = entry.file_name();
        let number = name.as_encoded_bytes().strip_prefix(stem).and_then(<[u8]>::first);
        let is_flag = number.is_some_and(u8::is_ascii_digit)
            && entry.metadata().is_ok_and(|found| found.is_file() && found.len() == 0);
        if is_flag {
            drop(Flag::take_over(&entry.path()));
        }
    }
}
