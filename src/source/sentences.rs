//! What people read about a source, in one place: to review it, and to translate it one day.

use super::MAX_RECORD_BYTES;
use crate::error::Error;
use crate::sentences::sentences;

sentences! {
    // What was asked for.
    unknown_format(name: &str): "There is no format `{name}`. Use auto, csv, json, jsonl or bulk.";
    unknown_encoding(label: &str) -> ConfigInvalid: "There is no encoding called `{label}`.",
        "Use auto or a WHATWG label such as utf-8, utf-16le, shift_jis (CP932), euc-jp or windows-1252.";
    no_delimiter(delimiter: &str) -> ConfigInvalid: "`{delimiter}` cannot be a CSV delimiter.",
        "Use auto, a comma, `;`, `\\t` or `|`.";

    // Its bytes.
    unreadable(line: u64, error: &std::io::Error) -> SourceUnreadable at line:
        "The source cannot be read beyond line {line}: {error}.",
        "Check the file or the connection and start again.";
    empty() -> SourceEmpty: "The source is empty.",
        "Check that the export finished and that this is the right file.";
    foreign(what: &str, advice: &str) -> SourceFormat: "The source is {what}, not CSV or JSON.",
        "{advice}";
    looks_binary() -> SourceFormat:
        "The source looks binary: it is full of control characters or NUL bytes.",
        "Send CSV or JSON text; if it is UTF-16 without a byte order mark, say so with `encoding`.";

    // Its encoding.
    other_mark(given: &str, mark: &str) -> SourceEncoding:
        "The encoding {given} was given, but the source begins with the byte order mark of {mark}.",
        "Leave `encoding` out: the byte order mark says it already.";
    undecodable(line: u64, offset: u64, encoding: &str, advice: &str) -> SourceEncoding at line:
        "The byte at offset {offset} is not {encoding} (line {line}).", "{advice}";
    CHECK_ENCODING: "Check the `encoding` you gave, or leave it out.";
    DAMAGED_THERE: "The file is damaged there: export it again.";
    guessed_encoding(encoding: &str):
        "{encoding} was only guessed: give the right one with `encoding`.";
    not_utf8_throughout(guess: &str):
        "If the whole file is {guess}, say so with `encoding`; otherwise it is damaged there: export \
         it again.";

    // Records of any kind.
    longer_than(line: u64, mebibytes: usize) -> SourceFormat at line:
        "The record that begins on line {line} is longer than {mebibytes} MiB.",
        "Look there for a quote or brace that is never closed.";
    NUL: "The cell holds a NUL character, which no attribute can. Remove it.";

    // CSV.
    no_header() -> SourceEmpty: "The source has no header: there is nothing in it but blank lines.",
        "Send a file with a header line and one line for every record.";
    nameless(line: u64, columns: usize, which: &str, advice: &str) -> SourceFormat at line:
        "The header on line {line} has {columns} columns, and {which} no name.", "{advice}";
    NAME_THEM: "Give every column a name in the header.";
    REMOVE_DELIMITERS: "The header ends with delimiters: remove them there and at the end of every \
        row, or name these columns.";
    repeated_column(name: &str, places: &str): "`{name}` (columns {places})";
    repeated(line: u64, names: &str, delimiter: std::ascii::EscapeDefault) -> SourceFormat at line:
        "The header on line {line} has the same column name more than once (upper and lower case \
         count as the same): {names}.",
        "Give every column its own name; if these are not the columns, `{delimiter}` is not the \
         delimiter.";
    one_field(wants: usize, advice: &str): "The row has 1 field and the header has {wants}. {advice}";
    fields(has: usize, wants: usize, advice: &str):
        "The row has {has} fields and the header has {wants}. {advice}";
    QUOTE_IT: "Put a field that holds the delimiter in quotes.";
    FIELD_MISSING: "A field is missing, or a line break stands outside quotes.";
    cut_in_quotes(line: u64) -> SourceFormat at line:
        "The source ends inside a quoted field of the record that begins on line {line}.",
        "The file was cut, or a quote there is never closed: export it again.";

    // JSON.
    not_json(line: u64, column: u64, what: &str) -> SourceFormat at line:
        "The source is not valid JSON at line {line}, column {column}: {what}.",
        "Nothing after that can be trusted: export the file again.";
    expected(wanted: &str): "{wanted} is expected";
    expected_not(wanted: &str, found: std::char::EscapeDebug): "{wanted} is expected, not `{found}`";
    A_KEY: "a key in quotes";
    A_COLON: "a colon after the key";
    A_VALUE: "a value";
    AN_ELEMENT: "an element after the comma";
    A_BULK_REQUEST: "a BulkRequest object";
    comma_or(close: char): "a comma or `{close}`";
    cut_in_json(line: u64) -> SourceFormat at line:
        "The source ends inside the JSON that begins on line {line}.",
        "The file was cut: export it again.";
    NO_OBJECT: "The record is not a JSON object. Write it as `{\"column\": value}`.";
    NO_FIELD: "The record has no field. Write it as `{\"column\": value}`.";
    HALF_A_CHARACTER: "A string holds an unpaired surrogate (`\\ud800` to `\\udfff`), which is no \
        character: the text was cut inside one. Correct it where it comes from.";
    repeated_key(key: &str): "The key `{key}` occurs more than once in one record. Keep one of them.";
    too_deep(levels: usize): "The record is nested deeper than {levels} levels. Flatten it.";
    too_many_keys(line: u64, most: usize, next: &str) -> SourceFormat at line:
        "The records up to line {line} have more than {most} different keys; the next is `{next}`.",
        "Use the same keys in every record, and no data such as ids as keys.";

    // Finished users.
    no_operations(line: u64) -> SourceFormat at line:
        "The document that begins on line {line} has no `Operations`.",
        "Send BulkRequest documents only, or give the format of these records.";
    wrong_operations(line: u64, what: &str) -> SourceFormat at line:
        "The BulkRequest has `Operations` {what} on line {line}.",
        "Write one array of operations in every document.";
    A_SECOND_TIME: "a second time";
    NOT_AN_ARRAY: "that are not an array";
    NO_OPERATION: "The operation is not a JSON object.";
    NO_USER: "The operation has no `data` object that holds a user.";
    repeated_operation_key(key: &str): "The operation has `{key}` twice.";
    not_post(method: &str): "The operation's method is {method} and the service takes POST only. \
        Send a leaver with `\"active\": false`.";
    not_users(path: &str): "The operation's path is {path} and the service takes `/Users` only. It \
        matches the user by externalId.";
}

