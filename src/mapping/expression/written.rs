//! How an expression is written back.

use std::fmt::{self, Display, Formatter};

use super::syntax::Node;

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
