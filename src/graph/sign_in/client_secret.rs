//! Sign-in with a client secret (OAuth 2.0 client credentials, RFC 6749 section 4.4).

use std::sync::Arc;

use azure_core::credentials::{Secret, TokenCredential};
use azure_core::http::ClientOptions;
use azure_identity::{ClientSecretCredential, ClientSecretCredentialOptions};
use zeroize::Zeroizing;

use super::super::sentences;
use super::super::target::Target;
use super::secret::secret_text;
use super::wire::Kind;
use crate::error::Error;

/// An application of a tenant, and its secret.
pub(super) struct ClientSecret {
    tenant_id: String,
    client_id: String,
    secret: Zeroizing<String>,
}

impl ClientSecret {
    pub(super) fn new(target: &Target, secret: &[u8]) -> Result<Self, Error> {
        let secret = secret_text("client secret", secret)?;
        match (target.tenant_id.clone(), target.client_id.clone()) {
            (Some(tenant_id), Some(client_id)) => Ok(ClientSecret { tenant_id, client_id, secret }),
            _ => Err(sentences::client_secret_needs_ids()),
        }
    }
}

impl Kind for ClientSecret {
    fn credential(
        &self,
        client_options: ClientOptions,
    ) -> azure_core::Result<Arc<dyn TokenCredential>> {
        let secret = Secret::new(self.secret.as_str().to_owned());
        let options = ClientSecretCredentialOptions { client_options };
        let client_id = self.client_id.clone();
        Ok(ClientSecretCredential::new(&self.tenant_id, client_id, secret, Some(options))?)
    }
}
