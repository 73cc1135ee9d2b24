//! A mapping as a tree: what [`super::parse`] gives and [`super::compile`] takes.

use super::expression::Expression;
use super::json::Json;
use crate::source::Cell;

/// One attribute of an object.
#[derive(Debug, Clone)]
pub(super) struct Field {
    /// The attribute's name as it is written, or a schema URN.
    pub(super) name: String,
    pub(super) node: Node,
}

/// What an attribute, or an entry of one, is made of.
#[derive(Debug, Clone)]
pub(super) enum Node {
    Leaf(Leaf),
    Object(Vec<Field>),
    Array(Vec<Node>),
}

/// One single value.
#[derive(Debug, Clone)]
pub(super) struct Leaf {
    /// Its place in the mapping, `addresses[0].type`.
    pub(super) path: String,
    pub(super) source: Source,
    /// What stands in for an empty value.
    pub(super) default: Option<Constant>,
    pub(super) empty: EmptyPolicy,
    pub(super) shape: ValueShape,
    /// Whether it is left out where the source has no such column.
    pub(super) optional: bool,
}

/// The keys of the long form. No SCIM attribute has such a name, which tells it from an object.
pub(super) const LONG_KEYS: [&str; 5] = ["column", "expression", "const", "default", "empty"];

/// Whether a key belongs to the long form.
pub(super) fn is_long_key(key: &str) -> bool {
    LONG_KEYS.contains(&key)
}

/// Whether an object is a value in long form and not an object of attributes: it says where the value
/// comes from, or has none but the long form's keys.
pub(super) fn is_long_form(members: &[(String, Json)]) -> bool {
    members.iter().any(|(key, _)| LONG_KEYS[..3].contains(&key.as_str()))
        || (!members.is_empty() && members.iter().all(|(key, _)| is_long_key(key)))
}

/// Where a value comes from.
#[derive(Debug, Clone)]
pub(super) enum Source {
    Column(String),
    Expression(Expression),
    Constant(Constant),
}

/// A value written in the mapping itself.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Constant {
    Text(String),
    Bool(bool),
    /// A number, as JSON.
    Number(String),
}

/// What becomes of an empty value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EmptyPolicy {
    Omit,
    Empty,
    Null,
    Error,
}

/// The JSON type a value is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ValueShape {
    Text,
    Boolean,
    /// As the source has it: for attributes no schema here describes.
    AsGiven,
}

impl Node {
    /// The member called `name`, if this is an object that has it as a single value.
    pub(super) fn leaf(&self, name: &str) -> Option<&Leaf> {
        let Node::Object(fields) = self else { return None };
        fields.iter().find(|field| field.name == name).and_then(|field| match &field.node {
            Node::Leaf(leaf) => Some(leaf),
            _ => None,
        })
    }

    /// Adds the sources of all values below, in order.
    pub(super) fn collect_sources<'a>(&'a self, sources: &mut Vec<&'a Source>) {
        match self {
            Node::Leaf(leaf) => sources.push(&leaf.source),
            Node::Object(fields) => {
                fields.iter().for_each(|field| field.node.collect_sources(sources));
            }
            Node::Array(entries) => {
                entries.iter().for_each(|entry| entry.collect_sources(sources));
            }
        }
    }
}

impl Constant {
    /// The constant as if a record had it.
    pub(super) fn cell(&self) -> Cell<'_> {
        match self {
            Constant::Text(text) => Cell::Text(text),
            Constant::Bool(value) => Cell::Bool(*value),
            Constant::Number(number) => Cell::Number(number),
        }
    }
}

impl Source {
    /// Whether it gives the same value for every record.
    pub(super) fn is_constant(&self) -> bool {
        match self {
            Source::Column(_) => false,
            Source::Expression(expression) => expression.is_constant(),
            Source::Constant(_) => true,
        }
    }

    /// Whether it decides itself that its attribute is left out where it gives nothing.
    pub(super) fn ignores_empty(&self) -> bool {
        matches!(self, Source::Expression(expression) if expression.ignores_empty())
    }

    /// What a finding calls it: its column, or else `path`.
    pub(super) fn named_after<'a>(&'a self, path: &'a str) -> &'a str {
        match self {
            Source::Column(name) => name,
            _ => path,
        }
    }

    /// Calls `visit` with every column it reads.
    pub(super) fn for_each_column(&self, mut visit: impl FnMut(&str)) {
        match self {
            Source::Column(name) => visit(name),
            Source::Expression(expression) => expression.columns().for_each(visit),
            Source::Constant(_) => {}
        }
    }
}
