//! The conversion: what to read, how to map it, which rules hold. And a run's arguments, which wrap one.

use std::path::PathBuf;

use serde_json::Value;

use crate::document::{Reader, read_document};
use crate::error::Error;
use crate::lint::Duplicates;
use crate::mapping::{MappingOptions, UserNameMode};
use crate::scim::bulk::BatchLimits;
use crate::source::SourceOptions;

/// Where the mapping comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MappingSource {
    /// The mapping itself, JSON text.
    Inline(String),
    /// A file that holds it.
    File(PathBuf),
    /// None given: columns named as their attributes.
    ByColumnNames,
}

/// Validated settings of a conversion.
#[derive(Debug, Clone)]
pub struct Conversion {
    /// The file to read; `None` where the host pushes records.
    pub path: Option<PathBuf>,
    /// How to read it.
    pub source: SourceOptions,
    /// The mapping.
    pub mapping: MappingSource,
    /// How to apply it.
    pub mapping_options: MappingOptions,
    /// Duplicate records.
    pub duplicates: Duplicates,
    /// Size of a batch.
    pub limits: BatchLimits,
    /// Whether the source is said to hold only a part of the people, so that whoever is not in it is not
    /// missing.
    pub part: bool,
    /// Where to write the rejected records.
    pub rejects_path: Option<PathBuf>,
}

impl Conversion {
    /// Reads a conversion (`docs/documents.md`).
    ///
    /// # Errors
    /// `ConfigInvalid`, with every problem and its JSON path.
    pub fn parse(json: &[u8]) -> Result<Self, Error> {
        read_document("conversion", json, Self::read)
    }

    /// Reads the conversion within another document.
    pub(crate) fn read_within(doc: &mut Reader<'_>) -> Option<Self> {
        doc.object("conversion", |conversion| {
            // A version may stand here too, so that one document serves both calls.
            conversion.integer("version", 1, 1..=1);
            Self::read(conversion)
        })
    }

    fn read(doc: &mut Reader<'_>) -> Option<Self> {
        let source = doc.object("source", read_source);
        let mapping = read_mapping_source(doc);
        let scim_schema_namespace = doc.text("scimSchemaNamespace");
        if let Some(urn) = &scim_schema_namespace
            && !urn.to_ascii_lowercase().starts_with("urn:")
        {
            doc.problem("scimSchemaNamespace", "must start with \"urn:\"");
        }
        let user_name = doc
            .choice("userName", &[("whole", UserNameMode::Whole), ("local", UserNameMode::Local)]);
        let duplicates =
            doc.choice("duplicates", &[("reject", Duplicates::Reject), ("last", Duplicates::Last)]);
        let limits = doc.object("limits", BatchLimits::read);
        let rejects_path = doc.text("rejectsPath").map(PathBuf::from);
        let (path, source, part) = source?;
        Some(Conversion {
            path,
            source,
            mapping: mapping?,
            mapping_options: MappingOptions { scim_schema_namespace, user_name: user_name? },
            duplicates: duplicates?,
            limits: limits?,
            part,
            rejects_path,
        })
    }
}

fn read_source(source: &mut Reader<'_>) -> Option<(Option<PathBuf>, SourceOptions, bool)> {
    let complete = source.flag_or("complete", true);
    let path = source.text("path").map(PathBuf::from);
    let mut word = |key: &'static str| match source.value(key) {
        None => Some("auto"),
        Some(Value::String(word)) => Some(word.as_str()),
        Some(_) => {
            source.problem(key, "must be a string");
            None
        }
    };
    let (format, encoding, delimiter) = (word("format"), word("encoding"), word("delimiter"));
    match SourceOptions::parse(format?, encoding?, delimiter?) {
        Ok(options) => Some((path, options, !complete?)),
        Err(problems) => {
            for problem in problems {
                source.problem(&problem.path, problem.message);
            }
            None
        }
    }
}

fn read_mapping_source(doc: &mut Reader<'_>) -> Option<MappingSource> {
    let inline = doc.value("mapping");
    let file = doc.text("mappingPath");
    match (inline, file) {
        (Some(_), Some(_)) => {
            doc.problem("mappingPath", "goes without mapping: give one of them");
            None
        }
        (Some(mapping), None) => Some(MappingSource::Inline(mapping.to_string())),
        (None, Some(file)) => Some(MappingSource::File(file.into())),
        (None, None) => Some(MappingSource::ByColumnNames),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_conversion_reads_pushed_records_by_column_name() {
        let conversion = Conversion::parse(br#"{"version":1}"#).unwrap();
        assert_eq!(conversion.path, None);
        assert_eq!(conversion.mapping, MappingSource::ByColumnNames);
        assert_eq!(conversion.duplicates, Duplicates::Reject);
        assert_eq!(conversion.limits, BatchLimits::default());
    }

    #[test]
    fn every_problem_is_named() {
        let json = r#"{"version":1,"conversion":{"source":{"format":"xml","delimiter":":","pth":"x"},
            "mapping":{},"mappingPath":"m.json","userName":"first","duplicates":3,
            "scimSchemaNamespace":"x","limits":{"bytes":10}}}"#;
        let error = crate::run::RunArguments::parse(json.as_bytes()).unwrap_err();
        let paths: Vec<&str> = error.problems.iter().map(|p| p.path.as_str()).collect();
        assert_eq!(
            paths,
            [
                "conversion.source.format",
                "conversion.source.delimiter",
                "conversion.source.pth",
                "conversion.mappingPath",
                "conversion.scimSchemaNamespace",
                "conversion.userName",
                "conversion.duplicates",
                "conversion.limits.bytes"
            ]
        );
    }

    #[test]
    fn a_tab_is_a_delimiter() {
        let json = br#"{"version":1,"source":{"path":"a.csv","delimiter":"\t"}}"#;
        assert_eq!(Conversion::parse(json).unwrap().source.delimiter, Some(b'\t'));
    }
}
