use proptest::prelude::*;

use super::*;

/// Small sources of every kind, with something of everything.
fn samples() -> Vec<Vec<u8>> {
    let csv = "id;name;note\r\n1;\"Ann \"\"A\"\"\";\"two\r\nlines\"\r\n\r\n2;山田;é🙂\r\n3;x\r\n";
    let json = "[{\"id\":1,\"n\":{\"a\":[\"x\\u00e9\",\"山🙂\"]}},\n {\"id\":2e5,\"b\":null}, 7]";
    let lines = "{\"id\":\"1\"}\n{\"id\":true}\n";
    let bulk = "{\"schemas\":[\"x\"],\"Operations\":[{\"data\":{\"externalId\":\"1\"}},\n\
                {\"method\":\"POST\",\"data\":{\"a\":[1]}}]} {\"Operations\":[]}";
    let texts = [csv, json, lines, bulk];
    let mut all: Vec<Vec<u8>> = texts.iter().map(|text| text.as_bytes().to_vec()).collect();
    all.extend(texts.iter().map(|text| utf16(text, true, true)));
    all.push(
        encoding_rs::SHIFT_JIS.encode("社員番号,氏名\n1,山田 太郎\n2,髙橋 花子\n").0.into_owned(),
    );
    all
}

#[test]
fn a_source_cut_anywhere_gives_its_first_records_and_no_others() {
    for sample in samples() {
        let (whole, facts) = (read(&sample), open(&sample).unwrap().facts().clone());
        assert_eq!(whole.failed, None);
        let mut compared = 0;
        for length in 0..sample.len() {
            // Too short a piece may have other columns, or look like another encoding.
            if open(&sample[..length]).is_err()
                || open(&sample[..length]).unwrap().facts() != &facts
            {
                continue;
            }
            compared += 1;
            let mut cut = read(&sample[..length]);
            // A row of CSV has no end mark of its own: the last one may lack a piece.
            if facts.format == Format::Csv && cut.failed.is_none() {
                cut.records.pop();
            }
            let told = String::from_utf8_lossy(&sample[..length]).into_owned();
            assert!(whole.records.starts_with(&cut.records), "{told}");
            assert!(whole.users.starts_with(&cut.users), "{told}");
        }
        assert!(compared * 3 > sample.len(), "{compared} of {}", sample.len());
    }
}

#[test]
fn a_cut_json_source_is_never_taken_for_a_whole_one() {
    for text in ["[{\"a\":1},{\"a\":2}]", "{\"Operations\":[{\"data\":{\"a\":1}},{\"data\":{}}]}"] {
        for length in 1..text.len() {
            let taken = read(&text[..length]);
            assert_eq!(taken.kind(), Some(ErrorKind::SourceFormat), "{}", &text[..length]);
        }
    }
}

#[test]
fn rows_do_not_depend_on_how_the_bytes_arrive() {
    for sample in samples() {
        let whole = read(&sample);
        for most in [1, 2, 3, 5, 8, 64] {
            assert_eq!(read_in_pieces(&sample, most, &SourceOptions::default()), whole);
        }
    }
}

fn formats() -> impl Strategy<Value = Format> {
    prop::sample::select(vec![
        Format::Auto,
        Format::Csv,
        Format::Json,
        Format::JsonLines,
        Format::Bulk,
    ])
}

/// An error is a sentence with advice; a rejection is a sentence.
fn well_told(taken: &Taken) {
    if let Some(error) = &taken.failed {
        assert!(error.message.ends_with('.') && error.advice.ends_with('.'), "{error}");
        assert_ne!(error.kind, ErrorKind::Internal, "{error}");
    }
    assert!(taken.rejected.iter().all(|f| f.line > 0 && f.message.ends_with('.')));
    assert!(taken.records.iter().all(|(line, _)| *line > 0));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn any_bytes_are_read_or_refused(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        format in formats(),
        label in prop::option::of(prop::sample::select(vec![
            "utf-8", "utf-16le", "utf-16be", "cp932", "euc-jp", "iso-2022-jp", "gb18030", "big5",
            "windows-1252", "iso-8859-2", "koi8-r", "x-user-defined",
        ])),
    ) {
        let options = SourceOptions { format, encoding: label.map(Into::into), delimiter: None };
        well_told(&read_with(&bytes, &options));
    }

    #[test]
    fn any_text_like_json_is_read_or_refused(
        text in "([\\[\\]{}:,\"\\\\ \n]|\"a\"|\"Operations\":\\[|\"data\":|12|-|true|null|\\\\u[d8][0-9]00|é){0,40}",
        format in formats(),
        most in 1_usize..20,
    ) {
        let taken = read_with(&text, &in_format(format));
        well_told(&taken);
        prop_assert_eq!(read_in_pieces(&text, most, &in_format(format)), taken);
    }

    #[test]
    fn any_text_like_csv_is_read_or_refused(
        text in "([,;\"\r\n \0\u{1a}]|a|b|é|\"\"|\r\n){0,60}",
        most in 1_usize..20,
    ) {
        let taken = read_with(&text, &in_format(Format::Csv));
        well_told(&taken);
        prop_assert_eq!(read_in_pieces(&text, most, &in_format(Format::Csv)), taken);
    }

    #[test]
    fn damaged_sources_are_read_or_refused(
        which in 0_usize..9,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..5),
    ) {
        let mut bytes = samples().swap_remove(which);
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        well_told(&read(&bytes));
    }
}
