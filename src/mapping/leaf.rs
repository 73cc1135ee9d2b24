//! One single value of a mapping: a column, an expression, a constant, or the long form of these.

use super::expression::Expression;
use super::json::Json;
use super::parse::Parser;
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
                let what = value.what();
                let message = format!(
                    "It is {what}, but a column name or an expression is wanted; \
                     a constant is written {{\"const\": …}}."
                );
                self.error(&path, message);
                None
            }
            Json::Array(_) => {
                self.error(&path, "It has one value, so an array cannot fill it.");
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
            self.error(path, "The column name is empty.");
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
            self.error(&path, "It has one value, so an object of attributes cannot fill it.");
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
                    self.error(&format!("{path}.{key}"), "It takes a text that is not empty.");
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
                    let hint = match nearest(&key, LONG_KEYS) {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => format!("there are {}.", LONG_KEYS.join(", ")),
                    };
                    self.error(&format!("{path}.{key}"), format!("There is no such key; {hint}"));
                }
            }
        }
        if self.problems.len() > before {
            return None;
        }
        let one = sources.pop();
        let Some(source) = one.filter(|_| sources.is_empty()) else {
            self.error(&path, "Give exactly one of `column`, `expression` and `const`.");
            return None;
        };
        if matches!(source, Source::Constant(_))
            && (default.is_some() || empty != EmptyPolicy::Omit)
        {
            self.error(&path, "A constant is never empty, so `default` and `empty` say nothing.");
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
            (ValueShape::Text, _) => "text in quotation marks",
            (ValueShape::Boolean, _) => "true or false, without quotation marks",
            (ValueShape::AsGiven, _) => "text, a number, true or false",
        };
        self.error(&format!("{path}.{key}"), format!("It must be {wanted}."));
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
            self.error(&path, "It must be \"omit\", \"empty\", \"null\" or \"error\".");
        }
        if policy == Some(EmptyPolicy::Empty) && shape == ValueShape::Boolean {
            self.error(&path, "A boolean cannot be an empty text; use \"null\" or \"omit\".");
        }
        policy
    }
}
