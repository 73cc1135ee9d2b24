//! One call to Microsoft Graph, or to its login host, as every endpoint makes it.

use std::sync::Arc;

use http::StatusCode;
use http::header::{AUTHORIZATION, HeaderValue};
use http::uri::{InvalidUri, Uri};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use super::address::Host;
use super::answer::{Failure, Judgement, Refusal, document};
use super::limits::RetryPolicy;
use super::patience::{Next, Patience};
use super::sentences;
use super::sign_in::SignIn;
use super::target::Target;
use super::transport::{HttpRequest, HttpResponse, Token, Transport, send_within};
use crate::error::Error;
use crate::time::{Clock, Random};

/// What an endpoint says of an answer other than the one it hoped for.
pub type Describe = Arc<dyn Fn(&Refusal, &Target) -> Error + Send + Sync>;

/// What is asked. The same for every try, and for every page of a list.
#[derive(Clone)]
pub struct Ask {
    /// Who is asked.
    pub host: Host,
    /// The request, without a token and an id of its own.
    pub request: HttpRequest,
    /// The status of the answer hoped for.
    pub done: StatusCode,
    /// What to say of any other.
    pub describe: Describe,
}

/// A try, ready to leave.
pub(crate) struct Ready {
    request: HttpRequest,
    token: Option<Token>,
    done: StatusCode,
    describe: Describe,
}

/// The way to Microsoft Graph for one target: its hosts, its token, its persistence. Any thread may call.
pub struct Graph {
    pub(crate) sign_in: SignIn,
    target: Target,
    policy: RetryPolicy,
    clock: Arc<dyn Clock>,
    random: Arc<Random>,
    transport: Arc<dyn Transport>,
}

impl Graph {
    /// The way to `target`, as persistent as `policy` says. Opens no connection.
    pub fn new(
        target: Target,
        policy: RetryPolicy,
        clock: Arc<dyn Clock>,
        random: Arc<Random>,
        transport: Arc<dyn Transport>,
    ) -> Graph {
        let sign_in = SignIn::new(&target, Arc::clone(&clock), Arc::clone(&transport));
        Graph { sign_in, target, policy, clock, random, transport }
    }

    /// The target.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// All that comes before the first byte of a try: the host is one of ours, and a token is there if
    /// that host wants one.
    pub(crate) async fn ready(&self, ask: &Ask, client_request_id: &str) -> Result<Ready, Failure> {
        ask.host.admit(&self.target, ask.request.uri())?;
        let mut request = ask.request.clone();
        let id = HeaderValue::try_from(client_request_id);
        let id = id.map_err(|error| Error::internal(sentences::not_a_request(error)))?;
        request.headers_mut().insert("client-request-id", id);
        let token = match ask.host {
            Host::Graph => Some(self.sign_in.token().await?),
            Host::Login => None,
        };
        if let Some(token) = &token {
            request.headers_mut().insert(AUTHORIZATION, bearer(token)?);
        }
        let describe = Arc::clone(&ask.describe);
        Ok(Ready { request, token, done: ask.done, describe })
    }

    /// The exchange of a try, within the time that one may take. A token that is not accepted is not used
    /// again; the failure says `Renew` only if another one can be had.
    pub(crate) async fn exchange(&self, ready: Ready) -> Result<HttpResponse, Failure> {
        let Ready { request, token, done, describe } = ready;
        let host = request.uri().authority().map(ToString::to_string).unwrap_or_default();
        let limit = self.policy.request_timeout;
        let response = match send_within(&*self.transport, &*self.clock, limit, request).await {
            Ok(response) => response,
            Err(error) => {
                tracing::debug!(fault = ?error.fault, detail = %error.detail, "not answered");
                return Err(Failure::unanswered(&error, &host));
            }
        };
        tracing::debug!(status = response.status().as_u16(), "answered");
        if response.status() == done {
            return Ok(response);
        }
        let refusal = Refusal::read(&response, self.clock.now());
        let mut failure = Failure::refused(&refusal, describe(&refusal, &self.target));
        if failure.judgement == Judgement::Renew
            && !token.is_some_and(|token| self.sign_in.reject(&token, &failure.error))
        {
            failure.judgement = Judgement::Stop;
        }
        Err(failure)
    }

    /// Calls, and calls again as long as the policy allows it: at once with a new token after a 401, when the
    /// service said after a 429 or 503, after a pause when the call failed. What may have been done
    /// already is repeated only if doing it twice is doing it once. May be dropped at any time.
    ///
    /// # Errors
    /// What `ask` says of the last answer; `Unreachable`, `TlsFailed`, `ServiceFailed` without one;
    /// `HostNotAllowed` if it leads elsewhere; `TokenRequired`, `SignInFailed`.
    pub async fn call(&self, ask: &Ask) -> Result<HttpResponse, Error> {
        let mut patience = Patience::default();
        loop {
            patience.begin(self.clock.now());
            let Failure { judgement, reach, mut error } = match self.once(ask).await {
                Ok(response) => return Ok(response),
                Err(failure) => failure,
            };
            let repeatable = !reach.leaves_doubt() || ask.request.method().is_idempotent();
            let judgement = if repeatable { judgement } else { Judgement::Stop };
            match patience.next(judgement, &self.policy, self.clock.now(), self.random.bits()) {
                Next::Again(until) => {
                    tracing::info!(until = %until, %error, "a call is repeated");
                    self.clock.sleep_until(until).await;
                }
                Next::Nothing => return Err(error),
                Next::Exhausted(limit) => {
                    error.message = format!("{} {limit}", error.message);
                    return Err(error);
                }
            }
        }
    }

    async fn once(&self, ask: &Ask) -> Result<HttpResponse, Failure> {
        let ready = self.ready(ask, &self.random.uuid()).await?;
        self.exchange(ready).await
    }

    /// The list that `ask` asks for, page by page.
    pub fn pages(&self, ask: Ask) -> Pages<'_> {
        Pages { graph: self, next: Some(ask) }
    }
}

/// A list, which the service gives in pages ("Paging Microsoft Graph data in your app").
pub struct Pages<'a> {
    graph: &'a Graph,
    next: Option<Ask>,
}

/// One page.
#[derive(Deserialize)]
struct Page<T> {
    value: Vec<T>,
    #[serde(rename = "@odata.nextLink")]
    next: Option<String>,
}

impl Pages<'_> {
    /// The entries of the next page, which may be none; `None` after the last page. After an error the
    /// same page may be asked for again.
    ///
    /// # Errors
    /// As [`Graph::call`], `HostNotAllowed` also if the service names a page of another host;
    /// `ServiceFailed` if the answer is not a page.
    pub async fn page<T: DeserializeOwned>(&mut self) -> Result<Option<Vec<T>>, Error> {
        let Some(ask) = &mut self.next else { return Ok(None) };
        let page: Page<T> = document(&self.graph.call(ask).await?)?;
        match page.next {
            Some(next) => *ask.request.uri_mut() = next_page(&next)?,
            None => self.next = None,
        }
        Ok(Some(page.value))
    }
}

fn next_page(link: &str) -> Result<Uri, Error> {
    link.parse().map_err(|error: InvalidUri| sentences::unreadable(error))
}

/// The header that shows a token (RFC 6750 section 2.1).
fn bearer(token: &Token) -> Result<HeaderValue, Error> {
    let text = Zeroizing::new(format!("Bearer {}", token.expose()));
    let mut value = HeaderValue::from_str(&text)
        .map_err(|_| sentences::not_a_token(sentences::NO_HEADER_VALUE))?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests;
