//! What a test keeps, in a folder of its own. Nobody here ever touches the state of whoever runs the
//! tests: a client's configuration and every process pass through here.

use std::path::{Path, PathBuf};
use std::process::Command;

use entrabulk::store::{Keep, SqliteStore};
use serde_json::Value;
use tempfile::TempDir;

/// The variable that names the folder of which the platform's state file is a part.
const PLATFORM: &str = if cfg!(windows) {
    "LOCALAPPDATA"
} else if cfg!(target_os = "macos") {
    "HOME"
} else {
    "XDG_STATE_HOME"
};

/// A folder that goes with its test: the state file, and what lies beside it.
pub(crate) struct State(TempDir);

impl State {
    pub(crate) fn new() -> State {
        State(tempfile::tempdir().expect("a folder"))
    }

    pub(crate) fn folder(&self) -> &Path {
        self.0.path()
    }

    /// A file of this name in the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder().join(name)
    }

    /// The state file.
    pub(crate) fn file(&self) -> PathBuf {
        self.path("state.db")
    }

    /// The state file of a process that is [cut off](Self::cut_off) and told of no other.
    pub(crate) fn platform(&self) -> PathBuf {
        let folder = if cfg!(target_os = "macos") { "Library/Application Support" } else { "" };
        self.path(folder).join("entrabulk/state.db")
    }

    pub(crate) fn open(&self, keep: Option<Keep>) -> SqliteStore {
        SqliteStore::open(&self.file(), keep).expect("a state")
    }

    /// Writes a file of this name.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, content).expect("written");
        path
    }

    /// The configuration of a client that keeps its state here.
    pub(crate) fn kept(&self, mut config: Value) -> Value {
        config["state"]["path"] = self.file().to_str().expect("UTF-8").into();
        config
    }

    /// The configuration of a client that keeps nothing, and whose calls are counted here.
    pub(crate) fn unkept(&self, mut config: Value) -> Value {
        config["state"]["kept"] = false.into();
        config["state"]["path"] = self.file().to_str().expect("UTF-8").into();
        config
    }

    /// Gives a process this folder as the platform's own, and nothing of what the account sets.
    pub(crate) fn cut_off<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("ENTRABULK_") {
                command.env_remove(name);
            }
        }
        command.env(PLATFORM, self.folder())
    }
}
