//! The login host: client credentials in, a token out (OAuth 2.0, RFC 6749 section 4.4).

use std::collections::HashMap;
use std::time::Duration;

use bytes::Bytes;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE};
use hyper::{Method, Response};
use serde_json::{Value, json};

use super::arrival::Arrival;
use super::reply::{Refusal, json_response, set};
use super::routing::pairs;
use super::settings::{AppSettings, Settings};
use crate::time::{Random, Timestamp};

/// The tokens that were issued.
#[derive(Debug, Default)]
pub(super) struct Tokens(HashMap<String, Token>);

#[derive(Debug)]
struct Token {
    expires: Timestamp,
    roles: Vec<String>,
}

/// What a caller is allowed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Caller<'a>(&'a [String]);

impl Caller<'_> {
    fn has(&self, role: &str) -> bool {
        self.0.iter().any(|held| held == role)
    }

    pub(super) fn needs_any(&self, roles: &[&str]) -> Result<(), Refusal> {
        if roles.iter().any(|role| self.has(role)) { Ok(()) } else { Err(forbidden()) }
    }

    pub(super) fn needs_all(&self, roles: &[String]) -> Result<(), Refusal> {
        if roles.iter().all(|role| self.has(role)) { Ok(()) } else { Err(forbidden()) }
    }
}

fn forbidden() -> Refusal {
    let message = "Insufficient privileges to complete the operation.";
    Refusal::new(403, "forbidden", "Authorization_RequestDenied", message)
}

impl Tokens {
    /// A new token for `app`: shaped like a JWT (RFC 7519), signed by nobody.
    pub(super) fn issue(
        &mut self,
        app: &AppSettings,
        settings: &Settings,
        now: Timestamp,
        random: &Random,
    ) -> String {
        let expires = now.after(Duration::from_secs(settings.token_lifetime_seconds));
        let (seconds, until) = (now.0 / 1_000_000, expires.0 / 1_000_000);
        let header = json!({"typ": "JWT", "alg": "none"});
        let claims = json!({
            "aud": "https://graph.microsoft.com",
            "iss": format!("https://sts.windows.net/{}/", settings.tenant_id),
            "iat": seconds, "nbf": seconds, "exp": until,
            "appid": app.client_id, "tid": settings.tenant_id, "roles": app.roles,
            "uti": random.uuid(),
        });
        let parts = [header.to_string(), claims.to_string(), random.uuid()];
        let token = parts.map(|part| base64url(part.as_bytes())).join(".");
        self.0.insert(token.clone(), Token { expires, roles: app.roles.clone() });
        token
    }

    /// Ends the life of every token issued so far.
    pub(super) fn expire_all(&mut self) {
        for token in self.0.values_mut() {
            token.expires = Timestamp(0);
        }
    }

    /// Who calls; 401 unless a living token says so.
    pub(super) fn caller(&self, arrival: &Arrival<'_>) -> Result<Caller<'_>, Refusal> {
        let refuse = |reason, message: &str| {
            Err(Refusal::new(401, reason, "InvalidAuthenticationToken", message))
        };
        let mut given = arrival.request.headers().get_all(AUTHORIZATION).iter();
        let value = match (given.next(), given.next()) {
            (Some(value), None) => value.to_str().unwrap_or_default(),
            _ => "",
        };
        let Some(token) = value.strip_prefix("Bearer ").filter(|token| !token.is_empty()) else {
            return refuse("tokenMissing", "Access token is empty.");
        };
        match self.0.get(token) {
            None => refuse("tokenUnknown", "Access token validation failure: not issued here."),
            Some(token) if token.expires <= arrival.now => refuse(
                "tokenExpired",
                "Access token has expired or is not yet valid: its lifetime is over.",
            ),
            Some(token) => Ok(Caller(&token.roles)),
        }
    }
}

/// Answers `POST /{tenant}/oauth2/v2.0/token`.
pub(super) fn sign_in(
    arrival: &Arrival<'_>,
    tenant: &str,
    tokens: &mut Tokens,
    settings: &Settings,
    random: &Random,
) -> Result<Response<Bytes>, Refusal> {
    let refuse = |status, error, code, message: &str| {
        Err(login_error(arrival, status, error, code, message, random))
    };
    if arrival.request.method() != Method::POST {
        return refuse(400, "invalid_request", 900_561, "The endpoint only accepts POST requests.");
    }
    if !settings.is_tenant(tenant) {
        return Err(unknown_tenant(arrival, tenant, "invalid_request", random));
    }
    let content_type = arrival.request.headers().get(CONTENT_TYPE).and_then(|t| t.to_str().ok());
    let bare = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    let body = std::str::from_utf8(arrival.request.body()).ok();
    let form = if bare.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        body.and_then(pairs).unwrap_or_default()
    } else {
        Vec::new()
    };
    let field = |name: &str| {
        let mut values = form.iter().filter(|(key, _)| key == name).map(|(_, value)| value);
        // A parameter that is given twice is as bad as one that is not given, RFC 6749 section 3.2.
        match (values.next(), values.next()) {
            (Some(value), None) if !value.is_empty() => Some(value.as_str()),
            _ => None,
        }
    };
    for name in ["grant_type", "client_id", "scope"] {
        if field(name).is_none() {
            let message =
                format!("The request body must contain the following parameter: '{name}'.");
            return refuse(400, "invalid_request", 900_144, &message);
        }
    }
    if field("grant_type") != Some("client_credentials") {
        let message = "The simulator knows the client credentials grant alone.";
        return refuse(400, "unsupported_grant_type", 70_003, message);
    }
    let client_id = field("client_id").unwrap_or_default();
    let Some(app) = settings.apps.iter().find(|app| app.client_id.eq_ignore_ascii_case(client_id))
    else {
        let message =
            format!("Application with identifier '{client_id}' was not found in the directory.");
        return refuse(400, "unauthorized_client", 700_016, &message);
    };
    match (field("client_secret"), field("client_assertion")) {
        (Some(secret), _) if secret == app.client_secret => {}
        (Some(_), _) => {
            let message = "Invalid client secret provided. Ensure the secret being sent is the \
                           client secret value, not the client secret ID.";
            return refuse(401, "invalid_client", 7_000_215, message);
        }
        (None, Some(_)) => {
            let message = "The simulator holds no certificate to check the assertion against.";
            return refuse(401, "invalid_client", 700_027, message);
        }
        (None, None) => {
            let message = "The request body must contain 'client_assertion' or 'client_secret'.";
            return refuse(401, "invalid_client", 7_000_218, message);
        }
    }
    let scope = field("scope").unwrap_or_default();
    let resource = scope.strip_suffix("/.default").unwrap_or_default();
    if resource.is_empty() || resource.contains(' ') {
        let message = "The provided value for the input parameter 'scope' is not valid: one \
                       resource, followed by /.default.";
        return refuse(400, "invalid_scope", 70_011, message);
    }
    let token = tokens.issue(app, settings, arrival.now, random);
    let lifetime = settings.token_lifetime_seconds;
    let body = json!({
        "token_type": "Bearer",
        "expires_in": lifetime,
        "ext_expires_in": lifetime,
        "access_token": token,
    });
    let mut response = json_response(200, &body);
    set(&mut response, "cache-control", "no-store");
    Ok(response)
}

