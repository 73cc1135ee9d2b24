//! Which synchronization job, and where it is reached.

use std::net::IpAddr;

use super::cloud::Cloud;
use crate::document::Reader;

/// One synchronization job of one service principal of one tenant in one cloud.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The cloud, which fixes the hosts that may see a token.
    pub cloud: Cloud,
    /// The tenant, wanted for sign-in.
    pub tenant_id: Option<String>,
    /// The application that signs in.
    pub client_id: Option<String>,
    /// Object id of the enterprise application.
    pub service_principal_id: String,
    /// The synchronization job.
    pub job_id: String,
    /// Base address of a simulated tenant on loopback, without a trailing slash, instead of the cloud.
    pub simulator: Option<String>,
}

impl Target {
    /// The tenant's id as it stands in the job's, `API2AAD.` and 32 hexadecimal digits; a first guess, for no
    /// page of Microsoft promises it.
    pub fn tenant_of_job(&self) -> Option<String> {
        let hex = self.job_id.split('.').nth(1)?;
        let parts =
            [hex.get(..8)?, hex.get(8..12)?, hex.get(12..16)?, hex.get(16..20)?, hex.get(20..)?];
        let whole = hex.len() == 32 && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
        whole.then(|| parts.join("-").to_ascii_lowercase())
    }

    /// Reads the keys of a client configuration that name it (`docs/documents.md`).
    pub(crate) fn read(doc: &mut Reader<'_>) -> Option<Target> {
        let cloud = doc.choice(
            "cloud",
            &[
                ("global", Cloud::Global),
                ("usGov", Cloud::UsGov),
                ("usGovDod", Cloud::UsGovDod),
                ("china", Cloud::China),
            ],
        );
        let tenant_id = doc.text("tenantId");
        let client_id = doc.text("clientId");
        let service_principal_id = doc.required_text("servicePrincipalId");
        let job_id = doc.required_text("jobId");
        for (key, id) in [
            ("tenantId", &tenant_id),
            ("clientId", &client_id),
            ("servicePrincipalId", &service_principal_id),
            ("jobId", &job_id),
        ] {
            // Ids become part of an address; anything else in them would change the address.
            if let Some(id) = id
                && !id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'))
            {
                doc.problem(key, "may hold only letters, digits, '-', '.' and '_'");
            }
        }
        let simulator = read_simulator(doc);
        Some(Target {
            cloud: cloud?,
            tenant_id,
            client_id,
            service_principal_id: service_principal_id?,
            job_id: job_id?,
            simulator: simulator?,
        })
    }
}

/// The simulator's address: plain HTTP, and loopback by number, so that no name can lead elsewhere.
fn read_simulator(doc: &mut Reader<'_>) -> Option<Option<String>> {
    if doc.value("simulator").is_none() {
        return Some(None);
    }
    let text = doc.text("simulator")?;
    let loopback = reqwest::Url::parse(&text).ok().filter(|url| {
        let host = url.host_str().unwrap_or_default();
        let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
        url.scheme() == "http"
            && address.is_ok_and(|address| address.is_loopback())
            && url.path() == "/"
            && url.query().is_none()
    });
    match loopback {
        Some(url) => Some(Some(url.as_str().trim_end_matches('/').to_owned())),
        None => {
            doc.problem(
                "simulator",
                "must be a loopback address such as http://127.0.0.1:8080, without a path",
            );
            None
        }
    }
}
