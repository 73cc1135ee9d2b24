//! What good and bad input gets.

use std::path::PathBuf;

use serde_json::Value;

use crate::support::program::{entrabulk, program, text};
use crate::support::state::State;

const SAMPLE: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/examples/data/csv2scim-1000-records.csv");
const MAPPING: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/data/mapping-csv2scim.json");

/// A folder with one file of this content.
fn file(name: &str, content: &[u8]) -> (State, PathBuf) {
    let state = State::new();
    let path = state.write(name, content);
    (state, path)
}

/// What `check` says of a file that it refuses: one error document, its exit code, nothing else.
fn refused(content: &[u8], more: &[&str]) -> (i32, Value) {
    let (_folder, path) = file("workers", content);
    let output = entrabulk(&[&["--json", "check", path.to_str().unwrap()], more].concat());
    assert!(output.stdout.is_empty(), "{}", text(&output.stdout));
    let error: Value = serde_json::from_slice(&output.stderr)
        .unwrap_or_else(|_| panic!("not one document: {}", text(&output.stderr)));
    for key in ["message", "advice"] {
        let sentence = error[key].as_str().unwrap().ends_with(['.', '?']);
        assert!(sentence, "{key} is no sentence: {error}");
    }
    (output.status.code().unwrap(), error)
}

#[test]
fn bad_files_are_refused_with_a_sentence_a_status_and_an_exit_code() {
    let cases: [(&str, &[u8], &str); 7] = [
        ("empty", b"", "SourceEmpty"),
        ("white space", b" \r\n\n", "SourceEmpty"),
        ("header only", b"externalId,userName,active\n", "SourceEmpty"),
        ("binary", b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0>\0", "SourceFormat"),
        ("workbook", b"PK\x03\x04\x14\0\x06\0\x08\0\0\0!\0", "SourceFormat"),
        (
            "cut in quotes",
            b"externalId,userName,active\n1,\"ann,true\n2,bob,true\n",
            "SourceFormat",
        ),
        (
            "broken JSON",
            b"[{\"externalId\":\"1\",\"userName\":\"a\",\"active\":true}",
            "SourceFormat",
        ),
    ];
    for (name, content, kind) in cases {
        let (code, error) = refused(content, &[]);
        assert_eq!(error["kind"], kind, "{name}: {error}");
        assert_eq!(code, 11, "{name}");
    }
    let bad_byte = b"externalId,userName,active\n1,ann,true\n2,b\xFFb,true\n";
    let (code, error) = refused(bad_byte, &["--encoding", "utf-8"]);
    assert_eq!((code, error["kind"].as_str()), (11, Some("SourceEncoding")), "{error}");
    assert_eq!(error["line"], 3, "{error}");
}

#[test]
fn a_mapping_that_is_not_one_is_refused_with_every_problem() {
    let csv = b"WorkerID,Mail\n1,a@x\n";
    let (_folder, mapping) = file("mapping.json", b"{\"externalId\": ");
    let (code, error) = refused(csv, &["--mapping", mapping.to_str().unwrap()]);
    assert_eq!((code, error["kind"].as_str()), (11, Some("MappingInvalid")), "{error}");

    let json =
        br#"{"externalId":"WorkerId","userName":"Male","activ":{"const":true},"emails":"Mail"}"#;
    let (_folder, mapping) = file("mapping.json", json);
    let (_, error) = refused(csv, &["--mapping", mapping.to_str().unwrap()]);
    let problems = error["problems"].to_string();
    for wanted in ["Mail", "active", "emails"] {
        assert!(problems.contains(wanted), "{wanted} not in {problems}");
    }
    assert!(error["problems"].as_array().unwrap().len() >= 3, "{problems}");
}

#[test]
fn rows_that_do_not_fit_are_rejected_by_line_and_the_rest_goes_on() {
    let huge = "x".repeat(10 << 20);
    let csv = format!(
        "externalId,userName,active\n1,ann,true\n2,bob\n3,\"c\nd\",true,more\n4,dan,perhaps\n\
         5,{huge},true\n6,f\0g,true\n7,gil,false\n"
    );
    let (folder, path) = file("workers.csv", csv.as_bytes());
    let rejects = folder.path("rejects.csv");
    let output = entrabulk(&[
        "--json",
        "check",
        path.to_str().unwrap(),
        "--rejects",
        rejects.to_str().unwrap(),
    ]);
    assert_eq!(output.status.code(), Some(14), "{}", text(&output.stderr));
    let summary: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&summary["rows"], &summary["users"]), (&7.into(), &2.into()), "{summary}");
    let found: Vec<(u64, &str)> = summary["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| (finding["line"].as_u64().unwrap(), finding["rule"].as_str().unwrap()))
        .collect();
    assert_eq!(
        found[..4],
        [(3, "field-count"), (4, "field-count"), (6, "not-boolean"), (7, "user-too-large")]
    );
    assert_eq!(found[4].0, 8);
    let rows = csv::Reader::from_path(&rejects).unwrap().into_records().count();
    assert_eq!(rows, 5);
}

