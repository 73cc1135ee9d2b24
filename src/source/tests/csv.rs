use proptest::prelude::*;

use super::*;

#[test]
fn the_shipped_sample_is_read_whole() {
    let sample = include_bytes!("../../../examples/data/csv2scim-1000-records.csv");
    let taken = read(sample);
    assert_eq!((taken.records.len(), taken.rejected.len(), taken.failed), (1000, 0, None));
    assert_eq!(taken.columns.len(), 24);
    assert_eq!((taken.records[999].0, taken.records[0].1[6].as_str()), (1001, "Talya Fleeta"));
    let facts = open(sample).unwrap().facts().clone();
    assert_eq!((facts.format, facts.delimiter), (Format::Csv, Some(',')));
    assert_eq!((facts.encoding.as_str(), facts.columns), ("UTF-8", taken.columns));
}

#[test]
fn the_delimiter_is_the_one_the_header_uses_outside_quotes() {
    for (text, expected, cells) in [
        ("a,b\n1,2", ',', vec!["1", "2"]),
        ("a;b\n1;2", ';', vec!["1", "2"]),
        ("a\tb\n1\t2", '\t', vec!["1", "2"]),
        ("a|b\n1|2", '|', vec!["1", "2"]),
        ("\"a,b,c\";d\n1;2", ';', vec!["1", "2"]),
        ("\"a \"\",,,\"\" b\";d\n1;2", ';', vec!["1", "2"]),
        ("\"a\n,,,\";d\n1;2", ';', vec!["1", "2"]),
        ("in 5\",x|b|c\n1|2|3", '|', vec!["1", "2", "3"]),
        ("only\n1;2,3", ',', vec!["1;2", "3"]),
        ("sep=;\na,b,c;d\n1;2", ';', vec!["1", "2"]),
        ("\r\n\r\na;b\r\n1;2", ';', vec!["1", "2"]),
    ] {
        let reader = open(text).unwrap();
        assert_eq!(reader.facts().delimiter, Some(expected), "{text:?}");
        let taken = take(reader);
        if taken.rejected.is_empty() {
            assert_eq!(taken.cells(), [cells], "{text:?}");
        }
    }
    let given = SourceOptions { delimiter: Some(b'|'), ..SourceOptions::default() };
    assert_eq!(read_with("a,b|c\n1,2|3", &given).cells(), [["1,2", "3"]]);
    let odd = SourceOptions { delimiter: Some(b'"'), ..SourceOptions::default() };
    assert_eq!(read_with("a", &odd).kind(), Some(ErrorKind::ConfigInvalid));
}

#[test]
fn the_line_is_the_one_the_record_starts_on_whatever_the_line_ends() {
    for end in ["\n", "\r\n", "\r"] {
        let text =
            "id,note\n1,plain\n\n\n2,\"two\nlines\n\"\n3,\"x\"\n\"4\",y\n".replace('\n', end);
        let taken = read(&text);
        assert_eq!(taken.lines(), [2, 5, 8, 9], "{end:?}");
        assert_eq!(taken.records[1].1[1], format!("two{end}lines{end}"));
        assert_eq!(read_in_pieces(&text, 3, &SourceOptions::default()), taken);
    }
    assert_eq!(read("a,b\r\n1,2\r3,4\n5,6").lines(), [2, 3, 4]);
    assert_eq!(read("sep=,\na,b\n1,2").lines(), [3]);
}

#[test]
fn lines_are_right_far_beyond_every_buffer() {
    let long = "x\n".repeat(50_000);
    let mut text = String::from("id,note\n");
    for id in 0..3 {
        text.push_str(&format!("{id},\"{long}\"\n\n"));
    }
    let taken = read(&text);
    assert_eq!(taken.lines(), [2, 50_004, 100_006]);
    assert!(taken.records.iter().all(|(_, cells)| cells[1] == long));
}

#[test]
fn header_names_are_freed_of_what_clings_to_them() {
    let taken = read("\u{feff}\u{feff}\"WorkerID\" , \"\"\"Last\"\"\",\t氏名\u{3000}\n1,2,3\n");
    assert_eq!(taken.columns, ["WorkerID", "Last", "氏名"]);
}

#[test]
fn wrong_headers_are_named_by_position() {
    let error = refused("id,Mail,x,mail,ID\n");
    assert_eq!((error.kind, error.line), (ErrorKind::SourceFormat, Some(1)));
    assert!(error.message.contains("`id` (columns 1, 5), `Mail` (columns 2, 4)"), "{error}");
    let error = refused("\n\nid,,name\n");
    assert!(error.message.contains("header on line 3 has 3 columns, and column 2 has no name"));
    let error = refused("id,name,,\n1,2,,\n");
    assert!(error.message.contains("columns 3, 4 have no name"), "{error}");
    assert!(error.advice.contains("ends with delimiters"), "{error}");
    let many = refused(format!("{}\n", ",".repeat(100_000)));
    assert!(many.message.len() < 200, "{many}");
}

#[test]
fn a_row_of_another_length_is_rejected_and_the_rest_go_on() {
    let taken = read("a,b\n1\n1,2\n1,2,3\n  \n3,4\n\u{1a}");
    assert_eq!(taken.cells(), [["1", "2"], ["3", "4"]]);
    assert_eq!(taken.rules(), [(2, Rule::FieldCount), (4, Rule::FieldCount)]);
    let message = &taken.rejected[1].message;
    assert!(message.starts_with("The row has 3 fields and the header has 2."), "{message}");
    assert_eq!(taken.failed, None);
}

#[test]
fn a_header_alone_opens_and_has_no_rows() {
    for text in ["a,b", "a,b\n", "a,b\r\n\r\n", "\u{feff}a"] {
        let taken = read(text);
        assert_eq!((taken.records.len(), taken.failed), (0, None), "{text:?}");
    }
}

