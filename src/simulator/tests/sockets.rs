use std::sync::Arc;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{bulk, user};
use crate::error::ErrorKind;
use crate::simulator::{FaultRule, RunningSimulator, Settings, Simulator};
use crate::time::{Random, TokioClock};

fn start(settings: Settings) -> RunningSimulator {
    Simulator::start(settings, Arc::new(TokioClock::new()), Random::seeded(7)).unwrap()
}

async fn connect(running: &RunningSimulator) -> TcpStream {
    TcpStream::connect(running.url().strip_prefix("http://").unwrap()).await.unwrap()
}

fn request(running: &RunningSimulator, body: &str) -> String {
    let description = running.describe();
    let text = |key: &str| description[key].as_str().unwrap().to_owned();
    format!(
        "POST /v1.0/servicePrincipals/{}/synchronization/jobs/{}/bulkUpload HTTP/1.1\r\n\
         Host: {}\r\nAuthorization: Bearer {}\r\nContent-Type: application/scim+json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        text("servicePrincipalId"),
        text("jobId"),
        &text("url")["http://".len()..],
        running.tenant().issue_token(),
        body.len(),
    )
}

/// Everything that comes until the line ends, and how it ends.
async fn read_all(stream: &mut TcpStream) -> (String, std::io::Result<()>) {
    let mut bytes = Vec::new();
    let end = stream.read_to_end(&mut bytes).await.map(drop);
    (String::from_utf8(bytes).unwrap(), end)
}

/// One whole answer with an empty body.
async fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

async fn struck(fault: &str) -> (RunningSimulator, String, std::io::Result<()>) {
    let faults: Vec<FaultRule> = serde_json::from_value(json!([{"fault": fault}])).unwrap();
    let running = start(Settings { faults, ..Settings::default() });
    let mut stream = connect(&running).await;
    let body = bulk(&[user("1")]).to_string();
    stream.write_all(request(&running, &body).as_bytes()).await.unwrap();
    let (text, end) = read_all(&mut stream).await;
    (running, text, end)
}

#[tokio::test]
async fn one_line_carries_many_calls() {
    let running = start(Settings::default());
    let mut stream = connect(&running).await;
    for id in ["1", "2", "3"] {
        let body = bulk(&[user(id)]).to_string();
        stream.write_all(request(&running, &body).as_bytes()).await.unwrap();
        let head = read_head(&mut stream).await;
        assert!(head.starts_with("HTTP/1.1 202 Accepted\r\n"), "{head}");
        assert!(head.contains("content-length: 0\r\n"), "{head}");
        assert!(head.contains(&format!("location: {}/beta/", running.url())), "{head}");
    }
    assert_eq!(running.tenant().staged().len(), 3);
}

#[tokio::test]
async fn a_reset_is_a_reset() {
    for (fault, staged) in [("resetBeforeProcessing", 0), ("resetAfterProcessing", 1)] {
        let (running, text, end) = struck(fault).await;
        assert_eq!(text, "");
        assert_eq!(end.unwrap_err().kind(), std::io::ErrorKind::ConnectionReset);
        assert_eq!(running.tenant().staged().len(), staged, "{fault}");
    }
}

#[tokio::test]
async fn an_answer_is_cut_in_its_head_or_in_its_body() {
    let (running, text, _) = struck("cutHead").await;
    assert!(text.starts_with("HTTP/1.1 202 Accepted\r\n"), "{text}");
    assert!(!text.contains("\r\n\r\n"), "{text}");
    assert_eq!(running.tenant().staged().len(), 1);

    let (running, text, _) = struck("cutBody").await;
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    assert!(!body.is_empty() && body.len() < length.parse::<usize>().unwrap());
    assert_eq!(running.tenant().staged().len(), 1);
}

#[tokio::test]
async fn a_call_that_breaks_off_in_its_body_never_arrived() {
    let running = start(Settings::default());
    let mut stream = connect(&running).await;
    let request = request(&running, &bulk(&[user("1")]).to_string());
    stream.write_all(&request.as_bytes()[..request.len() - 1]).await.unwrap();
    stream.shutdown().await.unwrap();
    assert_eq!(read_all(&mut stream).await.0, "");
    assert!(running.tenant().calls().is_empty());
}

#[tokio::test]
async fn too_large_a_body_is_refused_before_it_has_all_come() {
    let running = start(Settings { max_body_bytes: 1000, ..Settings::default() });
    let mut stream = connect(&running).await;
    let head = request(&running, "").replace("Content-Length: 0", "Content-Length: 1000000000");
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&[b' '; 1001]).await.unwrap();
    let head = read_head(&mut stream).await;
    assert!(head.starts_with("HTTP/1.1 413 "), "{head}");
    assert!(head.contains("connection: close"), "{head}");
}

#[tokio::test]
async fn what_is_not_http_does_no_harm() {
    let running = start(Settings::default());
    for bytes in
        [&b"\x16\x03\x01\x02\x00\x01\x00"[..], b"GET", b"\r\n\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n"]
    {
        let mut stream = connect(&running).await;
        stream.write_all(bytes).await.unwrap();
        stream.shutdown().await.unwrap();
        let _ = read_all(&mut stream).await;
    }
    let mut stream = connect(&running).await;
    stream
        .write_all(b"GET /simulator/state HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        .await
        .unwrap();
    let (text, end) = read_all(&mut stream).await;
    end.unwrap();
    let body: Value = serde_json::from_str(text.split_once("\r\n\r\n").unwrap().1).unwrap();
    assert_eq!(body["calls"], 0);
}

#[tokio::test]
async fn it_listens_on_loopback_alone_and_stops_when_told() {
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"] {
        let settings = Settings { listen: address.parse().unwrap(), ..Settings::default() };
        let clock = Arc::new(TokioClock::new());
        let error = Simulator::start(settings, clock, Random::seeded(1)).unwrap_err();
        assert_eq!(error.kind, ErrorKind::ConfigInvalid);
        assert!(error.to_string().contains("loopback"), "{error}");
    }
    let running = start(Settings::default());
    let address = running.url().strip_prefix("http://").unwrap().to_owned();
    let taken = Settings { listen: address.parse().unwrap(), ..Settings::default() };
    let clock = Arc::new(TokioClock::new());
    let error = Simulator::start(taken, clock, Random::seeded(1)).unwrap_err();
    assert!(error.to_string().contains(&address), "{error}");
    let mut stream = connect(&running).await;
    running.stop();
    assert_eq!(read_all(&mut stream).await.0, "");
    assert!(TcpStream::connect(address).await.is_err());
}

#[test]
fn outside_a_runtime_it_says_so() {
    let clock = Arc::new(TokioClock::new());
    let error = Simulator::start(Settings::default(), clock, Random::seeded(1)).unwrap_err();
    assert_eq!(error.kind, ErrorKind::InvalidState);
}
