//! Functions on dates. What they hand to each other is text, `M/d/yyyy h:mm:ss tt` in UTC, as in Entra.

use time::{Duration, PrimitiveDateTime, macros::datetime};

use super::date_format::{Moment, Parts, Zone, check_input, check_output, write};
use super::syntax::{Arguments, Evaluated, Function, Parameter};
use super::value::Value;
use super::{EvaluationError, sentences};

const SOURCE: Parameter = Parameter::new("source");
const INTERVAL: Parameter =
    Parameter::new("interval").checked(|name| Interval::named(name).map(drop));
const INPUT_FORMAT: Parameter = Parameter::new("inputFormat").optional().checked(check_input);
const OUTPUT_FORMAT: Parameter = Parameter::new("outputFormat").checked(check_output);

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("CDate", &[Parameter::new("expression")], |arguments| {
        Ok(date(arguments, 0)?.map_or(Value::Null, result))
    }),
    Function::new(
        "DateAdd",
        &[INTERVAL, Parameter::integer("value"), Parameter::new("dateTime")],
        date_add,
    ),
    Function::new(
        "DateDiff",
        &[INTERVAL, Parameter::new("date1"), Parameter::new("date2")],
        date_diff,
    ),
    Function::new("DateFromNum", &[Parameter::integer("value")], date_from_num),
    Function::new("FormatDateTime", &[SOURCE, INPUT_FORMAT, OUTPUT_FORMAT], |arguments| {
        format_date_time(arguments, None, 1, 2)
    }),
    Function::new(
        "FormatDateTime",
        &[
            SOURCE,
            Parameter::new("dateTimeStyles")
                .optional()
                .checked(|styles| Styles::named(styles).map(drop)),
            INPUT_FORMAT,
            OUTPUT_FORMAT,
        ],
        |arguments| format_date_time(arguments, Some(1), 2, 3),
    ),
    Function::new("NumFromDate", &[Parameter::new("value")], num_from_date),
];

/// How the functions hand dates to each other.
const BETWEEN_FUNCTIONS: &str = "M/d/yyyy h:mm:ss tt";
/// The first moment of Active Directory's numbers, which count tenths of a microsecond.
const DIRECTORY_EPOCH: PrimitiveDateTime = datetime!(1601-01-01 0:00);

fn result<'a>(at: PrimitiveDateTime) -> Value<'a> {
    let moment = Moment { at, zone: Zone::Utc };
    write(moment, BETWEEN_FUNCTIONS).map_or(Value::Null, |text| Value::Text(text.into()))
}

/// Argument `index` as a date in UTC; `None` where it is empty.
fn date(
    arguments: Arguments<'_>,
    index: usize,
) -> Result<Option<PrimitiveDateTime>, EvaluationError> {
    let text = arguments.text_or_empty(index)?;
    if text.trim().is_empty() {
        return Ok(None);
    }
    match read_any(text.trim()) {
        Some(moment) => Ok(Some(moment.at)),
        None => Err(arguments.fault(index, sentences::NO_DATE, Value::Text(text))),
    }
}

/// A date in one of the usual formats.
fn read_any(text: &str) -> Option<Moment> {
    const DATES: [&str; 12] = [
        "yyyy-M-d",
        "yyyy/M/d",
        "yyyy.M.d",
        "yyyyMMdd",
        "M/d/yyyy",
        "M-d-yyyy",
        "yyyy年M月d日",
        "d-MMM-yyyy",
        "d MMM yyyy",
        "d MMMM yyyy",
        "MMM d, yyyy",
        "MMMM d, yyyy",
    ];
    const TIMES: [&str; 8] = [
        "h:mm:ss tt",
        "h:mm tt",
        "H:mm:ss.FFFFFFF",
        "H:mm:ss,FFFFFFF",
        "H:mm",
        "HHmmss.FFFFFFF",
        "HHmmss",
        "HHmm",
    ];
    DATES.iter().find_map(|format| {
        let mut date = Parts::default();
        let rest = date.read(text, format, false)?;
        let with_zone = |parts: &Parts, rest: &str| {
            ["%K", "zz"].iter().find_map(|zone| {
                let mut parts = parts.clone();
                parts.read(rest, zone, false).filter(|rest| rest.is_empty())?;
                parts.moment()
            })
        };
        with_zone(&date, rest).or_else(|| {
            let time = rest.strip_prefix('T').unwrap_or_else(|| rest.trim_start());
            TIMES.iter().find_map(|format| {
                let mut parts = date.clone();
                let rest = parts.read(time, format, false)?;
                with_zone(&parts, rest.trim_start())
            })
        })
    })
}

