//! Files that are no text at all, told by their first bytes.

use crate::error::{Error, ErrorKind};

const OFFICE: &str = "Open it there, save it as \"CSV UTF-8\" and send that file.";
const UNPACK: &str = "Unpack it and send the CSV or JSON file inside.";
const EXPORT: &str = "Export the records as CSV or JSON instead.";

/// Refuses a source whose first bytes are those of something known that is not text.
pub(super) fn refuse_known(sample: &[u8]) -> Result<(), Error> {
    let begins = |magic: &[u8]| sample.starts_with(magic);
    let (what, advice) = if begins(b"PK\x03\x04") || begins(b"PK\x05\x06") {
        if memchr::memmem::find(sample, b"xl/").is_some() {
            ("an Excel workbook (.xlsx)", OFFICE)
        } else if memchr::memmem::find(sample, b"[Content_Types].xml").is_some() {
            ("an Office document", OFFICE)
        } else {
            ("a ZIP archive", UNPACK)
        }
    } else if begins(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") {
        ("an old Excel workbook (.xls) or another Office document", OFFICE)
    } else if begins(b"%PDF-") {
        ("a PDF document", EXPORT)
    } else if begins(b"\x1f\x8b") {
        ("compressed with gzip", UNPACK)
    } else if begins(b"7z\xbc\xaf\x27\x1c") || begins(b"\x28\xb5\x2f\xfd") || begins(b"BZh") {
        ("a compressed archive", UNPACK)
    } else if begins(b"SQLite format 3\0") {
        ("an SQLite database", EXPORT)
    } else if begins(b"PAR1") {
        ("a Parquet file", EXPORT)
    } else if begins(b"\xff\xfe\0\0") || begins(b"\0\0\xfe\xff") {
        ("text in UTF-32", "Save it as UTF-8.")
    } else {
        return Ok(());
    };
    Err(Error::new(
        ErrorKind::SourceFormat,
        format!("The source is {what}, not CSV or JSON."),
        advice,
    ))
}

/// Refuses bytes with more control characters than any text has. A stray one is left to the grammars.
pub(super) fn refuse_binary(sample: &[u8]) -> Result<(), Error> {
    let control = |byte: &&u8| **byte < 0x20 && !b"\t\n\x0c\r\x1a\x1b".contains(byte);
    let count = sample.iter().filter(control).count();
    if count >= 8 && count * 50 > sample.len() {
        return Err(looks_binary());
    }
    Ok(())
}

/// The error for a source that is no text, though nobody can say what it is.
pub(super) fn looks_binary() -> Error {
    Error::new(
        ErrorKind::SourceFormat,
        "The source looks binary: it is full of control characters or NUL bytes.",
        "Send CSV or JSON text; if it is UTF-16 without a byte order mark, say so with `encoding`.",
    )
}

/// Refuses markup: web pages and XML are often exported under the name of a spreadsheet.
pub(super) fn refuse_markup(head: &str) -> Result<(), Error> {
    let head = head.trim_start();
    let start: String = head.chars().take(9).collect::<String>().to_ascii_lowercase();
    if ["<?xml", "<!doctype", "<html", "<table"].iter().any(|tag| start.starts_with(tag)) {
        return Err(Error::new(
            ErrorKind::SourceFormat,
            "The source is HTML or XML, not CSV or JSON.",
            "If Excel opens it, save it there as \"CSV UTF-8\" and send that file.",
        ));
    }
    Ok(())
}
