//! The header, the symbol list and the table of statuses are what the source says they are.
//!
//! `ENTRABULK_BLESS=1 cargo test --test it published` writes them anew.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::process::Command;

use entrabulk::error::TABLE;

use crate::support::program::library;
use crate::support::{at_root, read};

/// Compares the file at `path` with what it should be, or makes it so.
fn compare(path: &str, wanted: &str) {
    if std::env::var_os("ENTRABULK_BLESS").is_some() {
        fs::write(at_root(path), wanted).unwrap();
        return;
    }
    let found = read(path);
    let differs = found.lines().zip(wanted.lines()).position(|(found, wanted)| found != wanted);
    assert!(
        found == wanted,
        "{path} is not what the source says, from line {}: look at the difference that \
         `ENTRABULK_BLESS=1 cargo test --test it published` makes, and commit it if it is meant",
        differs.unwrap_or_else(|| found.lines().count().min(wanted.lines().count())) + 1,
    );
}

fn header() -> String {
    // The order of the header.
    const FILES: [&str; 9] =
        ["version", "status", "buffer", "error", "client", "call", "builder", "run", "log"];
    let mut config = cbindgen::Config::from_file(at_root("cbindgen.toml")).unwrap();
    // cbindgen passes over constants that are text.
    config.after_includes = Some(format!(
        "\n/**\n * The version of the library that this header belongs to; entrabulk_version() tells the one \
         that was loaded.\n */\n#define ENTRABULK_VERSION \"{}\"",
        env!("CARGO_PKG_VERSION"),
    ));
    let mut builder = cbindgen::Builder::new().with_config(config);
    for file in FILES {
        builder = builder.with_src(at_root(&format!("src/ffi/{file}.rs")));
    }
    let mut bytes = Vec::new();
    builder.generate().unwrap().write(&mut bytes);
    String::from_utf8(bytes).unwrap()
}

/// The functions a header declares.
fn functions(header: &str) -> BTreeSet<String> {
    let declared = header.lines().filter(|line| !line.trim_start().starts_with(['*', '/']));
    let names = declared.filter_map(|line| {
        let before = line.split_once('(')?.0;
        let name = before.rsplit([' ', '*']).next()?;
        name.starts_with("entrabulk_").then(|| name.to_owned())
    });
    names.collect()
}

fn text_of(names: &BTreeSet<String>) -> String {
    names.iter().fold(String::new(), |text, name| text + name + "\n")
}

#[test]
fn the_header_is_made_from_the_source() {
    compare("include/entrabulk.h", &header());
}

#[test]
fn the_symbol_list_names_what_the_header_declares() {
    let functions = functions(&header());
    assert!(functions.len() > 25 && functions.contains("entrabulk_run_start"), "{functions:?}");
    compare("include/entrabulk.symbols", &text_of(&functions));
}

/// Needs `nm`, which every machine that links has.
#[cfg(target_os = "linux")]
#[test]
fn the_library_exports_what_the_list_names_and_knows_its_own_name() {
    let run = |program: &str, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).arg(library()).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let symbols = run("nm", &["-D", "--defined-only"]);
    let names = symbols.lines().filter_map(|line| line.split_whitespace().last());
    let ours = names.map(str::to_owned).collect::<BTreeSet<_>>();
    assert_eq!(text_of(&ours), read("include/entrabulk.symbols"));
    assert!(run("readelf", &["-d"]).contains("[libentrabulk.so]"), "no SONAME");
}

#[test]
fn the_statuses_of_the_header_are_those_of_the_table() {
    let header = read("include/entrabulk.h");
    for row in TABLE {
        let mut snake = String::new();
        for (index, letter) in row.name.char_indices() {
            if index > 0 && letter.is_ascii_uppercase() {
                snake.push('_');
            }
            snake.push(letter.to_ascii_uppercase());
        }
        let wanted =
            format!(" * {}\n */\n#define ENTRABULK_{snake} {}\n", row.meaning, row.kind.status());
        assert!(header.contains(&wanted), "{wanted}");
    }
}

#[test]
fn the_page_of_errors_holds_the_table() {
    const PATH: &str = "docs/errors.md";
    let mut table = String::from(
        "| status | name | exit code | PowerShell category | means |\n|---:|---|---:|---|---|\n",
    );
    table.push_str("| 0 | `Ok` | 0 | - | The call did what it was asked. |\n");
    for row in TABLE {
        let (status, name, exit_code) = (row.kind.status(), row.name, row.exit_code);
        let (category, meaning) = (row.category, row.meaning);
        writeln!(table, "| {status} | `{name}` | {exit_code} | `{category}` | {meaning} |")
            .unwrap();
    }
    let page = read(PATH);
    let start = page.find("| status |").unwrap();
    let end = start + page[start..].find("\n\n").map_or(page[start..].len(), |end| end + 1);
    compare(PATH, &format!("{}{table}{}", &page[..start], &page[end..]));
}
