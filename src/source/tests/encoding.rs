use proptest::prelude::*;

use super::*;
use crate::source::EncodingFrom;
use crate::source::encoding::encoding_named;

const STAFF: &str =
    "社員番号,氏名,部署\n1001,山田 太郎,営業部\n1002,髙橋 花子,人事部\n1003,佐藤 健一,開発部\n";

fn facts(bytes: &[u8]) -> (String, EncodingFrom) {
    let reader = open(bytes).unwrap();
    (reader.facts().encoding.clone(), reader.facts().encoding_from)
}

#[test]
fn the_encoding_is_found_stated_and_decoded() {
    let cp932 = encoding_rs::SHIFT_JIS.encode(STAFF).0.into_owned();
    let eucjp = encoding_rs::EUC_JP.encode(&STAFF.replace('髙', "高")).0.into_owned();
    let jis = encoding_rs::ISO_2022_JP.encode(&STAFF.replace('髙', "高")).0.into_owned();
    let french = "Prénom;Nom;Société\nHélène;Lefèvre;Crème & Fils\nJérôme;Noël;Forêt\n";
    let latin = encoding_rs::WINDOWS_1252.encode(french).0.into_owned();
    use EncodingFrom::{Bom, Detected, Utf8};
    for (bytes, encoding, from, name) in [
        (STAFF.as_bytes().to_vec(), "UTF-8", Utf8, "山田 太郎"),
        (format!("\u{feff}{STAFF}").into_bytes(), "UTF-8", Bom, "山田 太郎"),
        (utf16(STAFF, true, true), "UTF-16LE", Bom, "山田 太郎"),
        (utf16(STAFF, false, true), "UTF-16BE", Bom, "山田 太郎"),
        (utf16(STAFF, true, false), "UTF-16LE", Detected, "山田 太郎"),
        (utf16(STAFF, false, false), "UTF-16BE", Detected, "山田 太郎"),
        (cp932, "Shift_JIS", Detected, "山田 太郎"),
        (eucjp, "EUC-JP", Detected, "山田 太郎"),
        (jis, "ISO-2022-JP", Detected, "山田 太郎"),
        (latin, "windows-1252", Detected, "Lefèvre"),
    ] {
        assert_eq!(facts(&bytes), (encoding.to_owned(), from));
        assert_eq!(read(&bytes).records[0].1[1], name, "{encoding}");
    }
}

#[test]
fn labels_are_known_by_their_standard_and_windows_names() {
    for (label, name) in [
        ("cp932", "Shift_JIS"),
        ("Windows-31J", "Shift_JIS"),
        (" EUC-JP ", "EUC-JP"),
        ("latin1", "windows-1252"),
        ("utf-16", "UTF-16LE"),
    ] {
        assert_eq!(encoding_named(label).unwrap(), name);
    }
    assert_eq!(encoding_named("klingon").unwrap_err().kind, ErrorKind::ConfigInvalid);
    assert!(encoding_named("iso-2022-kr").is_err(), "an encoding that replaces everything");
    // NEC and IBM rows, which plain Shift_JIS lacks: ①, ㈱, 髙.
    let bytes = b"a,b,c\n\x87\x40,\x87\x8a,\xfb\xfc\n";
    assert_eq!(read_with(bytes, &in_encoding("cp932")).cells(), [["①", "㈱", "髙"]]);
}

#[test]
fn a_mark_and_a_label_must_agree() {
    let marked = format!("\u{feff}{STAFF}");
    assert_eq!(read_with(&marked, &in_encoding("utf-8")).records.len(), 3);
    let error = read_with(&marked, &in_encoding("shift_jis")).failed.unwrap();
    assert_eq!(error.kind, ErrorKind::SourceEncoding);
    assert!(error.message.contains("byte order mark of UTF-8"), "{error}");
    assert_eq!(read_with(utf16(STAFF, false, true), &in_encoding("utf-16")).records.len(), 3);
    let crossed = read_with(utf16(STAFF, false, true), &in_encoding("utf-16le"));
    assert_eq!(crossed.kind(), Some(ErrorKind::SourceEncoding));
}

#[test]
fn a_byte_that_does_not_decode_is_told_by_line_and_offset() {
    let lone = [utf16("a,b\n1,", true, true), vec![0x00, 0xd8], utf16("\n", true, false)].concat();
    for (bytes, options, offset, line) in [
        (b"a,b\n1,2\n3,\xff\n".to_vec(), in_encoding("utf-8"), 10, 3),
        (b"a,b\r\n1,\"x\r\ny\"\r\n\xc3".to_vec(), in_encoding("utf-8"), 15, 4),
        (b"\xef\xbb\xbfa,b\n\xe3\x81A,2".to_vec(), SourceOptions::default(), 7, 2),
        (b"a,b\r1,2\r\x80,2".to_vec(), in_encoding("utf-8"), 8, 3),
        (b"a,b\n\x81\x40,\x81\xff\n".to_vec(), in_encoding("cp932"), 7, 2),
        (b"a,b\n\xe91,x\x81\n".to_vec(), in_encoding("windows-1252"), 8, 2),
        (lone, SourceOptions::default(), 14, 2),
        (b"a,b\n1,\x96\x33\xb8\xdf\n".to_vec(), in_encoding("gb18030"), 6, 2),
        (b"[{\"a\":1},\n\n{\"a\":\"\xff\"}]".to_vec(), in_encoding("utf-8"), 17, 3),
    ] {
        for most in [1, 2, 1000] {
            let taken = read_in_pieces(&bytes, most, &options);
            let error = taken.failed.unwrap_or_else(|| panic!("{bytes:x?} was read"));
            assert_eq!(
                (error.kind, error.line),
                (ErrorKind::SourceEncoding, Some(line)),
                "{error}"
            );
            assert!(error.message.contains(&format!("offset {offset} is not")), "{error}");
        }
    }
}

