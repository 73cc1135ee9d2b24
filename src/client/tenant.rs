//! One tenant is one tenant, whatever it was called: its id, one of its domains, or nothing at all.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::spawn_blocking;

use super::sentences;
use super::{Client, Ledger};
use crate::graph::openid;
use crate::store::{Merged, TargetKey};

/// How long the login host may take to say which tenant a domain is of.
const PATIENCE: Duration = Duration::from_secs(10);

/// Whether the text is an id as the service writes it, and not a domain.
fn is_id(name: &str) -> bool {
    uuid::Uuid::try_parse(name).is_ok_and(|id| id.to_string().eq_ignore_ascii_case(name))
}

impl Client {
    /// What names the target in the state: the tenant by its id, as far as that is known without asking
    /// anybody. It is given; or it stands in the job's id, which is a first guess; or a token that the host handed
    /// in claims it. Else the given domain must do, and for a host that names no tenant the service principal,
    /// which no other tenant has.
    pub(super) fn target_key(&self) -> TargetKey {
        let target = &self.config().target;
        let given = target.tenant_id.clone();
        let claimed = || {
            self.parts().graph.sign_in.handed_in().and_then(|t| openid::tenant_of_token(t.expose()))
        };
        let tenant = given
            .clone()
            .filter(|name| is_id(name))
            .or_else(|| target.tenant_of_job())
            .or_else(claimed)
            .or(given)
            .unwrap_or_else(|| target.service_principal_id.clone());
        self.key_of(tenant)
    }

    fn key_of(&self, tenant: String) -> TargetKey {
        let target = &self.config().target;
        TargetKey {
            simulator: target.simulator.clone().unwrap_or_default(),
            cloud: target.cloud.name().into(),
            tenant,
            service_principal: target.service_principal_id.clone(),
            job: target.job_id.clone(),
        }
    }

    /// Asks the login host for the id of a tenant that is named by a domain, unless the state knows it, and
    /// remembers it. Whoever goes online anyway calls this first; a host that does not answer is no reason to
    /// stop, for signing in says why in its own words. Gives a sentence where two names turn out to be one
    /// tenant.
    pub(crate) async fn resolve_tenant(&self) -> Option<String> {
        let name = self.config().target.tenant_id.clone().filter(|name| !is_id(name))?;
        let parts = Arc::clone(self.parts());
        let client = self.clone();
        let (ledger, key, known) = spawn_blocking(move || {
            let (Ledger { store, .. }, _) = client.ledger().ok()?;
            let key = client.target_key();
            let known = key.tenant != name
                && store.tenant(&key).ok()? == store.tenant(&client.key_of(name.clone())).ok()?;
            Some((store, key, (known, name)))
        })
        .await
        .ok()??;
        let (known, name) = known;
        if known {
            return None;
        }
        let until = parts.clock.now().after(PATIENCE);
        let id = tokio::select! {
            id = openid::tenant_id(&parts.graph, &name) => id,
            () = parts.clock.sleep_until(until) => return None,
        };
        let id =
            id.inspect_err(|error| tracing::debug!(%error, "the tenant's id is not known")).ok()?;
        let merged = spawn_blocking(move || {
            let mut merged = None;
            for name in [key.tenant, name] {
                if !name.eq_ignore_ascii_case(&id) {
                    let joined = ledger.same_tenant(&key.simulator, &key.cloud, &name, &id).ok()?;
                    merged = merged.or(joined.map(|joined| sentence(&name, &id, &joined)));
                }
            }
            merged
        });
        merged.await.ok()?
    }
}

/// What is said, once, of a tenant that the state knew by two names.
fn sentence(name: &str, id: &str, merged: &Merged) -> String {
    let mut text = sentences::one_tenant(name, id);
    if merged.dropped_users > 0 {
        text.push(' ');
        text.push_str(&sentences::dropped(merged.dropped_users));
    }
    text
}
