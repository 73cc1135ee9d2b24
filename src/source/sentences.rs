//! What people read about a source, in one place: to review it, and to translate it one day.

use super::{MAX_COLUMNS, MAX_RECORD_BYTES};
use crate::error::{Error, ErrorKind};

/// A source that is not what it should be, told of the line where that shows.
fn malformed(line: u64, message: impl Into<String>, advice: impl Into<String>) -> Error {
    Error::new(ErrorKind::SourceFormat, message, advice).at_line(line)
}

// What was asked for.

pub(super) fn unknown_format(name: &str) -> String {
    format!("There is no format `{name}`. Use auto, csv, json, jsonl or bulk.")
}

pub(super) fn unknown_encoding(label: &str) -> Error {
    Error::new(
        ErrorKind::ConfigInvalid,
        format!("There is no encoding called `{label}`."),
        "Use auto or a WHATWG label such as utf-8, utf-16le, shift_jis (CP932), euc-jp or \
         windows-1252.",
    )
}

pub(super) fn no_delimiter(delimiter: &str) -> Error {
    Error::new(
        ErrorKind::ConfigInvalid,
        format!("`{delimiter}` cannot be a CSV delimiter."),
        "Use auto, a comma, `;`, `\\t` or `|`.",
    )
}

// Its bytes.

pub(super) fn unreadable(line: u64, error: &std::io::Error) -> Error {
    Error::new(
        ErrorKind::SourceUnreadable,
        format!("The source cannot be read beyond line {line}: {error}."),
        "Check the file or the connection and start again.",
    )
    .at_line(line)
}

