//! The BulkRequest as bulkUpload takes it: the whole of it, or none.

use std::collections::HashSet;

use bytes::Bytes;
use hyper::Request;
use hyper::header::CONTENT_TYPE;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::json;
use super::reply::Refusal;
use super::settings::{AllowSettings, Settings};
use super::user_schema;

/// The most operations of one request.
const MAX_OPERATIONS: usize = 50;
const BULK_REQUEST: &str = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
const CONTENT: &str = "application/scim+json";

/// One user of a request that was found good.
#[derive(Debug)]
pub(super) struct Operation {
    pub(super) external_id: String,
    pub(super) data: Value,
    /// `data` byte for byte as it came.
    pub(super) bytes: Bytes,
}

/// Reads a request, or says why it is refused.
pub(super) fn read(
    request: &Request<Bytes>,
    settings: &Settings,
) -> Result<Vec<Operation>, Refusal> {
    content_type(request, &settings.allow)?;
    let body = request.body();
    let document = json::parse(body).map_err(|error| {
        Refusal::invalid("json", format_args!("the body is not valid JSON: {error}"))
    })?;
    let operations = envelope(&document, &settings.allow)?;
    let mut bulk_ids = HashSet::new();
    let mut external_ids = HashSet::new();
    let mut users = Vec::with_capacity(operations.len());
    for (at, operation) in operations.iter().enumerate() {
        let (bulk_id, data) = operation_parts(operation).map_err(|what| {
            Refusal::invalid("operation", format_args!("Operations[{at}]{what}"))
        })?;
        let external_id = user_schema::check(data, &settings.allow).map_err(|wrong| {
            Refusal::invalid("user", format_args!("Operations[{at}].data{wrong}"))
        })?;
        if !bulk_ids.insert(bulk_id) && !settings.allow.repeated_bulk_ids {
            let detail = format_args!("Operations[{at}].bulkId is that of an earlier operation");
            return Err(Refusal::invalid("repeatedBulkId", detail));
        }
        if !external_ids.insert(external_id) && !settings.allow.repeated_external_ids {
            let detail = format_args!("Operations[{at}].data.externalId is that of an earlier one");
            return Err(Refusal::invalid("repeatedExternalId", detail));
        }
        users.push((external_id.to_owned(), data.clone()));
    }
    let raw = raw_data(body).map_err(|error| Refusal::invalid("json", error))?;
    let operation = |((external_id, data), bytes)| Operation { external_id, data, bytes };
    Ok(users.into_iter().zip(raw).map(operation).collect())
}

fn content_type(request: &Request<Bytes>, allow: &AllowSettings) -> Result<(), Refusal> {
    let mut given = request.headers().get_all(CONTENT_TYPE).iter();
    let only = (given.next().and_then(|value| value.to_str().ok()), given.next());
    match only {
        (Some(CONTENT), None) => Ok(()),
        (Some(value), None) if allow.content_type_parameters => {
            let bare = value.split(';').next().unwrap_or_default().trim();
            if bare.eq_ignore_ascii_case(CONTENT) { Ok(()) } else { Err(not_scim()) }
        }
        _ => Err(not_scim()),
    }
}

fn not_scim() -> Refusal {
    Refusal::invalid("contentType", "the Content-Type must be exactly application/scim+json")
}

/// Checks the root and gives its operations.
fn envelope<'a>(document: &'a Value, allow: &AllowSettings) -> Result<&'a [Value], Refusal> {
    let wrong = |reason, detail: &str| Err(Refusal::invalid(reason, detail));
    let Value::Object(root) = document else {
        return wrong("envelope", "the body must be an object");
    };
    for key in root.keys() {
        if !["schemas", "Operations", "failOnErrors"].contains(&key.as_str()) {
            return wrong("envelope", &format!("{key:?} does not belong in a BulkRequest"));
        }
    }
    if root.get("schemas").and_then(Value::as_array).is_none_or(|s| s[..] != [BULK_REQUEST]) {
        return wrong("schemas", &format!("schemas must be [\"{BULK_REQUEST}\"]"));
    }
    match root.get("failOnErrors") {
        Some(Value::Null) => {}
        None if allow.fail_on_errors_absent => {}
        _ => return wrong("failOnErrors", "failOnErrors must be present, and null"),
    }
    match root.get("Operations") {
        Some(Value::Array(operations)) if operations.len() > MAX_OPERATIONS => {
            let count = operations.len();
            wrong("tooManyOperations", &format!("{count} operations where 50 are the most"))
        }
        Some(Value::Array(operations)) if !operations.is_empty() => Ok(operations),
        _ => wrong("noOperations", "Operations must be an array of at least one operation"),
    }
}

/// The bulkId and the user of one operation.
fn operation_parts(operation: &Value) -> Result<(&str, &Value), String> {
    let Value::Object(operation) = operation else {
        return Err(" must be an object".to_owned());
    };
    for key in operation.keys() {
        if !["method", "path", "bulkId", "data"].contains(&key.as_str()) {
            return Err(format!(" has a key {key:?} that does not belong there"));
        }
    }
    for (key, wanted) in [("method", "POST"), ("path", "/Users")] {
        if operation.get(key).and_then(Value::as_str) != Some(wanted) {
            return Err(format!(".{key} must be {wanted:?}"));
        }
    }
    let bulk_id = operation.get("bulkId").and_then(Value::as_str).filter(|id| !id.is_empty());
    let bulk_id = bulk_id.ok_or(".bulkId must be a string that is not empty")?;
    let data = operation.get("data").ok_or(".data is required")?;
    Ok((bulk_id, data))
}

/// The users' own bytes, in order, of a body that was found good.
fn raw_data(body: &Bytes) -> Result<Vec<Bytes>, serde_json::Error> {
    #[derive(Deserialize)]
    struct Root<'a> {
        #[serde(rename = "Operations", borrow)]
        operations: Vec<RawOperation<'a>>,
    }
    #[derive(Deserialize)]
    struct RawOperation<'a> {
        #[serde(borrow)]
        data: &'a RawValue,
    }
    let root: Root<'_> = serde_json::from_slice(body)?;
    let bytes = |operation: RawOperation<'_>| body.slice_ref(operation.data.get().as_bytes());
    Ok(root.operations.into_iter().map(bytes).collect())
}
