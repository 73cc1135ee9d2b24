//! The hosts of the library: the .NET binding, the PowerShell module and their examples, each run for real.
//!
//! What a machine lacks is skipped by name; `ENTRABULK_REQUIRE=pwsh,dotnet` turns a skip into a failure.

#![allow(
    clippy::expect_used,
    clippy::explicit_write,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, and says what it skips past the harness"
)]

#[allow(dead_code, reason = "shared with the other tests")]
mod support;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use entrabulk::error::TABLE;
use entrabulk::simulator::Settings;

use support::program::{library, program, text, told};
use support::state::State;
use support::tenant::Listening;
use support::{at_root, read};

/// Whether the machine has `tool`; says so where it does not.
fn has(tool: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let name = format!("{tool}{}", std::env::consts::EXE_SUFFIX);
    let found = std::env::split_paths(&path).any(|folder| folder.join(&name).is_file());
    support::program::has(tool, found)
}

/// Runs `program` to its end and gives its stdout; panics with everything it said when it fails.
fn run<S: AsRef<OsStr>>(program: &str, arguments: impl IntoIterator<Item = S>) -> Vec<u8> {
    let output = command(program, &State::new()).args(arguments).output().unwrap();
    assert!(output.status.success(), "{program}: {}", told(&output));
    output.stdout
}

fn command(program: &str, state: &State) -> Command {
    let mut command = Command::new(program);
    state.cut_off(&mut command);
    command.current_dir(at_root("")).env("ENTRABULK_LIBRARY", library());
    command.env("ENTRABULK_EXE", env!("CARGO_BIN_EXE_entrabulk"));
    command.env("DOTNET_CLI_TELEMETRY_OPTOUT", "1");
    // A build server would outlive the test.
    command.env("MSBUILDDISABLENODEREUSE", "1").env("UseSharedCompilation", "false");
    command
}

/// Builds a C# project outside of the source tree and gives the folder of its artifacts.
fn build(project: &str) -> PathBuf {
    let artifacts = Path::new(env!("CARGO_TARGET_TMPDIR")).join(project.replace('/', "-"));
    run(
        "dotnet",
        [
            OsStr::new("build"),
            at_root(project).as_os_str(),
            OsStr::new("--artifacts-path"),
            artifacts.as_os_str(),
            OsStr::new("--nologo"),
        ],
    );
    artifacts
}

/// Every file under `folder`, without what a compiler left there.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap_or_default();
        if path.is_dir() && !["bin", "obj", "runtimes"].iter().any(|skip| name == OsStr::new(skip))
        {
            found.extend(files(&path));
        } else if path.is_file() {
            found.push(path);
        }
    }
    found
}

#[test]
fn powershell_and_csharp_sources_are_ascii() {
    // Windows PowerShell reads a file without a byte order mark in the machine's own code page.
    let mut seen = 0;
    for folder in ["powershell", "tests/powershell", "examples/powershell"] {
        for path in files(&at_root(folder)) {
            let bytes = fs::read(&path).unwrap();
            assert!(bytes.is_ascii(), "{} holds a byte beyond ASCII", path.display());
            seen += 1;
        }
    }
    assert!(seen > 20, "only {seen} files were found");
}

#[test]
fn the_module_has_the_version_of_the_crate() {
    let manifest = read("powershell/EntraBulk/EntraBulk.psd1");
    let line =
        manifest.lines().find(|line| line.trim_start().starts_with("ModuleVersion")).unwrap();
    assert_eq!(line.split('\'').nth(1), Some(env!("CARGO_PKG_VERSION")));
}

#[test]
fn csharp_statuses_are_those_of_the_table() {
    let source = read("powershell/EntraBulk/interop/EntraBulkStatus.cs");
    let listed: Vec<(String, i32)> = source
        .lines()
        .filter_map(|line| line.trim().trim_end_matches(',').split_once(" = "))
        .map(|(name, number)| (name.to_owned(), number.parse().unwrap()))
        .collect();
    let mut expected = vec![("Ok".to_owned(), 0)];
    expected.extend(TABLE.iter().map(|row| (row.name.to_owned(), row.kind.status())));
    assert_eq!(listed, expected);
}