/// What .NET's `DateTimeStyles` change.
#[derive(Debug, Clone, Copy, Default)]
struct Styles {
    leading_space: bool,
    trailing_space: bool,
    inner_space: bool,
    assume_zone: bool,
    to_utc: bool,
    round_trip: bool,
}

impl Styles {
    /// The styles of a list such as `AssumeUniversal, AdjustToUniversal`; Entra's own where it is empty.
    ///
    /// # Errors
    /// Completes "Its dateTimeStyles ...".
    fn named(list: &str) -> Result<Styles, String> {
        let mut styles = Styles::default();
        if list.trim().is_empty() {
            let (leading_space, trailing_space, round_trip) = (true, true, true);
            return Ok(Styles { leading_space, trailing_space, round_trip, ..styles });
        }
        for name in list.split(',') {
            let name = name.trim();
            let name = name.strip_prefix("DateTimeStyles.").unwrap_or(name);
            match name.to_ascii_lowercase().as_str() {
                "none" | "nocurrentdatedefault" => {}
                "allowleadingwhite" => styles.leading_space = true,
                "allowtrailingwhite" => styles.trailing_space = true,
                "allowinnerwhite" => styles.inner_space = true,
                "allowwhitespaces" => {
                    (styles.leading_space, styles.trailing_space) = (true, true);
                    styles.inner_space = true;
                }
                "assumelocal" | "assumeuniversal" => styles.assume_zone = true,
                "adjusttouniversal" => styles.to_utc = true,
                "roundtripkind" => styles.round_trip = true,
                _ => {
                    return Err(sentences::NO_STYLE.to_owned());
                }
            }
        }
        Ok(styles)
    }

    fn read(self, text: &str, format: &str) -> Option<Moment> {
        let text = if self.leading_space { text.trim_start() } else { text };
        let text = if self.trailing_space { text.trim_end() } else { text };
        let mut moment = if format.is_empty() {
            read_any(text)?
        } else {
            let mut parts = Parts::default();
            let rest = parts.read(text, format, self.inner_space)?;
            let rest = if self.inner_space { rest.trim_start() } else { rest };
            Some(rest).filter(|rest| rest.is_empty())?;
            parts.moment()?
        };
        moment.zone = match moment.zone {
            Zone::Unspecified if !self.assume_zone => Zone::Unspecified,
            Zone::Utc if self.round_trip => Zone::Utc,
            _ if self.to_utc => Zone::Utc,
            _ => Zone::Local,
        };
        Some(moment)
    }
}

