//! JSON objects to records: `{"name": {"first": "Ann"}}` has the column `name.first`.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::{CellKind, Columns, MAX_COLUMNS, Record, Row, sentences};
use crate::error::Error;
use crate::finding::{Finding, Rule};

/// How deep a record may be nested; SCIM itself needs four.
const MAX_DEPTH: usize = 64;

/// One JSON value, its parts still as they were written.
pub(super) enum Node<'a> {
    Object(Vec<(Cow<'a, str>, &'a RawValue)>),
    Array(Vec<&'a RawValue>),
    Text(Cow<'a, str>),
    Number(&'a str),
    Bool(&'a str),
    Null,
}

/// Why a value that is valid JSON cannot be taken.
#[derive(Debug)]
pub(super) enum Unfit {
    Repeated(String),
    NotText,
    TooDeep,
    TooManyColumns(String),
}

impl Unfit {
    /// What is said of the record on `line`, whose value at `path` it is.
    pub(super) fn finding(self, line: u64, path: &str) -> Result<Finding, Error> {
        let (rule, message) = match self {
            Unfit::Repeated(key) => (Rule::NotARecord, sentences::repeated_key(&key)),
            Unfit::NotText => (Rule::WrongType, sentences::HALF_A_CHARACTER.to_owned()),
            Unfit::TooDeep => (Rule::NotARecord, sentences::too_deep(MAX_DEPTH)),
            Unfit::TooManyColumns(path) => {
                return Err(sentences::too_many_keys(line, MAX_COLUMNS, &shortened(&path)));
            }
        };
        let finding = Finding::new(line, rule, message);
        Ok(if path.is_empty() { finding } else { finding.column(shortened(path)) })
    }
}

fn shortened(path: &str) -> String {
    path.chars().take(200).collect()
}

/// What is said of a record on `line` whose `column` holds a NUL.
pub(super) fn nul_in(line: u64, column: &str) -> Finding {
    Finding::new(line, Rule::WrongType, sentences::NUL).column(shortened(column))
}

/// Takes `json`, which is valid, apart by one level.
pub(super) fn node(json: &str) -> Result<Node<'_>, Unfit> {
    // Valid JSON fails to become text only where an escape is half a surrogate pair.
    let text = |_| Unfit::NotText;
    Ok(match json.as_bytes().first() {
        Some(b'{') => {
            let Members(members) = serde_json::from_str(json).map_err(text)?;
            let mut seen = HashSet::with_capacity(members.len());
            if let Some((key, _)) = members.iter().find(|(key, _)| !seen.insert(key)) {
                return Err(Unfit::Repeated(shortened(key)));
            }
            Node::Object(members)
        }
        Some(b'[') => Node::Array(serde_json::from_str(json).map_err(text)?),
        Some(b'"') => Node::Text(serde_json::from_str::<Str<'_>>(json).map_err(text)?.0),
        Some(b't' | b'f') => Node::Bool(json),
        Some(b'n') => Node::Null,
        _ => Node::Number(json),
    })
}

/// A string, borrowed unless it has escapes.
#[derive(Deserialize)]
struct Str<'a>(#[serde(borrow)] Cow<'a, str>);

/// The members of an object, in order, repeated ones included.
struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some((Str(key), value)) = map.next_entry()? {
                    members.push((key, value));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

/// Visits every leaf of `json` with its dotted path. On failure `path` is where it happened.
pub(super) fn walk(
    json: &str,
    path: &mut String,
    depth: usize,
    leaf: &mut impl FnMut(&str, CellKind, &str) -> Result<(), Unfit>,
) -> Result<(), Unfit> {
    if depth > MAX_DEPTH {
        return Err(Unfit::TooDeep);
    }
    let mut inside = |path: &mut String, key: &str, value: &RawValue| {
        let length = path.len();
        if depth > 0 {
            path.push('.');
        }
        path.push_str(key);
        walk(value.get(), path, depth + 1, leaf)?;
        path.truncate(length);
        Ok(())
    };
    match node(json)? {
        Node::Object(members) => {
            members.iter().try_for_each(|(key, value)| inside(path, key, value))
        }
        Node::Array(elements) => elements
            .iter()
            .enumerate()
            .try_for_each(|(at, value)| inside(path, &at.to_string(), value)),
        Node::Text(text) => leaf(path, CellKind::Text, &text),
        Node::Number(text) => leaf(path, CellKind::Number, text),
        Node::Bool(text) => leaf(path, CellKind::Bool, text),
        Node::Null => leaf(path, CellKind::Null, ""),
    }
}

/// Turns JSON objects into records whose columns are the paths of their leaves: `a.b` for an object
/// inside, `a.0.b` for an array. A path met for the first time becomes a column at the end. Numbers
/// stay as they were written; empty objects and arrays have no leaf and leave no cell.
///
/// Fixed to one thread at a time; each record costs a pass over all columns.
#[derive(Debug)]
pub(super) struct Flattener {
    columns: Columns,
    /// The column of every path met, as the source spells it.
    known: HashMap<String, usize>,
    texts: Vec<String>,
    kinds: Vec<CellKind>,
    path: String,
}

impl Flattener {
    /// A flattener whose first columns are `wanted`, in that order.
    pub(super) fn new(wanted: &[String]) -> Self {
        Flattener {
            columns: Columns::growing(wanted),
            known: HashMap::new(),
            texts: Vec::new(),
            kinds: Vec::new(),
            path: String::new(),
        }
    }

    /// The columns met so far.
    pub(super) fn columns(&self) -> &Columns {
        &self.columns
    }

    /// Fills `record` from `json`, which is JSON; `line` is what its findings and errors call it.
    /// A value that is no object, or an object that repeats a key, is a [`Row::Rejected`].
    ///
    /// # Errors
    /// `SourceFormat` if the records have more than [`MAX_COLUMNS`] columns together.
    pub(super) fn fill(
        &mut self,
        json: &str,
        line: u64,
        record: &mut Record,
    ) -> Result<Row, Error> {
        if !json.starts_with('{') {
            return Ok(Row::Rejected(Finding::new(line, Rule::NotARecord, sentences::NO_OBJECT)));
        }
        self.kinds.fill(CellKind::Absent);
        self.texts.iter_mut().for_each(String::clear);
        self.resize();
        let mut path = std::mem::take(&mut self.path);
        path.clear();
        let done = walk(json, &mut path, 0, &mut |path, kind, text| self.put(path, kind, text));
        let row = match done {
            Err(unfit) => Row::Rejected(unfit.finding(line, &path)?),
            Ok(()) if self.kinds.iter().all(|kind| *kind == CellKind::Absent) => {
                // Out of scope it would go unsaid.
                Row::Rejected(Finding::new(line, Rule::NotARecord, sentences::NO_FIELD))
            }
            Ok(()) => match self.texts.iter().position(|text| text.contains('\0')) {
                Some(at) => Row::Rejected(nul_in(line, &self.columns.names()[at])),
                None => Row::Record,
            },
        };
        self.path = path;
        record.line = line;
        record.cells.clear();
        self.texts.iter().for_each(|text| record.cells.push_field(text));
        record.kinds.clone_from(&self.kinds);
        Ok(row)
    }

    fn put(&mut self, path: &str, kind: CellKind, text: &str) -> Result<(), Unfit> {
        let at = match self.known.get(path) {
            Some(at) => *at,
            None => {
                let at = self.columns.add(path);
                if self.columns.names().len() > MAX_COLUMNS {
                    return Err(Unfit::TooManyColumns(path.to_owned()));
                }
                self.known.insert(path.to_owned(), at);
                self.resize();
                at
            }
        };
        // Keys that differ in case only, or `a.b` beside `{"a": {"b": …}}`.
        if self.kinds[at] != CellKind::Absent {
            return Err(Unfit::Repeated(shortened(path)));
        }
        self.kinds[at] = kind;
        self.texts[at].push_str(text);
        Ok(())
    }

    fn resize(&mut self) {
        self.kinds.resize(self.columns.names().len(), CellKind::Absent);
        self.texts.resize_with(self.columns.names().len(), String::new);
    }
}
