//! Which synchronization job, and where it is reached.

use std::net::IpAddr;

use super::cloud::Cloud;
use super::sentences;
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
                doc.problem(key, sentences::ID_CHARACTERS);
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
            doc.problem("simulator", sentences::NOT_LOOPBACK);
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::client::ClientConfig;

    #[test]
    fn a_jobs_id_may_tell_the_tenants() {
        let id = "7e7a0000-5afe-4000-8000-00000000c0de";
        let guid = "11111111-2222-3333-4444-555555555555";
        let of = |job: &str| {
            let json = format!(r#"{{"version":1,"servicePrincipalId":"s","jobId":"{job}"}}"#);
            ClientConfig::parse(json.as_bytes()).unwrap().target.tenant_of_job()
        };
        for job in ["API2AAD", "API2AD"] {
            for hex in [id.replace('-', ""), id.replace('-', "").to_uppercase()] {
                assert_eq!(of(&format!("{job}.{hex}.{guid}")).as_deref(), Some(id));
            }
        }
        let short = &id.replace('-', "")[1..];
        for job in [
            "API2AAD",
            "API2AAD.a.b",
            &format!("API2AAD.{guid}.{guid}"),
            &format!("X.{short}."),
            &format!("X.{short}g.{guid}"),
            &format!("X.{short}00.{guid}"),
        ] {
            assert_eq!(of(job), None, "{job}");
        }
    }
}
