//! What an expression gives, and how two such values compare.

use std::borrow::Cow;
use std::cmp::Ordering;

use crate::source::Cell;

/// The value of an expression for one record. Text borrows from the record or from the expression
/// wherever it was only chosen and not changed.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'a> {
    /// No value: a JSON null, a column the record lacks, an argument left blank.
    Null,
    /// Text, possibly empty.
    Text(Cow<'a, str>),
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// Any other number, as the record or the expression wrote it.
    Decimal(&'a str),
    /// Several texts, as `Split` gives them.
    List(Vec<Cow<'a, str>>),
}

impl<'a> Value<'a> {
    /// Whether there is nothing in it: no value, empty text, a list without entries.
    pub fn is_empty(&self) -> bool {
        match self {
            Value::Null => true,
            Value::Text(text) => text.is_empty(),
            Value::List(list) => list.is_empty(),
            Value::Bool(_) | Value::Integer(_) | Value::Decimal(_) => false,
        }
    }

    /// The value as one text (`True` and `False` for truth values, as in Entra); `None` for no
    /// value and for a list.
    pub fn into_text(self) -> Option<Cow<'a, str>> {
        match self {
            Value::Text(text) => Some(text),
            Value::Bool(truth) => Some(Cow::Borrowed(if truth { "True" } else { "False" })),
            Value::Integer(number) => Some(Cow::Owned(number.to_string())),
            Value::Decimal(number) => Some(Cow::Borrowed(number)),
            Value::Null | Value::List(_) => None,
        }
    }

    /// Whether it is true: a truth value, `True` or `False` in any case, or a number, of which only
    /// zero is false. `None` where it is none of these; in particular where it is empty.
    pub fn truth(&self) -> Option<bool> {
        match self {
            Value::Bool(truth) => Some(*truth),
            Value::Text(text) if text.eq_ignore_ascii_case("true") => Some(true),
            Value::Text(text) if text.eq_ignore_ascii_case("false") => Some(false),
            other => Some(other.number()?.order(Number::Whole(0)) != Ordering::Equal),
        }
    }

    /// The whole number it is or spells.
    pub(super) fn integer(&self) -> Option<i64> {
        match self.number()? {
            Number::Whole(number) => i64::try_from(number).ok(),
            Number::Fraction(_) => None,
        }
    }

    fn number(&self) -> Option<Number> {
        match self {
            Value::Integer(number) => Some(Number::Whole((*number).into())),
            Value::Decimal(text) => Number::read(text),
            Value::Text(text) => Number::read(text),
            Value::Null | Value::Bool(_) | Value::List(_) => None,
        }
    }
}

impl<'a> From<Cell<'a>> for Value<'a> {
    fn from(cell: Cell<'a>) -> Self {
        match cell {
            Cell::Text(text) => Value::Text(Cow::Borrowed(text)),
            Cell::Number(text) => match text.parse() {
                Ok(number) => Value::Integer(number),
                Err(_) => Value::Decimal(text),
            },
            Cell::Bool(truth) => Value::Bool(truth),
            Cell::Null | Cell::Absent => Value::Null,
        }
    }
}

/// A number for comparison: whole ones exactly, so that long ids never collapse into one.
#[derive(Clone, Copy)]
enum Number {
    Whole(i128),
    Fraction(f64),
}

impl Number {
    fn read(text: &str) -> Option<Number> {
        let text = text.trim();
        // "inf" and "nan" are words in HR data, not numbers.
        if !text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E'))
        {
            return None;
        }
        text.parse().map(Number::Whole).or_else(|_| text.parse().map(Number::Fraction)).ok()
    }

    fn order(self, other: Number) -> Ordering {
        match (self, other) {
            (Number::Whole(left), Number::Whole(right)) => left.cmp(&right),
            (left, right) => left.float().total_cmp(&right.float()),
        }
    }

    fn float(self) -> f64 {
        match self {
            Number::Whole(number) => number as f64,
            // Negative zero is zero.
            Number::Fraction(number) => number + 0.0,
        }
    }
}

/// Two values that have no common ground: a list is among them.
#[derive(Debug, PartialEq)]
pub(super) struct Incomparable;

/// How two values stand to each other; `None` where they differ without an order. As numbers if one
/// of them is a number and the other is or spells one; as truth values if one of them is; otherwise
/// as text, by code point, with regard to case. No value equals empty text.
pub(super) fn compare(left: &Value, right: &Value) -> Result<Option<Ordering>, Incomparable> {
    let is_number = |value: &Value| matches!(value, Value::Integer(_) | Value::Decimal(_));
    Ok(match (left, right) {
        (Value::List(_), _) | (_, Value::List(_)) => return Err(Incomparable),
        (Value::Bool(left), Value::Bool(right)) => Some(left.cmp(right)),
        (Value::Bool(truth), Value::Text(text)) => spelled(text).map(|other| truth.cmp(&other)),
        (Value::Text(text), Value::Bool(truth)) => spelled(text).map(|other| other.cmp(truth)),
        (Value::Bool(_), _) | (_, Value::Bool(_)) => None,
        _ if is_number(left) || is_number(right) => {
            left.number().zip(right.number()).map(|(left, right)| left.order(right))
        }
        (Value::Text(left), Value::Text(right)) => Some(left.cmp(right)),
        (Value::Text(text), _) => Some(text.as_ref().cmp("")),
        (_, Value::Text(text)) => Some("".cmp(text.as_ref())),
        _ => Some(Ordering::Equal),
    })
}

fn spelled(text: &str) -> Option<bool> {
    match text {
        _ if text.eq_ignore_ascii_case("true") => Some(true),
        _ if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}
