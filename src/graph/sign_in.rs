//! Where the token comes from: the host, or a client secret through the Azure Identity library.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use azure_core::cloud::CustomConfiguration;
use azure_core::credentials::{Secret, TokenCredential};
use azure_core::error::ErrorKind as AzureErrorKind;
use azure_core::http::headers::Headers;
use azure_core::http::{
    AsyncRawResponse, Body, ClientOptions, HttpClient, Request, RetryOptions, StatusCode,
    Transport as AzureTransport,
};
use azure_core::time::OffsetDateTime;
use azure_identity::{ClientSecretCredential, ClientSecretCredentialOptions};
use reqwest::Method;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::transport::{
    BoxFuture, HttpRequest, HttpResponse, Token, Transport, TransportError, TransportFault,
    host_not_allowed, login_address,
};
use crate::error::{Error, ErrorKind};
use crate::graph::target::Target;
use crate::time::{Clock, Timestamp};

/// A token is replaced this long before it expires, or a fifth of its life if that is shorter.
const EARLY: Duration = Duration::from_secs(300);
/// How long one request for a token may take.
const LONGEST_REQUEST: Duration = Duration::from_secs(60);

/// A failed sign-in; a transient one is worth another try.
#[derive(Debug, Clone)]
pub(crate) struct SignInFailure {
    pub(crate) error: Error,
    pub(crate) transient: bool,
}

impl From<Error> for SignInFailure {
    fn from(error: Error) -> Self {
        SignInFailure { error, transient: false }
    }
}

