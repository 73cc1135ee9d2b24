//! The client handle.

use crate::client::Client;

use super::error::entrabulk_error;
use super::guard;
use super::pointer::{self, Output, object, text};

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
    let body = || {
        // SAFETY: by the header's contract.
        let client = unsafe { Output::pointer(client, "client") }?;
        // SAFETY: by the header's contract.
        let config = unsafe { text(config, config_len, "config") }?;
        client.give(entrabulk_client(Client::new(config.as_bytes())?));
        Ok(())
    };
    // SAFETY: by the header's contract.
    unsafe { guard::status(error, body) }
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
    let body = || {
        // SAFETY: by the header's contract.
        let client = unsafe { object(client, "client") }?;
        // SAFETY: by the header's contract.
        let name = unsafe { text(name, name_len, "name") }?;
        // SAFETY: by the header's contract.
        let secret = unsafe { text(secret, secret_len, "secret") }?;
        client.0.set_secret(name, secret.as_bytes())
    };
    // SAFETY: by the header's contract.
    unsafe { guard::status(error, body) }
}

/// Frees `client`; its secrets are wiped once no run needs them. NULL is allowed. Never blocks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn entrabulk_client_free(client: *mut entrabulk_client) {
    // SAFETY: NULL or a live client that is not used again, by the header's contract.
    guard::value((), || unsafe { pointer::free(client) })
}
