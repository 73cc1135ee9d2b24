//! Files that are no text at all, told by their first bytes.

use super::sentences;
use crate::error::Error;

/// Refuses a source whose first bytes are those of something known that is not text.
pub(super) fn refuse_known(sample: &[u8]) -> Result<(), Error> {
    let begins = |magic: &[u8]| sample.starts_with(magic);
    let (what, advice) = if begins(b"PK\x03\x04") || begins(b"PK\x05\x06") {
        if memchr::memmem::find(sample, b"xl/").is_some() {
            sentences::WORKBOOK
        } else if memchr::memmem::find(sample, b"[Content_Types].xml").is_some() {
            sentences::OFFICE
        } else {
            sentences::ZIP
        }
    } else if begins(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") {
        sentences::OLD_OFFICE
    } else if begins(b"%PDF-") {
        sentences::PDF
    } else if begins(b"\x1f\x8b") {
        sentences::GZIP
    } else if begins(b"7z\xbc\xaf\x27\x1c") || begins(b"\x28\xb5\x2f\xfd") || begins(b"BZh") {
        sentences::ARCHIVE
    } else if begins(b"SQLite format 3\0") {
        sentences::SQLITE
    } else if begins(b"PAR1") {
        sentences::PARQUET
    } else if begins(b"\xff\xfe\0\0") || begins(b"\0\0\xfe\xff") {
        sentences::UTF_32
    } else {
        return Ok(());
    };
    Err(sentences::foreign(what, advice))
}

/// Refuses bytes with more control characters than any text has. A stray one is left to the grammars.
pub(super) fn refuse_binary(sample: &[u8]) -> Result<(), Error> {
    let control = |byte: &&u8| **byte < 0x20 && !b"\t\n\x0c\r\x1a\x1b".contains(byte);
    let count = sample.iter().filter(control).count();
    if count >= 8 && count * 50 > sample.len() {
        return Err(sentences::looks_binary());
    }
    Ok(())
}

/// Refuses markup: web pages and XML are often exported under the name of a spreadsheet.
pub(super) fn refuse_markup(head: &str) -> Result<(), Error> {
    let head = head.trim_start();
    let start: String = head.chars().take(9).collect::<String>().to_ascii_lowercase();
    if ["<?xml", "<!doctype", "<html", "<table"].iter().any(|tag| start.starts_with(tag)) {
        let (what, advice) = sentences::MARKUP;
        return Err(sentences::foreign(what, advice));
    }
    Ok(())
}
