//! Dates as text: .NET's custom and standard format strings, in the invariant culture.
//!
//! Follows Microsoft's "Custom date and time format strings", for reading and for writing.

use std::iter::Peekable;

use time::{Date, Duration, Month, PrimitiveDateTime, Time};

use super::sentences;

/// A point of the calendar and what is known of its zone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Moment {
    pub(super) at: PrimitiveDateTime,
    pub(super) zone: Zone,
}

/// .NET's `DateTimeKind`, on a machine that runs in UTC as the provisioning service does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Zone {
    /// The text named no zone.
    #[default]
    Unspecified,
    /// The text named UTC.
    Utc,
    /// The text named an offset, and the time was turned to UTC.
    Local,
}

/// The letters that stand for a part of a date.
const LETTERS: &str = "dfFghHKmMstyzZ";
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEKDAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
/// The years that two digits mean: 1950 to 2049, as in .NET.
const TWO_DIGIT_YEAR_MAX: u32 = 2049;
/// The widest offset from UTC that .NET knows, in seconds.
const WIDEST_OFFSET: i64 = 14 * 60 * 60;

/// What a format that is only one letter is short for.
fn expanded(format: &str) -> Result<&str, String> {
    Ok(match format {
        "" => return Err(sentences::EMPTY.to_owned()),
        "d" => "MM/dd/yyyy",
        "D" => "dddd, dd MMMM yyyy",
        "f" => "dddd, dd MMMM yyyy HH:mm",
        "F" | "U" => "dddd, dd MMMM yyyy HH:mm:ss",
        "g" => "MM/dd/yyyy HH:mm",
        "G" => "MM/dd/yyyy HH:mm:ss",
        "m" | "M" => "MMMM dd",
        "o" | "O" => "yyyy-MM-ddTHH:mm:ss.fffffffK",
        "r" | "R" => "ddd, dd MMM yyyy HH:mm:ss 'GMT'",
        "s" => "yyyy-MM-ddTHH:mm:ss",
        "t" => "HH:mm",
        "T" => "HH:mm:ss",
        "u" => "yyyy-MM-dd HH:mm:ssZ",
        "y" | "Y" => "yyyy MMMM",
        other if other.chars().count() == 1 => {
            return Err(sentences::ONE_LETTER.to_owned());
        }
        other => other,
    })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    Literal(char),
    /// A letter and how often it stands in a row.
    Part(char, usize),
}

/// The tokens of an expanded format.
#[derive(Clone)]
struct Tokens<'f> {
    rest: &'f str,
    quote: Option<char>,
}

impl<'f> Tokens<'f> {
    fn of(format: &'f str) -> Peekable<Self> {
        Tokens { rest: format, quote: None }.peekable()
    }
}

impl Iterator for Tokens<'_> {
    type Item = Result<Token, String>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let mut characters = self.rest.chars();
            let Some(first) = characters.next() else {
                let open = self.quote.take()?;
                return Some(Err(sentences::open_quote(open)));
            };
            let before = self.rest;
            self.rest = characters.as_str();
            return Some(match (first, self.quote) {
                (_, Some(quote)) if first == quote => {
                    self.quote = None;
                    continue;
                }
                ('\'' | '"', None) => {
                    self.quote = Some(first);
                    continue;
                }
                ('\\', _) => match characters.next() {
                    Some(escaped) => {
                        self.rest = characters.as_str();
                        Ok(Token::Literal(escaped))
                    }
                    None => Err(sentences::ENDS_IN_BACKSLASH.to_owned()),
                },
                ('%', None) => match characters.next() {
                    Some(letter) if LETTERS.contains(letter) => {
                        self.rest = characters.as_str();
                        Ok(Token::Part(letter, 1))
                    }
                    _ => Err(sentences::LONE_PERCENT.to_owned()),
                },
                (letter, None) if LETTERS.contains(letter) => {
                    self.rest = before.trim_start_matches(letter);
                    let count = before.len() - self.rest.len();
                    match letter {
                        'f' | 'F' if count > 7 => Err(sentences::TOO_FINE.to_owned()),
                        _ => Ok(Token::Part(letter, count)),
                    }
                }
                (literal, _) => Ok(Token::Literal(literal)),
            });
        }
    }
}

