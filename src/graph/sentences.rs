//! What people read about sign-in and calls to Microsoft Graph, in one place: to review it, and to
//! translate it one day.

use std::fmt::Display;
use std::time::Duration;

use crate::sentences::sentences;

sentences! {
    // The configuration. Each follows its key.
    ID_CHARACTERS: "may hold only letters, digits, '-', '.' and '_'";
    NOT_LOOPBACK: "must be a loopback address such as http://127.0.0.1:8080, without a path";

    // Connections.
    unreachable(host: &str, why: &str) -> Unreachable: "{host} cannot be reached: {why}.",
        "Check name resolution, proxy and firewall between this machine and that host.";
    not_trusted(host: &str, why: &str) -> TlsFailed:
        "{host} shows no certificate that this machine trusts: {why}.",
        "If a proxy inspects the traffic, add its root certificate to the system's trusted roots; \
         otherwise somebody else answers for that host.";
    no_answer(host: &str, why: &str) -> ServiceFailed: "{host} did not answer in time: {why}.",
        "Try again later; what was sent may have arrived.";
    no_answer_after(limit: Duration): "no answer after {limit:?}";
    cut_off(host: &str, why: &str) -> ServiceFailed: "{host} broke the connection: {why}.",
        "Try again later; what was sent may have arrived.";
    no_tls(why: &str) -> TlsFailed: "TLS cannot be set up: {why}.",
        "Check that the system's certificate store can be read.";
    host_not_allowed(host: &str) -> HostNotAllowed:
        "Credentials would have gone to \"{host}\", which is not the cloud's own host.",
        "Check the setting cloud; if a proxy redirects the traffic, exempt the cloud's hosts from it.";
    not_a_url(address: &str, why: impl Display): "{address} is not a URL: {why}.";
    not_a_request(why: impl Display): "A request cannot be made: {why}.";

    // What an answer says. `words` are the service's own.
    it_says(words: &str): " It says: {words}";
    it_says_code(code: &str, words: &str): " It says {code}: {words}";
    token_rejected(words: &str) -> TokenRejected:
        "The service does not accept the access token.{words}",
        "Get a fresh token for this cloud's Microsoft Graph and check that its tenant is the job's.";
    throttled(words: &str) -> Throttled: "The service kept refusing more calls (429).{words}",
        "Another client may use this tenant's quota; send the rest later.";
    bucket_full(words: &str) -> BucketFull: "The job's ingestion queue stayed full.{words}",
        "Check in the portal that the job is started, not paused and not in quarantine; after a \
         restart wait about 40 minutes, then send again.";
    service_failed(status: u16, words: &str) -> ServiceFailed:
        "The service answered with HTTP {status}.{words}",
        "Try again later; if it stays, give Microsoft the request id.";
    unreadable(why: impl Display) -> ServiceFailed: "The service's answer cannot be read: {why}.",
        "Try again later; if it stays, give Microsoft the request id.";

    // Why a call is not tried again. Each follows what the last try failed with.
    TRIED_ONCE: "Given up after 1 try.";
    tried(tries: u32): "Given up after {tries} tries.";
    TOO_LATE: "Given up, for the next try would come too late.";

    // Uploads.
    malformed_batch(words: &str) -> RequestRefused:
        "The service refused the batch as malformed.{words}",
        "Write the payload to a file with convert and compare it with the job's attribute list; the \
         batches after it were not sent.";
    batch_too_large(words: &str) -> RequestRefused: "The service finds the batch too large.{words}",
        "Lower limits.bytes or limits.operations and send again.";
    may_not_upload(words: &str) -> PermissionMissing:
        "The application may not upload to this job.{words}",
        "Grant it the application permission SynchronizationData-User.Upload with admin consent, \
         then get a new token.";
    no_such_job(job: &str, service_principal: &str, words: &str) -> TargetNotFound:
        "The service knows no job {job} of a service principal {service_principal}.{words}",
        "Check that servicePrincipalId is the object id of the enterprise application (not its appId, \
         not the app registration's object id) and copy jobId from the provisioning page.";

    // Ways to sign in.
    secret_not_utf8(what: &str) -> InvalidUtf8: "The {what} is not UTF-8.",
        "Hand it in as UTF-8 text.";
    not_a_secret(what: &str) -> InvalidArgument:
        "The {what} is empty, or it holds spaces at its ends, a line break or another sign that none \
         has.",
        "Hand in exactly the secret; where it comes from a file, without the file's last line break.";
    client_secret_needs_ids() -> ConfigInvalid:
        "Sign-in with a client secret needs tenantId and clientId; the configuration lacks one.",
        "Add both to the client configuration.";
    no_way_to_sign_in() -> TokenRequired:
        "There is no way to sign in: neither an access token nor a client secret was handed in.",
        "Set the secret accessToken or clientSecret before the run starts.";
    handed_in_token_expired() -> TokenRequired:
        "The access token that was handed in has expired, and there is no other way to sign in.",
        "Get a fresh token and hand it in, then start the run again.";
    cannot_sign_in(why: impl Display) -> ConfigInvalid: "Sign-in cannot start: {why}.",
        "Check tenantId and clientId in the configuration.";
    not_a_token(why: impl Display) -> SignInFailed: "The answer to the sign-in is not a token: {why}.",
        "Try again; if it stays, report it.";
    SIGN_IN_BODY: "A sign-in request has a body of unknown size.";
    NO_HEADER_VALUE: "it cannot stand in a header";

    // What the login host refuses ("Microsoft Entra authentication and authorization error codes").
    wrong_client_secret() -> SignInFailed: "The client secret is wrong.",
        "Hand in the secret's value; its ID, shown beside it in the portal, is not the secret.";
    client_secret_expired(app: &str) -> SignInFailed:
        "The client secret of the application {app} has expired.",
        "Make a new one under Certificates & secrets of the app registration.";
    no_such_application(tenant: &str, app: &str) -> SignInFailed:
        "The tenant {tenant} knows no application {app}.",
        "Check clientId (the application id, not an object id) and tenantId; in another tenant the \
         application needs consent first.";
    no_such_tenant(tenant: &str) -> SignInFailed: "There is no tenant {tenant}.",
        "Check tenantId, and that cloud names the cloud this tenant lives in.";
    no_tenants_name(tenant: &str) -> SignInFailed:
        "\"{tenant}\" is not a tenant's id or domain name.",
        "Write tenantId as it stands on the tenant's overview page.";
    wrong_scope() -> SignInFailed:
        "The scope that was asked for is not valid for this application.",
        "Check that cloud names the cloud this tenant lives in.";
    application_disabled(app: &str) -> SignInFailed:
        "The application {app} is disabled in this tenant.",
        "Enable the enterprise application, or sign in as another one.";
    conditional_access() -> SignInFailed: "A Conditional Access policy blocks this sign-in.",
        "Ask for this application to be excluded, or sign in from a permitted network.";
    no_token(what: &str) -> SignInFailed: "Microsoft Entra gave no token ({what}).",
        "Look the service code up in Microsoft's list of sign-in error codes.";
    http(status: u16): "HTTP {status}";
    http_and(status: u16, words: &str): "HTTP {status}, {words}";

    // The tenant's id.
    no_tenant_id(tenant: &str) -> ServiceFailed:
        "The login host describes the tenant {tenant} without its id.",
        "Write the tenant's id in tenantId, not a domain name.";
}

/// A call was tried as often as it may be.
pub(super) fn tried_often(tries: u32) -> String {
    if tries == 1 { TRIED_ONCE.to_owned() } else { tried(tries) }
}
