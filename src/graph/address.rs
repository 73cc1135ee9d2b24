//! The only hosts that a secret or a token may go to.

use http::Uri;
use reqwest::Url;

use super::sentences;
use super::target::Target;
use crate::error::Error;

/// Who is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Host {
    /// Microsoft Graph, which takes nobody without a token.
    Graph,
    /// The login host, which gives tokens and takes none.
    Login,
}

impl Host {
    /// The address of this host for a target, without a path: the cloud's own, or the simulator.
    pub(super) fn root(self, target: &Target) -> Result<Url, Error> {
        target.simulator.as_deref().map_or_else(|| self.of_cloud(target), parse)
    }

    fn of_cloud(self, target: &Target) -> Result<Url, Error> {
        let host = match self {
            Host::Graph => target.cloud.graph_host(),
            Host::Login => target.cloud.login_host(),
        };
        parse(&format!("https://{host}"))
    }

    /// Fails unless `wanted` leads to this host of the target.
    pub(super) fn admit(self, target: &Target, wanted: &Uri) -> Result<(), Error> {
        let root = self.root(target)?;
        match Url::parse(&wanted.to_string()) {
            Ok(wanted) => same_host(&root, &wanted),
            Err(_) => Err(sentences::host_not_allowed(wanted.host().unwrap_or_default())),
        }
    }
}

/// Where a request of the Azure Identity library goes, which knows of no simulator: to the address it
/// names if that is the cloud's login host, or to the same path of the simulator.
pub(super) fn of_sign_in(target: &Target, wanted: &Url) -> Result<Url, Error> {
    same_host(&Host::Login.of_cloud(target)?, wanted)?;
    match &target.simulator {
        Some(simulator) => parse(&format!("{simulator}{}", wanted.path())),
        None => Ok(wanted.clone()),
    }
}

/// Scheme, name and port must be the same.
fn same_host(root: &Url, wanted: &Url) -> Result<(), Error> {
    if root.origin() == wanted.origin() {
        return Ok(());
    }
    Err(sentences::host_not_allowed(wanted.host_str().unwrap_or_default()))
}

fn parse(address: &str) -> Result<Url, Error> {
    Url::parse(address).map_err(|error| Error::internal(sentences::not_a_url(address, error)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::ClientConfig;
    use crate::error::ErrorKind;

    fn target(cloud: &str) -> Target {
        let json =
            format!(r#"{{"version":1,"servicePrincipalId":"s","jobId":"j","cloud":"{cloud}"}}"#);
        ClientConfig::parse(json.as_bytes()).unwrap().target
    }

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    fn uri(text: &str) -> Uri {
        text.parse().unwrap()
    }

    #[test]
    fn a_secret_goes_to_the_clouds_login_host_or_to_the_simulator_only() {
        let mut target = target("global");
        let own = url("https://login.microsoftonline.com/t0/oauth2/v2.0/token");
        assert_eq!(of_sign_in(&target, &own).unwrap(), own);
        for foreign in [
            "http://login.microsoftonline.com/t0/oauth2/v2.0/token",
            "https://login.microsoftonline.com:8443/t0",
            "https://login.microsoftonline.us/t0",
            "https://login.microsoftonline.com.evil.example/t0",
            "https://login.microsoftonline.com@evil.example/t0",
            "https://evil.example/?https://login.microsoftonline.com/",
        ] {
            let error = of_sign_in(&target, &url(foreign)).unwrap_err();
            assert_eq!(error.kind, ErrorKind::HostNotAllowed, "{foreign}");
        }
        target.simulator = Some("http://127.0.0.1:9".to_owned());
        let routed = of_sign_in(&target, &own).unwrap();
        assert_eq!(routed.as_str(), "http://127.0.0.1:9/t0/oauth2/v2.0/token");
    }

    #[test]
    fn every_cloud_has_hosts_of_its_own() {
        for (cloud, graph, login) in [
            ("global", "graph.microsoft.com", "login.microsoftonline.com"),
            ("usGov", "graph.microsoft.us", "login.microsoftonline.us"),
            ("usGovDod", "dod-graph.microsoft.us", "login.microsoftonline.us"),
            ("china", "microsoftgraph.chinacloudapi.cn", "login.partner.microsoftonline.cn"),
        ] {
            let mut target = target(cloud);
            let pages = [graph, login].map(|host| uri(&format!("https://{host}/v1.0/x?y=z")));
            for (host, page, other) in
                [(Host::Graph, &pages[0], &pages[1]), (Host::Login, &pages[1], &pages[0])]
            {
                host.admit(&target, page).unwrap();
                assert_eq!(host.admit(&target, other).unwrap_err().kind, ErrorKind::HostNotAllowed);
                let plain = uri(&page.to_string().replace("https", "http"));
                assert!(host.admit(&target, &plain).is_err(), "{plain}");
            }
            target.simulator = Some("http://127.0.0.1:9".to_owned());
            Host::Graph.admit(&target, &uri("http://127.0.0.1:9/v1.0")).unwrap();
            let graph = pages[0].to_string();
            for foreign in [&graph, "http://127.0.0.1:8/", "http://localhost:9/", "/v1.0/next"] {
                assert!(Host::Graph.admit(&target, &uri(foreign)).is_err(), "{foreign}");
            }
        }
    }
}