/// Whether `format` can be written with.
///
/// # Errors
/// Completes "Its format ...".
pub(super) fn check_output(format: &str) -> Result<(), String> {
    Tokens::of(expanded(format)?).try_for_each(|token| token.map(drop))
}

/// Whether `format` can be read with; empty stands for the usual formats.
///
/// # Errors
/// Completes "Its format ...".
pub(super) fn check_input(format: &str) -> Result<(), String> {
    if format.is_empty() {
        return Ok(());
    }
    let (mut has_year, mut has_day) = (false, false);
    for token in Tokens::of(expanded(format)?) {
        match token? {
            Token::Part('y', _) => has_year = true,
            Token::Part('M' | 'd', _) => has_day = true,
            _ => {}
        }
    }
    if has_day && !has_year {
        return Err(sentences::NO_YEAR.to_owned());
    }
    Ok(())
}

/// `moment` in `format`.
///
/// # Errors
/// The format is none; completes "Its format ...".
pub(super) fn write(moment: Moment, format: &str) -> Result<String, String> {
    let Moment { at, zone } = moment;
    let mut text = String::new();
    for token in Tokens::of(expanded(format)?) {
        let (letter, count) = match token? {
            Token::Literal(literal) => {
                text.push(literal);
                continue;
            }
            Token::Part(letter, count) => (letter, count),
        };
        let year = at.year();
        let (number, digits) = match (letter, count) {
            ('d', 1 | 2) => (at.day().into(), count),
            ('M', 1 | 2) => (u8::from(at.month()).into(), count),
            ('y', 1 | 2) => (year % 100, count),
            ('y', _) => (year, count),
            ('h', _) => (i32::from((at.hour() + 11) % 12 + 1), count.min(2)),
            ('H', _) => (at.hour().into(), count.min(2)),
            ('m', _) => (at.minute().into(), count.min(2)),
            ('s', _) => (at.second().into(), count.min(2)),
            _ => {
                write_words(&mut text, at, zone, letter, count);
                continue;
            }
        };
        text.push_str(&format!("{number:0digits$}"));
    }
    Ok(text)
}

fn write_words(text: &mut String, at: PrimitiveDateTime, zone: Zone, letter: char, count: usize) {
    let weekday = WEEKDAYS[usize::from(at.weekday().number_days_from_sunday())];
    let month = MONTHS[usize::from(u8::from(at.month()) - 1)];
    let half = if at.hour() < 12 { "AM" } else { "PM" };
    match (letter, count) {
        ('d', 3) => text.push_str(&weekday[..3]),
        ('d', _) => text.push_str(weekday),
        ('M', 3) => text.push_str(&month[..3]),
        ('M', _) => text.push_str(month),
        ('t', 1) => text.push_str(&half[..1]),
        ('t', _) => text.push_str(half),
        ('g', _) => text.push_str("A.D."),
        // Everything is in UTC: a date without a zone as well, as on a machine that runs in UTC.
        ('z', 1) => text.push_str("+0"),
        ('z', 2) => text.push_str("+00"),
        ('z', _) => text.push_str("+00:00"),
        ('K', _) => text.push_str(match zone {
            Zone::Unspecified => "",
            Zone::Utc => "Z",
            Zone::Local => "+00:00",
        }),
        ('Z', _) => text.extend(std::iter::repeat_n('Z', count)),
        // f or F.
        _ => {
            let digits = format!("{:07}", at.nanosecond() / 100);
            let digits = &digits[..count];
            if letter == 'f' {
                return text.push_str(digits);
            }
            let digits = digits.trim_end_matches('0');
            text.push_str(digits);
            if digits.is_empty() && text.ends_with('.') {
                text.pop();
            }
        }
    }
}

