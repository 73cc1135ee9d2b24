//! `Replace`, which does five different things depending on which of its arguments are given.

use std::borrow::Cow;

use regex::{Captures, Regex};

use super::evaluate::{Arguments, Evaluated};
use super::functions::{Function, Parameter};
use super::syntax::Node;
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

/// A regular expression that was compiled with the expression, and the group it is about, if any.
#[derive(Debug, Clone)]
pub(super) struct Pattern {
    regex: Regex,
    group: Option<String>,
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.regex.as_str() == other.regex.as_str() && self.group == other.group
    }
}

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
        _ => return Err((SOURCE, WAYS.to_owned())),
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

const WAYS: &str = "Replace can be given oldValue and replacementValue, oldValue and template, \
    regexPattern and replacementValue, or regexPattern and regexGroupName with replacementValue or \
    replacementAttributeName. The arguments are Replace(source, oldValue, regexPattern, \
    regexGroupName, replacementValue, replacementAttributeName, template); what is not wanted is \
    left blank: Replace([mail], \"@contoso.com\", , , \"\", , )";

fn constant<'a>(nodes: &'a [Node], at: usize, name: &str) -> Result<&'a str, (usize, String)> {
    match nodes.get(at) {
        Some(Node::Text(text)) => Ok(text),
        _ => Err((at, format!("In Replace, {name} must be a text written in the expression."))),
    }
}

fn refusal(error: &regex::Error) -> String {
    match error {
        regex::Error::CompiledTooBig(_) => {
            "This regular expression is too large; repeat fewer times.".to_owned()
        }
        _ => {
            // The library's text shows the pattern over several lines; its last line says the reason.
            let text = error.to_string();
            let reason = text.lines().last().unwrap_or_default().trim_start_matches("error: ");
            format!("This regular expression cannot be used: {reason}.")
        }
    }
}

fn check_group(regex: &Regex, name: &str) -> Result<(), String> {
    let known = match name.parse::<usize>() {
        Ok(number) => number < regex.captures_len(),
        Err(_) => regex.capture_names().flatten().any(|known| known == name),
    };
    if known {
        return Ok(());
    }
    let names: Vec<&str> = regex.capture_names().flatten().collect();
    let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    Err(format!("The regular expression has no group {name}; its named groups: {names}."))
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

fn found_group<'t>(found: &Captures<'t>, group: &str) -> Option<regex::Match<'t>> {
    match group.parse::<usize>() {
        Ok(number) => found.get(number),
        Err(_) => found.name(group),
    }
}

/// One part of a replacement as .NET writes it: `$1`, `${name}`, `$&` and `$0` for the whole, `$$`.
struct Part<'a> {
    written: &'a str,
    group: Option<&'a str>,
}

fn parts(mut rest: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    while let Some(dollar) = rest.find('$') {
        let (before, from) = rest.split_at(dollar);
        let after = &from[1..];
        let digits =
            after.len() - after.trim_start_matches(|digit: char| digit.is_ascii_digit()).len();
        let braced = after.strip_prefix('{').and_then(|name| name.split_once('}'));
        let (group, taken) = match (after.chars().next(), braced) {
            (Some('&'), _) => (Some("0"), 2),
            (_, Some((name, _))) => (Some(name), name.len() + 3),
            _ if digits > 0 => (Some(&after[..digits]), digits + 1),
            _ => (None, 1),
        };
        parts.push(Part { written: before, group: None });
        parts.push(Part { written: &from[..taken], group });
        rest = &from[taken..];
        if group.is_none() && rest.starts_with('$') {
            rest = &rest[1..];
        }
    }
    parts.push(Part { written: rest, group: None });
    parts
}

/// The replacement for one find. A group that the pattern does not have stands for itself.
fn expand(replacement: &str, regex: &Regex, found: &Captures<'_>) -> String {
    (parts(replacement).into_iter())
        .map(|part| match part.group {
            Some(group) if check_group(regex, group).is_ok() => {
                found_group(found, group).map_or("", |part| part.as_str())
            }
            _ => part.written,
        })
        .collect()
}
