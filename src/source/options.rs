//! What a caller says of a source, and what reading it found.

use std::str::FromStr;

use serde::Serialize;

use super::encoding::{EncodingFrom, encoding_named};
use super::header::DELIMITERS;
use super::sentences;
use crate::error::Problem;

/// How the records of a source are written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Found out from the first characters.
    #[default]
    Auto,
    /// Rows under a header (RFC 4180).
    Csv,
    /// One JSON array of objects (RFC 8259).
    Json,
    /// JSON objects one after the other, with or without a line of their own.
    #[serde(rename = "jsonl")]
    JsonLines,
    /// Finished SCIM BulkRequests (RFC 7644 section 3.7), one or several.
    Bulk,
}

impl FromStr for Format {
    type Err = String;

    /// The format called `auto`, `csv`, `json`, `jsonl` or `bulk`.
    ///
    /// # Errors
    /// A sentence that lists the names there are.
    fn from_str(name: &str) -> Result<Self, String> {
        Ok(match name.to_ascii_lowercase().as_str() {
            "auto" => Format::Auto,
            "csv" => Format::Csv,
            "json" => Format::Json,
            "jsonl" => Format::JsonLines,
            "bulk" => Format::Bulk,
            _ => return Err(sentences::unknown_format(name)),
        })
    }
}

/// How to read a source. The default finds everything out from the bytes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SourceOptions {
    /// The format.
    pub format: Format,
    /// A label of the WHATWG Encoding Standard or `cp932` and its kin; `None` detects.
    pub encoding: Option<String>,
    /// Comma, semicolon, tab or pipe; `None` detects. Only for CSV.
    pub delimiter: Option<u8>,
}

impl SourceOptions {
    /// Options from the words of the conversion document (`docs/documents.md`), where each may be
    /// `auto`. The delimiter may also be `tab` or a backslash and a `t`, for shells.
    ///
    /// # Errors
    /// Every problem at once; their paths are `format`, `encoding` and `delimiter`.
    pub fn parse(format: &str, encoding: &str, delimiter: &str) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut options = SourceOptions::default();
        match format.parse() {
            Ok(format) => options.format = format,
            Err(message) => problems.push(Problem::error("format", message)),
        }
        if !encoding.eq_ignore_ascii_case("auto") {
            match encoding_named(encoding) {
                Ok(_) => options.encoding = Some(encoding.to_owned()),
                Err(error) => problems.push(Problem::error("encoding", error.to_string())),
            }
        }
        let delimiter = if matches!(delimiter, "tab" | "\\t") { "\t" } else { delimiter };
        match delimiter.as_bytes() {
            b"auto" => {}
            [one] if DELIMITERS.contains(one) => options.delimiter = Some(*one),
            _ => {
                let error = sentences::no_delimiter(delimiter);
                problems.push(Problem::error("delimiter", error.to_string()));
            }
        }
        if problems.is_empty() { Ok(options) } else { Err(problems) }
    }
}

/// What opening a source found: `source` of the `started` event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SourceFacts {
    /// The format; never [`Format::Auto`].
    pub format: Format,
    /// The encoding's name in the WHATWG Encoding Standard, such as `Shift_JIS`.
    pub encoding: String,
    /// How that became known.
    pub encoding_from: EncodingFrom,
    /// The delimiter of a CSV source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delimiter: Option<char>,
    /// The header of a CSV source, or the flattened keys of the first JSON record. Empty for
    /// finished users.
    pub columns: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_the_document_become_options_or_every_problem_at_once() {
        let options = SourceOptions::parse("JSONL", "cp932", "\\t").unwrap();
        assert_eq!(options.format, Format::JsonLines);
        assert_eq!(options.encoding.as_deref(), Some("cp932"));
        assert_eq!(options.delimiter, Some(b'\t'));
        assert_eq!(SourceOptions::parse("auto", "auto", "auto"), Ok(SourceOptions::default()));
        let problems = SourceOptions::parse("xml", "klingon", ":").unwrap_err();
        let paths: Vec<&str> = problems.iter().map(|problem| problem.path.as_str()).collect();
        assert_eq!(paths, ["format", "encoding", "delimiter"]);
    }

    #[test]
    fn facts_are_spelled_as_the_started_event_spells_them() {
        let facts = SourceFacts {
            format: Format::JsonLines,
            encoding: "Shift_JIS".into(),
            encoding_from: EncodingFrom::Utf8,
            delimiter: None,
            columns: vec!["id".into()],
        };
        let json = serde_json::to_string(&facts).unwrap();
        let expected =
            r#"{"format":"jsonl","encoding":"Shift_JIS","encodingFrom":"utf8","columns":["id"]}"#;
        assert_eq!(json, expected);
    }
}
