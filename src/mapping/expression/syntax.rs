//! The parsed expression, and how it is written back.

use std::fmt::{self, Display, Formatter};

use super::functions::Function;
use super::replace::Pattern;

/// One part of an expression.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    /// An argument left blank, as in `FormatDateTime([Day], , "M/d/yyyy", "yyyy-MM-dd")`.
    Blank,
    Text(String),
    Integer(i64),
    Decimal(String),
    Bool(bool),
    /// A column, by its place among the expression's columns.
    Column(usize),
    Call(Call),
    /// What `&` holds together: two or more.
    Concatenation(Vec<Node>),
    Comparison(Comparator, Box<[Node; 2]>),
}

/// A function and its arguments.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Call {
    pub(super) function: &'static Function,
    pub(super) arguments: Vec<Node>,
    /// The compiled regular expression, for `Replace`.
    pub(super) pattern: Option<Pattern>,
}

impl Call {
    /// Whether argument `index` is there and not blank.
    pub(super) fn gives(&self, index: usize) -> bool {
        self.arguments.get(index).is_some_and(|argument| *argument != Node::Blank)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Comparator {
    /// All of them, those of two characters first.
    pub(super) const ALL: [Comparator; 6] = [
        Comparator::NotEqual,
        Comparator::LessOrEqual,
        Comparator::GreaterOrEqual,
        Comparator::Equal,
        Comparator::Less,
        Comparator::Greater,
    ];

    pub(super) const fn sign(self) -> &'static str {
        match self {
            Comparator::Equal => "=",
            Comparator::NotEqual => "<>",
            Comparator::Less => "<",
            Comparator::LessOrEqual => "<=",
            Comparator::Greater => ">",
            Comparator::GreaterOrEqual => ">=",
        }
    }
}

/// A node with the names of its columns, to be written.
pub(super) struct Written<'a> {
    pub(super) node: &'a Node,
    pub(super) columns: &'a [String],
}

impl Written<'_> {
    fn part<'b>(&'b self, node: &'b Node) -> Written<'b> {
        Written { node, columns: self.columns }
    }

    /// The part of an operation, in parentheses where it is an operation itself.
    fn operand(&self, formatter: &mut Formatter<'_>, node: &Node) -> fmt::Result {
        match node {
            Node::Comparison(..) | Node::Concatenation(_) => {
                write!(formatter, "({})", self.part(node))
            }
            _ => self.part(node).fmt(formatter),
        }
    }
}

impl Display for Written<'_> {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match self.node {
            Node::Blank => Ok(()),
            Node::Text(text) => {
                let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
                write!(formatter, "\"{escaped}\"")
            }
            Node::Integer(number) => number.fmt(formatter),
            Node::Decimal(number) => number.fmt(formatter),
            Node::Bool(true) => formatter.write_str("True"),
            Node::Bool(false) => formatter.write_str("False"),
            Node::Column(index) => {
                let name = self.columns.get(*index).map_or("", String::as_str);
                write!(formatter, "[{}]", name.replace(']', "]]"))
            }
            Node::Call(call) => {
                write!(formatter, "{}(", call.function.name)?;
                for (index, argument) in call.arguments.iter().enumerate() {
                    let comma = if index == 0 { "" } else { ", " };
                    write!(formatter, "{comma}{}", self.part(argument))?;
                }
                formatter.write_str(")")
            }
            Node::Concatenation(parts) => {
                for (index, part) in parts.iter().enumerate() {
                    formatter.write_str(if index == 0 { "" } else { " & " })?;
                    self.operand(formatter, part)?;
                }
                Ok(())
            }
            Node::Comparison(comparator, sides) => {
                self.operand(formatter, &sides[0])?;
                write!(formatter, " {} ", comparator.sign())?;
                self.operand(formatter, &sides[1])
            }
        }
    }
}