fn format_date_time(
    arguments: Arguments<'_>,
    styles_at: Option<usize>,
    input_at: usize,
    output_at: usize,
) -> Evaluated<'_> {
    let source = arguments.text_or_empty(0)?;
    if source.trim().is_empty() {
        return Ok(Value::Null);
    }
    let mut styles = Styles::named("").unwrap_or_default();
    if let Some(index) = styles_at {
        let named = arguments.text_or_empty(index)?;
        styles = Styles::named(&named)
            .map_err(|problem| arguments.fault(index, &problem, Value::Text(named)))?;
    }
    let input = arguments.text_or_empty(input_at)?;
    check_input(&input)
        .map_err(|problem| arguments.fault(input_at, &problem, Value::Text(input.clone())))?;
    let Some(moment) = styles.read(&source, &input) else {
        return Err(arguments.fault(0, sentences::NO_DATE, Value::Text(source)));
    };
    let output = arguments.text_or_empty(output_at)?;
    match write(moment, &output) {
        Ok(text) => Ok(Value::Text(text.into())),
        Err(problem) => Err(arguments.fault(output_at, &problem, Value::Text(output))),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Interval {
    Year,
    Month,
    Week,
    Day,
    Hour,
    Minute,
    Second,
}

impl Interval {
    fn named(name: &str) -> Result<Interval, String> {
        Ok(match name.to_ascii_lowercase().as_str() {
            "yyyy" => Interval::Year,
            "m" => Interval::Month,
            "ww" => Interval::Week,
            "d" => Interval::Day,
            "h" => Interval::Hour,
            "n" => Interval::Minute,
            "s" => Interval::Second,
            _ => {
                return Err(sentences::NO_INTERVAL.to_owned());
            }
        })
    }

    /// Its length in seconds; years and months have none.
    fn seconds(self) -> Option<i64> {
        match self {
            Interval::Year | Interval::Month => None,
            Interval::Week => Some(7 * 24 * 60 * 60),
            Interval::Day => Some(24 * 60 * 60),
            Interval::Hour => Some(60 * 60),
            Interval::Minute => Some(60),
            Interval::Second => Some(1),
        }
    }

    fn add(self, value: i64, at: PrimitiveDateTime) -> Option<PrimitiveDateTime> {
        let sum = match self.seconds() {
            Some(seconds) => at.checked_add(Duration::seconds(value.checked_mul(seconds)?))?,
            None => {
                let months = if self == Interval::Year { value.checked_mul(12)? } else { value };
                let month = months.checked_add(month_number(at))?;
                let year = i32::try_from(month.div_euclid(12)).ok()?;
                let month = time::Month::try_from(month.rem_euclid(12) as u8 + 1).ok()?;
                // The 31st of a shorter month is its last day.
                let day = at.day().min(month.length(year));
                at.replace_date(time::Date::from_calendar_date(year, month, day).ok()?)
            }
        };
        Some(sum).filter(|sum| sum.year() >= 1)
    }

    /// How many lie between two dates, as Visual Basic counts: boundaries of years, months and weeks
    /// (from Sunday), and whole units of what is shorter.
    fn between(self, first: PrimitiveDateTime, second: PrimitiveDateTime) -> i64 {
        let sunday = |at: PrimitiveDateTime| {
            i64::from(at.to_julian_day()) - i64::from(at.weekday().number_days_from_sunday())
        };
        match (self, self.seconds()) {
            (Interval::Year, _) => i64::from(second.year() - first.year()),
            (Interval::Week, _) => (sunday(second) - sunday(first)) / 7,
            (_, Some(seconds)) => (second - first).whole_seconds() / seconds,
            (_, None) => month_number(second) - month_number(first),
        }
    }
}

/// Months since the year 0.
fn month_number(at: PrimitiveDateTime) -> i64 {
    i64::from(at.year()) * 12 + i64::from(u8::from(at.month())) - 1
}

fn interval(arguments: Arguments<'_>) -> Result<Interval, EvaluationError> {
    let name = arguments.text_or_empty(0)?;
    Interval::named(&name).map_err(|problem| arguments.fault(0, &problem, Value::Text(name)))
}

fn date_add(arguments: Arguments<'_>) -> Evaluated<'_> {
    let interval = interval(arguments)?;
    let value = arguments.integer(1)?;
    let Some(at) = date(arguments, 2)? else { return Ok(Value::Null) };
    match interval.add(value, at) {
        Some(sum) => Ok(result(sum)),
        None => Err(arguments.fault(1, sentences::LEADS_BEYOND_YEARS, Value::Integer(value))),
    }
}

fn date_diff(arguments: Arguments<'_>) -> Evaluated<'_> {
    let interval = interval(arguments)?;
    Ok(match (date(arguments, 1)?, date(arguments, 2)?) {
        (Some(first), Some(second)) => Value::Integer(interval.between(first, second)),
        _ => Value::Null,
    })
}

fn date_from_num(arguments: Arguments<'_>) -> Evaluated<'_> {
    if arguments.value(0)?.is_empty() {
        return Ok(Value::Null);
    }
    let number = arguments.integer(0)?;
    let since = Duration::microseconds(number / 10) + Duration::nanoseconds(number % 10 * 100);
    match DIRECTORY_EPOCH.checked_add(since).filter(|at| at.year() >= 1) {
        Some(at) => Ok(result(at)),
        None => Err(arguments.fault(0, sentences::BEYOND_YEARS, Value::Integer(number))),
    }
}

fn num_from_date(arguments: Arguments<'_>) -> Evaluated<'_> {
    let Some(at) = date(arguments, 0)? else { return Ok(Value::Null) };
    let tenths = (at - DIRECTORY_EPOCH).whole_nanoseconds() / 100;
    Ok(i64::try_from(tenths).map_or(Value::Null, Value::Integer))
}