#[test]
fn a_text_cut_inside_a_character_or_an_abyss_of_objects_rejects_its_record_alone() {
    let abyss = format!("{}1{}", r#"{"a":"#.repeat(5_000), "}".repeat(5_000));
    let json = format!(
        r#"[{{"externalId":"\ud800","userName":"a","active":true}},
            {{"externalId":"2","userName":"b","active":true}},
            {abyss}]"#
    );
    let (_folder, path) = file("workers.json", json.as_bytes());
    let output = entrabulk(&["--json", "check", path.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(14), "{}", text(&output.stderr));
    let summary: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&summary["users"], &summary["rejected"]), (&1.into(), &2.into()), "{summary}");
    assert_eq!(summary["findings"][0]["line"], 1);
    assert_eq!(summary["findings"][1]["line"], 3);
    assert_eq!(summary["warnings"], 0, "{summary}");
}

#[test]
fn a_host_that_cannot_be_reached_is_said_so() {
    // A port that was free a moment ago and on which nobody listens.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let json = format!(
        r#"{{"version":1,"servicePrincipalId":"s","jobId":"API2AAD.a.b",
            "simulator":"http://127.0.0.1:{port}","retry":{{"attempts":5}}}}"#
    );
    let (folder, config) = file("client.json", json.as_bytes());
    let token = folder.write("token", "not-a-real-token");
    let (_file, workers) =
        file("workers.csv", b"externalId,userName,active\n1,a@x.com,true\n2,b@x.com,\n");
    let output = entrabulk(&[
        "--json",
        "upload",
        workers.to_str().unwrap(),
        "--config",
        config.to_str().unwrap(),
        "--access-token-file",
        token.to_str().unwrap(),
    ]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    let stdout = text(&output.stdout);
    let finished: Value = serde_json::from_str(stdout.lines().last().unwrap()).unwrap();
    assert_eq!(finished["kind"], "Unreachable", "{finished}");
    assert!(!stdout.contains("not-a-real-token"));
    let waiting = stdout.lines().find(|line| line.contains(r#""event":"waiting""#)).unwrap();
    assert!(waiting.contains("cannot be reached"), "the wait does not say why: {waiting}");
    let sum: u64 = ["accepted", "rejected", "outOfScope", "refused", "inDoubt", "notSent"]
        .iter()
        .map(|key| finished[key].as_u64().unwrap())
        .sum();
    assert_eq!(finished["rows"].as_u64(), Some(sum), "{finished}");
}

#[test]
fn wrong_usage_is_64() {
    for arguments in [
        &["upload", SAMPLE][..],
        &["check"],
        &["check", SAMPLE, "--delimiter", ":"],
        &["rehearse", "--speed", "0"],
        &["nonsense"],
    ] {
        let output = entrabulk(arguments);
        assert_eq!(output.status.code(), Some(64), "{arguments:?}: {}", text(&output.stderr));
        assert!(!output.stderr.is_empty());
    }
}

#[test]
fn the_same_file_gives_the_same_bytes_to_standard_output_and_to_files() {
    let streamed = entrabulk(&["convert", SAMPLE, "--mapping", MAPPING, "--duplicates", "last"]);
    assert_eq!(streamed.status.code(), Some(14));
    let folder = State::new();
    let out = folder.path("out");
    let arguments = ["convert", SAMPLE, "--mapping", MAPPING, "--duplicates", "last", "--output"];
    let to_files = entrabulk(&[&arguments[..], &[out.to_str().unwrap()]].concat());
    assert_eq!(to_files.status.code(), Some(14));
    assert!(to_files.stdout.is_empty());
    let mut names: Vec<PathBuf> =
        std::fs::read_dir(&out).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    assert_eq!(names.len(), 624_usize.div_ceil(50));
    let mut joined = Vec::new();
    for name in names {
        joined.extend(std::fs::read(name).unwrap());
        joined.push(b'\n');
    }
    assert!(joined == streamed.stdout);
    // A folder that holds payloads already is not mixed with new ones.
    let again = entrabulk(&[&arguments[..], &[out.to_str().unwrap()]].concat());
    assert_eq!(again.status.code(), Some(1));
}

#[test]
fn a_suggestion_works_on_the_file_it_was_made_for() {
    let suggested = entrabulk(&["suggest", SAMPLE]);
    assert_eq!(suggested.status.code(), Some(0), "{}", text(&suggested.stderr));
    let (_folder, mapping) = file("mapping.json", &suggested.stdout);
    let checked = entrabulk(&[
        "check",
        SAMPLE,
        "--mapping",
        mapping.to_str().unwrap(),
        "--duplicates",
        "last",
    ]);
    assert_eq!(checked.status.code(), Some(14), "{}", text(&checked.stderr));
}

/// The numbers that a rehearsal ends with.
fn rehearsed(arguments: &[&str]) -> (Value, Value, i32) {
    let output = entrabulk(&[&["--json", "rehearse"], arguments].concat());
    let stdout = text(&output.stdout);
    let mut documents = stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let finished = documents.find(|document| document["event"] == "finished").unwrap();
    let state = documents.find(|document| document["event"] == "simulated").unwrap();
    (finished, state["state"].clone(), output.status.code().unwrap())
}

#[test]
fn a_rehearsal_of_the_sample_adds_up_calm_or_stormy() {
    let (calm, calm_state, code) = rehearsed(&[]);
    // Half of the users are inactive, and nobody knows them: an upload would stop before the first call.
    assert_eq!((code, &calm["kind"]), (10, &"BrakeTripped".into()), "{calm}");
    assert_eq!(calm["rows"], 1_000);
    // 624 ids, 265 of them on more than one row: counted from the file, not from the program.
    assert_eq!((&calm["accepted"], &calm["rejected"]), (&359.into(), &641.into()), "{calm}");
    assert_eq!(calm_state["usersStaged"], 359);

    let storm = ["--latency", "300", "--throttle", "10", "--cut", "2", "--speed", "20"];
    let (stormy, stormy_state, code) = rehearsed(&storm);
    assert_eq!(code, 10, "{stormy}");
    assert_eq!(stormy["accepted"], 359);
    assert_eq!(stormy_state["usersStaged"], 359);
    assert_eq!(stormy["throttled"], 10);
    assert!(stormy["retries"].as_u64().unwrap() >= 12, "{stormy}");
    for state in [calm_state, stormy_state] {
        assert!(state["worstWindow"].as_u64().unwrap() <= 40, "{state}");
    }
}

#[test]
fn a_rehearsed_refusal_ends_the_run() {
    let rows: String = (1..=60).map(|n| format!("{n},u{n}@contoso.com,true\n")).collect();
    let (_folder, path) =
        file("workers.csv", format!("externalId,userName,active\n{rows}").as_bytes());
    let path = path.to_str().unwrap();
    let (finished, state, code) = rehearsed(&[path, "--refuse", "1"]);
    assert_eq!((code, &finished["kind"]), (11, &"RequestRefused".into()), "{finished}");
    assert!(finished["refused"].as_u64().unwrap() > 0, "{finished}");
    assert_eq!(state["usersStaged"], finished["accepted"]);
    let told = text(&entrabulk(&["rehearse", path, "--refuse", "1"]).stdout);
    let line = told.lines().find(|line| line.starts_with("refused: call ")).expect(&told);
    let (users, rest) = line.split_once(" users (").expect(line);
    let users: usize = users.rsplit(' ').next().unwrap().parse().unwrap();
    assert_eq!(rest.split(')').next().unwrap().split(", ").count(), users, "{line}");
}

#[test]
fn records_are_told_apart_however_many_stand_on_one_line() {
    let twice = br#"[{"externalId":"1","userName":"a","active":true},{"externalId":"1","userName":"a","active":true},{"externalId":"2","userName":"b","active":true}]"#;
    let (_folder, path) = file("workers.json", twice);
    let converted = entrabulk(&["convert", path.to_str().unwrap()]);
    assert_eq!(converted.status.code(), Some(14), "{}", text(&converted.stderr));
    let body: Value = serde_json::from_slice(&converted.stdout).unwrap();
    let ids: Vec<&str> = body["Operations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|operation| operation["data"]["externalId"].as_str().unwrap())
        .collect();
    assert_eq!(ids, ["2"]);
}

#[test]
fn a_leaver_whose_last_record_is_rejected_is_not_sent_as_active() {
    let csv = b"externalId,userName,active\n1,a,true\n1,a,gone\n2,b,true\n";
    let (_folder, path) = file("workers.csv", csv);
    for duplicates in ["last", "reject"] {
        let arguments = ["convert", path.to_str().unwrap(), "--duplicates", duplicates];
        let stdout = text(&entrabulk(&arguments).stdout);
        assert!(stdout.contains(r#""externalId":"2""#), "{duplicates}: {stdout}");
        assert!(!stdout.contains(r#""externalId":"1""#), "{duplicates}: {stdout}");
    }
}

#[test]
fn a_rejects_file_never_takes_the_place_of_the_source_or_the_mapping() {
    let csv = b"externalId,userName,active\n1,a,perhaps\n";
    let (folder, path) = file("workers.csv", csv);
    let mapping = r#"{"externalId":"externalId","userName":"userName"}"#;
    let mapping = folder.write("mapping.json", mapping);
    let check = |rejects: &str| {
        let (path, mapping) = (path.to_str().unwrap(), mapping.to_str().unwrap());
        entrabulk(&["check", path, "--mapping", mapping, "--rejects", rejects]).status.code()
    };
    assert_eq!(check(path.to_str().unwrap()), Some(64));
    assert_eq!(check(mapping.to_str().unwrap()), Some(64));
    assert_eq!(std::fs::read(&path).unwrap(), csv);
}

#[test]
fn a_guessed_encoding_is_shown_with_a_text_to_judge_it_by() {
    let (_folder, path) = file("workers.csv", b"externalId,userName,active\n1,H\xe9l\xe8ne,true\n");
    let output = entrabulk(&["--json", "check", path.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let summary: Value = serde_json::from_slice(&output.stdout).unwrap();
    let finding = &summary["findings"][0];
    assert_eq!(finding["rule"], "encoding-guessed", "{summary}");
    assert_eq!(finding["value"], "Hélène", "{summary}");
}

#[test]
fn finished_users_take_no_mapping_and_none_is_suggested() {
    let bulk = br#"{"Operations":[{"data":{"externalId":"1","userName":"a@x","active":true}}]}"#;
    let (_folder, path) = file("bulk.json", bulk);
    let path = path.to_str().unwrap();
    assert_eq!(entrabulk(&["check", path]).status.code(), Some(0));
    for arguments in [
        &["check", path, "--mapping", MAPPING][..],
        &["check", path, "--user-name", "local"],
        &[
            "check",
            path,
            "--scim-schema-namespace",
            "urn:ietf:params:scim:schemas:extension:x:1.0:User",
        ],
        &["suggest", path],
    ] {
        assert_eq!(entrabulk(arguments).status.code(), Some(64), "{arguments:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn words_that_cannot_be_written_are_not_success() {
    let full = || std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    for arguments in [&["--json", "check", SAMPLE, "--mapping", MAPPING][..], &["suggest", SAMPLE]]
    {
        let status = program(&State::new(), arguments).stdout(full()).output().unwrap().status;
        assert_eq!(status.code(), Some(1), "{arguments:?}");
    }
}