#[test]
fn a_file_that_ends_inside_quotes_was_cut() {
    for (text, line) in [
        ("a,b\n1,2\n3,\"4", 3),
        ("a,b\n1,2\n3,\"", 3),
        ("a,b\n\"", 2),
        ("a,b\n1,\"2\n\n\n", 2),
        ("a,b\n1,\"2\"\"", 2),
        ("a,b\r1,2\r\"", 3),
        ("a,\"b", 1),
        ("a\n\"\nx", 2),
    ] {
        let taken = read(text);
        assert_eq!(taken.kind(), Some(ErrorKind::SourceFormat), "{text:?}: {taken:?}");
        assert_eq!(taken.failed.unwrap().line, Some(line), "{text:?}");
        assert!(taken.records.iter().all(|(_, cells)| cells.len() < 2 || cells[1] == "2"));
    }
    for text in ["a\nx", "a\nx\n", "a\n\"x\"", "a\n\"x\"\n", "a\nx\r"] {
        assert_eq!(read(text).cells(), [["x"]], "{text:?}");
    }
}

#[test]
fn a_long_field_is_a_field_and_an_endless_one_is_an_error() {
    let field = "y".repeat(10 << 20);
    let taken = read(format!("id,note\n1,\"{field}\"\n"));
    assert!(taken.records.len() == 1 && taken.records[0].1[1] == field);
    let endless = std::io::Cursor::new(b"id,note\n1,2\n3,\"".to_vec()).chain(std::io::repeat(b'y'));
    let taken = read_from(endless, &SourceOptions::default());
    assert_eq!((taken.kind(), taken.lines()), (Some(ErrorKind::SourceFormat), vec![2]));
    assert!(taken.failed.unwrap().message.contains("begins on line 3 is longer than 16 MiB"));
}

#[test]
fn a_nul_rejects_its_record() {
    let taken = read(format!("id,note\n1,ok\n2,a\0b\n\0,x\n3,{}\n", "y".repeat(1000)));
    assert_eq!(taken.rules(), [(3, Rule::WrongType), (4, Rule::WrongType)]);
    assert_eq!(taken.rejected[0].column.as_deref(), Some("note"));
    assert_eq!(taken.records.len(), 2);
    assert_eq!(refused("i\0d,note\n1,2\n").kind, ErrorKind::SourceFormat);
}

/// Writes CSV the plain way: quotes where the grammar asks for them, or everywhere.
fn written(rows: &[Vec<String>], delimiter: char, end: &str, all: bool) -> (String, Vec<u64>) {
    let (mut text, mut lines, mut line) = (String::new(), Vec::new(), 1);
    for row in rows {
        lines.push(line);
        let blank = row.len() == 1 && row[0].trim().is_empty();
        for (at, cell) in row.iter().enumerate() {
            if at > 0 {
                text.push(delimiter);
            }
            let special = cell.contains(['"', '\r', '\n', delimiter]);
            if all || special || blank {
                text.push_str(&format!("\"{}\"", cell.replace('"', "\"\"")));
            } else {
                text.push_str(cell);
            }
            line += cell.replace("\r\n", "\n").matches(['\n', '\r']).count() as u64;
        }
        text.push_str(end);
        line += 1;
    }
    (text, lines)
}

fn encoded(text: &str, encoding: usize) -> Option<(Vec<u8>, SourceOptions)> {
    let auto = SourceOptions::default();
    let by = |encoding: &'static encoding_rs::Encoding| {
        let (bytes, _, lost) = encoding.encode(text);
        let whole = !lost && encoding.decode_without_bom_handling(&bytes).0 == text;
        whole.then(|| (bytes.into_owned(), in_encoding(encoding.name())))
    };
    match encoding {
        0 => Some((text.as_bytes().to_vec(), auto)),
        1 => Some((format!("\u{feff}{text}").into_bytes(), auto)),
        2 => Some((utf16(text, true, true), auto)),
        3 => Some((utf16(text, false, true), auto)),
        4 => Some((utf16(text, true, false), in_encoding("utf-16le"))),
        5 => by(encoding_rs::SHIFT_JIS),
        6 => by(encoding_rs::EUC_JP),
        _ => by(encoding_rs::WINDOWS_1252),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn what_was_written_is_read(
        width in 1_usize..5,
        cells in prop::collection::vec("[a-z,;|\t\"\r\n 0-9éß€山田ｶﾞ髙🙂]{0,12}", 0..40),
        delimiter in prop::sample::select(vec![',', ';', '\t', '|']),
        end in prop::sample::select(vec!["\n", "\r\n", "\r"]),
        all in any::<bool>(),
        encoding in 0_usize..8,
        most in 1_usize..40,
    ) {
        let mut rows: Vec<Vec<String>> = vec![(0..width).map(|at| format!("c{at}")).collect()];
        rows.extend(cells.chunks_exact(width).map(<[String]>::to_vec));
        let (text, lines) = written(&rows, delimiter, end, all);
        prop_assume!(encoded(&text, encoding).is_some());
        let (bytes, mut options) = encoded(&text, encoding).unwrap();
        if width == 1 {
            options.delimiter = Some(delimiter as u8);
        }
        let taken = read_in_pieces(&bytes, most, &options);
        prop_assert_eq!(&taken.failed, &None);
        prop_assert_eq!(&taken.columns, &rows[0]);
        let read: Vec<Vec<String>> = taken.records.iter().map(|(_, cells)| cells.clone()).collect();
        prop_assert_eq!(&read, &rows[1..]);
        prop_assert_eq!(taken.lines(), &lines[1..]);
        prop_assert_eq!(read_with(&bytes, &options), taken);
    }
}
