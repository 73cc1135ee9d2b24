//! An expression at work on one record.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::syntax::{Arguments, Comparator, Context, Evaluated, Node, is_list};
use super::value::{Incomparable, Value, compare};
use super::{EvaluationError, sentences};

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
            return Err(is_list("&", sentences::A_SIDE));
        }
        whole.push_str(&value.into_text().unwrap_or_default());
    }
    Ok(Value::Text(whole.into()))
}

fn holds(comparator: Comparator, left: Value, right: Value) -> Result<bool, EvaluationError> {
    let order = compare(&left, &right)
        .map_err(|Incomparable| is_list(comparator.sign(), sentences::A_SIDE))?;
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
            message: sentences::NEITHER_FIRST.to_owned(),
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
