//! The conversion: what to read, how to map it, which rules hold.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::sentences;
use crate::document::{Reader, read_document};
use crate::error::Error;
use crate::lint::Duplicates;
use crate::mapping::{MappingOptions, UserNameMode};
use crate::scim::bulk::BatchLimits;
use crate::source::SourceOptions;

/// Where the records come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordSource {
    /// The host pushes them.
    Pushed,
    /// The file of this absolute path.
    File(PathBuf),
    /// Standard input, which no host but a command line should ask for.
    StandardInput,
}

/// Where the mapping comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MappingSource {
    /// The mapping itself, JSON text.
    Inline(String),
    /// The file of this absolute path.
    File(PathBuf),
    /// None given: columns named as their attributes.
    ByColumnNames,
}

/// Validated settings of a conversion.
#[derive(Debug, Clone)]
pub struct Conversion {
    /// What to read.
    pub records: RecordSource,
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
    /// Where to write the rejected records, an absolute path.
    pub rejects_path: Option<PathBuf>,
    /// The same as a JSON document, in which each path is absolute.
    pub document: Value,
}

impl Conversion {
    /// Reads a conversion (`docs/documents.md`).
    ///
    /// # Errors
    /// `ConfigInvalid`, with every problem and its JSON path.
    pub fn parse(json: &[u8]) -> Result<Self, Error> {
        read_document("conversion", json, Self::read)
    }

    /// The file to read, if it is one.
    pub fn path(&self) -> Option<&Path> {
        match &self.records {
            RecordSource::File(path) => Some(path),
            RecordSource::Pushed | RecordSource::StandardInput => None,
        }
    }

    /// Whether the host pushes the records.
    pub fn is_pushed(&self) -> bool {
        self.records == RecordSource::Pushed
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
            doc.problem("scimSchemaNamespace", sentences::NO_URN);
        }
        let user_name = doc
            .choice("userName", &[("whole", UserNameMode::Whole), ("local", UserNameMode::Local)]);
        let duplicates =
            doc.choice("duplicates", &[("reject", Duplicates::Reject), ("last", Duplicates::Last)]);
        let limits = doc.object("limits", BatchLimits::read);
        let rejects_path = doc.path("rejectsPath");
        let (records, source, part) = source?;
        let mapping = mapping?;
        let mut document = doc.given();
        let mut settle = |at, path: &Path| {
            if let (Some(given), Some(path)) = (document.pointer_mut(at), path.to_str()) {
                *given = path.into();
            }
        };
        if let RecordSource::File(path) = &records {
            settle("/source/path", path);
        }
        if let MappingSource::File(path) = &mapping {
            settle("/mappingPath", path);
        }
        if let Some(path) = &rejects_path {
            settle("/rejectsPath", path);
        }
        Some(Conversion {
            records,
            source,
            mapping,
            mapping_options: MappingOptions { scim_schema_namespace, user_name: user_name? },
            duplicates: duplicates?,
            limits: limits?,
            part,
            rejects_path,
            document,
        })
    }
}

fn read_source(source: &mut Reader<'_>) -> Option<(RecordSource, SourceOptions, bool)> {
    let complete = source.flag_or("complete", true);
    let records = read_place(source);
    let mut word = |key: &'static str| match source.value(key) {
        None => Some("auto"),
        Some(Value::String(word)) => Some(word.as_str()),
        Some(_) => {
            source.problem(key, sentences::NO_STRING);
            None
        }
    };
    let (format, encoding, delimiter) = (word("format"), word("encoding"), word("delimiter"));
    match SourceOptions::parse(format?, encoding?, delimiter?) {
        Ok(options) => Some((records?, options, !complete?)),
        Err(problems) => {
            for problem in problems {
                source.problem(&problem.path, problem.message);
            }
            None
        }
    }
}

fn read_place(source: &mut Reader<'_>) -> Option<RecordSource> {
    let stdin = source.flag("stdin");
    if let Some(Value::String(path)) = source.value("path")
        && path == "-"
    {
        source.problem("path", sentences::NO_DASH);
        return None;
    }
    match (source.path("path"), stdin?) {
        (Some(_), true) => {
            source.clash("stdin", "path");
            None
        }
        (Some(path), false) => Some(RecordSource::File(path)),
        (None, true) => Some(RecordSource::StandardInput),
        (None, false) => Some(RecordSource::Pushed),
    }
}

fn read_mapping_source(doc: &mut Reader<'_>) -> Option<MappingSource> {
    let inline = doc.value("mapping");
    let file = doc.path("mappingPath");
    match (inline, file) {
        (Some(_), Some(_)) => {
            doc.clash("mappingPath", "mapping");
            None
        }
        (Some(mapping), None) => Some(MappingSource::Inline(mapping.to_string())),
        (None, Some(file)) => Some(MappingSource::File(file)),
        (None, None) => Some(MappingSource::ByColumnNames),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_conversion_reads_pushed_records_by_column_name() {
        let conversion = Conversion::parse(br#"{"version":1}"#).unwrap();
        assert_eq!(conversion.records, RecordSource::Pushed);
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
    fn a_path_means_one_file_in_every_working_directory() {
        let json = br#"{"version":1,"source":{"path":"a.csv"},"mappingPath":"m.json","rejectsPath":"/r.csv"}"#;
        let conversion = Conversion::parse(json).unwrap();
        let here = std::env::current_dir().unwrap();
        assert_eq!(conversion.path(), Some(here.join("a.csv").as_path()));
        assert_eq!(conversion.mapping, MappingSource::File(here.join("m.json")));
        let again = Conversion::parse(conversion.document.to_string().as_bytes()).unwrap();
        let given = |at| Some(Path::new(conversion.document.pointer(at)?.as_str()?));
        assert_eq!(given("/source/path"), conversion.path());
        assert_eq!(given("/mappingPath"), Some(here.join("m.json").as_path()));
        assert_eq!(given("/rejectsPath"), conversion.rejects_path.as_deref());
        assert_eq!(again.document, conversion.document);
    }

    #[test]
    fn standard_input_is_asked_for_by_its_own_name() {
        let problems = |json: &str| {
            let error = Conversion::parse(json.as_bytes()).unwrap_err();
            error.problems.into_iter().map(|problem| problem.path).collect::<Vec<_>>()
        };
        assert_eq!(problems(r#"{"version":1,"source":{"path":"-"}}"#), ["source.path"]);
        let both = r#"{"version":1,"source":{"path":"a.csv","stdin":true}}"#;
        assert_eq!(problems(both), ["source.stdin"]);
        let json = br#"{"version":1,"source":{"stdin":true}}"#;
        assert_eq!(Conversion::parse(json).unwrap().records, RecordSource::StandardInput);
    }

    #[test]
    fn a_tab_is_a_delimiter() {
        let json = br#"{"version":1,"source":{"path":"a.csv","delimiter":"\t"}}"#;
        assert_eq!(Conversion::parse(json).unwrap().source.delimiter, Some(b'\t'));
    }
}