/// The client's tokens and secrets. One request for a token at a time; its answer serves all runs.
pub(crate) struct SignIn {
    target: Target,
    clock: Arc<dyn Clock>,
    transport: Arc<dyn Transport>,
    kept: Mutex<Kept>,
    asking: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Kept {
    client_secret: Option<Zeroizing<String>>,
    token: Option<KeptToken>,
    /// Whether a token of the host was here and is gone: it expired or was rejected.
    handed_in_before: bool,
}

struct KeptToken {
    token: Token,
    /// When it is not used any more; `None`: until the service rejects it.
    until: Option<Timestamp>,
}

impl SignIn {
    pub(crate) fn new(
        target: &Target,
        clock: Arc<dyn Clock>,
        transport: Arc<dyn Transport>,
    ) -> Self {
        SignIn {
            target: target.clone(),
            clock,
            transport,
            kept: Mutex::default(),
            asking: tokio::sync::Mutex::default(),
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set_client_secret(&self, secret: &[u8]) -> Result<(), Error> {
        let secret = secret_text("client secret", secret)?;
        if self.target.tenant_id.is_none() || self.target.client_id.is_none() {
            return Err(Error::new(
                ErrorKind::ConfigInvalid,
                "Sign-in with a client secret needs tenantId and clientId; the configuration lacks one.",
                "Add both to the client configuration.",
            ));
        }
        let mut kept = self.kept();
        kept.client_secret = Some(secret);
        kept.token = None;
        Ok(())
    }

    /// Takes a token that the host got itself. Without `expires_in` it is used until it is rejected.
    pub(crate) fn set_token(
        &self,
        token: &[u8],
        expires_in: Option<Duration>,
    ) -> Result<(), Error> {
        let mut text = secret_text("access token", token)?;
        let token = Token::new(std::mem::take(&mut *text));
        let until = expires_in.map(|life| self.clock.now().after(life));
        let mut kept = self.kept();
        kept.token = Some(KeptToken { token, until });
        kept.handed_in_before = true;
        Ok(())
    }

    fn current(&self) -> Option<Token> {
        let now = self.clock.now();
        let kept = self.kept();
        let good = kept.token.as_ref().filter(|kept| kept.until.is_none_or(|until| now < until));
        good.map(|kept| kept.token.clone())
    }

    /// Forgets a token that the service rejected. True if another one can be had.
    pub(crate) fn reject(&self, token: &Token) -> bool {
        let mut kept = self.kept();
        if kept.token.as_ref().is_some_and(|kept| kept.token.is(token)) {
            kept.token = None;
        }
        kept.token.is_some() || kept.client_secret.is_some()
    }

    /// A token that should still be good, asked for if there is none.
    pub(crate) async fn token(&self) -> Result<Token, SignInFailure> {
        if let Some(token) = self.current() {
            return Ok(token);
        }
        let _turn = self.asking.lock().await;
        if let Some(token) = self.current() {
            return Ok(token);
        }
        let Some(secret) = self.kept().client_secret.clone() else {
            return Err(self.no_token().into());
        };
        let (token, life) = self.ask(&secret).await?;
        let until = Some(self.clock.now().after(life - EARLY.min(life / 5)));
        self.kept().token = Some(KeptToken { token: token.clone(), until });
        Ok(token)
    }

    fn no_token(&self) -> Error {
        if self.kept().handed_in_before {
            Error::new(
                ErrorKind::TokenRequired,
                "The access token that was handed in has expired, and there is no client secret.",
                "Get a fresh token and hand it in, then start the run again.",
            )
        } else {
            Error::new(
                ErrorKind::TokenRequired,
                "There is no way to sign in: neither an access token nor a client secret was handed in.",
                "Set the secret accessToken or clientSecret before the run starts.",
            )
        }
    }

    /// One request for a token (OAuth 2.0 client credentials, RFC 6749 section 4.4). The library's
    /// own cache is not used: it reads the machine's clock.
    async fn ask(&self, secret: &str) -> Result<(Token, Duration), SignInFailure> {
        let http = Arc::new(LoginHttp {
            target: self.target.clone(),
            clock: Arc::clone(&self.clock),
            transport: Arc::clone(&self.transport),
            failure: Mutex::default(),
        });
        let mut cloud = CustomConfiguration::default();
        cloud.authority_host = format!("https://{}", self.target.cloud.login_host());
        let client_options = ClientOptions {
            transport: Some(AzureTransport::new(Arc::clone(&http) as Arc<dyn HttpClient>)),
            retry: RetryOptions::none(),
            cloud: Some(Arc::new(cloud.into())),
            ..ClientOptions::default()
        };
        let credential = ClientSecretCredential::new(
            self.target.tenant_id.as_deref().unwrap_or_default(),
            self.target.client_id.clone().unwrap_or_default(),
            Secret::new(secret.to_owned()),
            Some(ClientSecretCredentialOptions { client_options }),
        )
        .map_err(|error| {
            let advice = "Check tenantId and clientId in the configuration.";
            Error::new(ErrorKind::ConfigInvalid, format!("Sign-in cannot start: {error}."), advice)
        })?;
        let scope = format!("https://{}/.default", self.target.cloud.graph_host());
        match credential.get_token(&[&scope], None).await {
            Ok(given) => {
                let life = given.expires_on - OffsetDateTime::now_utc();
                let life = Duration::try_from(life).unwrap_or_default();
                // Its clock is the machine's; whole seconds are what the service said.
                let life = Duration::from_secs(life.as_secs_f64().ceil() as u64);
                Ok((Token::new(given.token.secret().to_owned()), life))
            }
            Err(error) => Err(http.take_failure().unwrap_or_else(|| {
                let message = format!("The answer to the sign-in is not a token: {error}.");
                Error::new(ErrorKind::SignInFailed, message, "Try again; if it stays, report it.")
                    .into()
            })),
        }
    }
}

/// A secret as text: not empty, no line break, nothing that is no header value.
fn secret_text(what: &str, secret: &[u8]) -> Result<Zeroizing<String>, Error> {
    let text = std::str::from_utf8(secret).map_err(|_| {
        let advice = "Hand it in as UTF-8 text.";
        Error::new(ErrorKind::InvalidUtf8, format!("The {what} is not UTF-8."), advice)
    })?;
    if text.is_empty()
        || !text.bytes().all(|byte| (b' '..=b'~').contains(&byte))
        || text.trim() != text
    {
        return Err(Error::new(
            ErrorKind::InvalidArgument,
            format!(
                "The {what} is empty, or it holds spaces at its ends, a line break or another sign \
                     that none has."
            ),
            "Hand in exactly the secret; where it comes from a file, without the file's last line break.",
        ));
    }
    Ok(Zeroizing::new(text.to_owned()))
}

/// Lends our own transport to the Azure Identity library, so that there is one place for TLS, proxy
/// and allowed hosts, and keeps the failure as it was before that library wrapped it.
struct LoginHttp {
    target: Target,
    clock: Arc<dyn Clock>,
    transport: Arc<dyn Transport>,
    failure: Mutex<Option<SignInFailure>>,
}

impl fmt::Debug for LoginHttp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LoginHttp")
    }
}

impl LoginHttp {
    fn take_failure(&self) -> Option<SignInFailure> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    async fn exchange(&self, request: &Request) -> Result<HttpResponse, SignInFailure> {
        let url = login_address(&self.target, request.url())?;
        let host = url.host_str().unwrap_or_default().to_owned();
        let Body::Bytes(body) = request.body() else {
            return Err(Error::internal("A sign-in request has a body of unknown size.").into());
        };
        let request = HttpRequest {
            method: Method::POST,
            url,
            headers: vec![
                ("Content-Type", "application/x-www-form-urlencoded".to_owned()),
                ("Accept", "application/json".to_owned()),
            ],
            token: None,
            body: body.clone(),
        };
        let answer = tokio::select! {
            answer = self.transport.send(request) => answer,
            () = self.clock.sleep_until(self.clock.now().after(LONGEST_REQUEST)) => {
                let detail = format!("no token after {} s", LONGEST_REQUEST.as_secs());
                Err(TransportError { fault: TransportFault::Timeout, detail })
            }
        };
        let answer = answer.map_err(|error| SignInFailure {
            error: error.describe(&host),
            transient: error.fault != TransportFault::Tls,
        })?;
        match answer.status {
            200 => Ok(answer),
            300..400 => {
                let to = answer.header("location").and_then(|to| reqwest::Url::parse(to).ok());
                let to = to.and_then(|to| to.host_str().map(str::to_owned)).unwrap_or_default();
                Err(host_not_allowed(&to).into())
            }
            status => Err(SignInFailure {
                error: refused(&self.target, &answer),
                transient: status == 429 || status >= 500,
            }),
        }
    }
}

impl HttpClient for LoginHttp {
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
                    let status = StatusCode::from(answer.status);
                    Ok(AsyncRawResponse::from_bytes(status, Headers::new(), answer.body))
                }
                Err(failure) => {
                    *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(failure);
                    Err(azure_core::Error::with_message(
                        AzureErrorKind::Credential,
                        "sign-in failed",
                    ))
                }
            }
        })
    }
}

