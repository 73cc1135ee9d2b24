//! Lends our own transport to the Azure Identity library, so that there is one place for TLS, proxy and
//! allowed hosts.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use azure_core::cloud::CustomConfiguration;
use azure_core::credentials::TokenCredential;
use azure_core::error::ErrorKind;
use azure_core::http::headers::{Headers, USER_AGENT};
use azure_core::http::{
    AsyncRawResponse, Body, ClientOptions, HttpClient, Request, RetryOptions, StatusCode, Transport,
};
use serde_json::Value;

use super::super::address;
use super::super::answer::{Failure, Refusal, document};
use super::super::sentences;
use super::super::target::Target;
use super::super::transport::{self, BoxFuture, HttpResponse, Token, send_within};
use super::refusal;
use crate::error::Error;
use crate::time::Clock;

/// How long one request for a token may take.
const LONGEST_REQUEST: Duration = Duration::from_secs(60);

/// A kind of sign-in.
pub(super) trait Kind: Send + Sync {
    /// The library's credential, for one token: its own cache reads the machine's clock. What it sends
    /// goes through `options`.
    fn credential(&self, options: ClientOptions) -> azure_core::Result<Arc<dyn TokenCredential>>;
}

/// The way of one request for a token, and what was met there before the library put it in its own words.
pub(super) struct Wire {
    target: Target,
    clock: Arc<dyn Clock>,
    transport: Arc<dyn transport::Transport>,
    met: Mutex<Met>,
}

#[derive(Default)]
struct Met {
    failure: Option<Failure>,
    /// How long the token lives, as the service said: the library adds it to the machine's time.
    life: Duration,
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wire")
    }
}

impl Wire {
    pub(super) fn new(
        target: &Target,
        clock: Arc<dyn Clock>,
        transport: Arc<dyn transport::Transport>,
    ) -> Arc<Self> {
        Arc::new(Wire { target: target.clone(), clock, transport, met: Mutex::default() })
    }

    fn met(&self) -> MutexGuard<'_, Met> {
        self.met.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A token for Microsoft Graph, and how long it lives.
    pub(super) async fn token(
        self: Arc<Self>,
        kind: &dyn Kind,
    ) -> Result<(Token, Duration), Failure> {
        let mut cloud = CustomConfiguration::default();
        cloud.authority_host = format!("https://{}", self.target.cloud.login_host());
        let options = ClientOptions {
            transport: Some(Transport::new(Arc::clone(&self) as Arc<dyn HttpClient>)),
            retry: RetryOptions::none(),
            cloud: Some(Arc::new(cloud.into())),
            ..ClientOptions::default()
        };
        let credential = kind.credential(options).map_err(sentences::cannot_sign_in)?;
        let scope = format!("https://{}/.default", self.target.cloud.graph_host());
        let given = credential.get_token(&[&scope], None).await;
        let Met { failure, life } = std::mem::take(&mut *self.met());
        match given {
            Ok(given) => Ok((Token::new(given.token.secret().to_owned()), life)),
            Err(error) => Err(failure.unwrap_or_else(|| sentences::not_a_token(error).into())),
        }
    }

    async fn exchange(&self, request: &Request) -> Result<HttpResponse, Failure> {
        let url = address::of_sign_in(&self.target, request.url())?;
        let host = url.authority().to_owned();
        let Body::Bytes(body) = request.body() else {
            return Err(Error::internal(sentences::SIGN_IN_BODY).into());
        };
        let mut builder =
            http::Request::builder().method(request.method().as_ref()).uri(url.as_str());
        for (name, value) in request.headers().iter().filter(|(name, _)| **name != USER_AGENT) {
            builder = builder.header(name.as_str(), value.as_str());
        }
        let request = builder
            .body(transport::Body(body.clone()))
            .map_err(|error| Error::internal(sentences::not_a_request(error)))?;
        let answer = send_within(&*self.transport, &*self.clock, LONGEST_REQUEST, request).await;
        let answer = answer.map_err(|error| Failure::unanswered(&error, &host))?;
        if answer.status() == http::StatusCode::OK {
            return Ok(answer);
        }
        let refusal = Refusal::read(&answer, self.clock.now());
        Err(Failure::refused(&refusal, refusal::describe(&refusal, &self.target)))
    }
}

/// The lifetime that an answer gives a token, in seconds; some services write the number as text.
fn life_in(answer: &HttpResponse) -> Option<Duration> {
    let answer: Value = document(answer).ok()?;
    let said = &answer["expires_in"];
    let seconds = said.as_u64().or_else(|| said.as_str()?.parse().ok())?;
    Some(Duration::from_secs(seconds))
}

impl HttpClient for Wire {
    fn execute_request<'life0, 'life1, 'async_trait>(
        &'life0 self,
        request: &'life1 Request,
    ) -> BoxFuture<'async_trait, azure_core::Result<AsyncRawResponse>>
    where
        'life0: 'async_trait,
        'life1: 'async_trait,
        Self: 'async_trait,
    {
        Box::pin(async move {
            match self.exchange(request).await {
                Ok(answer) => {
                    self.met().life = life_in(&answer).unwrap_or_default();
                    let status = StatusCode::from(answer.status().as_u16());
                    let body = answer.into_body().0;
                    Ok(AsyncRawResponse::from_bytes(status, Headers::new(), body))
                }
                Err(failure) => {
                    self.met().failure = Some(failure);
                    Err(azure_core::Error::with_message(ErrorKind::Credential, "sign-in failed"))
                }
            }
        })
    }
}
