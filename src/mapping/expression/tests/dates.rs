//! Dates against what .NET does with them on a machine that runs in UTC.

use proptest::prelude::*;
use serde_json::json;

use super::evaluate;

/// What .NET makes of a text by one format, written in another; `None` where it refuses.
fn format(source: &str, styles: &str, input: &str, output: &str) -> Option<String> {
    let literal = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"");
    let call = format!(
        "FormatDateTime([Day], \"{styles}\", \"{}\", \"{}\")",
        literal(input),
        literal(output)
    );
    match evaluate(&call, &json!({"Day": source})) {
        Ok(value) => Some(value.as_str().expect("text").to_owned()),
        Err(error) => {
            assert!(error.contains("Its source is not a date"), "{call}: {error}");
            None
        }
    }
}

#[test]
fn reads_and_writes_as_parse_exact_does() {
    // Each row as .NET 10 gave it.
    for (source, input, output, given) in [
        ("12:30", "hh:mm", "HH:mm", Some("00:30")),
        ("2015-01-23", "yyyy-MM-dd", "K|zzz|z|zz", Some("|+00:00|+0|+00")),
        ("5/3/2020", "M/d/yyyy", "%d", Some("3")),
        ("05/13/2020", "M/d/yyyy", "yyyy'T'\\Z%h", Some("2020TZ12")),
        ("2020-1-5", "yyyy-MM-dd", "o", None),
        ("50-01-05", "yy-MM-dd", "yyyy", Some("1950")),
        ("49-01-05", "yy-MM-dd", "yyyy", Some("2049")),
        ("2020-01-05T10:00:00", "yyyy-MM-ddTHH:mm:ss.FFF", "FFF|ss.FFF|.FFF|x.F", Some("|00||x")),
        ("2020-01-05T10:00:00.5", "yyyy-MM-ddTHH:mm:ss.FFF", "FFF|ss.FFF|fff", Some("5|00.5|500")),
        ("Mon 2020-01-05", "ddd yyyy-MM-dd", "o", None),
        ("sun 2020-01-05", "ddd yyyy-MM-dd", "dddd MMMM g t", Some("Sunday January A.D. A")),
        (" 2020-01-05 ", "yyyy-MM-dd", "D", Some("Sunday, 05 January 2020")),
        ("2020", "yyyy", "o", Some("2020-01-01T00:00:00.0000000")),
        ("123", "yyy", "yyyyy y yy yyy", Some("00123 23 23 123")),
        (
            "2020-12-31+09:00",
            "yyyy-MM-ddzzz",
            "yyyy-MM-dd HH:mm K zzz",
            Some("2020-12-30 15:00 +00:00 +00:00"),
        ),
        ("2020-01-05 +9", "yyyy-MM-dd z", "o", Some("2020-01-04T15:00:00.0000000+00:00")),
        ("2020-01-05 +0930", "yyyy-MM-dd zzz", "o", Some("2020-01-04T14:30:00.0000000+00:00")),
        ("2020-01-05 +09", "yyyy-MM-dd zzz", "o", None),
        ("2020-01-05 Z", "yyyy-MM-dd zzz", "o", None),
        ("2020-01-05", "yyyy-MM-ddK", "o", Some("2020-01-05T00:00:00.0000000")),
        ("2020-01-05 GMT", "yyyy-MM-dd Z", "o", Some("2020-01-05T00:00:00.0000000Z")),
        ("2020-01-05 24:00", "yyyy-MM-dd HH:mm", "o", None),
        ("2020-01-05 PM 3", "yyyy-MM-dd tt h", "HH", Some("15")),
        ("2020-01-05 PM", "yyyy-MM-dd tt", "HH", None),
        ("2020-01-05 15 PM", "yyyy-MM-dd HH tt", "HH", Some("15")),
        ("2020-01-05 10 PM", "yyyy-MM-dd HH tt", "HH", None),
        ("2020-01-05 13", "yyyy-MM-dd hh", "HH", None),
        ("2020-01-05T01:02:03", "s", "g", Some("01/05/2020 01:02")),
        ("2020-01-05", "yyyy-MM-dd", "u", Some("2020-01-05 00:00:00Z")),
        ("2020-01-05", "yyyy-MM-dd", "R", Some("Sun, 05 Jan 2020 00:00:00 GMT")),
        ("2020-01-05 2021", "yyyy-MM-dd yyyy", "R", None),
        (
            "2020-01-05 10:00:00.1234567",
            "yyyy-MM-dd HH:mm:ss.fffffff",
            "f",
            Some("Sunday, 05 January 2020 10:00"),
        ),
        ("2020-01-05 A", "yyyy-MM-dd t", "HH:mm", Some("00:00")),
        ("2020-01-05 00:30 AM", "yyyy-MM-dd hh:mm tt", "HH:mm", Some("00:30")),
        ("2020-01-05 +9:30", "yyyy-MM-dd zzz", "o", Some("2020-01-04T14:30:00.0000000+00:00")),
        ("2020-01-05 +14:59", "yyyy-MM-dd zzz", "o", None),
        (
            "2020-01-05T10:00:00Z",
            "yyyy-MM-dd'T'HH:mm:ss'Z'",
            "o",
            Some("2020-01-05T10:00:00.0000000"),
        ),
        ("2020-01-05", "yyyy-M-d", "ZZ", Some("ZZ")),
        ("1Jan2020", "dMMMyyyy", "yyyy-MM-dd", Some("2020-01-01")),
        ("2020  01", "yyyy MM", "o", None),
        ("A.D. 2020", "g yyyy", "yy", Some("20")),
        ("155", "dMMyyyy", "o", None),
        ("2020-02-30", "yyyy-MM-dd", "o", None),
        ("0000-00-00", "yyyy-MM-dd", "o", None),
    ] {
        assert_eq!(format(source, "", input, output).as_deref(), given, "{source} by {input}");
    }
}

