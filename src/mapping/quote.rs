//! Text as a JSON string (RFC 8259 section 7).

/// Appends `text` in quotation marks.
pub(super) fn push_string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    push_content(out, text);
    out.push(b'"');
}

/// Appends `text` as the inside of a JSON string.
///
/// HR data hardly ever needs an escape, so all of it is looked at first and copied in one piece.
pub(super) fn push_content(out: &mut Vec<u8>, text: &str) {
    if is_plain(text.as_bytes()) {
        out.extend_from_slice(text.as_bytes());
    } else {
        push_escaped(out, text);
    }
}

fn push_escaped(out: &mut Vec<u8>, text: &str) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for &byte in text.as_bytes() {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            8 => out.extend_from_slice(b"\\b"),
            12 => out.extend_from_slice(b"\\f"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0..0x20 => {
                out.extend_from_slice(b"\\u00");
                out.push(DIGITS[usize::from(byte >> 4)]);
                out.push(DIGITS[usize::from(byte & 15)]);
            }
            _ => out.push(byte),
        }
    }
}

/// Whether no byte needs an escape: eight at a time, the classic zero-byte test.
fn is_plain(bytes: &[u8]) -> bool {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGHS: u64 = ONES << 7;
    let has_zero = |word: u64| word.wrapping_sub(ONES) & !word & HIGHS;
    let needs_escape = |word: u64| {
        let control = word.wrapping_sub(ONES * 0x20) & !word & HIGHS;
        control | has_zero(word ^ (ONES * 0x22)) | has_zero(word ^ (ONES * 0x5c))
    };
    let (words, rest) = bytes.as_chunks::<8>();
    let mut last = [b' '; 8];
    last[..rest.len()].copy_from_slice(rest);
    let found = words.iter().fold(needs_escape(u64::from_ne_bytes(last)), |found, word| {
        found | needs_escape(u64::from_ne_bytes(*word))
    });
    found == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_text_is_the_json_string_that_serde_writes(text in ".*|[\\x00-\\x7f]{0,40}") {
            let mut out = Vec::new();
            push_string(&mut out, &text);
            prop_assert_eq!(out, serde_json::to_vec(&text).unwrap());
        }
    }

    #[test]
    fn every_byte_that_needs_an_escape_is_seen_at_every_place() {
        for place in 0..20 {
            for byte in 0..0x80_u8 {
                let mut text = vec![b'a'; 20];
                text[place] = byte;
                let wanted = byte < 0x20 || byte == b'"' || byte == b'\\';
                assert_eq!(is_plain(&text), !wanted, "{byte} at {place}");
            }
        }
        assert!(is_plain("全角テキスト, é, \u{7f}".as_bytes()));
    }
}
