//! Which tenant it is, by its id.

use std::sync::Arc;

use azure_core::base64;
use http::StatusCode;
use http::header::ACCEPT;
use reqwest::Url;
use serde::Deserialize;
use uuid::Uuid;

use super::address::Host;
use super::answer::document;
use super::call::{Ask, Graph};
use super::sentences;
use super::sign_in::refusal;
use super::transport::Body;
use crate::error::Error;

/// What a tenant's login host says of it (OpenID Connect Discovery 1.0), as far as it is wanted here.
#[derive(Deserialize)]
struct Configuration {
    issuer: String,
    token_endpoint: String,
}

/// The id of the tenant that goes by this name: its id or one of its domains. The login host is asked,
/// which wants no token for it.
///
/// # Errors
/// `SignInFailed` if there is no such tenant, or the name cannot be one; `ServiceFailed` if the answer names
/// no id; else as [`Graph::call`].
pub async fn tenant_id(graph: &Graph, name: &str) -> Result<String, Error> {
    let mut url = Host::Login.root(graph.target())?;
    url.set_path(&format!("/{name}/v2.0/.well-known/openid-configuration"));
    let request = http::Request::get(url.as_str())
        .header(ACCEPT, "application/json")
        .body(Body::default())
        .map_err(|error| Error::internal(sentences::not_a_request(error)))?;
    let asked = name.to_owned();
    let ask = Ask {
        host: Host::Login,
        request,
        done: StatusCode::OK,
        describe: Arc::new(move |refusal, target| {
            refusal::known(refusal, &asked, target).unwrap_or_else(|| refusal.describe())
        }),
    };
    let Configuration { issuer, token_endpoint } = document(&graph.call(&ask).await?)?;
    let ids = [id_in(&issuer), id_in(&token_endpoint)];
    match ids {
        [Some(id), other] | [other @ None, Some(id)] if other.is_none_or(|other| other == id) => {
            Ok(id.to_string())
        }
        _ => Err(sentences::no_tenant_id(name)),
    }
}

/// The tenant's id as an access token claims it (`tid`). Nobody vouches for it: the claim is good for a name,
/// and for no decision about what may be done.
pub fn tenant_of_token(token: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Claims {
        tid: String,
    }
    let claims = base64::decode_url_safe(token.split('.').nth(1)?).ok()?;
    let claims: Claims = serde_json::from_slice(&claims).ok()?;
    id(&claims.tid).map(|id| id.to_string())
}

/// The first part of an address's path that is an id.
fn id_in(address: &str) -> Option<Uuid> {
    Url::parse(address).ok()?.path_segments()?.find_map(id)
}

/// An id as the service writes it, and no other form of a UUID.
fn id(text: &str) -> Option<Uuid> {
    Uuid::try_parse(text).ok().filter(|id| id.to_string().eq_ignore_ascii_case(text))
}
