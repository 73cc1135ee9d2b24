//! Who may answer for the cloud's hosts: only somebody whose certificate this machine trusts.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use entrabulk::graph::transport::ReqwestTransport;
use entrabulk::run::{Run, Summary};
use entrabulk::time::TokioClock;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use crate::support::state::State;
use crate::support::tenant::wired;

const HOST: &str = "graph.microsoft.com";
const TOKEN: &str = "a.secret.token";

/// Uploads one user to what listens at `address` in the place of Graph.
async fn upload(address: SocketAddr) -> Summary {
    let transport = ReqwestTransport::resolving(HOST, address).expect("a transport");
    let config = json!({"version":1,"servicePrincipalId":"s","jobId":"j","retry":{"attempts":1}});
    let state = State::new();
    let client = wired(&state.unkept(config), Arc::new(TokioClock::new()), 1, transport);
    client.set_secret("accessToken", TOKEN.as_bytes()).expect("a token");
    let run = Run::start(&client, br#"{"version":1,"conversion":{}}"#).expect("a run");
    run.push(br#"{"externalId":"1","userName":"a@example.com","displayName":"A","active":true}"#)
        .expect("a record");
    run.finish_input().expect("the first time");
    while run.event().await.is_some() {}
    run.summary().expect("it ended")
}

#[tokio::test]
async fn a_self_signed_certificate_is_refused_before_a_byte_is_sent() {
    let made = rcgen::generate_simple_self_signed(vec![HOST.to_owned()]).expect("a certificate");
    let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .expect("a server");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let trusted = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&trusted);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            if let Ok(mut stream) = acceptor.accept(stream).await {
                // The client's alert arrives as an error; a request would arrive as bytes.
                let mut byte = [0];
                let read = stream.read(&mut byte).await;
                seen.fetch_or(matches!(read, Ok(1)), Ordering::SeqCst);
            }
        }
    });
    let summary = upload(address).await;
    assert_eq!((summary.kind, summary.calls, summary.not_sent), ("TlsFailed", 0, 1));
    let error = summary.error.expect("an error");
    assert!(error.message.contains(HOST) && error.advice.contains("proxy"), "{error}");
    assert!(!trusted.load(Ordering::SeqCst), "a request was sent");
}

#[tokio::test]
async fn a_host_without_tls_gets_no_token() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let heard = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a caller");
        stream
            .write_all(b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n")
            .await
            .expect("sent");
        let mut all = Vec::new();
        let _ = stream.read_to_end(&mut all).await;
        all
    });
    let summary = upload(address).await;
    assert_eq!((summary.kind, summary.calls), ("TlsFailed", 0));
    let heard = heard.await.expect("no panic");
    assert!(!String::from_utf8_lossy(&heard).contains(TOKEN));
}

#[tokio::test]
async fn a_port_where_nobody_listens_is_unreachable() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let summary = upload(address).await;
    assert_eq!((summary.kind, summary.calls, summary.not_sent), ("Unreachable", 0, 1));
    assert!(summary.error.expect("an error").message.contains(HOST));
}