/// What a source is that is no text, and what to do about it.
pub(super) type Foreign = (&'static str, &'static str);

const UNPACK: &str = "Unpack it and send the CSV or JSON file inside.";
const EXPORT: &str = "Export the records as CSV or JSON instead.";
const FROM_EXCEL: &str = "Open it in Excel, save it as \"CSV UTF-8\" and send that file.";

pub(super) const WORKBOOK: Foreign = ("an Excel workbook (.xlsx)", FROM_EXCEL);
pub(super) const OLD_OFFICE: Foreign =
    ("an old Excel workbook (.xls) or another Office document", FROM_EXCEL);
pub(super) const OFFICE: Foreign = ("an Office document", EXPORT);
pub(super) const ZIP: Foreign = ("a ZIP archive", UNPACK);
pub(super) const GZIP: Foreign = ("compressed with gzip", UNPACK);
pub(super) const ARCHIVE: Foreign = ("a compressed archive", UNPACK);
pub(super) const PDF: Foreign = ("a PDF document", EXPORT);
pub(super) const SQLITE: Foreign = ("an SQLite database", EXPORT);
pub(super) const PARQUET: Foreign = ("a Parquet file", EXPORT);
pub(super) const UTF_32: Foreign = ("text in UTF-32", "Save it as UTF-8.");
pub(super) const MARKUP: Foreign =
    ("HTML or XML", "If Excel opens it, save it as \"CSV UTF-8\" and send that file.");

pub(super) fn record_too_long(line: u64) -> Error {
    longer_than(line, MAX_RECORD_BYTES >> 20)
}

/// `shown` are the first of the columns without a name, of which there are `nameless`; `trailing`:
/// no other stands after them.
pub(super) fn nameless_columns(
    line: u64,
    columns: usize,
    count: usize,
    shown: &[String],
    trailing: bool,
) -> Error {
    let more = if count > shown.len() { " and more" } else { "" };
    let (plural, have) = if count == 1 { ("column", "has") } else { ("columns", "have") };
    let which = format!("{plural} {}{more} {have}", shown.join(", "));
    nameless(line, columns, &which, if trailing { REMOVE_DELIMITERS } else { NAME_THEM })
}

/// `shown` are the first of them, as [`repeated_column`] says it, of `count`.
pub(super) fn repeated_columns(line: u64, count: usize, shown: &[String], delimiter: u8) -> Error {
    let more = if count > shown.len() { " and others" } else { "" };
    repeated(line, &(shown.join(", ") + more), delimiter.escape_ascii())
}

pub(super) fn field_count(has: usize, wants: usize) -> String {
    let advice = if has > wants { QUOTE_IT } else { FIELD_MISSING };
    if has == 1 { one_field(wants, advice) } else { fields(has, wants, advice) }
}

/// `wanted` is [`A_KEY`] and the like.
pub(super) fn unexpected(wanted: &str, found: Option<char>) -> String {
    match found {
        Some(found) => expected_not(wanted, found.escape_debug()),
        None => expected(wanted),
    }
}