#[test]
fn styles_change_zones_and_space() {
    let day = |source, styles| format(source, styles, "yyyy-MM-ddK", "yyyy-MM-ddTHHK");
    assert_eq!(day(" 2020-01-05", "None"), None);
    assert_eq!(day(" 2020-01-05", "AllowLeadingWhite").as_deref(), Some("2020-01-05T00"));
    assert_eq!(day("2020 - 01-05 ", "allowwhitespaces").as_deref(), Some("2020-01-05T00"));
    assert_eq!(day("2020-01-05", "AssumeUniversal").as_deref(), Some("2020-01-05T00+00:00"));
    assert_eq!(day("2020-01-05Z", "").as_deref(), Some("2020-01-05T00Z"));
    assert_eq!(day("2020-01-05Z", "None").as_deref(), Some("2020-01-05T00+00:00"));
    assert_eq!(
        day("2020-01-05+09:00", "DateTimeStyles.AdjustToUniversal").as_deref(),
        Some("2020-01-04T15Z")
    );
}

#[test]
fn the_usual_formats_are_read_without_being_told() {
    for text in [
        "2020-03-06",
        "2020-3-6",
        "2020/3/6",
        "2020.03.06",
        "20200306",
        "3/6/2020",
        "03/06/2020",
        "3-6-2020",
        "2020年3月6日",
        "6-Mar-2020",
        "6 Mar 2020",
        "06 March 2020",
        "Mar 6, 2020",
        "march 6, 2020",
    ] {
        let day = |text: &str| format(text, "", "", "yyyy-MM-dd HH:mm:ss.FFF");
        assert_eq!(day(text).as_deref(), Some("2020-03-06 00:00:00"), "{text}");
        for time in [
            "T17:41",
            " 17:41:00",
            " 5:41 PM",
            "  5:41:00 pm",
            "T17:41:00.000Z",
            "T17:41Z",
            " 17:41 GMT",
            "T18:41:00+01:00",
            "T18:41+0100",
            "T17:11:00.0-00:30",
            "T174100",
            " 1741",
            "T17:41:00,0",
            "T18:41+01",
        ] {
            let both = format!("{text}{time}");
            assert_eq!(day(&both).as_deref(), Some("2020-03-06 17:41:00"), "{both}");
        }
    }
    assert_eq!(
        format("20200306174100.25Z", "", "", "o").as_deref(),
        Some("2020-03-06T17:41:00.2500000Z")
    );
    for text in [
        "16.3.2020",
        "31/12/2020",
        "2020-13-01",
        "2020",
        "yesterday",
        "2020-03-06T",
        "2020-03-06 25:00",
        "20200306 x",
        "1/2/20",
    ] {
        assert_eq!(format(text, "", "", "o"), None, "{text}");
    }
}

