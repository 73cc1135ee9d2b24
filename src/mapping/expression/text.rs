//! Functions on text. Positions and lengths are counted in Unicode characters.

use std::borrow::Cow;
use std::ops::Range;

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfkc_quick};

use super::letters::{Culture, map_letters, title_case, without_diacritics};
use super::sentences;
use super::syntax::{Arguments, Evaluated, Function, Parameter};
use super::value::Value;

const SOURCE: Parameter = Parameter::new("source");
const STRING: Parameter = Parameter::new("string");
const NUM_CHARS: Parameter = Parameter::integer("numChars");
const CULTURE: Parameter =
    Parameter::new("culture").optional().checked(|name| Culture::named(name).map(drop));

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("Append", &[SOURCE, Parameter::new("suffix")], append),
    Function::new("ConvertToBase64", &[SOURCE], |arguments| {
        arguments.map_text(0, |text| base64(text.encode_utf16().flat_map(u16::to_le_bytes)).into())
    }),
    Function::new("ConvertToUTF8Hex", &[SOURCE], |arguments| {
        arguments.map_text(0, |text| text.bytes().map(|byte| format!("{byte:02X}")).collect())
    }),
    Function::new(
        "InStr",
        &[
            Parameter::new("value1"),
            Parameter::new("value2"),
            Parameter::integer("start").optional(),
            Parameter::new("compareType").optional().checked(|name| ignores_case(name).map(drop)),
        ],
        in_str,
    ),
    Function::new("Join", &[Parameter::new("separator"), SOURCE], join).repeating(1),
    Function::new("Left", &[STRING, NUM_CHARS], left),
    Function::new("Len", &[STRING], |arguments| {
        Ok(Value::Integer(characters(&arguments.text_or_empty(0)?)))
    }),
    Function::new("Mid", &[SOURCE, Parameter::integer("start"), Parameter::integer("length")], mid),
    Function::new("Nfkc", &[SOURCE], |arguments| arguments.map_text(0, nfkc)),
    Function::new("NormalizeDiacritics", &[SOURCE], |arguments| {
        arguments.map_text(0, without_diacritics)
    }),
    Function::new("PCase", &[SOURCE, Parameter::new("wordSeparators").optional()], pcase),
    Function::new("Right", &[STRING, NUM_CHARS], right),
    Function::new("Split", &[SOURCE, Parameter::new("delimiter").checked(check_delimiter)], split),
    Function::new("StripSpaces", &[SOURCE], |arguments| {
        arguments.map_text(0, |text| match text.contains(' ') {
            true => Cow::Owned(text.replace(' ', "")),
            false => text,
        })
    }),
    Function::new("ToLower", &[SOURCE, CULTURE], |arguments| {
        change_case(arguments, Culture::lower)
    }),
    Function::new("ToUpper", &[SOURCE, CULTURE], |arguments| {
        change_case(arguments, Culture::upper)
    }),
    Function::new("Trim", &[Parameter::new("value")], |arguments| {
        arguments.map_text(0, |text| {
            let start = text.len() - text.trim_start().len();
            let end = text.trim_end().len().max(start);
            cut(text, start..end)
        })
    }),
    Function::new(
        "Word",
        &[STRING, Parameter::integer("wordNumber"), Parameter::new("delimiters")],
        word,
    ),
];

/// The bytes of `text` in `range`, copied only where `text` was made for this evaluation.
fn cut(text: Cow<'_, str>, range: Range<usize>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(&text[range]),
        Cow::Owned(mut text) => {
            text.truncate(range.end);
            text.drain(..range.start);
            Cow::Owned(text)
        }
    }
}

fn characters(text: &str) -> i64 {
    i64::try_from(text.chars().count()).unwrap_or(i64::MAX)
}

/// The byte at which character `number` (from 0) starts; the end of the text if it has fewer.
fn byte_of(text: &str, number: i64) -> usize {
    usize::try_from(number)
        .ok()
        .and_then(|number| text.char_indices().nth(number))
        .map_or(text.len(), |(byte, _)| byte)
}

fn append(arguments: Arguments<'_>) -> Evaluated<'_> {
    let Some(source) = arguments.text(0)? else { return Ok(Value::Null) };
    let suffix = arguments.text_or_empty(1)?;
    Ok(Value::Text(if suffix.is_empty() { source } else { source + suffix }))
}

fn base64(bytes: impl Iterator<Item = u8>) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bytes: Vec<u8> = bytes.collect();
    let mut encoded = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let bits = (0..3).fold(0, |bits, at| bits << 8 | u32::from(*group.get(at).unwrap_or(&0)));
        for digit in 0..4 {
            let index = (bits >> (18 - 6 * digit) & 63) as usize;
            encoded.push(if digit > group.len() { '=' } else { char::from(DIGITS[index]) });
        }
    }
    encoded
}

/// Whether a comparison of this name (or of VBA's number) ignores case.
fn ignores_case(name: &str) -> Result<bool, String> {
    match name {
        "" | "0" => Ok(false),
        "1" => Ok(true),
        _ if name.eq_ignore_ascii_case("vbBinaryCompare") => Ok(false),
        _ if name.eq_ignore_ascii_case("vbTextCompare") => Ok(true),
        _ => Err(sentences::NO_COMPARISON.to_owned()),
    }
}

