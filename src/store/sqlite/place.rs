//! Where the state file lies when nobody says.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::store::sentences;

/// The path of the state file: `given`, or that of the variable `ENTRABULK_STATE`, or `entrabulk/state.db` in
/// the platform's folder for state. So all hosts of one environment mean the same file.
///
/// The platform's folder is `$XDG_STATE_HOME` or `~/.local/state` (XDG Base Directory Specification),
/// `%LOCALAPPDATA%` on Windows, `~/Library/Application Support` on macOS. An error if the environment
/// names none of them.
pub fn state_path(given: Option<&Path>) -> Result<PathBuf, Error> {
    match given {
        Some(path) => Ok(path.to_owned()),
        None => default_path(std::env::consts::OS, &|name| std::env::var_os(name)),
    }
}

fn default_path(os: &str, variable: &dyn Fn(&str) -> Option<OsString>) -> Result<PathBuf, Error> {
    // An empty or relative path means "not set" (XDG), and would depend on the working directory.
    let folder = |name: &str| {
        variable(name).map(PathBuf::from).filter(|path| path.has_root() || path.is_absolute())
    };
    if let Some(path) = variable("ENTRABULK_STATE").filter(|path| !path.is_empty()) {
        return Ok(path.into());
    }
    let folder = match os {
        "windows" => folder("LOCALAPPDATA"),
        "macos" => folder("HOME").map(|home| home.join("Library/Application Support")),
        _ => folder("XDG_STATE_HOME").or_else(|| Some(folder("HOME")?.join(".local/state"))),
    };
    let folder = folder.ok_or_else(sentences::no_folder)?;
    Ok(folder.join("entrabulk").join("state.db"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_platform_has_its_folder() {
        let find = |os: &str, set: &[(&str, &str)]| {
            let path = default_path(os, &|name| {
                set.iter().find(|(key, _)| *key == name).map(|(_, value)| value.into())
            });
            path.map(|path| path.to_string_lossy().replace('\\', "/"))
        };
        let home = ("HOME", "/home/a");
        let state = ("XDG_STATE_HOME", "/state");
        assert_eq!(find("linux", &[home, state]).unwrap(), "/state/entrabulk/state.db");
        let local = "/home/a/.local/state/entrabulk/state.db";
        assert_eq!(find("linux", &[home]).unwrap(), local);
        assert_eq!(find("linux", &[home, ("XDG_STATE_HOME", "")]).unwrap(), local);
        assert_eq!(find("linux", &[home, ("XDG_STATE_HOME", "here")]).unwrap(), local);
        assert_eq!(
            find("macos", &[home]).unwrap(),
            "/home/a/Library/Application Support/entrabulk/state.db"
        );
        assert_eq!(
            find("windows", &[("LOCALAPPDATA", "/Users/a/AppData/Local")]).unwrap(),
            "/Users/a/AppData/Local/entrabulk/state.db"
        );
        assert_eq!(find("linux", &[home, ("ENTRABULK_STATE", "/s.db")]).unwrap(), "/s.db");
        assert_eq!(find("linux", &[home, ("ENTRABULK_STATE", "")]).unwrap(), local);
        let error = find("linux", &[]).unwrap_err();
        assert!(error.advice.contains("--no-state"), "{error}");
    }
}
