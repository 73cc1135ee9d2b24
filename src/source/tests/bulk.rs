use proptest::prelude::*;
use serde_json::Value;

use super::*;

const URN: &str = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";

fn document(operations: &str) -> String {
    format!("{{\"schemas\":[\"{URN}\"],\"Operations\":[{operations}],\"failOnErrors\":null}}")
}

fn operation(id: &str) -> String {
    format!(
        "{{\"method\":\"POST\",\"path\":\"/Users\",\"bulkId\":\"same\",\"data\":{{\"externalId\":\"{id}\"}}}}"
    )
}

fn ids(taken: &Taken) -> Vec<String> {
    let id = |(_, user): &(u64, String)| {
        serde_json::from_str::<Value>(user).unwrap()["externalId"].as_str().unwrap().to_owned()
    };
    taken.users.iter().map(id).collect()
}

#[test]
fn documents_give_their_users_however_they_follow_each_other() {
    let one = document(&format!("{},{}", operation("1"), operation("2")));
    let two = document(&operation("3"));
    let pretty = serde_json::from_str::<Value>(&two).map(|value| format!("{value:#}")).unwrap();
    let none = document("");
    for text in [
        format!("{one}{two}"),
        format!("{one}\r\n{none}\r\n{pretty}\r\n"),
        format!("[{one},\n{two}]"),
        format!("[{one},{two}] []"),
    ] {
        for bytes in
            [text.clone().into_bytes(), utf16(&text, true, true), utf16(&text, false, true)]
        {
            let reader = open(&bytes).unwrap();
            assert_eq!(reader.facts().format, Format::Bulk);
            let taken = take(reader);
            assert_eq!(
                (ids(&taken), &taken.failed),
                (vec!["1".into(), "2".into(), "3".into()], &None)
            );
            assert_eq!(read_in_pieces(&bytes, 5, &SourceOptions::default()), taken);
        }
    }
}

#[test]
fn what_the_envelope_lacks_is_no_obstacle() {
    let text = r#"{"operations": [
        {"data": {"externalId": "1"}},
        {"PATH": "users/", "Method": "post", "data": {"externalId": "2"}},
        {"path": null, "method": null, "data": {"externalId": "3"}, "bulkId": 7}
    ], "schemas": []}"#;
    let taken = read(text);
    assert_eq!(ids(&taken), ["1", "2", "3"]);
    assert_eq!(taken.users.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [2, 3, 4]);
    assert_eq!((taken.rejected, taken.failed), (vec![], None));
}

#[test]
fn a_user_keeps_its_keys_numbers_and_strings_as_they_were_written() {
    let text = document(
        "{\"data\" : { \"z\" : [ 1.0 , 1e400 ] ,\n\t\"a\": \"x \\\" \\u00e9 \\\\\" , \"b\" : {} }}",
    );
    let user = &read(text).users[0].1;
    assert_eq!(user, "{\"z\":[1.0,1e400],\"a\":\"x \\\" \\u00e9 \\\\\",\"b\":{}}");
}

#[test]
fn operations_that_are_not_users_to_send_are_rejected() {
    let wrong = [
        r#"{"method":"DELETE","path":"/Users/1","data":{"externalId":"E1"}}"#,
        r#"{"method":"POST","path":"/Groups","data":{"externalId":"E2"}}"#,
        r#"{"method":"POST","path":"/Users/7","data":{"externalId":"E3"}}"#,
        r#"{"method":"POST","path":"/Users"}"#,
        r#"{"method":"POST","path":"/Users","data":null}"#,
        r#"{"method":"POST","path":"/Users","data":"x"}"#,
        r#"{"method":7,"data":{}}"#,
        "7",
        r#"{"data":{},"Data":{}}"#,
    ];
    let taken = read(document(&format!("{},{}", wrong.join(",\n"), operation("ok"))));
    let lines: Vec<u64> = taken.rejected.iter().map(|finding| finding.line).collect();
    assert_eq!(lines, [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    assert!(taken.rejected.iter().all(|finding| finding.rule == Rule::NotAUser));
    assert_eq!(taken.rejected[0].external_id.as_deref(), Some("E1"));
    assert!(taken.rejected[0].message.contains("`\"active\": false`"));
    assert_eq!(ids(&taken), ["ok"]);
    let unfit = [
        r#"{"data":{"a":1,"a":2}}"#,
        r#"{"data":{"a":{"b":"\udc00"}}}"#,
        r#"{"data":{},"data":{}}"#,
    ];
    let taken = read(document(&unfit.join(",")));
    assert_eq!((taken.rejected.len(), taken.users.len(), taken.failed), (3, 0, None));
}

#[test]
fn documents_that_are_not_bulk_requests_end_the_read() {
    let good = document(&operation("1"));
    for (after, line) in [
        ("\n{\"schemas\":[]}", 2),
        ("\n{}", 2),
        ("\n7", 2),
        ("\n[7]", 2),
        ("\n{\"Operations\":{}}", 2),
        ("\n{\"Operations\":[],\"operations\":[]}", 2),
        ("\n{\"Operations\":[", 2),
        ("\n{\"Operations\":[]", 2),
        ("\n{\"Operations\"", 2),
        ("\n{\"Operations\":[{}{}]}", 2),
        ("\n{\"x\":,\"Operations\":[]}", 2),
        ("\n{\"x\"", 2),
        ("\n{\"x\":", 2),
        ("\n{1:2}", 2),
        ("\n[", 2),
        (",", 1),
    ] {
        let taken = read(format!("{good}{after}"));
        assert_eq!(taken.users.len(), 1, "{after}");
        let error = taken.failed.unwrap_or_else(|| panic!("{after} was read"));
        assert_eq!(
            (error.kind, error.line),
            (ErrorKind::SourceFormat, Some(line)),
            "{after}: {error}"
        );
    }
}

#[test]
fn only_an_array_under_operations_makes_a_bulk_request() {
    for text in
        [r#"{"operations":"3","id":1}"#, r#"{"a":{"Operations":[]}}"#, r#"{"a":"Operations"}"#]
    {
        assert_eq!(open(text).unwrap().facts().format, Format::JsonLines, "{text}");
    }
}

#[test]
fn a_document_that_never_ends_gives_its_users_as_they_come() {
    struct Endless(Vec<u8>);
    impl Read for Endless {
        fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
            let count = out.len().min(self.0.len());
            out[..count].copy_from_slice(&self.0[..count]);
            self.0.rotate_left(count);
            Ok(count)
        }
    }
    let start = format!("{{\"Operations\":[{}", operation("0")).into_bytes();
    let more = format!(",{}", operation("1").replace("same", &"s".repeat(2000))).into_bytes();
    let input = std::io::Cursor::new(start).chain(Endless(more));
    let mut reader = Reader::open(input, &SourceOptions::default(), &[]).unwrap();
    let mut record = Record::default();
    for _ in 0..1000 {
        assert_eq!(reader.next(&mut record).unwrap(), Some(Row::User));
    }
}

proptest! {
    #[test]
    fn compaction_changes_nothing_but_space(
        text in "[a-z\"\\\\ \n\té{}:,]{0,20}",
        number in any::<f64>(),
        pretty in any::<bool>(),
    ) {
        let data = serde_json::json!({"text": text, "n": [number, {"b": text}]});
        let written = if pretty { format!("{data:#}") } else { data.to_string() };
        let taken = read(document(&format!("{{ \"data\" : {written} }}")));
        prop_assert_eq!(&taken.users[0].1, &data.to_string());
    }
}
