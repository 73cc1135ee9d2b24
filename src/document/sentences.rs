//! What people read about a JSON document, in one place: to review it, and to translate it one day.
//! What is said of one key follows its path.

use crate::sentences::sentences;

sentences! {
    not_json(what: &str, error: &serde_json::Error) -> ConfigInvalid:
        "The {what} is not JSON: {error}.", "Fix the JSON text and try again.";
    not_an_object(what: &str) -> ConfigInvalid: "The {what} is not a JSON object.",
        "Write it as {{ \"version\": 1, … }}; docs/documents.md shows it whole.";
    NO_VERSION: "is missing; write \"version\": 1";
    MISSING: "is missing";
    EMPTY: "is empty";
    A_STRING: "must be a string";
    STRINGS: "must be an array of strings, none of them empty";
    A_BOOLEAN: "must be true or false";
    AN_OBJECT: "must be an object";
    one_of(found: &str, names: &str): "is \"{found}\"; it must be one of {names}";
    out_of_range(found: &serde_json::Value, least: u64, most: u64):
        "is {found}; it must be a whole number from {least} to {most}";
    no_path(found: &str, error: &std::io::Error):
        "is \"{found}\", which cannot be made an absolute path: {error}";
    not_beside(others: &str): "cannot be combined with {others}";
    unknown_key_but(near: &str): "is not known; did you mean \"{near}\"?";
    unknown_key_of(known: &str): "is not known; known here are {known}";
}
