//! Which part of the tenant a path leads to.

/// What a path names. Ids are as the caller gave them; whether they exist is asked later.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Route {
    Token { tenant: String },
    OpenId { tenant: String },
    Instance,
    BulkUpload { principal: String, job: String },
    Jobs { principal: String },
    Job { principal: String, job: String },
    JobAction { principal: String, job: String, action: JobAction },
    Logs { version: Version },
    Control { path: String },
    Nowhere,
}

/// The version of Graph that was called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    V1,
    Beta,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum JobAction {
    Start,
    Pause,
    Restart,
}

/// What faults, latency and limits tell calls apart by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Endpoint {
    /// Calls that upload users.
    #[default]
    BulkUpload,
    /// Sign-in.
    Token,
    /// The synchronization job: its state, start, pause, restart.
    Jobs,
    /// The provisioning logs.
    Logs,
    /// Anything else.
    Other,
}

impl Route {
    pub(super) fn of(path: &str) -> Route {
        let Some(path) = percent_decode(path, false) else {
            return Route::Nowhere;
        };
        let segments: Vec<&str> = path.strip_prefix('/').unwrap_or(&path).split('/').collect();
        match *segments {
            ["simulator", ..] => Route::Control { path: segments[1..].join("/") },
            [tenant, "oauth2", "v2.0", "token"] => Route::Token { tenant: tenant.to_owned() },
            [tenant, "v2.0", ".well-known", "openid-configuration"] => {
                Route::OpenId { tenant: tenant.to_owned() }
            }
            ["common", "discovery", "instance"] => Route::Instance,
            ["v1.0", ref rest @ ..] => Route::of_graph(Version::V1, rest),
            ["beta", ref rest @ ..] => Route::of_graph(Version::Beta, rest),
            _ => Route::Nowhere,
        }
    }

    fn of_graph(version: Version, segments: &[&str]) -> Route {
        // The Location of a 202 has a slash before its query.
        if matches!(segments, ["auditLogs", "provisioning"] | ["auditLogs", "provisioning", ""]) {
            return Route::Logs { version };
        }
        let ["servicePrincipals", principal, "synchronization", "jobs", ref rest @ ..] = *segments
        else {
            return Route::Nowhere;
        };
        let principal = principal.to_owned();
        let action = |job: &str, action| Route::JobAction {
            principal: principal.clone(),
            job: job.to_owned(),
            action,
        };
        match *rest {
            [] => Route::Jobs { principal },
            [job] => Route::Job { principal, job: job.to_owned() },
            [job, "bulkUpload"] => Route::BulkUpload { principal, job: job.to_owned() },
            [job, "start"] => action(job, JobAction::Start),
            [job, "pause"] => action(job, JobAction::Pause),
            [job, "restart"] => action(job, JobAction::Restart),
            _ => Route::Nowhere,
        }
    }

    pub(super) fn endpoint(&self) -> Endpoint {
        match self {
            Route::BulkUpload { .. } => Endpoint::BulkUpload,
            Route::Token { .. } => Endpoint::Token,
            Route::Jobs { .. } | Route::Job { .. } | Route::JobAction { .. } => Endpoint::Jobs,
            Route::Logs { .. } => Endpoint::Logs,
            _ => Endpoint::Other,
        }
    }
}

/// The pairs of a query or a form; `None` if an escape is broken.
pub(super) fn pairs(text: &str) -> Option<Vec<(String, String)>> {
    let pieces = text.split('&').filter(|piece| !piece.is_empty());
    pieces
        .map(|piece| {
            let (name, value) = piece.split_once('=').unwrap_or((piece, ""));
            Some((percent_decode(name, true)?, percent_decode(value, true)?))
        })
        .collect()
}

fn percent_decode(text: &str, plus_is_space: bool) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        match first {
            b'%' => {
                let digit = |at: usize| char::from(*rest.get(at)?).to_digit(16);
                bytes.push(u8::try_from(digit(0)? * 16 + digit(1)?).ok()?);
                rest = &rest[2..];
            }
            b'+' if plus_is_space => bytes.push(b' '),
            byte => bytes.push(*byte),
        }
    }
    String::from_utf8(bytes).ok()
}

/// The same text, fit for a query.
pub(super) fn percent_encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~$'/".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_encoded_decodes_to_itself(name in ".*", value in ".*") {
            let query = format!("{}={}", percent_encode(&name), percent_encode(&value));
            prop_assert_eq!(pairs(&query), Some(vec![(name, value)]));
        }

        #[test]
        fn no_path_confuses_it(path in ".*") {
            let _ = Route::of(&path);
            let _ = pairs(&path);
        }
    }

    #[test]
    fn broken_escapes_lead_nowhere() {
        for path in ["/v1.0/%", "/v1.0/%zz", "/v1.0/%ff", "/v1.0/%+1", "/v1.0/%0g"] {
            assert_eq!(Route::of(path), Route::Nowhere, "{path}");
        }
    }
}
