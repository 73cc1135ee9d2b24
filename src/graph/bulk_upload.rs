//! One bulkUpload call (Graph, "synchronization job: bulkUpload"): what is asked, and what answers say.

use std::sync::Arc;

use bytes::Bytes;
use http::StatusCode;
use http::header::{ACCEPT, CONTENT_TYPE};

use super::address::Host;
use super::answer::{Meaning, Refusal, header, request_id};
use super::call::Ask;
use super::sentences;
use super::target::Target;
use super::transport::{Body, HttpResponse};
use crate::error::Error;

/// The only content type the service takes; a charset parameter is undocumented.
const SCIM: &str = "application/scim+json";

/// Asks the service to take `body` for the target's job.
pub(crate) fn ask(target: &Target, body: Bytes) -> Result<Ask, Error> {
    let Target { service_principal_id: principal, job_id: job, .. } = target;
    let mut url = Host::Graph.root(target)?;
    url.set_path(&format!(
        "/v1.0/servicePrincipals/{principal}/synchronization/jobs/{job}/bulkUpload"
    ));
    let request = http::Request::post(url.as_str())
        .header(CONTENT_TYPE, SCIM)
        .header(ACCEPT, "application/json")
        .body(Body(body))
        .map_err(|error| Error::internal(sentences::not_a_request(error)))?;
    Ok(Ask { host: Host::Graph, request, done: StatusCode::ACCEPTED, describe: Arc::new(describe) })
}

/// What a 202 carries: the batch is staged, not yet processed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Receipt {
    pub(crate) http_status: u16,
    pub(crate) request_id: Option<String>,
    pub(crate) location: Option<String>,
}

impl Receipt {
    /// Reads the answer that says so.
    pub(crate) fn read(response: &HttpResponse) -> Receipt {
        Receipt {
            http_status: response.status().as_u16(),
            request_id: request_id(response),
            location: header(response, "location").map(str::to_owned),
        }
    }
}

fn describe(refusal: &Refusal, target: &Target) -> Error {
    let words = refusal.words();
    match refusal.meaning() {
        Meaning::Malformed => sentences::malformed_batch(&words),
        Meaning::TooLarge => sentences::batch_too_large(&words),
        Meaning::Forbidden => sentences::may_not_upload(&words),
        Meaning::NotFound => {
            sentences::no_such_job(&target.job_id, &target.service_principal_id, &words)
        }
        _ => refusal.describe(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::ClientConfig;
    use crate::error::ErrorKind;
    use crate::graph::transport::answer;
    use crate::time::Timestamp;

    fn target() -> Target {
        let json = br#"{"version":1,"servicePrincipalId":"sp","jobId":"job","cloud":"china"}"#;
        ClientConfig::parse(json).unwrap().target
    }

    #[test]
    fn a_batch_goes_to_its_job_as_it_is() {
        let ask = ask(&target(), Bytes::from_static(b"{}")).unwrap();
        assert_eq!(ask.request.method(), "POST");
        assert_eq!(
            ask.request.uri(),
            "https://microsoftgraph.chinacloudapi.cn/v1.0/servicePrincipals/sp/synchronization/jobs/job/bulkUpload"
        );
        assert_eq!(ask.request.headers()[CONTENT_TYPE], "application/scim+json");
        assert_eq!(ask.request.body().0, "{}");
    }

    #[test]
    fn a_202_gives_its_headers_in_any_case() {
        let receipt = Receipt::read(&answer(202, &[("Request-Id", "r"), ("LOCATION", "l")], ""));
        let (request_id, location) = (Some("r".to_owned()), Some("l".to_owned()));
        assert_eq!(receipt, Receipt { http_status: 202, request_id, location });
    }

    #[test]
    fn a_refusal_says_what_to_do() {
        for (status, kind, advice) in [
            (200, ErrorKind::ServiceFailed, "request id"),
            (301, ErrorKind::HostNotAllowed, "cloud"),
            (400, ErrorKind::RequestRefused, "convert"),
            (401, ErrorKind::TokenRejected, "fresh token"),
            (403, ErrorKind::PermissionMissing, "SynchronizationData-User.Upload"),
            (404, ErrorKind::TargetNotFound, "object id"),
            (413, ErrorKind::RequestRefused, "limits.bytes"),
            (415, ErrorKind::RequestRefused, "convert"),
            (429, ErrorKind::Throttled, "later"),
        ] {
            let body = r#"{"error":{"code":"Code","message":"why"}}"#;
            let refusal = Refusal::read(&answer(status, &[], body), Timestamp(0));
            let error = describe(&refusal, &target());
            assert_eq!(error.kind, kind, "{status}");
            assert!(error.advice.contains(advice), "{error}");
            let told = error.message.contains(" It says Code: why");
            assert!(told || kind == ErrorKind::HostNotAllowed, "{error}");
        }
    }
}
