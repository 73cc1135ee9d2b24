//! The disk of the state is full or read-only when a run needs it, and well again later.
//!
//! Where this account may not mount a disk of its own that part is skipped by name;
//! `ENTRABULK_REQUIRE=unshare` turns the skip into a failure.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use entrabulk::crash::Step;

use super::play::{Play, Scene, each};
use super::site::Site;
use crate::support::program::{has, skipped, summary, told};

/// What is wrong with the disk.
#[derive(Debug, Clone, Copy)]
enum Disk {
    /// No file grows beyond so many blocks of 512 bytes; a write that would is cut short or fails.
    Limited(u64),
    /// A disk of its own, with so many KiB left.
    Full(u64),
    /// A disk of its own, mounted read-only.
    Mounted,
    /// The file may only be read.
    FileReadOnly,
    /// The folder may only be read, so that no log can be made.
    FolderReadOnly,
}

impl Disk {
    /// Runs `command` on this disk; afterwards the disk is well. `None` if nobody here could run it.
    fn run(self, site: &Site, command: Command) -> Option<Output> {
        let folder = site.state.folder();
        let output = match self {
            Disk::Limited(blocks) => {
                let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\"");
                wrapped(&["sh", "-c", &script, "sh"], &command).output()
            }
            Disk::Full(left) => {
                fs::create_dir_all(site.path("full")).expect("a folder");
                let names = ["state.db", "state.db-wal", "state.db-shm"];
                let sizes = names.iter().filter_map(|name| fs::metadata(site.path(name)).ok());
                let used: u64 = sizes.map(|file| file.len().div_ceil(4096) * 4).sum();
                // The disk is gone with the process that mounted it, so what is on it is brought back.
                let script = format!(
                    "mount -t tmpfs -o size={}k,mode=700 tmpfs full && cp state.db* full/ || exit 99
                     \"$@\" --state full/state.db; code=$?
                     rm state.db* && cp full/state.db* . || exit 99
                     exit $code",
                    used + left
                );
                let own = ["unshare", "-rm", "sh", "-c", &script, "sh"];
                wrapped(&own, &command).current_dir(folder).output()
            }
            Disk::Mounted => {
                let script = "mount --bind . . && mount -o remount,ro,bind . \"$PWD\" || exit 99
                              exec \"$@\"";
                let own = ["unshare", "-rm", "sh", "-c", script, "sh"];
                wrapped(&own, &command).current_dir(folder).output()
            }
            Disk::FileReadOnly => without_permission(site, &site.path("state.db"), 0o444, command),
            Disk::FolderReadOnly => without_permission(site, folder, 0o555, command),
        };
        if output.as_ref().is_err_and(|error| error.kind() == ErrorKind::PermissionDenied) {
            skipped("another account may not run the program here");
            return None;
        }
        Some(output.expect("it runs"))
    }
}

/// `command` behind other words.
fn wrapped(words: &[&str], command: &Command) -> Command {
    let mut wrapped = Command::new(words[0]);
    wrapped.args(&words[1..]).arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => wrapped.env(name, value),
            None => wrapped.env_remove(name),
        };
    }
    wrapped.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    wrapped
}

/// Runs `command` while `path` has these permissions. They do not bind root, who lets another account
/// own it all and run it.
fn without_permission(
    site: &Site,
    path: &Path,
    mode: u32,
    mut command: Command,
) -> io::Result<Output> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
    use std::os::unix::process::CommandExt;
    const NOBODY: u32 = 65_534;
    let folder = site.state.folder();
    if fs::metadata(folder).expect("a folder").uid() == 0 {
        for entry in fs::read_dir(folder).expect("a folder") {
            chown(entry.expect("a file").path(), Some(NOBODY), Some(NOBODY)).expect("given away");
        }
        chown(folder, Some(NOBODY), Some(NOBODY)).expect("given away");
        command.uid(NOBODY).gid(NOBODY);
    }
    let before = fs::metadata(path).expect("it is there").permissions();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("changed");
    let output = command.output();
    fs::set_permissions(path, before).expect("changed back");
    output
}

/// Whether this account may mount a disk in a world of its own. Where it may not, that is told.
fn may_mount() -> bool {
    let mount = ["-rm", "sh", "-c", "mount -t tmpfs tmpfs /tmp"];
    let tried = Command::new("unshare").args(mount).output();
    has("unshare", tried.is_ok_and(|output| output.status.success()))
}

