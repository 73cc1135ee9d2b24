//! Letters: upper and lower case as .NET has them, and letters without their marks.

use std::borrow::Cow;

use unicode_normalization::char::{decompose_canonical, is_combining_mark};

use super::sentences;

/// Whose rules for upper and lower case hold.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Culture {
    /// All but the Turkic languages: .NET's invariant culture.
    Invariant,
    /// Turkish and Azerbaijani, where I is the upper case of ı, and İ of i.
    Turkic,
}

impl Culture {
    /// The culture of a name such as `ja-JP` (RFC 4646); empty is invariant.
    ///
    /// # Errors
    /// It is no such name; completes "Its culture ...".
    pub(super) fn named(name: &str) -> Result<Culture, String> {
        let mut parts = name.split('-');
        let language = parts.next().unwrap_or_default();
        let is_part = |part: &str| {
            (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
        };
        let is_language = (2..=3).contains(&language.len())
            && language.bytes().all(|byte| byte.is_ascii_alphabetic());
        match language.to_ascii_lowercase().as_str() {
            _ if name.is_empty() => Ok(Culture::Invariant),
            _ if !is_language || !parts.all(is_part) => Err(sentences::NO_CULTURE.to_owned()),
            "tr" | "az" => Ok(Culture::Turkic),
            _ => Ok(Culture::Invariant),
        }
    }

    /// The upper case of a letter: one letter for one, as .NET does, so that ß stays ß.
    pub(super) fn upper(self, letter: char) -> char {
        match (self, letter) {
            (Culture::Turkic, 'i') => 'İ',
            (Culture::Turkic, 'ı') => 'I',
            (_, 'ı') => 'ı',
            _ => single(letter, letter.to_uppercase()),
        }
    }

    /// The lower case of a letter, one for one.
    pub(super) fn lower(self, letter: char) -> char {
        match (self, letter) {
            (Culture::Turkic, 'I') => 'ı',
            (Culture::Turkic, 'İ') => 'i',
            _ => single(letter, letter.to_lowercase()),
        }
    }
}

fn single(letter: char, mut mapped: impl ExactSizeIterator<Item = char>) -> char {
    if mapped.len() == 1 { mapped.next().unwrap_or(letter) } else { letter }
}

/// `text` with every letter mapped; borrowed where that changes none.
pub(super) fn map_letters(text: Cow<'_, str>, map: impl Fn(char) -> char) -> Cow<'_, str> {
    if text.chars().all(|letter| map(letter) == letter) {
        return text;
    }
    Cow::Owned(text.chars().map(map).collect())
}

/// `text` with the first letter of each word in upper case and the others in lower case. Words end
/// at `separators`, or, without them, where .NET's `ToTitleCase` ends them: at anything that is no
/// letter, mark, digit or apostrophe within a word; digits before the first letter are not part of it.
pub(super) fn title_case(text: &str, separators: Option<&str>) -> String {
    let mut in_word = false;
    text.chars()
        .map(|letter| {
            let was_in_word = in_word;
            in_word = match separators {
                Some(separators) => !separators.contains(letter),
                None if letter.is_alphabetic() => true,
                None => {
                    was_in_word
                        && (letter == '\'' || letter.is_numeric() || is_combining_mark(letter))
                }
            };
            match (was_in_word, in_word) {
                (false, true) => Culture::Invariant.upper(letter),
                _ => Culture::Invariant.lower(letter),
            }
        })
        .collect()
}

/// `text` with Latin letters without their marks, as Entra's table has them. Other scripts are left
/// alone: the marks of が, й or ά make other letters of them.
pub(super) fn without_diacritics(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.is_ascii() {
        return text;
    }
    let mut plain = String::with_capacity(text.len());
    let mut after_latin = false;
    for letter in text.chars() {
        if is_combining_mark(letter) {
            if !after_latin {
                plain.push(letter);
            }
            continue;
        }
        let mut base = None;
        decompose_canonical(letter, |part| {
            base.get_or_insert(part);
        });
        let base = base.unwrap_or(letter);
        after_latin = true;
        match own_spelling(base) {
            Some(spelling) => plain.push_str(spelling),
            None if base.is_ascii_alphabetic() => plain.push(base),
            None => {
                after_latin = false;
                plain.push(letter);
            }
        }
    }
    Cow::Owned(plain)
}

/// Latin letters that are not a plain letter with a mark.
fn own_spelling(letter: char) -> Option<&'static str> {
    Some(match letter {
        'æ' => "ae",
        'Æ' => "AE",
        'œ' | 'ø' => "oe",
        'Œ' | 'Ø' => "OE",
        'ß' => "ss",
        'ẞ' => "SS",
        'ł' => "l",
        'Ł' => "L",
        'ı' => "i",
        'đ' => "d",
        'Đ' => "D",
        _ => return None,
    })
}
