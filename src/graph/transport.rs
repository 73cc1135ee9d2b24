//! One HTTP exchange.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use zeroize::Zeroizing;

use super::sentences;
use crate::error::Error;
use crate::time::Clock;

/// A future that any thread may drive.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A request: to an absolute address, its token in its headers. Sent again, it is the very same bytes.
pub type HttpRequest = http::Request<Body>;

/// A whole answer.
pub type HttpResponse = http::Response<Body>;

/// An exchange under way.
pub type Exchange<'a> = BoxFuture<'a, Result<HttpResponse, TransportError>>;

/// The largest answer that is read; most are a few hundred bytes, and a page of a list a few thousand.
const LONGEST_ANSWER: usize = 16 << 20;

/// A whole body. Its `Debug` shows no more than its length: it may hold people, a secret or a token.
#[derive(Clone, Default)]
pub struct Body(pub Bytes);

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "({} bytes)", self.0.len())
    }
}

/// A bearer token (RFC 6750). Wiped when the last copy of it is dropped; never printed.
#[derive(Clone)]
pub struct Token(Arc<Zeroizing<String>>);

impl Token {
    /// Takes the token over.
    pub fn new(text: String) -> Self {
        Token(Arc::new(Zeroizing::new(text)))
    }

    /// The token itself.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether both are one and the same token, not only equal ones.
    pub(crate) fn is(&self, other: &Token) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// How an exchange failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransportFault {
    /// No connection came about: the service has seen nothing.
    NotSent,
    /// No trusted connection came about: the service has seen nothing.
    Tls,
    /// No answer in time.
    Timeout,
    /// The connection broke before an answer began.
    Reset,
    /// The connection broke within the answer.
    Cut,
}

/// An exchange without an answer.
#[derive(Debug, Clone)]
pub struct TransportError {
    /// How it failed.
    pub fault: TransportFault,
    /// What the system says of it; no secret in it.
    pub detail: String,
}

impl TransportError {
    /// The error of the library that says so.
    pub(crate) fn describe(&self, host: &str) -> Error {
        let describe = match self.fault {
            TransportFault::NotSent => sentences::unreachable,
            TransportFault::Tls => sentences::not_trusted,
            TransportFault::Timeout => sentences::no_answer,
            TransportFault::Reset | TransportFault::Cut => sentences::cut_off,
        };
        describe(host, &self.detail)
    }
}

/// Carries one request to its host and brings the answer. Does not retry, redirect or time out.
pub trait Transport: Send + Sync {
    /// Sends the request. Dropping the future abandons the exchange.
    fn send(&self, request: HttpRequest) -> Exchange<'_>;
}

/// A function is a transport: how tests reach a tenant without a network.
impl<F: Fn(HttpRequest) -> Exchange<'static> + Send + Sync> Transport for F {
    fn send(&self, request: HttpRequest) -> Exchange<'_> {
        self(request)
    }
}

/// Sends a request and waits no longer than `limit` for its answer.
pub(super) async fn send_within(
    transport: &dyn Transport,
    clock: &dyn Clock,
    limit: Duration,
    request: HttpRequest,
) -> Result<HttpResponse, TransportError> {
    tokio::select! {
        answer = transport.send(request) => answer,
        () = clock.sleep_until(clock.now().after(limit)) => Err(TransportError {
            fault: TransportFault::Timeout,
            detail: sentences::no_answer_after(limit),
        }),
    }
}

/// HTTP/1.1 over TLS, with the platform's trusted roots and the system's proxy.
#[derive(Debug)]
pub struct ReqwestTransport(reqwest::Client);

impl ReqwestTransport {
    /// For the cloud: TLS only.
    ///
    /// # Errors
    /// `TlsFailed` if the platform's roots cannot be used.
    pub fn new() -> Result<Self, Error> {
        Self::build(reqwest::Client::builder().https_only(true))
    }

    /// For a simulated tenant on this machine: no proxy stands in between.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn for_loopback() -> Result<Self, Error> {
        Self::build(reqwest::Client::builder().no_proxy())
    }

    /// For tests of TLS: as [`Self::new`], but `host` is found at `address`.
    #[doc(hidden)]
    pub fn resolving(host: &str, address: SocketAddr) -> Result<Self, Error> {
        Self::build(reqwest::Client::builder().https_only(true).no_proxy().resolve(host, address))
    }

    fn build(builder: reqwest::ClientBuilder) -> Result<Self, Error> {
        let client = builder
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .user_agent(concat!("entrabulk/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| sentences::no_tls(&root_cause(&error)))?;
        Ok(ReqwestTransport(client))
    }

    async fn exchange(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        let request =
            request.map(|body| body.0).try_into().map_err(|error| sending_failed(&error))?;
        let mut response = self.0.execute(request).await.map_err(|error| sending_failed(&error))?;
        let mut body = BytesMut::new();
        loop {
            let chunk = response.chunk().await.map_err(|error| TransportError {
                fault: TransportFault::Cut,
                detail: root_cause(&error),
            })?;
            match chunk {
                Some(chunk) if body.len() + chunk.len() <= LONGEST_ANSWER => {
                    body.extend_from_slice(&chunk);
                }
                Some(_) | None => break,
            }
        }
        let mut answer = HttpResponse::new(Body(body.freeze()));
        *answer.status_mut() = response.status();
        *answer.headers_mut() = std::mem::take(response.headers_mut());
        Ok(answer)
    }
}

impl Transport for ReqwestTransport {
    fn send(&self, request: HttpRequest) -> Exchange<'_> {
        Box::pin(self.exchange(request))
    }
}

fn sending_failed(error: &reqwest::Error) -> TransportError {
    let fault = if error.is_connect() && is_distrust(error) {
        TransportFault::Tls
    } else if error.is_connect() || error.is_builder() {
        TransportFault::NotSent
    } else if error.is_timeout() {
        TransportFault::Timeout
    } else {
        TransportFault::Reset
    };
    TransportError { fault, detail: root_cause(error) }
}

/// Whether the handshake failed rather than the network: rustls reports that as invalid data.
fn is_distrust(error: &(dyn std::error::Error + 'static)) -> bool {
    causes(error).any(|cause| {
        cause.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::InvalidData)
    })
}

/// An error and what lies under it. An I/O error skips the one it wraps, so that is asked for.
fn causes<'a>(
    error: &'a (dyn std::error::Error + 'static),
) -> impl Iterator<Item = &'a (dyn std::error::Error + 'static)> {
    std::iter::successors(Some(error), |error| {
        match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(wrapped) => Some(wrapped),
            None => error.source(),
        }
    })
}

/// The innermost cause: the outer ones repeat the address and say nothing more.
fn root_cause(error: &(dyn std::error::Error + 'static)) -> String {
    causes(error).last().map(ToString::to_string).unwrap_or_default()
}

/// An answer, as tests have services give it.
#[cfg(test)]
pub(super) fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> HttpResponse {
    let builder = http::Response::builder().status(status);
    let builder = headers.iter().fold(builder, |it, (name, value)| it.header(*name, *value));
    builder.body(Body(body.to_owned().into())).unwrap()
}
