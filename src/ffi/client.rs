//! The client handle.

use crate::client::Client;

use super::error::entrabulk_error;
use super::guard::status;
use super::pointer::{free, object, output, text};

/// A target to send to, with its secrets and its pace.
///
/// Any number of threads may share it, and runs started from it live on after it is freed.
#[derive(Debug)]
pub struct entrabulk_client(pub(super) Client);

const _: () = {
    const fn shared_by_threads<T: Send + Sync>() {}
    shared_by_threads::<entrabulk_client>();
};

/// Makes a client from the JSON document "Client configuration" of docs/documents.md. Opens no connection.
///
/// The statuses: ENTRABULK_CONFIG_INVALID, with all problems in entrabulk_error_json(); ENTRABULK_TLS_FAILED if
/// the system's certificates cannot be read.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn entrabulk_client_new(
    config: *const u8,
    config_len: usize,
    client: *mut *mut entrabulk_client,
    error: *mut *mut entrabulk_error,
) -> i32 {
    status!(error, {
        let client = output!(client)?;
        let config = text!(config, config_len)?;
        client.give(entrabulk_client(Client::new(config.as_bytes())?));
        Ok(())
    })
}

/// Hands `client` a secret: `clientSecret`, the secret of the app registration, or `accessToken`, a token that
/// the host got itself. The secret is copied and wiped after use; the caller wipes its own copy.
///
/// A second secret of the same name replaces the first. Any thread; runs that are already sending may keep
/// the old one until they need another token.
///
/// The statuses: ENTRABULK_INVALID_ARGUMENT for another name or text that cannot be a secret;
/// ENTRABULK_CONFIG_INVALID for a `clientSecret` where `tenantId` or `clientId` is missing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn entrabulk_client_set_secret(
    client: *const entrabulk_client,
    name: *const u8,
    name_len: usize,
    secret: *const u8,
    secret_len: usize,
    error: *mut *mut entrabulk_error,
) -> i32 {
    status!(error, {
        let client = object!(client)?;
        let name = text!(name, name_len)?;
        let secret = text!(secret, secret_len)?;
        client.0.set_secret(name, secret.as_bytes())
    })
}

/// Frees `client`; its secrets are wiped once no run needs them. NULL is allowed. Never blocks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn entrabulk_client_free(client: *mut entrabulk_client) {
    free!(client)
}