/// A refusal of the token endpoint ("Microsoft Entra authentication and authorization error codes").
fn refused(target: &Target, answer: &HttpResponse) -> Error {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Refused {
        error: String,
        error_description: String,
        error_codes: Vec<u64>,
        trace_id: Option<String>,
    }
    let said: Refused = serde_json::from_slice(&answer.body).unwrap_or_default();
    let code = said.error_codes.first().copied().or_else(|| code_in(&said.error_description));
    let app = target.client_id.as_deref().unwrap_or_default();
    let tenant = target.tenant_id.as_deref().unwrap_or_default();
    let (message, advice) = match code {
        Some(7_000_215) => (
            "The client secret is wrong.".to_owned(),
            "Hand in the secret's value; its ID, shown beside it in the portal, is not the secret.",
        ),
        Some(7_000_222) => (
            format!("The client secret of the application {app} has expired."),
            "Make a new one under Certificates & secrets of the app registration.",
        ),
        Some(700_016) => (
            format!("The tenant {tenant} knows no application {app}."),
            "Check clientId (the application id, not an object id) and tenantId; in another tenant the \
             application needs consent first.",
        ),
        Some(90_002) => (
            format!("There is no tenant {tenant}."),
            "Check tenantId, and that cloud names the cloud this tenant lives in.",
        ),
        Some(900_023) => (
            format!("{tenant:?} is not a tenant's id or domain name."),
            "Write tenantId as it stands on the tenant's overview page.",
        ),
        Some(70_011 | 1_002_012) => (
            "The scope that was asked for is not valid for this application.".to_owned(),
            "Check that cloud names the cloud this tenant lives in.",
        ),
        Some(7_000_112) => (
            format!("The application {app} is disabled in this tenant."),
            "Enable the enterprise application, or sign in as another one.",
        ),
        Some(53_003) => (
            "A Conditional Access policy blocks this sign-in.".to_owned(),
            "Ask for this application to be excluded, or sign in from a permitted network.",
        ),
        _ => (
            format!(
                "Microsoft Entra gave no token (HTTP {}{}{}).",
                answer.status,
                if said.error.is_empty() { "" } else { ", " },
                said.error
            ),
            "Look the service code up in Microsoft's list of sign-in error codes.",
        ),
    };
    let mut error = Error::new(ErrorKind::SignInFailed, message, advice);
    error.http_status = Some(answer.status);
    error.service_code = code.map(|code| format!("AADSTS{code}"));
    error.request_id = said.trace_id;
    error
}

