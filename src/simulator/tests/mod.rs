//! The tenant as its callers meet it: hand-written requests, in virtual time or over real sockets.

mod bulk_upload;
mod control;
mod directory;
mod faults;
mod job;
mod limits;
mod logs;
mod sockets;
mod token;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hyper::{Request, Response};
use serde_json::{Value, json};

use super::{Settings, Tenant};
use crate::time::{Random, TokioClock};

const CORE: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// A tenant and a token for it.
struct Caller {
    tenant: Arc<Tenant>,
    token: String,
}

/// A status and a body; null where the body is empty.
type Answer = (u16, Value);

impl Caller {
    fn new(settings: Settings) -> Self {
        let clock = Arc::new(TokioClock::new());
        let tenant = Tenant::new(settings, clock, Random::seeded(7)).unwrap();
        let token = tenant.issue_token();
        Caller { tenant, token }
    }

    fn jobs(&self) -> String {
        let principal = &self.tenant.settings().service_principal_id;
        format!("/v1.0/servicePrincipals/{principal}/synchronization/jobs")
    }

    fn job(&self) -> String {
        format!("{}/{}", self.jobs(), self.tenant.settings().job_id)
    }

    /// A request as it should be, to be spoiled by the test.
    fn upload_request(&self, body: impl Into<Bytes>) -> Request<Bytes> {
        Request::post(format!("http://tenant{}/bulkUpload", self.job()))
            .header("Authorization", format!("Bearer {}", self.token))
            .header("Content-Type", "application/scim+json")
            .header("client-request-id", "11111111-2222-4333-8444-555555555555")
            .body(body.into())
            .unwrap()
    }

    async fn send(&self, request: Request<Bytes>) -> Answer {
        read(&self.tenant.handle(request).await.unwrap())
    }

    async fn upload(&self, body: &Value) -> Answer {
        self.send(self.upload_request(body.to_string())).await
    }

    /// Uploads users and gives the job all the time it needs.
    async fn provision(&self, users: &[Value]) {
        assert_eq!(self.upload(&bulk(users)).await.0, 202);
        self.tenant.advance(Duration::from_secs(5));
    }

    async fn call(&self, method: &str, path: &str) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(format!("http://tenant{path}"))
            .header("Authorization", format!("Bearer {}", self.token));
        self.send(request.body(Bytes::new()).unwrap()).await
    }
}

fn read(response: &Response<Bytes>) -> Answer {
    let body = serde_json::from_slice(response.body()).unwrap_or_default();
    (response.status().as_u16(), body)
}

/// A whole user, as the service wants it.
fn user(id: &str) -> Value {
    json!({
        "schemas": [CORE, ENTERPRISE],
        "externalId": id,
        "userName": format!("user{id}@example.com"),
        "displayName": format!("User {id}"),
        "name": {"givenName": "User", "familyName": id},
        "active": true,
        "emails": [{"type": "work", "value": "u@example.com", "primary": true}],
        ENTERPRISE: {"department": "Sales"},
    })
}

fn bulk(users: &[Value]) -> Value {
    let operations: Vec<Value> = users
        .iter()
        .enumerate()
        .map(|(at, user)| {
            json!({"method": "POST", "path": "/Users", "bulkId": format!("b{at}"), "data": user})
        })
        .collect();
    json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
        "Operations": operations,
        "failOnErrors": null,
    })
}
