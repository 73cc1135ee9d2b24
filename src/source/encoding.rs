//! Which encoding a source is in, and its bytes as UTF-8 without a single silent replacement.

use std::fmt;
use std::io::{self, Read};

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{
    Decoder, DecoderResult, Encoding, ISO_2022_JP, ISO_8859_2, UTF_8, UTF_16BE, UTF_16LE,
    WINDOWS_1250, WINDOWS_1252, WINDOWS_1254, WINDOWS_1257, WINDOWS_1258,
};
use serde::Serialize;

use super::{foreign, sentences};
use crate::error::Error;

/// How much of a source is looked at to judge its encoding, in bytes.
pub(super) const SAMPLE: usize = 1 << 20;
/// How much is read at a time, in bytes.
const CHUNK: usize = 64 << 10;

/// Code pages by the names Windows administrators know, which the standard does not list.
const CODE_PAGES: &[(&str, &str)] = &[
    ("cp932", "shift_jis"),
    ("cp936", "gbk"),
    ("cp949", "euc-kr"),
    ("cp950", "big5"),
    ("cp51932", "euc-jp"),
    ("cp65001", "utf-8"),
];

/// The name, in the WHATWG Encoding Standard, of the encoding that `label` means.
///
/// # Errors
/// `ConfigInvalid` for a label that no encoding has.
pub(super) fn encoding_named(label: &str) -> Result<&'static str, Error> {
    Ok(by_label(label)?.name())
}

fn by_label(label: &str) -> Result<&'static Encoding, Error> {
    let plain = label.trim().to_ascii_lowercase();
    let page = CODE_PAGES.iter().find(|(page, _)| *page == plain).map(|(_, label)| *label);
    Encoding::for_label_no_replacement(page.unwrap_or(&plain).as_bytes())
        .ok_or_else(|| sentences::unknown_encoding(label))
}

/// How the encoding of a source became known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum EncodingFrom {
    /// The caller named it.
    Given,
    /// A byte order mark states it.
    Bom,
    /// The sample is UTF-8.
    Utf8,
    /// A detector judged the sample.
    Detected,
}

/// The encoding of a source and how it became known.
#[derive(Debug, Clone, Copy)]
pub(super) struct Choice {
    pub(super) encoding: &'static Encoding,
    pub(super) from: EncodingFrom,
    /// The length of the byte order mark, which is no text.
    pub(super) bom: usize,
}

/// Decides on the encoding of a source that begins with `sample`; `whole` if that is all of it.
pub(super) fn choose(sample: &[u8], whole: bool, label: Option<&str>) -> Result<Choice, Error> {
    let given = label.map(by_label).transpose()?;
    let choice = match (Encoding::for_bom(sample), given) {
        (Some((encoding, bom)), None) => Choice { encoding, from: EncodingFrom::Bom, bom },
        (Some((encoding, bom)), Some(given)) => {
            // Whoever says just "UTF-16" leaves the byte order to the mark.
            let open = label.is_some_and(|label| label.trim().eq_ignore_ascii_case("utf-16"));
            if encoding != given && !(open && encoding == UTF_16BE) {
                return Err(sentences::other_mark(given.name(), encoding.name()));
            }
            Choice { encoding, from: EncodingFrom::Given, bom }
        }
        (None, Some(encoding)) => Choice { encoding, from: EncodingFrom::Given, bom: 0 },
        (None, None) => judge(sample, whole),
    };
    if choice.encoding != UTF_16LE && choice.encoding != UTF_16BE {
        foreign::refuse_binary(sample)?;
    }
    Ok(choice)
}

fn judge(sample: &[u8], whole: bool) -> Choice {
    let detected = |encoding| Choice { encoding, from: EncodingFrom::Detected, bom: 0 };
    if let Some(encoding) =
        utf16_without_mark(sample).filter(|_| !whole || sample.len().is_multiple_of(2))
    {
        return detected(encoding);
    }
    if sample.is_ascii() && sample.contains(&0x1b) && guess(sample, whole) == ISO_2022_JP {
        return detected(ISO_2022_JP);
    }
    if is_utf8(sample, whole) {
        return Choice { encoding: UTF_8, from: EncodingFrom::Utf8, bom: 0 };
    }
    detected(guess(sample, whole))
}

