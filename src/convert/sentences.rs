//! What people read about a conversion, in one place: to review it, and to translate it one day.

use std::io;
use std::path::Display;

use crate::sentences::sentences;

sentences! {
    // Its settings. What is said of one key follows its path.
    NO_URN: "must start with \"urn:\"";
    NO_STRING: "must be a string";
    NO_DASH: "is \"-\", which means standard input on the command line only";

    // Its source. Where it begins a sentence, it is named so.
    PUSHED: "The pushed source";
    STANDARD_INPUT: "Standard input";
    no_source() -> ConfigInvalid: "The conversion names no source.", "Give source.path.";
    pushed_beside_file() -> InvalidState:
        "Records were pushed although the conversion names a file.",
        "Leave source.path out to push records.";
    a_folder(source: &str) -> SourceUnreadable: "The source {source} is a folder.",
        "Name a file in it.";
    unreadable(source: &str, error: &io::Error) -> SourceUnreadable:
        "The source {source} cannot be read: {error}.", "Check the path and its permissions.";
    unreadable_again(source: &str, error: io::Error) -> SourceUnreadable:
        "{source} cannot be read again: {error}.", "Run again.";
    no_record(source: &str) -> SourceEmpty: "{source} holds no record.",
        "Check the export; an empty source changes nobody.";
    source_changed() -> SourceChanged: "The source was changed while it was being read.",
        "Let the export finish first, then run again.";
    pushed_no_object(number: u64, error: &serde_json::Error) -> InvalidArgument at number:
        "Record {number} is not a JSON object: {error}.",
        "Push each record as one object of column names and values.";
    guessed_encoding(encoding: &str): "The file is not Unicode; it is read as {encoding}, a guess. If \
        this text is not right, name the encoding.";

    // Its mapping.
    unreadable_mapping(path: Display<'_>, error: io::Error) -> MappingInvalid:
        "The mapping {path} cannot be read: {error}.", "Check the path and its permissions.";
    finished_users_are_not_mapped() -> ConfigInvalid:
        "The source holds finished users (BulkRequest), which no mapping applies to.",
        "Leave mapping, scimSchemaNamespace and userName out.";
    finished_users_need_no_mapping(source: &str) -> ConfigInvalid:
        "{source} holds finished users (BulkRequest), which need no mapping.",
        "Convert or upload it as it is.";
    field_in_no_record(name: &str): "No record has a field \"{name}\", which the mapping names.";
    user_too_large(bytes: usize, most: usize): "The user alone takes {bytes} bytes, more than the \
        {most} of a whole call. Shorten its values.";

    // Its rejects file.
    rejects_over(path: Display<'_>) -> ConfigInvalid:
        "The rejects file would take the place of {path}.", "Give it a name of its own.";
    unwritable_rejects(error: io::Error) -> OutputFailed:
        "The rejects file cannot be written: {error}.",
        "Check its folder, its permissions and the space left.";
}