/// What has been read of a date.
#[derive(Debug, Clone, Default)]
pub(super) struct Parts {
    year: Option<u32>,
    month: Option<u32>,
    day: Option<u32>,
    hour: Option<u32>,
    minute: Option<u32>,
    second: Option<u32>,
    /// Tenths of a microsecond.
    fraction: Option<u32>,
    /// The weekday, from Sunday.
    weekday: Option<u32>,
    /// 0 before noon, 1 after.
    half: Option<u32>,
    /// Whether the hour is one of twelve.
    of_twelve: bool,
    zone: Zone,
    /// How far the time read is ahead of UTC, in seconds.
    offset: i64,
}

impl Parts {
    /// Reads the start of `text` by `format` and returns what is left of it; `None` where it does
    /// not match. `inner_space` allows white space between all parts.
    pub(super) fn read<'t>(
        &mut self,
        mut text: &'t str,
        format: &str,
        inner_space: bool,
    ) -> Option<&'t str> {
        let mut tokens = Tokens::of(expanded(format).ok()?);
        while let Some(token) = tokens.next() {
            let token = token.ok()?;
            if inner_space {
                text = text.trim_start();
                if matches!(token, Token::Literal(literal) if literal.is_whitespace()) {
                    continue;
                }
            }
            text = match token {
                // The point goes with the digits: both may be missing.
                Token::Literal('.')
                    if !text.starts_with('.')
                        && matches!(tokens.peek(), Some(Ok(Token::Part('F', _)))) =>
                {
                    tokens.next();
                    text
                }
                Token::Literal(literal) => text.strip_prefix(literal)?,
                Token::Part(letter, count) => self.read_part(text, letter, count)?,
            };
        }
        Some(text)
    }

    fn read_part<'t>(&mut self, text: &'t str, letter: char, count: usize) -> Option<&'t str> {
        // One letter takes one or two digits, more letters take just as many.
        let digits = if count == 1 { 1..=2 } else { 2..=2 };
        let (slot, (number, rest)) = match (letter, count) {
            ('y', 1 | 2) => {
                let (number, rest) = take_digits(text, digits)?;
                let year = TWO_DIGIT_YEAR_MAX / 100 * 100 + number;
                let before = if year > TWO_DIGIT_YEAR_MAX { 100 } else { 0 };
                (&mut self.year, (year - before, rest))
            }
            ('y', _) => (&mut self.year, take_digits(text, count..=count)?),
            ('M', 1 | 2) => (&mut self.month, take_digits(text, digits)?),
            ('M', _) => {
                let (index, rest) = take_name(text, &MONTHS, count)?;
                (&mut self.month, (index + 1, rest))
            }
            ('d', 1 | 2) => (&mut self.day, take_digits(text, digits)?),
            ('d', _) => (&mut self.weekday, take_name(text, &WEEKDAYS, count)?),
            ('h' | 'H', _) => {
                self.of_twelve |= letter == 'h';
                (&mut self.hour, take_digits(text, digits)?)
            }
            ('m', _) => (&mut self.minute, take_digits(text, digits)?),
            ('s', _) => (&mut self.second, take_digits(text, digits)?),
            ('f', _) => {
                let (number, rest) = take_digits(text, count..=count)?;
                (&mut self.fraction, (number * 10_u32.pow(7 - count as u32), rest))
            }
            ('F', _) => {
                let (number, rest) = take_digits(text, 0..=count)?;
                let taken = (text.len() - rest.len()) as u32;
                (&mut self.fraction, (number * 10_u32.pow(7 - taken), rest))
            }
            ('t', 1) => (&mut self.half, take_name(text, &["A", "P"], 4)?),
            ('t', _) => (&mut self.half, take_name(text, &["AM", "PM"], 4)?),
            ('g', _) => {
                return take_name(text, &["A.D.", "AD"], 4).map(|(_, rest)| rest);
            }
            // z, K and Z.
            _ => return self.read_zone(text, letter, count),
        };
        match slot.replace(number) {
            Some(before) if before != number => None,
            _ => Some(rest),
        }
    }

    fn read_zone<'t>(&mut self, text: &'t str, letter: char, count: usize) -> Option<&'t str> {
        let utc = |text: &'t str| {
            let gmt = text.get(..3).filter(|name| name.eq_ignore_ascii_case("gmt"));
            gmt.map(|_| &text[3..]).or_else(|| text.strip_prefix('Z'))
        };
        if let Some(rest) = utc(text).filter(|_| letter != 'z') {
            (self.zone, self.offset) = (Zone::Utc, 0);
            return Some(rest);
        }
        let Some(sign) = text.chars().next().filter(|sign| matches!(sign, '+' | '-')) else {
            return Some(text).filter(|_| letter == 'K');
        };
        if letter == 'Z' {
            return None;
        }
        let (hours, mut rest) = take_digits(&text[1..], 1..=2)?;
        let mut minutes = 0;
        if letter == 'K' || count > 2 {
            (minutes, rest) = take_digits(rest.strip_prefix(':').unwrap_or(rest), 2..=2)?;
        }
        let seconds = i64::from(hours * 60 + minutes) * 60;
        if minutes > 59 || seconds > WIDEST_OFFSET {
            return None;
        }
        (self.zone, self.offset) = (Zone::Local, if sign == '-' { -seconds } else { seconds });
        Some(rest)
    }

    /// The moment they make, in UTC where they say an offset; `None` where there is no such moment.
    pub(super) fn moment(&self) -> Option<Moment> {
        let has_date = self.year.is_some();
        let year = i32::try_from(self.year.unwrap_or(1)).ok().filter(|year| *year >= 1)?;
        if !has_date && (self.month.is_some() || self.day.is_some()) {
            return None;
        }
        let month = Month::try_from(u8::try_from(self.month.unwrap_or(1)).ok()?).ok()?;
        let date = Date::from_calendar_date(year, month, u8::try_from(self.day.unwrap_or(1)).ok()?)
            .ok()?;
        let weekday = u32::from(date.weekday().number_days_from_sunday());
        if self.weekday.is_some_and(|named| named != weekday) {
            return None;
        }
        let hour = self.hour.unwrap_or(0);
        let hour = match self.half {
            // Without AM or PM, .NET takes twelve hours as those before noon.
            half if self.of_twelve => {
                Some(hour).filter(|hour| *hour <= 12)? % 12 + 12 * half.unwrap_or(0)
            }
            Some(half) => Some(hour).filter(|hour| *hour / 12 == half)?,
            None => hour,
        };
        let time = Time::from_hms_nano(
            u8::try_from(hour).ok()?,
            u8::try_from(self.minute.unwrap_or(0)).ok()?,
            u8::try_from(self.second.unwrap_or(0)).ok()?,
            self.fraction.unwrap_or(0) * 100,
        )
        .ok()?;
        let at = PrimitiveDateTime::new(date, time);
        let at = at.checked_sub(Duration::seconds(self.offset)).filter(|at| at.year() >= 1)?;
        Some(Moment { at, zone: self.zone })
    }
}

/// A number of as many digits as `range` allows, the more the better.
fn take_digits(text: &str, range: std::ops::RangeInclusive<usize>) -> Option<(u32, &str)> {
    let digits = text.bytes().take(*range.end()).take_while(u8::is_ascii_digit).count();
    if digits < *range.start() {
        return None;
    }
    let (number, rest) = text.split_at(digits);
    let number = if digits == 0 { 0 } else { number.parse().ok()? };
    Some((number, rest))
}

/// Which of `names` comes first in `text`, in any case; three letters of it for a `count` of 3.
fn take_name<'t>(text: &'t str, names: &[&str], count: usize) -> Option<(u32, &'t str)> {
    names.iter().zip(0..).find_map(|(name, index)| {
        let name = if count == 3 { name.get(..3)? } else { name };
        let start = text.get(..name.len())?;
        start.eq_ignore_ascii_case(name).then(|| (index, &text[name.len()..]))
    })
}