/// Disks of this kind, where they can be had.
fn with_mounted(mut disks: Vec<Disk>, mounted: &[Disk]) -> Vec<Disk> {
    if may_mount() {
        disks.extend(mounted);
    }
    disks
}

/// The command ended because of its state, and said so; gives how many calls it had made.
fn said_so(output: &Output, scene: &Scene<'_>, case: &str) -> u64 {
    let end = summary(output);
    assert_eq!(output.status.code(), Some(1), "{case}: {}", told(output));
    assert_eq!((&end["kind"], &end["exitCode"]), (&"StoreFailed".into(), &1.into()), "{case}");
    let error = &end["error"];
    let text = |key: &str| error[key].as_str().unwrap_or_default().to_owned();
    assert!(text("message").starts_with("The "), "{case}: {error}");
    assert!(text("message").contains("state.db"), "{case}: {error}");
    assert!(text("advice").ends_with('.'), "{case}: {error}");
    assert_eq!(error["kind"], "StoreFailed", "{case}: {error}");
    let number = |key: &str| end[key].as_u64().expect(key);
    let told_of = number("accepted") + number("inDoubt") + number("notSent");
    assert!(told_of == number("rows"), "{case}: {end}");
    if number("rows") > 0 {
        // Whoever has it knows of it, or is said to be in doubt.
        let directory = scene.site.directory();
        let changed = directory.iter().filter(|(id, hash)| scene.is_new(id, hash)).count();
        let possible = number("accepted") + number("inDoubt");
        assert!(changed as u64 <= possible, "{case}: {changed} of {possible}: {end}");
    }
    number("calls")
}

#[test]
fn a_run_on_a_full_disk_stops_and_goes_on_when_there_is_room() {
    let play = Play::wide();
    let limits = [8, 64, 100, 200, 400, 800, 1200].map(Disk::Limited);
    let full = [0, 8, 60, 150, 300, 500].map(Disk::Full);
    let (early, midst, repeated) = <(AtomicUsize, AtomicUsize, AtomicUsize)>::default();
    each(with_mounted(limits.into(), &full), |disk| {
        let case = format!("{disk:?}");
        let scene = play.scene();
        let Some(output) = disk.run(&scene.site, scene.apply()) else { return };
        if output.status.success() {
            // There was room for all of it.
            return scene.ends_well(&case);
        }
        let calls = said_so(&output, &scene, &case);
        if calls == 0 { &early } else { &midst }.fetch_add(1, Ordering::Relaxed);
        let repeats = scene.goes_on(false, &case);
        repeated.fetch_add(repeats, Ordering::Relaxed);
        assert!(repeats <= play.in_flight, "{case}: {repeats} calls were repeated");
    });
    assert!(early.into_inner() > 0 && midst.into_inner() > 2);
    assert!(repeated.into_inner() > 0, "every answer could be recorded");
}

#[test]
fn a_read_only_disk_is_found_before_the_first_call() {
    let play = Play::narrow();
    let disks = with_mounted(vec![Disk::FileReadOnly], &[Disk::Mounted]);
    let cases = disks.into_iter().flat_map(|disk| [(disk, false), (disk, true)]);
    // What was killed left its log, which is all that needs the folder.
    let cases = cases.chain([(Disk::FolderReadOnly, false)]);
    each(cases.collect(), |(disk, begun)| {
        let case = format!("{disk:?}, {}", if begun { "resume" } else { "apply" });
        let scene = play.scene();
        let mut command = scene.apply();
        if begun {
            command.env("ENTRABULK_FAIL_AT", format!("{}:2", Step::Answered.name()));
            assert_eq!(command.output().expect("it runs").status.code(), None, "{case}");
            command = scene.site.command(&["resume", "--wait"]);
        }
        let calls = scene.bodies().len();
        let Some(output) = disk.run(&scene.site, command) else { return };
        said_so(&output, &scene, &case);
        assert_eq!(scene.bodies().len(), calls, "{case}: a call was made");
        let repeats = scene.goes_on(false, &case);
        assert!(repeats <= play.in_flight, "{case}: {repeats} calls were repeated");
    });
}
