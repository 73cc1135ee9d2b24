//! Entra's language for attribute mappings, as mappings of records speak it after a leading `=`.
//!
//! The language is Microsoft's "Reference for writing expressions for attribute mappings in
//! Microsoft Entra ID", with `Len`, `Right`, `Trim`, `Error` and `&` from its sibling pages for cloud
//! sync and Connect sync. `docs/expressions.md` describes it; every example there is a test.
//!
//! An [`Expression`] is parsed and checked once, bound to the columns of a source, and then evaluated
//! for every record. Choosing (`Switch`, `IIF`, comparisons, columns) allocates nothing.

mod choice;
mod date;
mod date_format;
mod evaluate;
mod functions;
mod letters;
mod parse;
mod pattern;
mod replace;
mod sentences;
mod syntax;
mod text;
mod value;
mod written;

#[cfg(test)]
mod tests;

use std::fmt::{self, Display, Formatter};
use std::sync::Arc;

use crate::source::{Columns, Record};
use syntax::{Context, Node};
pub use value::Value;
use written::Written;

/// A parsed expression, its functions, arguments and constants checked. It is written back by
/// `Display`, without the leading `=`.
#[derive(Debug, Clone, PartialEq)]
pub struct Expression {
    root: Arc<Node>,
    columns: Vec<String>,
}

/// What is wrong with an expression, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpressionError {
    /// The character at which it is wrong, counted from 1 over the text as it was given.
    pub position: usize,
    /// A full sentence: what is wrong and what to write instead.
    pub message: String,
}

impl Display for ExpressionError {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        write!(formatter, "At character {}: {}", self.position, self.message)
    }
}

impl std::error::Error for ExpressionError {}

impl Expression {
    /// The expression that `text` spells, with or without the leading `=`.
    ///
    /// # Errors
    /// Everything that is wrong with it, in the order of the text; never an empty list. After a
    /// mistake that leaves the rest without meaning (a missing parenthesis) nothing more is looked for.
    pub fn parse(text: &str) -> Result<Expression, Vec<ExpressionError>> {
        let (root, columns) = parse::parse(text)?;
        Ok(Expression { root: Arc::new(root), columns })
    }

    /// The columns it reads, each once, in the order of their first mention.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(String::as_str)
    }

    /// Whether it reads no column, so that every record has the same value.
    pub fn is_constant(&self) -> bool {
        self.columns.is_empty()
    }

    /// Whether its attribute is left out where it gives nothing, whatever the mapping's policy for
    /// empty values says: the whole expression is a call of `IgnoreFlowIfNullOrEmpty`.
    pub fn ignores_empty(&self) -> bool {
        matches!(&*self.root, Node::Call(call) if call.function.name == choice::IGNORE_FLOW)
    }

    /// The expression tied to the columns of a source. Columns that only some records have must have
    /// been added to `columns` before ([`Columns::growing`]).
    ///
    /// # Errors
    /// The names of the columns that `columns` lacks.
    pub fn bind(&self, columns: &Columns) -> Result<BoundExpression, Vec<String>> {
        let found: Vec<Option<usize>> =
            self.columns.iter().map(|name| columns.find(name)).collect();
        let missing: Vec<String> = (self.columns.iter().zip(&found))
            .filter(|(_, place)| place.is_none())
            .map(|(name, _)| name.clone())
            .collect();
        if missing.is_empty() {
            let places = found.into_iter().flatten().collect();
            Ok(BoundExpression { root: Arc::clone(&self.root), places })
        } else {
            Err(missing)
        }
    }
}

impl Display for Expression {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        Written { node: &self.root, columns: &self.columns }.fmt(formatter)
    }
}

/// An expression tied to the columns of a source. It may be shared by threads.
#[derive(Debug, Clone)]
pub struct BoundExpression {
    root: Arc<Node>,
    /// Where the record holds each of the expression's columns.
    places: Vec<usize>,
}

impl BoundExpression {
    /// Its value for `record`. Takes time proportional to the expression and the cells it reads.
    ///
    /// # Errors
    /// The function that could not do its work on this record, and why.
    pub fn evaluate<'a>(&'a self, record: &'a Record) -> Result<Value<'a>, EvaluationError> {
        self.root.evaluate(Context { record, places: &self.places })
    }
}

/// Why an expression has no value for a record. The message is without the record's value, which is
/// apart, for the rejects file; only `Error` says what its author made it say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvaluationError {
    /// The function, or the sign of the comparison, that could not do its work.
    pub function: &'static str,
    /// What was wrong, without the value.
    pub message: String,
    /// The offending value: HR data, never to be logged.
    pub value: Option<String>,
}

impl Display for EvaluationError {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.function, self.message)
    }
}

impl std::error::Error for EvaluationError {}