pub(super) fn empty() -> Error {
    Error::new(
        ErrorKind::SourceEmpty,
        "The source is empty.",
        "Check that the export finished and that this is the right file.",
    )
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

pub(super) fn foreign((what, advice): Foreign) -> Error {
    let message = format!("The source is {what}, not CSV or JSON.");
    Error::new(ErrorKind::SourceFormat, message, advice)
}

pub(super) fn looks_binary() -> Error {
    Error::new(
        ErrorKind::SourceFormat,
        "The source looks binary: it is full of control characters or NUL bytes.",
        "Send CSV or JSON text; if it is UTF-16 without a byte order mark, say so with `encoding`.",
    )
}

// Its encoding.

pub(super) fn other_mark(given: &str, mark: &str) -> Error {
    Error::new(
        ErrorKind::SourceEncoding,
        format!(
            "The encoding {given} was given, but the source begins with the byte order mark of {mark}."
        ),
        "Leave `encoding` out: the byte order mark says it already.",
    )
}

pub(super) fn undecodable(line: u64, offset: u64, encoding: &str, advice: &str) -> Error {
    let message = format!("The byte at offset {offset} is not {encoding} (line {line}).");
    Error::new(ErrorKind::SourceEncoding, message, advice).at_line(line)
}

pub(super) fn check_given_encoding() -> String {
    "Check the `encoding` you gave, or leave it out.".to_owned()
}

pub(super) fn damaged_there() -> String {
    "The file is damaged there: export it again.".to_owned()
}

pub(super) fn guessed_encoding(encoding: &str) -> String {
    format!("{encoding} was only guessed: give the right one with `encoding`.")
}

pub(super) fn not_utf8_throughout(guess: &str) -> String {
    format!(
        "If the whole file is {guess}, say so with `encoding`; otherwise it is damaged there: export \
         it again."
    )
}

// Records of any kind.

pub(super) fn record_too_long(line: u64) -> Error {
    malformed(
        line,
        format!(
            "The record that begins on line {line} is longer than {} MiB.",
            MAX_RECORD_BYTES >> 20
        ),
        "Look there for a quote or brace that is never closed.",
    )
}

pub(super) const NUL: &str = "The cell holds a NUL character, which no attribute can. Remove it.";

// CSV.

pub(super) fn no_header() -> Error {
    Error::new(
        ErrorKind::SourceEmpty,
        "The source has no header: there is nothing in it but blank lines.",
        "Send a file with a header line and one line for every record.",
    )
}

/// `shown` are the first of the columns without a name, of which there are `nameless`; `trailing`:
/// no other stands after them.
pub(super) fn nameless_columns(
    line: u64,
    columns: usize,
    nameless: usize,
    shown: &[String],
    trailing: bool,
) -> Error {
    let more = if nameless > shown.len() { " and more" } else { "" };
    let (plural, have) = if nameless == 1 { ("column", "has") } else { ("columns", "have") };
    let shown = shown.join(", ");
    malformed(
        line,
        format!(
            "The header on line {line} has {columns} columns, and {plural} {shown}{more} {have} no name."
        ),
        if trailing {
            "The header ends with delimiters: remove them there and at the end of every row, or name \
             these columns."
        } else {
            "Give every column a name in the header."
        },
    )
}

/// One column name that stands several times.
pub(super) fn repeated_column(name: &str, places: &[String]) -> String {
    format!("`{name}` (columns {})", places.join(", "))
}

/// `shown` are the first of them, as [`repeated_column`] says it, of `repeated`.
pub(super) fn repeated_columns(
    line: u64,
    repeated: usize,
    shown: &[String],
    delimiter: u8,
) -> Error {
    let more = if repeated > shown.len() { " and others" } else { "" };
    let (shown, delimiter) = (shown.join(", "), (delimiter as char).escape_default());
    malformed(
        line,
        format!(
            "The header on line {line} has the same column name more than once (upper and lower case \
             count as the same): {shown}{more}."
        ),
        format!(
            "Give every column its own name; if these are not the columns, `{delimiter}` is not the \
             delimiter."
        ),
    )
}

pub(super) fn field_count(has: usize, wants: usize) -> String {
    let fields = if has == 1 { "field" } else { "fields" };
    let advice = if has > wants {
        "Put a field that holds the delimiter in quotes."
    } else {
        "A field is missing, or a line break stands outside quotes."
    };
    format!("The row has {has} {fields} and the header has {wants}. {advice}")
}

pub(super) fn cut_in_quotes(line: u64) -> Error {
    malformed(
        line,
        format!("The source ends inside a quoted field of the record that begins on line {line}."),
        "The file was cut, or a quote there is never closed: export it again.",
    )
}

// JSON.

pub(super) const A_KEY: &str = "a key in quotes";
pub(super) const A_COLON: &str = "a colon after the key";
pub(super) const A_VALUE: &str = "a value";
pub(super) const AN_ELEMENT: &str = "an element after the comma";
pub(super) const A_BULK_REQUEST: &str = "a BulkRequest object";

pub(super) fn comma_or(close: char) -> String {
    format!("a comma or `{close}`")
}

/// `wanted` is one of those above.
pub(super) fn unexpected(wanted: &str, found: Option<char>) -> String {
    match found {
        Some(found) => format!("{wanted} is expected, not `{}`", found.escape_debug()),
        None => format!("{wanted} is expected"),
    }
}

/// `what` is [`unexpected`], or the parser's own words.
pub(super) fn not_json(line: u64, column: u64, what: &str) -> Error {
    malformed(
        line,
        format!("The source is not valid JSON at line {line}, column {column}: {what}."),
        "Nothing after that can be trusted: export the file again.",
    )
}

pub(super) fn cut_in_json(line: u64) -> Error {
    malformed(
        line,
        format!("The source ends inside the JSON that begins on line {line}."),
        "The file was cut: export it again.",
    )
}

pub(super) const NO_OBJECT: &str =
    "The record is not a JSON object. Write it as `{\"column\": value}`.";
pub(super) const NO_FIELD: &str = "The record has no field. Write it as `{\"column\": value}`.";
pub(super) const HALF_A_CHARACTER: &str = "A string holds an unpaired surrogate (`\\ud800` to `\\udfff`), which is no character: the text \
     was cut inside one. Correct it where it comes from.";

pub(super) fn repeated_key(key: &str) -> String {
    format!("The key `{key}` occurs more than once in one record. Keep one of them.")
}

pub(super) fn too_deep(levels: usize) -> String {
    format!("The record is nested deeper than {levels} levels. Flatten it.")
}

pub(super) fn too_many_keys(line: u64, next: &str) -> Error {
    malformed(
        line,
        format!(
            "The records up to line {line} have more than {MAX_COLUMNS} different keys; the next is \
             `{next}`."
        ),
        "Use the same keys in every record, and no data such as ids as keys.",
    )
}

// Finished users.

pub(super) fn no_operations(line: u64) -> Error {
    malformed(
        line,
        format!("The document that begins on line {line} has no `Operations`."),
        "Send BulkRequest documents only, or give the format of these records.",
    )
}

pub(super) const A_SECOND_TIME: &str = "a second time";
pub(super) const NOT_AN_ARRAY: &str = "that are not an array";

/// `what` is one of those above.
pub(super) fn wrong_operations(line: u64, what: &str) -> Error {
    malformed(
        line,
        format!("The BulkRequest has `Operations` {what} on line {line}."),
        "Write one array of operations in every document.",
    )
}

pub(super) const NO_OPERATION: &str = "The operation is not a JSON object.";
pub(super) const NO_USER: &str = "The operation has no `data` object that holds a user.";

pub(super) fn repeated_operation_key(key: &str) -> String {
    format!("The operation has `{key}` twice.")
}

pub(super) fn not_post(method: &str) -> String {
    format!(
        "The operation's method is {method} and the service takes POST only. Send a leaver with \
         `\"active\": false`."
    )
}

pub(super) fn not_users(path: &str) -> String {
    format!(
        "The operation's path is {path} and the service takes `/Users` only. It matches the user by \
         externalId."
    )
}