#[test]
fn hostile_formats_and_dates_are_errors() {
    for input in ["%", "\\", "'", "%q", "yyyy%", "\"yyyy"] {
        let call = "FormatDateTime([Day], , [format], \"o\")";
        let error = evaluate(call, &json!({"Day": "2020", "format": input})).expect_err(input);
        assert!(error.starts_with("FormatDateTime: Its inputFormat"), "{input}: {error}");
    }
    assert_eq!(format("0001-01-01+14:00", "", "yyyy-MM-ddzzz", "o"), None);
    assert_eq!(format("9999-12-31T23:59-14:00", "", "yyyy-MM-ddTHH:mmzzz", "o"), None);
    assert_eq!(format("é", "", "tt yyyy", "o"), None);
    assert_eq!(format("日本語", "", "MMM yyyy", "o"), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn what_was_written_is_read_back(seconds in 0..315_537_897_599_i64, input in prop::sample::select(vec![
        "o", "s", "u", "yyyyMMddHHmmss", "M/d/yyyy h:mm:ss tt", "dddd, d MMM yyyy HH:mm:ss.FFF", "dd.MM.yyyy hh'h'm\\ms tt",
    ])) {
        // From 1601: the whole range of DateAdd's seconds, cut to the year 9999.
        let at = json!({"n": (seconds % 265_000_000_000).to_string()});
        let day = evaluate("DateAdd(\"s\", [n], \"1601-01-01\")", &at).expect("a date");
        let day = day.as_str().expect("text").to_owned();
        let written = format(&day, "", "M/d/yyyy h:mm:ss tt", input).expect("written");
        prop_assert_eq!(format(&written, "", input, "M/d/yyyy h:mm:ss tt"), Some(day.clone()));
        prop_assert_eq!(evaluate("DateDiff(\"s\", \"1601-01-01\", [d])", &json!({"d": day})), Ok(json!(seconds % 265_000_000_000)));
    }

    #[test]
    fn any_format_reads_and_writes_without_panic(text in "\\PC{0,20}", input in "[dfFghHKmMstyzZ'\"%\\\\:/.年 -]{0,12}") {
        let record = json!({"Day": text, "in": input, "iso": "2024-02-29T13:14:15.5+09:00"});
        let _ = evaluate("FormatDateTime([Day], , [in], \"o\")", &record);
        let written = evaluate("FormatDateTime([iso], , , [in])", &record);
        if let Ok(written) = written {
            let _ = evaluate("FormatDateTime([Day], , [in], \"o\")", &json!({"Day": written, "in": input}));
        }
    }

    #[test]
    fn months_there_and_back_keep_the_month(months in -5000..5000_i64) {
        let record = json!({"n": months, "back": -months});
        let there_and_back = "DateAdd(\"m\", [back], DateAdd(\"m\", [n], \"2024-05-15\"))";
        prop_assert_eq!(evaluate(there_and_back, &record), Ok(json!("5/15/2024 12:00:00 AM")));
        let between = "DateDiff(\"m\", \"2024-05-15\", DateAdd(\"m\", [n], \"2024-05-15\"))";
        prop_assert_eq!(evaluate(between, &record), Ok(json!(months)));
    }
}
