//! An expression at work on one record.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::syntax::{Call, Comparator, Node};
use super::value::{Incomparable, Value, compare};
use super::{EvaluationError, replace::Pattern};
use crate::source::Record;

pub(super) type Evaluated<'a> = Result<Value<'a>, EvaluationError>;

/// The record at hand, and where it holds the expression's columns.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) record: &'a Record,
    pub(super) places: &'a [usize],
}

impl Node {
    pub(super) fn evaluate<'a>(&'a self, context: Context<'a>) -> Evaluated<'a> {
        Ok(match self {
            Node::Blank => Value::Null,
            Node::Text(text) => Value::Text(Cow::Borrowed(text)),
            Node::Integer(number) => Value::Integer(*number),
            Node::Decimal(number) => Value::Decimal(number),
            Node::Bool(truth) => Value::Bool(*truth),
            Node::Column(column) => match context.places.get(*column) {
                Some(place) => context.record.cell(*place).into(),
                None => Value::Null,
            },
            Node::Call(call) => return (call.function.evaluate)(Arguments { call, context }),
            Node::Concatenation(parts) => return concatenate(parts, context),
            Node::Comparison(comparator, sides) => {
                let [left, right] = &**sides;
                let (left, right) = (left.evaluate(context)?, right.evaluate(context)?);
                Value::Bool(holds(*comparator, left, right)?)
            }
        })
    }
}

fn concatenate<'a>(parts: &'a [Node], context: Context<'a>) -> Evaluated<'a> {
    let mut whole = String::new();
    for part in parts {
        let value = part.evaluate(context)?;
        if matches!(value, Value::List(_)) {
            return Err(is_list("&", "one of its sides"));
        }
        whole.push_str(&value.into_text().unwrap_or_default());
    }
    Ok(Value::Text(whole.into()))
}

fn holds(comparator: Comparator, left: Value, right: Value) -> Result<bool, EvaluationError> {
    let order = compare(&left, &right)
        .map_err(|Incomparable| is_list(comparator.sign(), "one of its sides"))?;
    match comparator {
        Comparator::Equal => return Ok(order == Some(Ordering::Equal)),
        Comparator::NotEqual => return Ok(order != Some(Ordering::Equal)),
        // Nothing is neither before nor after anything.
        _ if left.is_empty() || right.is_empty() => return Ok(false),
        _ => {}
    }
    let Some(order) = order else {
        let not_number = if left.integer().is_some() { right } else { left };
        return Err(EvaluationError {
            function: comparator.sign(),
            message: "One side is a number and the other is not, so that neither comes first; \
                      compare two numbers, or two texts."
                .to_owned(),
            value: not_number.into_text().map(Cow::into_owned),
        });
    };
    Ok(match comparator {
        Comparator::Less => order.is_lt(),
        Comparator::LessOrEqual => order.is_le(),
        Comparator::Greater => order.is_gt(),
        _ => order.is_ge(),
    })
}

fn is_list(function: &'static str, what: &str) -> EvaluationError {
    EvaluationError {
        function,
        message: format!(
            "It wants one value, but {what} is a list; take one entry with Item, or all with Join."
        ),
        value: None,
    }
}

/// The arguments of one call. Each is evaluated when it is asked for, so that what is not chosen
/// cannot fail.
#[derive(Clone, Copy)]
pub(super) struct Arguments<'a> {
    call: &'a Call,
    context: Context<'a>,
}

impl<'a> Arguments<'a> {
    pub(super) fn count(self) -> usize {
        self.call.arguments.len()
    }

    /// Whether argument `index` is there and not blank.
    pub(super) fn gives(self, index: usize) -> bool {
        self.call.gives(index)
    }

    pub(super) fn pattern(self) -> Option<&'a Pattern> {
        self.call.pattern.as_ref()
    }

    /// The value of argument `index`; no value where it is not there.
    pub(super) fn value(self, index: usize) -> Evaluated<'a> {
        match self.call.arguments.get(index) {
            Some(argument) => argument.evaluate(self.context),
            None => Ok(Value::Null),
        }
    }

    /// Argument `index` as one text, where it has a value.
    pub(super) fn text(self, index: usize) -> Result<Option<Cow<'a, str>>, EvaluationError> {
        match self.value(index)? {
            Value::List(_) => {
                let what = format!("its {}", self.parameter(index));
                Err(is_list(self.call.function.name, &what))
            }
            value => Ok(value.into_text()),
        }
    }

    /// Argument `index` as one text, empty where it has no value.
    pub(super) fn text_or_empty(self, index: usize) -> Result<Cow<'a, str>, EvaluationError> {
        Ok(self.text(index)?.unwrap_or_default())
    }

    /// Argument `index` as a whole number.
    pub(super) fn integer(self, index: usize) -> Result<i64, EvaluationError> {
        let value = self.value(index)?;
        value.integer().ok_or_else(|| self.fault(index, "is not a whole number", value))
    }

    /// Argument `index` with its text changed; in a list, each of its texts.
    pub(super) fn map_text(
        self,
        index: usize,
        change: impl Fn(Cow<'a, str>) -> Cow<'a, str>,
    ) -> Evaluated<'a> {
        Ok(match self.value(index)? {
            Value::List(list) => Value::List(list.into_iter().map(change).collect()),
            value => value.into_text().map_or(Value::Null, |text| Value::Text(change(text))),
        })
    }

    /// Says what is wrong with argument `index`: "its length " and `problem`.
    pub(super) fn fault(self, index: usize, problem: &str, value: Value<'_>) -> EvaluationError {
        EvaluationError {
            function: self.call.function.name,
            message: format!("Its {} {problem}.", self.parameter(index)),
            value: value.into_text().map(Cow::into_owned),
        }
    }

    fn parameter(self, index: usize) -> &'static str {
        self.call.function.parameter(index).map_or("argument", |parameter| parameter.name)
    }
}
