//! The header of a CSV source: which delimiter it uses, and what its columns are called.

use std::collections::HashMap;

use super::sentences;
use crate::error::Error;

/// The delimiters there are; in a tie the earlier one wins.
pub(super) const DELIMITERS: [u8; 4] = *b",;\t|";
/// How many wrong columns one message names.
const NAMED: usize = 5;

/// The delimiter that a first line `sep=;` states, as Excel writes it.
pub(super) fn stated_delimiter(head: &str) -> Option<u8> {
    let line = head.split(['\r', '\n']).next()?;
    match line.as_bytes() {
        [name @ .., delimiter] if name.eq_ignore_ascii_case(b"sep=") => {
            DELIMITERS.contains(delimiter).then_some(*delimiter)
        }
        _ => None,
    }
}

/// The delimiter that the first line with anything on it holds most often outside quotes.
pub(super) fn detect_delimiter(head: &str) -> u8 {
    let mut counts = [0_usize; DELIMITERS.len()];
    let mut quoted = false;
    // A quote opens a field only where the field begins; elsewhere it is a character like others.
    let mut field_start = true;
    for byte in head.trim_start_matches(['\r', '\n']).bytes() {
        match byte {
            // A doubled quote closes the field and opens it again.
            b'"' if quoted || field_start => quoted = !quoted,
            b'\r' | b'\n' if !quoted => break,
            _ => {}
        }
        let delimiter = DELIMITERS.iter().position(|delimiter| *delimiter == byte);
        if let Some(at) = delimiter.filter(|_| !quoted) {
            counts[at] += 1;
        }
        field_start = delimiter.is_some() || (byte == b'"' && !quoted);
    }
    let best = counts.iter().max().copied().unwrap_or(0);
    let at = counts.iter().position(|count| *count == best).unwrap_or(0);
    DELIMITERS[at]
}

/// The names of a header's fields without the space, quotes and marks that cling to them.
///
/// # Errors
/// `SourceFormat` where a column has no name or two have the same one, all of them by position.
pub(super) fn column_names(
    fields: &csv::StringRecord,
    line: u64,
    delimiter: u8,
) -> Result<Vec<String>, Error> {
    let clinging = |c: char| c.is_whitespace() || matches!(c, '"' | '\u{feff}' | '\u{200b}');
    let names: Vec<String> =
        fields.iter().map(|name| name.trim_matches(clinging).to_owned()).collect();
    if names.iter().any(|name| name.contains('\0')) {
        return Err(sentences::looks_binary());
    }
    refuse_nameless(&names, line)?;
    refuse_repeated(&names, line, delimiter)?;
    Ok(names)
}

fn refuse_nameless(names: &[String], line: u64) -> Result<(), Error> {
    let empty: Vec<usize> = names
        .iter()
        .enumerate()
        .filter(|(_, name)| name.is_empty())
        .map(|(at, _)| at + 1)
        .collect();
    let Some(first) = empty.first() else { return Ok(()) };
    let shown: Vec<String> = empty.iter().take(NAMED).map(usize::to_string).collect();
    // Only at the end, and in one go: someone left delimiters over.
    let trailing = names.len() - first + 1 == empty.len();
    Err(sentences::nameless_columns(line, names.len(), empty.len(), &shown, trailing))
}

fn refuse_repeated(names: &[String], line: u64, delimiter: u8) -> Result<(), Error> {
    let mut places: HashMap<String, Vec<String>> = HashMap::new();
    for (at, name) in names.iter().enumerate() {
        places.entry(name.to_lowercase()).or_default().push((at + 1).to_string());
    }
    let mut repeated: Vec<String> = Vec::new();
    for name in names {
        let Some(places) = places.remove(&name.to_lowercase()) else { continue };
        if places.len() > 1 {
            repeated.push(sentences::repeated_column(name, &places.join(", ")));
        }
    }
    if repeated.is_empty() {
        return Ok(());
    }
    let shown = &repeated[..repeated.len().min(NAMED)];
    Err(sentences::repeated_columns(line, repeated.len(), shown, delimiter))
}