fn unknown_tenant(arrival: &Arrival<'_>, tenant: &str, error: &str, random: &Random) -> Refusal {
    let message = format!("Tenant '{tenant}' not found. Check that its id or domain is right.");
    login_error(arrival, 400, error, 90_002, &message, random)
}

fn login_error(
    arrival: &Arrival<'_>,
    status: u16,
    error: &str,
    code: u32,
    message: &str,
    random: &Random,
) -> Refusal {
    let moment = arrival.now.to_string();
    let timestamp = format!("{}Z", moment.get(..19).unwrap_or(&moment).replace('T', " "));
    let (trace, correlation) = (random.uuid(), &arrival.client_request_id);
    let description = format!(
        "AADSTS{code}: {message}\r\nTrace ID: {trace}\r\nCorrelation ID: {correlation}\r\n\
         Timestamp: {timestamp}"
    );
    let body = json!({
        "error": error,
        "error_description": description,
        "error_codes": [code],
        "timestamp": timestamp,
        "trace_id": trace,
        "correlation_id": correlation,
    });
    Refusal::login(status, format!("AADSTS{code}"), body)
}

/// Answers `GET /{tenant}/v2.0/.well-known/openid-configuration` (OpenID Connect Discovery 1.0): with
/// the tenant's id in every address, whichever of its names was asked for.
pub(super) fn open_id(
    arrival: &Arrival<'_>,
    tenant: &str,
    settings: &Settings,
    random: &Random,
) -> Result<Value, Refusal> {
    if !settings.is_tenant(tenant) {
        // The service has this word here and another one at its token endpoint.
        return Err(unknown_tenant(arrival, tenant, "invalid_tenant", random));
    }
    let (base, tenant) = (arrival.base(), &settings.tenant_id);
    Ok(json!({
        "issuer": format!("{base}/{tenant}/v2.0"),
        "token_endpoint": format!("{base}/{tenant}/oauth2/v2.0/token"),
        "authorization_endpoint": format!("{base}/{tenant}/oauth2/v2.0/authorize"),
        "jwks_uri": format!("{base}/{tenant}/discovery/v2.0/keys"),
        "token_endpoint_auth_methods_supported": ["client_secret_post"],
        "response_types_supported": ["token"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "msgraph_host": base.trim_start_matches("http://"),
    }))
}

/// Answers `GET /common/discovery/instance`, which asks whether a login host is to be trusted.
pub(super) fn instance(base: &str, tenant: &str) -> Value {
    json!({
        "tenant_discovery_endpoint": format!("{base}/{tenant}/v2.0/.well-known/openid-configuration"),
        "api-version": "1.1",
        "metadata": [],
    })
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// RFC 4648 section 5, without padding.
pub(super) fn base64url(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..=chunk.len() {
            let sextet = (bits >> (18 - 6 * digit)) & 63;
            text.push(char::from(ALPHABET[sextet as usize]));
        }
    }
    text
}

/// What [`base64url`] wrote.
pub(super) fn read_base64url(text: &str) -> Option<Vec<u8>> {
    let (mut bits, mut held, mut bytes) = (0_u32, 0, Vec::with_capacity(text.len()));
    for digit in text.bytes() {
        let sextet = ALPHABET.iter().position(|known| *known == digit)?;
        bits = (bits << 6 | u32::try_from(sextet).ok()?) & 0xffff;
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from(bits >> held & 0xff).ok()?);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    #[test]
    fn base64url_is_that_of_rfc_4648() {
        for (plain, coded) in
            [("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("fooba", "Zm9vYmE")]
        {
            assert_eq!(super::base64url(plain.as_bytes()), coded);
            assert_eq!(super::read_base64url(coded), Some(plain.as_bytes().to_vec()));
        }
        assert_eq!(super::base64url(&[0xfb, 0xff]), "-_8");
    }
}