#[test]
fn bytes_beyond_the_sample_that_belie_it_end_the_read_with_a_guess() {
    let row = "1001,plain\n";
    let mut bytes = b"id,name\n".to_vec();
    bytes.extend(row.repeat((9 << 17) / row.len()).into_bytes());
    let before = bytes.len();
    let line = bytes.iter().filter(|byte| **byte == b'\n').count() as u64 + 1;
    let names = "1002,山田太郎\n1003,髙橋花子\n1004,佐藤健一です\n".repeat(20);
    bytes.extend_from_slice(&encoding_rs::SHIFT_JIS.encode(&names).0);
    let taken = read(&bytes);
    assert_eq!(taken.records.len() as u64, line - 2);
    let error = taken.failed.unwrap();
    assert_eq!(error.line, Some(line));
    assert!(error.message.contains(&format!("offset {} is not UTF-8", before + 5)), "{error}");
    assert!(error.advice.contains("Shift_JIS"), "{error}");
}

#[test]
fn a_damaged_utf8_file_is_not_taken_for_another_encoding() {
    let mut bytes = STAFF.as_bytes().to_vec();
    let at = bytes.len() - 5;
    bytes[at] = 0xff;
    for damaged in [&bytes, &STAFF.as_bytes()[..STAFF.len() - 2]] {
        assert!(refused(damaged).message.contains("is not UTF-8"));
    }
}

#[test]
fn a_character_across_the_end_of_the_sample_is_no_damage() {
    for shift in 0..4 {
        let text = format!("id\n{}{}\n", "x".repeat(shift), "あ".repeat(350_000));
        assert_eq!(facts(text.as_bytes()), ("UTF-8".to_owned(), EncodingFrom::Utf8));
    }
    let text = format!("id\n{}é\n", "x".repeat((1 << 20) - 4));
    assert_eq!(facts(text.as_bytes()), ("UTF-8".to_owned(), EncodingFrom::Utf8));
}

#[test]
fn files_that_are_no_text_are_named() {
    let noise: Vec<u8> =
        (0..4000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    for (bytes, what) in [
        (b"PK\x03\x04\x14\0\0\0[Content_Types].xml xl/workbook.xml".to_vec(), "Excel workbook"),
        (b"PK\x03\x04\x14\0\0\0workers.csv".to_vec(), "ZIP archive"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0\0".to_vec(), "old Excel"),
        (b"%PDF-1.7\n%\xe2\xe3".to_vec(), "PDF"),
        (b"\x1f\x8b\x08\0\0\0".to_vec(), "gzip"),
        (b"\xff\xfe\0\0a\0\0\0".to_vec(), "UTF-32"),
        (b"<html><table><tr><td>id".to_vec(), "HTML"),
        (b"\xef\xbb\xbf<?xml version='1.0'?>".to_vec(), "XML"),
        (vec![0; 5000], "binary"),
        (noise, "binary"),
    ] {
        let error = refused(&bytes);
        assert_eq!(error.kind, ErrorKind::SourceFormat);
        assert!(error.message.contains(what), "{error}");
    }
}

#[test]
fn nothing_but_space_is_empty() {
    for bytes in [&b""[..], b"\xef\xbb\xbf", b" \r\n\t ", b"\xff\xfe\r\0\n\0", b"\x1a"] {
        assert_eq!(refused(bytes).kind, ErrorKind::SourceEmpty, "{bytes:?}");
    }
    let blank = "\n".repeat(100_000);
    assert_eq!(refused(&blank).kind, ErrorKind::SourceEmpty);
}

#[test]
fn a_reader_that_fails_is_told() {
    struct Broken(usize);
    impl Read for Broken {
        fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
            if self.0 == 0 {
                return Err(std::io::Error::other("the share is gone"));
            }
            self.0 -= 1;
            let count = out.len().min(40_000);
            out[..count].fill(b'x');
            Ok(count)
        }
    }
    for good in [0, 1, 30] {
        let taken = read_from(Broken(good), &SourceOptions::default());
        assert_eq!(taken.kind(), Some(ErrorKind::SourceUnreadable));
        assert!(taken.failed.unwrap().message.contains("the share is gone"));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn the_offset_is_where_utf8_stops(
        good in "[a-zé山🙂\n]{0,30}",
        bad in prop::collection::vec(any::<u8>(), 1..6),
        most in 1_usize..9,
    ) {
        let mut bytes = format!("id\n{good}").into_bytes();
        bytes.extend(&bad);
        prop_assume!(bytes.iter().filter(|byte| **byte < 32 && **byte != b'\n').count() == 0);
        let expected = std::str::from_utf8(&bytes).err().map(|error| error.valid_up_to());
        let taken = read_in_pieces(&bytes, most, &in_encoding("utf-8"));
        match expected {
            None => prop_assert!(taken.kind() != Some(ErrorKind::SourceEncoding)),
            Some(offset) => {
                let error = taken.failed.unwrap();
                prop_assert_eq!(error.kind, ErrorKind::SourceEncoding);
                let stated = format!("offset {offset} is not");
                prop_assert!(error.message.contains(&stated), "{} not {}", error, offset);
                let line = bytes[..offset].iter().filter(|byte| **byte == b'\n').count() as u64 + 1;
                prop_assert_eq!(error.line, Some(line));
            }
        }
    }
}
