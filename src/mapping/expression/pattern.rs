//! Regular expressions, and replacements as .NET writes them.

use regex::{Captures, Regex};

use super::sentences;

/// A regular expression that was compiled with the expression, and the group it is about, if any.
#[derive(Debug, Clone)]
pub(super) struct Pattern {
    pub(super) regex: Regex,
    pub(super) group: Option<String>,
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.regex.as_str() == other.regex.as_str() && self.group == other.group
    }
}

/// Why a pattern cannot be compiled.
pub(super) fn refusal(error: &regex::Error) -> String {
    match error {
        regex::Error::CompiledTooBig(_) => sentences::REGEX_TOO_LARGE.to_owned(),
        _ => {
            // The library's text shows the pattern over several lines; its last line says the reason.
            let text = error.to_string();
            let reason = text.lines().last().unwrap_or_default().trim_start_matches("error: ");
            sentences::unusable_regex(reason)
        }
    }
}

/// Whether the pattern has the group; else a sentence.
pub(super) fn check_group(regex: &Regex, name: &str) -> Result<(), String> {
    let known = match name.parse::<usize>() {
        Ok(number) => number < regex.captures_len(),
        Err(_) => regex.capture_names().flatten().any(|known| known == name),
    };
    if known {
        return Ok(());
    }
    let names: Vec<&str> = regex.capture_names().flatten().collect();
    let names = if names.is_empty() { sentences::NONE.to_owned() } else { names.join(", ") };
    Err(sentences::no_group(name, &names))
}

/// What a group, by number or name, found.
pub(super) fn found_group<'t>(found: &Captures<'t>, group: &str) -> Option<regex::Match<'t>> {
    match group.parse::<usize>() {
        Ok(number) => found.get(number),
        Err(_) => found.name(group),
    }
}

/// One part of a replacement as .NET writes it: `$1`, `${name}`, `$&` and `$0` for the whole, `$$`.
pub(super) struct Part<'a> {
    pub(super) written: &'a str,
    pub(super) group: Option<&'a str>,
}

pub(super) fn parts(mut rest: &str) -> Vec<Part<'_>> {
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
pub(super) fn expand(replacement: &str, regex: &Regex, found: &Captures<'_>) -> String {
    (parts(replacement).into_iter())
        .map(|part| match part.group {
            Some(group) if check_group(regex, group).is_ok() => {
                found_group(found, group).map_or("", |part| part.as_str())
            }
            _ => part.written,
        })
        .collect()
}
