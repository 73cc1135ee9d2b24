//! Reads a JSON document key by key and collects what is wrong with it.

mod sentences;

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::{Map, Value};

use crate::error::{Error, ErrorKind, Problem, nearest};

/// One object of a document, with the place where problems gather.
pub(super) struct Reader<'a> {
    path: String,
    object: &'a Map<String, Value>,
    known: Vec<&'static str>,
    problems: Vec<Problem>,
}

/// Parses `json` as an object with `"version": 1` and hands it to `read`; fails with every problem.
pub(super) fn read_document<T>(
    what: &'static str,
    json: &[u8],
    read: impl FnOnce(&mut Reader<'_>) -> Option<T>,
) -> Result<T, Error> {
    let value: Value =
        serde_json::from_slice(json).map_err(|error| sentences::not_json(what, &error))?;
    let Value::Object(object) = value else { return Err(sentences::not_an_object(what)) };
    let mut reader = Reader::new(String::new(), &object);
    match reader.integer("version", 1, 1..=1) {
        Some(_) if !object.contains_key("version") => {
            reader.problem("version", sentences::NO_VERSION);
        }
        _ => {}
    }
    let value = read(&mut reader);
    reader.refuse_unknown_keys();
    match value {
        Some(value) if reader.problems.is_empty() => Ok(value),
        _ => Err(Error::from_problems(ErrorKind::ConfigInvalid, what, reader.problems)),
    }
}

impl<'a> Reader<'a> {
    fn new(path: String, object: &'a Map<String, Value>) -> Self {
        Reader { path, object, known: Vec::new(), problems: Vec::new() }
    }

    fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// The object as it was given.
    pub(super) fn given(&self) -> Value {
        Value::Object(self.object.clone())
    }

    /// Reports something about `key`.
    pub(super) fn problem(&mut self, key: &str, message: impl Into<String>) {
        self.problems.push(Problem::error(self.path_of(key), message));
    }

    /// Reports that `key` is given beside `others`.
    pub(super) fn clash(&mut self, key: &str, others: &str) {
        self.problem(key, sentences::not_beside(others));
    }

    /// The value of `key`, unless it is absent or null.
    pub(super) fn value(&mut self, key: &'static str) -> Option<&'a Value> {
        self.known.push(key);
        self.object.get(key).filter(|value| !value.is_null())
    }

    /// The text of `key`; not empty.
    pub(super) fn text(&mut self, key: &'static str) -> Option<String> {
        match self.value(key)? {
            Value::String(text) if !text.trim().is_empty() => Some(text.clone()),
            Value::String(_) => {
                self.problem(key, sentences::EMPTY);
                None
            }
            _ => {
                self.problem(key, sentences::A_STRING);
                None
            }
        }
    }

    /// The text of `key`, which must be there.
    pub(super) fn required_text(&mut self, key: &'static str) -> Option<String> {
        if self.value(key).is_none() {
            self.problem(key, sentences::MISSING);
            return None;
        }
        self.text(key)
    }

    /// The path of `key`, made absolute, so that it means one file whatever the working directory becomes.
    pub(super) fn path(&mut self, key: &'static str) -> Option<PathBuf> {
        let text = self.text(key)?;
        let path = std::path::absolute(&text);
        if let Err(error) = &path {
            self.problem(key, sentences::no_path(&text, error));
        }
        path.ok()
    }

    /// The text of `key` read as one of `choices`, the first of them being the default.
    pub(super) fn choice<T: Copy>(
        &mut self,
        key: &'static str,
        choices: &[(&str, T)],
    ) -> Option<T> {
        let Some(text) = self.text(key) else { return choices.first().map(|(_, value)| *value) };
        let found = choices.iter().find(|(name, _)| *name == text).map(|(_, value)| *value);
        if found.is_none() {
            let names: Vec<String> =
                choices.iter().map(|(name, _)| format!("\"{name}\"")).collect();
            self.problem(key, sentences::one_of(&text, &names.join(", ")));
        }
        found
    }

    /// The whole number of `key` within `range`.
    pub(super) fn integer(
        &mut self,
        key: &'static str,
        default: u64,
        range: std::ops::RangeInclusive<u64>,
    ) -> Option<u64> {
        let Some(value) = self.value(key) else { return Some(default) };
        match value.as_u64() {
            Some(number) if range.contains(&number) => Some(number),
            _ => {
                self.problem(key, sentences::out_of_range(value, *range.start(), *range.end()));
                None
            }
        }
    }

    /// The whole number of `key` within `range`, or nothing where it is absent.
    pub(super) fn optional_integer(
        &mut self,
        key: &'static str,
        range: std::ops::RangeInclusive<u64>,
    ) -> Option<Option<u64>> {
        match self.value(key) {
            None => Some(None),
            Some(_) => self.integer(key, 0, range).map(Some),
        }
    }

    /// Whether `key` is true; absent, it is not.
    pub(super) fn flag(&mut self, key: &'static str) -> Option<bool> {
        self.flag_or(key, false)
    }

    /// Whether `key` is true; absent, it is as `default` says.
    pub(super) fn flag_or(&mut self, key: &'static str, default: bool) -> Option<bool> {
        match self.value(key) {
            None => Some(default),
            Some(Value::Bool(flag)) => Some(*flag),
            Some(_) => {
                self.problem(key, sentences::A_BOOLEAN);
                None
            }
        }
    }

    /// The texts in the array under `key`, none of them empty; absent, there are none.
    pub(super) fn texts(&mut self, key: &'static str) -> Option<Vec<String>> {
        let Some(value) = self.value(key) else { return Some(Vec::new()) };
        let text = |entry: &Value| {
            entry.as_str().filter(|text| !text.trim().is_empty()).map(str::to_owned)
        };
        let texts = value.as_array().and_then(|entries| entries.iter().map(text).collect());
        if texts.is_none() {
            self.problem(key, sentences::STRINGS);
        }
        texts
    }

    /// The whole numbers in the object under `key`, by name.
    pub(super) fn counts(&mut self, key: &'static str) -> Option<BTreeMap<String, u64>> {
        let counts = match self.value(key) {
            Some(Value::Object(object)) => object
                .iter()
                .map(|(name, count)| Some((name.clone(), count.as_u64()?)))
                .collect::<Option<_>>(),
            _ => None,
        };
        if counts.is_none() {
            self.problem(key, "must be an object of names and whole numbers");
        }
        counts
    }

    /// Reads the object under `key`; absent, it reads as an empty one.
    pub(super) fn object<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&mut Reader<'_>) -> Option<T>,
    ) -> Option<T> {
        let empty = Map::new();
        let object = match self.value(key) {
            Some(Value::Object(object)) => object,
            Some(_) => {
                self.problem(key, sentences::AN_OBJECT);
                return None;
            }
            None => &empty,
        };
        let mut inner = Reader::new(self.path_of(key), object);
        let value = read(&mut inner);
        inner.refuse_unknown_keys();
        self.problems.append(&mut inner.problems);
        value
    }

    fn refuse_unknown_keys(&mut self) {
        let unknown: Vec<&String> =
            self.object.keys().filter(|key| !self.known.contains(&key.as_str())).collect();
        for key in unknown {
            let hint = match nearest(key, self.known.iter().copied()) {
                Some(near) => sentences::unknown_key_but(near),
                None => sentences::unknown_key_of(&self.known.join(", ")),
            };
            self.problems.push(Problem::error(self.path_of(key), hint));
        }
    }
}