/// The number of the first `AADSTS…` in a description.
fn code_in(description: &str) -> Option<u64> {
    let (_, after) = description.split_once("AADSTS")?;
    let digits = after.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::ClientConfig;

    fn target() -> Target {
        let json = br#"{"version":1,"servicePrincipalId":"s","jobId":"j","tenantId":"t0","clientId":"c0"}"#;
        ClientConfig::parse(json).unwrap().target
    }

    fn refusal(body: &str) -> Error {
        let body = bytes::Bytes::copy_from_slice(body.as_bytes());
        refused(&target(), &HttpResponse { status: 401, headers: Vec::new(), body })
    }

    #[test]
    fn known_codes_become_sentences_with_one_next_step() {
        for (code, said, next) in [
            (7_000_215, "secret is wrong", "value"),
            (7_000_222, "c0 has expired", "new one"),
            (700_016, "t0 knows no application c0", "clientId"),
            (90_002, "no tenant t0", "tenantId"),
            (900_023, "\"t0\" is not", "tenantId"),
            (70_011, "scope", "cloud"),
            (7_000_112, "disabled", "Enable"),
            (53_003, "Conditional Access", "excluded"),
        ] {
            let by_number = format!(r#"{{"error":"x","error_codes":[{code}],"trace_id":"tr"}}"#);
            let by_text = format!(r#"{{"error_description":"AADSTS{code}: words. Trace"}}"#);
            for body in [by_number, by_text] {
                let error = refusal(&body);
                assert_eq!(error.kind, ErrorKind::SignInFailed);
                assert_eq!(error.service_code, Some(format!("AADSTS{code}")));
                assert!(error.message.contains(said), "{error}");
                assert!(error.advice.contains(next), "{error}");
            }
        }
    }

    #[test]
    fn an_unknown_refusal_names_what_there_is() {
        assert!(refusal(r#"{"error":"temporarily_unavailable"}"#).message.contains("temporarily"));
        for odd in ["", "<html>", "[]", r#"{"error":1}"#, r#"{"error_description":"AADSTS"}"#] {
            let error = refusal(odd);
            assert!(error.message.contains("HTTP 401"), "{error}");
            assert_eq!(error.service_code, None);
        }
    }

    #[test]
    fn a_secret_goes_to_the_clouds_login_host_or_to_the_simulator_only() {
        let url = |text: &str| reqwest::Url::parse(text).unwrap();
        let mut target = target();
        let own = url("https://login.microsoftonline.com/t0/oauth2/v2.0/token");
        assert_eq!(login_address(&target, &own).unwrap(), own);
        for foreign in [
            "http://login.microsoftonline.com/t0/oauth2/v2.0/token",
            "https://login.microsoftonline.com:8443/t0",
            "https://login.microsoftonline.us/t0",
            "https://login.microsoftonline.com.evil.example/t0",
            "https://evil.example/?https://login.microsoftonline.com/",
        ] {
            let error = login_address(&target, &url(foreign)).unwrap_err();
            assert_eq!(error.kind, ErrorKind::HostNotAllowed, "{foreign}");
        }
        target.simulator = Some("http://127.0.0.1:9".to_owned());
        let routed = login_address(&target, &own).unwrap();
        assert_eq!(routed.as_str(), "http://127.0.0.1:9/t0/oauth2/v2.0/token");
    }
}