/// What Firefox would take this for, UTF-8 excluded.
fn guess(sample: &[u8], whole: bool) -> &'static Encoding {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
    detector.feed(sample, whole);
    let guess = detector.guess(None, Utf8Detection::Deny);
    // A handful of accents fits every Latin code page; Western European is the commonest by far.
    let evidence = sample.iter().filter(|byte| !byte.is_ascii()).take(THIN).count();
    let latin = [WINDOWS_1250, WINDOWS_1254, WINDOWS_1257, WINDOWS_1258, ISO_8859_2];
    if evidence < THIN && latin.contains(&guess) { WINDOWS_1252 } else { guess }
}

/// Fewer bytes than this that are not ASCII tell little.
const THIN: usize = 24;

/// Whether the sample is UTF-8, perhaps with a few broken bytes: text in another encoding hardly ever
/// holds a valid UTF-8 sequence, so a file that holds many is UTF-8 and damaged, and the read shall
/// stop at the damage rather than take the whole file for something else.
fn is_utf8(sample: &[u8], whole: bool) -> bool {
    let (mut valid, mut broken) = (0_usize, 0_usize);
    let mut rest = sample.len();
    for chunk in sample.utf8_chunks() {
        valid += chunk.valid().bytes().filter(|byte| *byte >= 0xc0).count();
        rest -= chunk.valid().len() + chunk.invalid().len();
        let cut = rest == 0
            && !whole
            && std::str::from_utf8(chunk.invalid()).is_err_and(|e| e.error_len().is_none());
        broken += usize::from(!chunk.invalid().is_empty() && !cut);
    }
    broken == 0 || valid >= 4 * broken
}

/// UTF-16 shows itself by the zero halves of its ASCII characters.
fn utf16_without_mark(sample: &[u8]) -> Option<&'static Encoding> {
    let sample = &sample[..sample.len().min(CHUNK)];
    let (pairs, _) = sample.as_chunks::<2>();
    let zeros = |half: usize| pairs.iter().filter(|pair| pair[half] == 0).count();
    let (first, second) = (zeros(0), zeros(1));
    // An ideograph such as U+4E00 has a zero half too, but never so many of them.
    let (encoding, unit): (_, fn([u8; 2]) -> u16) = if second > 8 * first {
        (UTF_16LE, u16::from_le_bytes)
    } else if first > 8 * second {
        (UTF_16BE, u16::from_be_bytes)
    } else {
        return None;
    };
    let mut units: Vec<u16> = pairs.iter().map(|pair| unit(*pair)).collect();
    if units.last().is_some_and(|unit| (0xd800..0xdc00).contains(unit)) {
        units.pop();
    }
    let text = |c: char| !c.is_control() || matches!(c, '\t' | '\n' | '\r');
    let plausible = char::decode_utf16(units).all(|unit| unit.is_ok_and(text));
    (first.max(second) * 10 >= pairs.len() && plausible).then_some(encoding)
}

/// A byte that does not decode: where it is and what to do. The line is known to whoever counts them.
#[derive(Debug, Clone)]
struct Undecodable {
    offset: u64,
    encoding: &'static str,
    advice: String,
}

impl fmt::Display for Undecodable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.advice)
    }
}

impl std::error::Error for Undecodable {}

/// What a failed read of decoded text means, on `line`.
pub(super) fn read_failure(error: io::Error, line: u64) -> Error {
    let inner = error.get_ref();
    if let Some(known) = inner.and_then(|inner| inner.downcast_ref::<Error>()) {
        return known.clone();
    }
    if let Some(bad) = inner.and_then(|inner| inner.downcast_ref::<Undecodable>()) {
        return sentences::undecodable(line, bad.offset, bad.encoding, &bad.advice);
    }
    sentences::unreadable(line, &error)
}

