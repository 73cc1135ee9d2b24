//! Functions that choose, ask, and handle lists.

use std::cmp::Ordering;
use std::collections::HashSet;

use super::syntax::{Arguments, Evaluated, Function, Parameter};
use super::value::{Incomparable, Value, compare};
use super::{EvaluationError, sentences};

/// The function that leaves its attribute out, whatever the mapping says of empty values.
pub(super) const IGNORE_FLOW: &str = "IgnoreFlowIfNullOrEmpty";

const EXPRESSION: Parameter = Parameter::new("expression");
const ATTRIBUTE: Parameter = Parameter::new("attribute");

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("CBool", &[EXPRESSION], to_bool),
    Function::new("Coalesce", &[Parameter::new("source")], coalesce).repeating(1),
    Function::new("Count", &[ATTRIBUTE], count),
    Function::new("CStr", &[Parameter::new("value")], |arguments| {
        arguments.map_text(0, |text| text)
    }),
    Function::new("Error", &[Parameter::new("message")], error),
    Function::new(IGNORE_FLOW, &[EXPRESSION], ignore_flow),
    Function::new(
        "IIF",
        &[
            Parameter::new("condition").checked(check_condition),
            Parameter::new("valueIfTrue").optional(),
            Parameter::new("valueIfFalse").optional(),
        ],
        iif,
    )
    .at_least(3),
    Function::new("IsNull", &[EXPRESSION], |arguments| {
        Ok(Value::Bool(arguments.value(0)? == Value::Null))
    }),
    Function::new("IsNullOrEmpty", &[EXPRESSION], |arguments| {
        Ok(Value::Bool(arguments.value(0)?.is_empty()))
    }),
    Function::new("IsPresent", &[EXPRESSION], |arguments| {
        Ok(Value::Bool(!arguments.value(0)?.is_empty()))
    }),
    Function::new("IsString", &[EXPRESSION], |arguments| {
        Ok(Value::Bool(matches!(arguments.value(0)?, Value::Text(_))))
    }),
    Function::new("Item", &[ATTRIBUTE, Parameter::integer("index").checked(check_index)], item),
    Function::new("Not", &[Parameter::new("source").checked(check_condition)], |arguments| {
        Ok(Value::Bool(!condition(arguments, 0)?))
    }),
    Function::new("RemoveDuplicates", &[ATTRIBUTE], remove_duplicates),
    Function::new(
        "Switch",
        &[
            Parameter::new("source"),
            Parameter::new("defaultValue").optional(),
            Parameter::new("key"),
            Parameter::new("value").optional(),
        ],
        switch,
    )
    .at_least(4)
    .repeating(2),
];

fn check_condition(text: &str) -> Result<(), String> {
    let value = Value::Text(text.into());
    if value.is_empty() || value.truth().is_some() {
        Ok(())
    } else {
        Err(sentences::NO_TRUTH.to_owned())
    }
}

/// Whether argument `index` is true. Nothing is not true; but what is there must be clear.
fn condition(arguments: Arguments<'_>, index: usize) -> Result<bool, EvaluationError> {
    let value = arguments.value(index)?;
    match value.truth() {
        Some(truth) => Ok(truth),
        None if value.is_empty() => Ok(false),
        None => Err(arguments.fault(index, sentences::NO_TRUTH, value)),
    }
}

fn to_bool(arguments: Arguments<'_>) -> Evaluated<'_> {
    let value = arguments.value(0)?;
    match value.truth() {
        Some(truth) => Ok(Value::Bool(truth)),
        None if value == Value::Null => Ok(Value::Null),
        None => Err(arguments.fault(0, sentences::NO_TRUTH, value)),
    }
}

fn coalesce(arguments: Arguments<'_>) -> Evaluated<'_> {
    let mut last = Value::Null;
    for index in 0..arguments.count() {
        last = arguments.value(index)?;
        if !last.is_empty() {
            break;
        }
    }
    Ok(last)
}

fn count(arguments: Arguments<'_>) -> Evaluated<'_> {
    Ok(Value::Integer(match arguments.value(0)? {
        Value::Null => 0,
        Value::List(list) => i64::try_from(list.len()).unwrap_or(i64::MAX),
        _ => 1,
    }))
}

fn error(arguments: Arguments<'_>) -> Evaluated<'_> {
    let message = arguments.text_or_empty(0)?.into_owned();
    Err(EvaluationError { function: "Error", message, value: None })
}

fn ignore_flow(arguments: Arguments<'_>) -> Evaluated<'_> {
    let value = arguments.value(0)?;
    Ok(if value.is_empty() { Value::Null } else { value })
}

fn iif(arguments: Arguments<'_>) -> Evaluated<'_> {
    arguments.value(if condition(arguments, 0)? { 1 } else { 2 })
}

fn check_index(text: &str) -> Result<(), String> {
    match Value::Text(text.into()).integer() {
        Some(1..) => Ok(()),
        _ => Err(sentences::NO_INDEX.to_owned()),
    }
}

fn item(arguments: Arguments<'_>) -> Evaluated<'_> {
    let mut list = match arguments.value(0)? {
        Value::Null => return Ok(Value::Null),
        Value::List(list) => list,
        single => single.into_text().into_iter().collect(),
    };
    let index = arguments.integer(1)?;
    match usize::try_from(index) {
        Ok(place @ 1..) if place <= list.len() => Ok(Value::Text(list.swap_remove(place - 1))),
        _ => Err(arguments.fault(1, &sentences::no_entry(list.len()), Value::Integer(index))),
    }
}

fn remove_duplicates(arguments: Arguments<'_>) -> Evaluated<'_> {
    Ok(match arguments.value(0)? {
        Value::List(mut list) => {
            let mut seen = HashSet::new();
            list.retain(|text| seen.insert(text.clone()));
            Value::List(list)
        }
        single => single,
    })
}

fn switch(arguments: Arguments<'_>) -> Evaluated<'_> {
    let source = arguments.value(0)?;
    for index in (2..arguments.count()).step_by(2) {
        let key = arguments.value(index)?;
        match compare(&source, &key) {
            Ok(Some(Ordering::Equal)) => return arguments.value(index + 1),
            Ok(_) => {}
            Err(Incomparable) => {
                let at = if matches!(source, Value::List(_)) { 0 } else { index };
                return Err(arguments.fault(at, sentences::A_LIST, source));
            }
        }
    }
    arguments.value(1)
}
