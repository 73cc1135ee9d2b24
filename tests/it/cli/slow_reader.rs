//! What reads the output of the command line is slow, or stops reading for a while.

use std::io::Read;
use std::process::{Child, ChildStdout};
use std::thread::sleep;
use std::time::Duration;

use serde_json::Value;

use crate::support::program::{program, text};
use crate::support::state::State;

/// More than waits in the run and in the pipe together.
const REJECTED: usize = 20_000;

/// An upload to a simulated tenant that rejects all records but one.
fn rehearse(state: &State, more: &[&str]) -> (Child, ChildStdout) {
    let mut source = "externalId,userName,active\n1,ann@example.com,true\n".to_owned();
    source.push_str(&",nobody@example.com,true\n".repeat(REJECTED));
    let path = state.write("workers.csv", source);
    let mut child =
        program(state, &[&["rehearse", path.to_str().unwrap()], more].concat()).spawn().unwrap();
    let output = child.stdout.take().unwrap();
    (child, output)
}

#[test]
fn one_that_reads_slowly_sees_every_rejected_record() {
    let state = State::new();
    let (mut child, mut output) = rehearse(&state, &["--json"]);
    let mut said = Vec::new();
    let mut some = vec![0; 16_384];
    loop {
        let read = output.read(&mut some).unwrap();
        if read == 0 {
            break;
        }
        said.extend_from_slice(&some[..read]);
        sleep(Duration::from_millis(2));
    }
    assert_eq!(child.wait().unwrap().code(), Some(14));
    let said = text(&said);
    let events: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let rejected = events.iter().filter(|event| event["event"] == "rejected").count();
    assert_eq!(rejected, REJECTED);
    let of_run: Vec<&Value> = events.iter().filter(|event| event["sequence"].is_u64()).collect();
    let last = of_run.last().unwrap();
    assert_eq!(last["eventsDropped"], 0, "{last}");
    assert_eq!(last["sequence"], of_run.len(), "{last}");
}

#[test]
fn one_that_stops_reading_stops_no_upload_and_is_told_what_it_missed() {
    let state = State::new();
    let (mut child, mut output) = rehearse(&state, &[]);
    // Longer than a run waits for its host.
    sleep(Duration::from_secs(7));
    let mut said = String::new();
    output.read_to_string(&mut said).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(14));
    let count = said.lines().find(|line| line.starts_with("rejected         20000")).unwrap();
    assert!(count.contains("not each explained above"), "{count}");
    assert!(said.lines().count() < REJECTED, "nothing was missed");
    assert!(said.contains("accepted             1"), "{said}");
}
