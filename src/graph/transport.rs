//! One HTTP exchange, and the only hosts that a token may go to.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use reqwest::header::{AUTHORIZATION, HeaderValue};
use reqwest::{Method, Url};
use zeroize::Zeroizing;

use crate::error::{Error, ErrorKind};
use crate::graph::target::Target;

/// A future that any thread may drive.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The largest answer that is read; the service's own are a few hundred bytes.
const LONGEST_ANSWER: usize = 1 << 20;

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

/// A request. Its `Debug` shows neither token nor body.
#[derive(Clone)]
pub struct HttpRequest {
    /// The method.
    pub method: Method,
    /// The absolute address.
    pub url: Url,
    /// Headers, without `Authorization`.
    pub headers: Vec<(&'static str, String)>,
    /// What goes into `Authorization: Bearer`.
    pub token: Option<Token>,
    /// The body; sending it again sends the very same bytes.
    pub body: Bytes,
}

impl fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ({} bytes)", self.method, self.url, self.body.len())
    }
}

/// A whole answer.
#[derive(Clone)]
pub struct HttpResponse {
    /// The status.
    pub status: u16,
    /// Headers, in the order they came.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
}

impl HttpResponse {
    /// The first header of that name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

impl fmt::Debug for HttpResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} bytes)", self.status, self.body.len())
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
        let detail = &self.detail;
        match self.fault {
            TransportFault::NotSent => Error::new(
                ErrorKind::Unreachable,
                format!("{host} cannot be reached: {detail}."),
                "Check name resolution, proxy and firewall between this machine and that host.",
            ),
            TransportFault::Tls => Error::new(
                ErrorKind::TlsFailed,
                format!("{host} shows no certificate that this machine trusts: {detail}."),
                "If a proxy inspects the traffic, add its root certificate to the system's trusted \
                 roots; otherwise somebody else answers for that host.",
            ),
            TransportFault::Timeout => Error::new(
                ErrorKind::ServiceFailed,
                format!("{host} did not answer in time: {detail}."),
                "Try again later; the calls in doubt may have arrived.",
            ),
            TransportFault::Reset | TransportFault::Cut => Error::new(
                ErrorKind::ServiceFailed,
                format!("{host} broke the connection: {detail}."),
                "Try again later; the calls in doubt may have arrived.",
            ),
        }
    }
}

/// Carries one request to its host and brings the answer. Does not retry, redirect or time out.
pub trait Transport: Send + Sync {
    /// Sends the request. Dropping the future abandons the exchange.
    fn send(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse, TransportError>>;
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
            .map_err(|error| {
                Error::new(
                    ErrorKind::TlsFailed,
                    format!("TLS cannot be set up: {}.", root_cause(&error)),
                    "Check that the system's certificate store can be read.",
                )
            })?;
        Ok(ReqwestTransport(client))
    }

    async fn exchange(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        let mut builder = self.0.request(request.method, request.url).body(request.body);
        for (name, value) in request.headers {
            builder = builder.header(name, value);
        }
        if let Some(token) = request.token {
            let text = Zeroizing::new(format!("Bearer {}", token.expose()));
            // A token that is no header value was refused where it came in.
            if let Ok(mut value) = HeaderValue::from_str(&text) {
                value.set_sensitive(true);
                builder = builder.header(AUTHORIZATION, value);
            }
        }
        let mut response = builder.send().await.map_err(|error| sending_failed(&error))?;
        let status = response.status().as_u16();
        let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let headers = response
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), text(value)))
            .collect();
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
        Ok(HttpResponse { status, headers, body: body.freeze() })
    }
}

impl Transport for ReqwestTransport {
    fn send(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse, TransportError>> {
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

/// The base address of Graph for this target: the cloud's own host, or the simulator.
pub(crate) fn graph_base(target: &Target) -> Result<Url, Error> {
    let base = match &target.simulator {
        Some(simulator) => simulator.clone(),
        None => format!("https://{}", target.cloud.graph_host()),
    };
    Url::parse(&base)
        .map_err(|error| Error::internal(format!("The address {base} is none: {error}.")))
}

/// Where a sign-in request goes: its own address if that is the cloud's login host, or the simulator.
pub(crate) fn login_address(target: &Target, wanted: &Url) -> Result<Url, Error> {
    let own = wanted.scheme() == "https"
        && wanted.host_str() == Some(target.cloud.login_host())
        && wanted.port_or_known_default() == Some(443);
    if !own {
        return Err(host_not_allowed(wanted.host_str().unwrap_or_default()));
    }
    let Some(simulator) = &target.simulator else { return Ok(wanted.clone()) };
    let address = format!("{simulator}{}", wanted.path());
    Url::parse(&address)
        .map_err(|error| Error::internal(format!("The address {address} is none: {error}.")))
}

/// The refusal to let a credential go to `host`.
pub(crate) fn host_not_allowed(host: &str) -> Error {
    Error::new(
        ErrorKind::HostNotAllowed,
        format!("Credentials would have gone to {host:?}, which is not the cloud's own host."),
        "Check the setting cloud; if a proxy redirects the traffic, exempt the cloud's hosts from it.",
    )
}