fn in_str(arguments: Arguments<'_>) -> Evaluated<'_> {
    let (whole, wanted) = (arguments.text_or_empty(0)?, arguments.text_or_empty(1)?);
    let start = if arguments.gives(2) { arguments.integer(2)? } else { 1 };
    if start < 1 {
        return Err(arguments.fault(2, sentences::NO_CHARACTER, Value::Integer(start)));
    }
    let compare = arguments.text_or_empty(3)?;
    let ignores_case = ignores_case(&compare)
        .map_err(|problem| arguments.fault(3, &problem, Value::Text(compare)))?;
    let fold = |text| match ignores_case {
        true => map_letters(text, |letter| Culture::Invariant.lower(letter)),
        false => text,
    };
    let (whole, wanted) = (fold(whole), fold(wanted));
    let skipped = byte_of(&whole, start - 1);
    Ok(Value::Integer(match whole[skipped..].find(&*wanted) {
        Some(found) if start <= characters(&whole) => characters(&whole[..skipped + found]) + 1,
        _ => 0,
    }))
}

fn join(arguments: Arguments<'_>) -> Evaluated<'_> {
    let separator = arguments.text_or_empty(0)?;
    let mut joined = Cow::Borrowed("");
    let mut add = |text: Cow<'_, str>| {
        if !joined.is_empty() && !text.is_empty() {
            joined.to_mut().push_str(&separator);
        }
        joined.to_mut().push_str(&text);
    };
    for index in 1..arguments.count() {
        match arguments.value(index)? {
            Value::List(list) => list.into_iter().for_each(&mut add),
            value => add(value.into_text().unwrap_or_default()),
        }
    }
    Ok(Value::Text(joined))
}

fn left(arguments: Arguments<'_>) -> Evaluated<'_> {
    let source = arguments.text_or_empty(0)?;
    let count = arguments.integer(1)?;
    let end = if count < 0 { source.len() } else { byte_of(&source, count) };
    Ok(Value::Text(cut(source, 0..end)))
}

fn right(arguments: Arguments<'_>) -> Evaluated<'_> {
    let source = arguments.text_or_empty(0)?;
    let count = arguments.integer(1)?;
    let kept = if count < 0 { i64::MAX } else { count };
    let start = byte_of(&source, characters(&source).saturating_sub(kept).max(0));
    let end = source.len();
    Ok(Value::Text(cut(source, start..end)))
}

fn mid(arguments: Arguments<'_>) -> Evaluated<'_> {
    let source = arguments.text_or_empty(0)?;
    let (start, length) = (arguments.integer(1)?, arguments.integer(2)?);
    if start < 1 || length < 0 {
        return Ok(Value::Text(source));
    }
    let start = byte_of(&source, start - 1);
    let end = start + byte_of(&source[start..], length);
    Ok(Value::Text(cut(source, start..end)))
}

fn nfkc(text: Cow<'_, str>) -> Cow<'_, str> {
    match is_nfkc_quick(text.chars()) {
        IsNormalized::Yes => text,
        _ => Cow::Owned(text.nfkc().collect()),
    }
}

fn pcase(arguments: Arguments<'_>) -> Evaluated<'_> {
    let separators = arguments.text(1)?;
    arguments.map_text(0, |text| title_case(&text, separators.as_deref()).into())
}

fn check_delimiter(text: &str) -> Result<(), String> {
    if text.is_empty() { Err(sentences::EMPTY.to_owned()) } else { Ok(()) }
}

fn split(arguments: Arguments<'_>) -> Evaluated<'_> {
    let Some(source) = arguments.text(0)? else { return Ok(Value::Null) };
    let delimiter = arguments.text_or_empty(1)?;
    check_delimiter(&delimiter).map_err(|problem| arguments.fault(1, &problem, Value::Null))?;
    let delimiter = &*delimiter;
    Ok(Value::List(match source {
        Cow::Borrowed(source) => source.split(delimiter).map(Cow::Borrowed).collect(),
        Cow::Owned(source) => source.split(delimiter).map(|part| part.to_owned().into()).collect(),
    }))
}

fn change_case(arguments: Arguments<'_>, change: fn(Culture, char) -> char) -> Evaluated<'_> {
    let name = arguments.text_or_empty(1)?;
    let culture =
        Culture::named(&name).map_err(|problem| arguments.fault(1, &problem, Value::Text(name)))?;
    arguments.map_text(0, |text| map_letters(text, |letter| change(culture, letter)))
}

fn word(arguments: Arguments<'_>) -> Evaluated<'_> {
    let source = arguments.text_or_empty(0)?;
    let number = arguments.integer(1)?;
    let delimiters = arguments.text_or_empty(2)?;
    let Ok(skipped @ 0..) = usize::try_from(number.saturating_sub(1)) else {
        return Ok(Value::Text(Cow::Borrowed("")));
    };
    let found = source
        .split(|letter| delimiters.contains(letter))
        .filter(|word| !word.is_empty())
        .nth(skipped);
    let range = found.map_or(0..0, |word| {
        let start = word.as_ptr() as usize - source.as_ptr() as usize;
        start..start + word.len()
    });
    Ok(Value::Text(cut(source, range)))
}
