//! `Replace`, which does five different things depending on which of its arguments are given.

use std::borrow::Cow;

use regex::{Captures, Regex};

use super::pattern::{Pattern, check_group, expand, found_group, parts, refusal};
use super::sentences;
use super::syntax::{Arguments, Evaluated, Function, Node, Parameter};
use super::value::Value;

const SOURCE: usize = 0;
const OLD: usize = 1;
const PATTERN: usize = 2;
const GROUP: usize = 3;
const NEW: usize = 4;
const ATTRIBUTE: usize = 5;
const TEMPLATE: usize = 6;

pub(super) const FUNCTIONS: &[Function] = &[Function::new(
    "Replace",
    &[
        Parameter::new("source"),
        Parameter::new("oldValue").optional(),
        Parameter::new("regexPattern").optional(),
        Parameter::new("regexGroupName").optional(),
        Parameter::new("replacementValue").optional(),
        Parameter::new("replacementAttributeName").optional(),
        Parameter::new("template").optional(),
    ],
    replace,
)
.at_least(5)
.prepared(prepare)];

fn prepare(arguments: &[Node]) -> Result<Option<Pattern>, (usize, String)> {
    let given = [OLD, PATTERN, GROUP, NEW, ATTRIBUTE, TEMPLATE]
        .map(|index| !matches!(arguments.get(index), None | Some(Node::Blank)));
    let group = match given {
        [true, false, false, true, false, false] | [true, false, false, false, false, true] => {
            return Ok(None);
        }
        [false, true, false, true, false, false] => None,
        [false, true, true, true, false, false] | [false, true, true, false, true, false] => {
            Some(constant(arguments, GROUP, "regexGroupName")?)
        }
        _ => return Err((SOURCE, sentences::WAYS_TO_REPLACE.to_owned())),
    };
    let pattern = constant(arguments, PATTERN, "regexPattern")?;
    let regex = Regex::new(pattern).map_err(|error| (PATTERN, refusal(&error)))?;
    if let Some(group) = group {
        check_group(&regex, group).map_err(|problem| (GROUP, problem))?;
    } else if let Some(Node::Text(new)) = arguments.get(NEW) {
        // A group misspelt would be sent to Entra as "${phone}".
        for part in parts(new) {
            part.group
                .map_or(Ok(()), |group| check_group(&regex, group))
                .map_err(|problem| (NEW, problem))?;
        }
    }
    Ok(Some(Pattern { regex, group: group.map(str::to_owned) }))
}

fn constant<'a>(nodes: &'a [Node], at: usize, name: &str) -> Result<&'a str, (usize, String)> {
    match nodes.get(at) {
        Some(Node::Text(text)) => Ok(text),
        _ => Err((at, sentences::constant_wanted(name))),
    }
}

fn replace(arguments: Arguments<'_>) -> Evaluated<'_> {
    let source = arguments.text(SOURCE)?;
    let pattern = arguments.pattern();
    if let Some(pattern) = pattern.filter(|_| arguments.gives(ATTRIBUTE)) {
        return match source.filter(|source| !source.is_empty()) {
            Some(source) => Ok(Value::Text(source)),
            None => extract(pattern, arguments),
        };
    }
    let Some(source) = source else { return Ok(Value::Null) };
    if arguments.gives(TEMPLATE) {
        let template = arguments.text_or_empty(TEMPLATE)?;
        let old = arguments.text_or_empty(OLD)?;
        return Ok(Value::Text(exchange(template, &old, &source)));
    }
    let new = arguments.text_or_empty(NEW)?;
    let Some(Pattern { regex, group }) = pattern else {
        let old = arguments.text_or_empty(OLD)?;
        return Ok(Value::Text(exchange(source, &old, &new)));
    };
    if !regex.is_match(&source) {
        return Ok(Value::Text(source));
    }
    let replaced = regex.replace_all(&source, |found: &Captures<'_>| match group {
        None => expand(&new, regex, found),
        Some(group) => {
            let whole = found.get_match();
            let Some(part) = found_group(found, group) else { return whole.as_str().to_owned() };
            let before = &source[whole.start()..part.start()];
            let after = &source[part.end()..whole.end()];
            format!("{before}{new}{after}")
        }
    });
    Ok(Value::Text(Cow::Owned(replaced.into_owned())))
}

/// `text` with every `old` exchanged for `new`; an empty `old` is nowhere.
fn exchange<'a>(text: Cow<'a, str>, old: &str, new: &str) -> Cow<'a, str> {
    if old.is_empty() || !text.contains(old) { text } else { Cow::Owned(text.replace(old, new)) }
}

/// What the pattern's group finds in the attribute that stands in for an empty source.
fn extract<'a>(pattern: &Pattern, arguments: Arguments<'a>) -> Evaluated<'a> {
    let Some(text) = arguments.text(ATTRIBUTE)? else { return Ok(Value::Null) };
    let found = pattern.regex.captures(&text);
    let part = found.and_then(|found| {
        found_group(&found, pattern.group.as_deref().unwrap_or("0"))
            .map(|part| part.as_str().to_owned())
    });
    Ok(part.map_or(Value::Null, |part| Value::Text(part.into())))
}
