//! What the login host refuses ("Microsoft Entra authentication and authorization error codes").

use super::super::answer::{Meaning, Refusal};
use super::super::sentences;
use super::super::target::Target;
use crate::error::Error;

/// What to say of a refused sign-in.
pub(super) fn describe(refusal: &Refusal, target: &Target) -> Error {
    let tenant = target.tenant_id.as_deref().unwrap_or_default();
    if let Some(error) = known(refusal, tenant, target) {
        return error;
    }
    match (refusal.meaning(), refusal.message.as_str()) {
        (Meaning::Redirected, _) => refusal.describe(),
        (_, "") => sentences::no_token(&sentences::http(refusal.status)),
        (_, words) => sentences::no_token(&sentences::http_and(refusal.status, words)),
    }
}

/// What to say of a refusal by its code, `tenant` being the name that was asked about.
pub(in crate::graph) fn known(refusal: &Refusal, tenant: &str, target: &Target) -> Option<Error> {
    let app = target.client_id.as_deref().unwrap_or_default();
    Some(match refusal.code.as_deref()? {
        "AADSTS7000215" => sentences::wrong_client_secret(),
        "AADSTS7000222" => sentences::client_secret_expired(app),
        "AADSTS700016" => sentences::no_such_application(tenant, app),
        "AADSTS90002" => sentences::no_such_tenant(tenant),
        "AADSTS900023" => sentences::no_tenants_name(tenant),
        "AADSTS70011" | "AADSTS1002012" => sentences::wrong_scope(),
        "AADSTS7000112" => sentences::application_disabled(app),
        "AADSTS53003" => sentences::conditional_access(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::ClientConfig;
    use crate::error::ErrorKind;
    use crate::graph::answer::Failure;
    use crate::graph::transport::answer;
    use crate::time::Timestamp;

    fn refusal(body: &str) -> Error {
        let json = br#"{"version":1,"servicePrincipalId":"s","jobId":"j","tenantId":"t0","clientId":"c0"}"#;
        let target = ClientConfig::parse(json).unwrap().target;
        let refusal = Refusal::read(&answer(401, &[], body), Timestamp(0));
        Failure::refused(&refusal, describe(&refusal, &target)).error
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
            assert_eq!((error.kind, error.service_code), (ErrorKind::SignInFailed, None));
        }
    }
}