/// Reads without giving up at an interruption.
fn read_some(input: &mut impl Read, into: &mut [u8]) -> io::Result<usize> {
    loop {
        match input.read(into) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}

/// The first [`SAMPLE`] bytes of a source, and whether that is all of it.
pub(super) fn take_sample(input: &mut impl Read) -> io::Result<(Vec<u8>, bool)> {
    let mut sample = Vec::new();
    input.take(SAMPLE as u64).read_to_end(&mut sample)?;
    let whole = sample.len() < SAMPLE;
    Ok((sample, whole))
}

/// Bytes in any encoding, read as UTF-8 in whole characters. Everything before the first byte that
/// does not decode is delivered, then every further read is an error that carries [`Undecodable`].
pub(super) struct Decoded<R> {
    raw: R,
    choice: Choice,
    decoder: Decoder,
    chunk: Box<[u8]>,
    from: usize,
    to: usize,
    /// The offset in the file of `chunk[from]`.
    offset: u64,
    ended: bool,
    finished: bool,
    failed: Option<Undecodable>,
}

impl<R: Read> Decoded<R> {
    /// Decodes `raw`, which begins after the byte order mark.
    pub(super) fn new(raw: R, choice: Choice) -> Self {
        Decoded {
            raw,
            choice,
            decoder: choice.encoding.new_decoder_without_bom_handling(),
            chunk: vec![0; CHUNK].into(),
            from: 0,
            to: 0,
            offset: choice.bom as u64,
            ended: false,
            finished: false,
            failed: None,
        }
    }

    fn undecodable(&self, offset: u64) -> Undecodable {
        let encoding = self.choice.encoding.name();
        let advice = match self.choice.from {
            EncodingFrom::Given => sentences::CHECK_ENCODING.to_owned(),
            EncodingFrom::Bom => sentences::DAMAGED_THERE.to_owned(),
            EncodingFrom::Detected => sentences::guessed_encoding(encoding),
            EncodingFrom::Utf8 => {
                sentences::not_utf8_throughout(guess(&self.chunk[..self.to], self.ended).name())
            }
        };
        Undecodable { offset, encoding, advice }
    }

    /// Bytes that a single-byte code page leaves unassigned: the standard maps them to C1 control
    /// characters, which no HR system means. The length of the text before the first one, and how
    /// many characters that is.
    fn unassigned(&self, text: &[u8]) -> Option<(usize, u64)> {
        if !self.choice.encoding.is_single_byte() {
            return None;
        }
        let control = |at: &usize| text.get(at + 1).is_some_and(|next| *next < 0xa0);
        let at = memchr::memchr_iter(0xc2, text).find(control)?;
        let before = text[..at].iter().filter(|byte| **byte & 0xc0 != 0x80).count();
        Some((at, before as u64))
    }
}

impl<R: Read> Read for Decoded<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            if let Some(failed) = &self.failed {
                return Err(io::Error::new(io::ErrorKind::InvalidData, failed.clone()));
            }
            if self.finished {
                return Ok(0);
            }
            if self.from == self.to && !self.ended {
                self.to = read_some(&mut self.raw, &mut self.chunk)?;
                self.from = 0;
                self.ended = self.to == 0;
            }
            let (result, read, mut written) = self.decoder.decode_to_utf8_without_replacement(
                &self.chunk[self.from..self.to],
                out,
                self.ended,
            );
            let start = self.offset;
            self.from += read;
            self.offset += read as u64;
            if let DecoderResult::Malformed(length, after) = result {
                let back = u64::from(length) + u64::from(after);
                self.failed = Some(self.undecodable(self.offset - back));
            }
            if let Some((length, before)) = self.unassigned(&out[..written]) {
                self.failed = Some(self.undecodable(start + before));
                written = length;
            }
            self.finished = self.ended && result == DecoderResult::InputEmpty;
            if written > 0 {
                return Ok(written);
            }
            // A buffer too small for one character: refuse it rather than turn for ever.
            if result == DecoderResult::OutputFull {
                return Err(io::ErrorKind::InvalidInput.into());
            }
        }
    }
}