#[test]
fn powershell_categories_are_those_of_the_table() {
    let source = read("powershell/EntraBulk/Private/ErrorRecord.ps1");
    let (_, table) = source.split_once("@{").unwrap();
    let (table, _) = table.split_once('}').unwrap();
    let listed: BTreeMap<&str, &str> = table
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, category)| (name.trim(), category.trim().trim_matches('\'')))
        .collect();
    let expected: BTreeMap<&str, &str> = TABLE.iter().map(|row| (row.name, row.category)).collect();
    assert_eq!(listed, expected);
}

#[test]
fn the_binding_asks_for_nothing_that_the_library_does_not_export() {
    let symbols = read("include/entrabulk.symbols");
    let symbols: Vec<&str> = symbols.lines().collect();
    let binding = read("powershell/EntraBulk/interop/Native.cs");
    let mut bound = 0;
    for line in binding.lines().filter(|line| line.contains("internal static ")) {
        let name = line.trim_end_matches(';').rsplit(' ').next().unwrap();
        if name.starts_with("entrabulk_") {
            assert!(symbols.contains(&name), "{name} is not in include/entrabulk.symbols");
            bound += 1;
        }
    }
    assert!(bound > 20, "only {bound} exports are bound");
}

#[test]
fn the_binding_compiles_as_csharp_5_without_packages() {
    if has("dotnet") {
        build("tests/hosts/interop");
    }
}

#[test]
fn the_csharp_examples_build_the_command_lines_bytes_and_upload() {
    if !has("dotnet") {
        return;
    }
    let workers = at_root("examples/data/csv2scim-1000-records.csv");
    let mapping = at_root("examples/data/mapping-csv2scim.json");
    let source = [library().into_os_string(), workers.clone().into(), mapping.clone().into()];

    let hello = build("examples/csharp/Hello.csproj").join("bin/Hello/debug/Hello.dll");
    let lines =
        run("dotnet", [hello.as_os_str()].into_iter().chain(source.iter().map(|s| s.as_os_str())));
    let bodies: Vec<&[u8]> =
        lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect();
    assert!(bodies == converted(&workers, &mapping), "the example and the command line differ");

    let (tenant, state) = (Listening::new(Settings::default(), 1), State::new());
    let target = state.unkept(tenant.configuration());
    let target = state.write("target.json", target.to_string());
    let upload = build("examples/csharp/Upload.csproj").join("bin/Upload/debug/Upload.dll");
    // Those of the sample who are active: nothing stops them.
    let sample = fs::read_to_string(&workers).unwrap();
    let active: String = sample
        .lines()
        .filter(|line| !line.contains(",Inactive,"))
        .map(|line| format!("{line}\n"))
        .collect();
    let workers = state.write("active.csv", active);
    let output = command("dotnet", &state)
        .arg(upload)
        .args([library().as_path(), &workers, &mapping])
        .arg(target)
        .env("ENTRABULK_CLIENT_SECRET", tenant.secret())
        .output()
        .unwrap();
    let said = "RecordsRejected: 293 of 496 records accepted, 203 rejected, 6 calls";
    assert_eq!(text(&output.stdout).trim_end(), said, "{}", told(&output));
    assert_eq!(output.status.code(), Some(14));
}

#[test]
fn the_powershell_module_passes_its_pester_tests() {
    if !has("pwsh") {
        return;
    }
    let script = "Import-Module Pester -MinimumVersion 5.0; \
        $result = Invoke-Pester -Path tests/powershell -Output Detailed -PassThru; \
        exit [int]($result.Result -ne 'Passed' -or $result.PassedCount -eq 0)";
    run("pwsh", ["-NoProfile", "-NonInteractive", "-Command", script]);
}

/// The request bodies that the command line makes, in order.
fn converted(workers: &Path, mapping: &Path) -> Vec<Vec<u8>> {
    let state = State::new();
    let folder = state.path("payload");
    let words = ["--mapping".as_ref(), mapping, "--output".as_ref(), &folder];
    // Its exit code speaks of rejected records; the bodies are what counts here.
    program(&state, &[&["convert".as_ref(), workers], &words[..]].concat()).output().unwrap();
    let mut paths = files(&folder);
    paths.sort();
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}
