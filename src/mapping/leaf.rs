//! One single value of a mapping: a column, an expression, a constant, or the long form of these.

use super::expression::Expression;
use super::json::Json;
use super::parse::Parser;
use super::sentences;
use super::tree::{Constant, EmptyPolicy, LONG_KEYS, Leaf, Source, ValueShape, is_long_key};
use crate::error::nearest;

impl Parser {
    /// A single value at `path` that is written as `shape`.
    pub(super) fn leaf(&mut self, path: String, value: Json, shape: ValueShape) -> Option<Leaf> {
        match value {
            Json::Text(text) => {
                let source = self.source(&path, &text)?;
                let empty = EmptyPolicy::Omit;
                Some(Leaf { path, source, default: None, empty, shape, optional: false })
            }
            Json::Object(members) => self.long_form(path, members, shape),
            Json::Null | Json::Bool(_) | Json::Number(_) => {
                self.error(&path, sentences::no_source(sentences::kind(&value)));
                None
            }
            Json::Array(_) => {
                self.error(&path, sentences::NO_ARRAY);
                None
            }
        }
    }

    /// A string: a column's name, or an expression after `=`.
    pub(super) fn source(&mut self, path: &str, text: &str) -> Option<Source> {
        if text.starts_with('=') {
            return self.expression(path, text);
        }
        if text.trim().is_empty() {
            self.error(path, sentences::COLUMN_EMPTY);
            return None;
        }
        Some(Source::Column(text.to_owned()))
    }

    fn expression(&mut self, path: &str, text: &str) -> Option<Source> {
        match Expression::parse(text) {
            Ok(expression) => Some(Source::Expression(expression)),
            Err(errors) => {
                errors.iter().for_each(|error| self.error(path, error.to_string()));
                None
            }
        }
    }

    fn long_form(
        &mut self,
        path: String,
        members: Vec<(String, Json)>,
        shape: ValueShape,
    ) -> Option<Leaf> {
        if !members.iter().any(|(key, _)| is_long_key(key)) {
            self.error(&path, sentences::NO_OBJECT);
            return None;
        }
        let before = self.problems.len();
        let mut sources = Vec::new();
        let mut default = None;
        let mut empty = EmptyPolicy::Omit;
        for (key, value) in self.members(&format!("{path}."), members) {
            match (key.as_str(), value) {
                ("column", Json::Text(name)) if !name.trim().is_empty() => {
                    sources.push(Source::Column(name));
                }
                ("expression", Json::Text(text)) => sources.extend(self.expression(&path, &text)),
                ("column" | "expression", _) => {
                    self.error(&format!("{path}.{key}"), sentences::TEXT_WANTED);
                }
                ("const", value) => {
                    sources
                        .extend(self.constant(&path, "const", value, shape).map(Source::Constant));
                }
                ("default", value) => default = self.constant(&path, "default", value, shape),
                ("empty", value) => {
                    empty = self.policy(&path, &value, shape).unwrap_or(EmptyPolicy::Omit);
                }
                _ => {
                    let message = sentences::no_such_key(nearest(&key, LONG_KEYS), &LONG_KEYS);
                    self.error(&format!("{path}.{key}"), message);
                }
            }
        }
        if self.problems.len() > before {
            return None;
        }
        let one = sources.pop();
        let Some(source) = one.filter(|_| sources.is_empty()) else {
            self.error(&path, sentences::ONE_SOURCE);
            return None;
        };
        if matches!(source, Source::Constant(_))
            && (default.is_some() || empty != EmptyPolicy::Omit)
        {
            self.error(&path, sentences::CONSTANT_IS_NEVER_EMPTY);
        }
        Some(Leaf { path, source, default, empty, shape, optional: false })
    }

    fn constant(
        &mut self,
        path: &str,
        key: &str,
        value: Json,
        shape: ValueShape,
    ) -> Option<Constant> {
        let wanted = match (shape, value) {
            (ValueShape::Text | ValueShape::AsGiven, Json::Text(text)) => {
                return Some(Constant::Text(text));
            }
            (ValueShape::Boolean | ValueShape::AsGiven, Json::Bool(value)) => {
                return Some(Constant::Bool(value));
            }
            (ValueShape::AsGiven, Json::Number(number)) => return Some(Constant::Number(number)),
            (ValueShape::Text, _) => sentences::MUST_BE_TEXT,
            (ValueShape::Boolean, _) => sentences::MUST_BE_BOOLEAN,
            (ValueShape::AsGiven, _) => sentences::MUST_BE_ONE_VALUE,
        };
        self.error(&format!("{path}.{key}"), wanted);
        None
    }

    fn policy(&mut self, path: &str, value: &Json, shape: ValueShape) -> Option<EmptyPolicy> {
        let policy = match value {
            Json::Text(text) => match text.as_str() {
                "omit" => Some(EmptyPolicy::Omit),
                "empty" => Some(EmptyPolicy::Empty),
                "null" => Some(EmptyPolicy::Null),
                "error" => Some(EmptyPolicy::Error),
                _ => None,
            },
            _ => None,
        };
        let path = format!("{path}.empty");
        if policy.is_none() {
            self.error(&path, sentences::POLICIES);
        }
        if policy == Some(EmptyPolicy::Empty) && shape == ValueShape::Boolean {
            self.error(&path, sentences::NO_EMPTY_BOOLEAN);
        }
        policy
    }
}
