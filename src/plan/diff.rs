//! What differs between two versions of a user, attribute by attribute.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// One attribute that differs. Its path is SCIM's: `name.givenName`, `emails[work].value`,
/// `urn:…:User:department`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// The attribute.
    pub path: String,
    /// Its value before; `None` where it had none.
    pub before: Option<String>,
    /// Its value after; `None` where it has none.
    pub after: Option<String>,
}

impl Change {
    /// Whether the attribute had a value and has none now.
    pub fn is_wipe(&self) -> bool {
        let has = |value: &Option<String>| value.as_ref().is_some_and(|text| !text.is_empty());
        has(&self.before) && !has(&self.after)
    }
}

/// The attributes that differ between two users as JSON text, in order of path. `schemas` says nothing
/// about a person and is left out.
///
/// # Errors
/// For what is no JSON object.
pub fn changes(before: &[u8], after: &[u8]) -> serde_json::Result<Vec<Change>> {
    type Members<'a> = BTreeMap<String, &'a RawValue>;
    let before: Members<'_> = serde_json::from_slice(before)?;
    let after: Members<'_> = serde_json::from_slice(after)?;
    // Most are the same to the letter, and need not be understood.
    let differing = |members: &Members<'_>, others: &Members<'_>| {
        let mut values = Vec::new();
        for (key, value) in members.iter().filter(|(key, _)| *key != "schemas") {
            if others.get(key).is_none_or(|other| other.get() != value.get()) {
                member(key, &serde_json::from_str(value.get())?, &mut values);
            }
        }
        Ok::<_, serde_json::Error>(values)
    };
    let (mut old, mut new) = (differing(&before, &after)?, differing(&after, &before)?);
    old.sort();
    new.sort();
    let (mut old, mut new) = (old.into_iter().peekable(), new.into_iter().peekable());
    let mut changes = Vec::new();
    loop {
        let order = match (old.peek(), new.peek()) {
            (None, None) => return Ok(changes),
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
            (Some((old, _)), Some((new, _))) => old.cmp(new),
        };
        let before = if order.is_le() { old.next() } else { None };
        let after = if order.is_ge() { new.next() } else { None };
        let path = before.as_ref().or(after.as_ref()).map(|(path, _)| path.clone());
        let (before, after) = (before.map(|(_, value)| value), after.map(|(_, value)| value));
        if let Some(path) = path
            && before != after
        {
            changes.push(Change { path, before, after });
        }
    }
}

/// A member of the user itself. An extension's attributes follow its URN after a colon (RFC 7644
/// section 3.10).
fn member(key: &str, value: &Value, out: &mut Vec<(String, String)>) {
    if !key.starts_with("urn:") {
        return flatten(value, key.to_owned(), out);
    }
    for (name, value) in value.as_object().into_iter().flatten() {
        flatten(value, format!("{key}:{name}"), out);
    }
}

fn flatten(value: &Value, path: String, out: &mut Vec<(String, String)>) {
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                flatten(value, format!("{path}.{key}"), out);
            }
        }
        Value::Array(entries) => {
            for (at, entry) in entries.iter().enumerate() {
                // An entry is known by its type; the service looks at no other of that type.
                let name = match entry["type"].as_str() {
                    Some(kind) => kind.to_owned(),
                    None => at.to_string(),
                };
                flatten(entry, format!("{path}[{name}]"), out);
            }
        }
        Value::String(text) => out.push((path, text.clone())),
        Value::Null => out.push((path, String::new())),
        other => out.push((path, other.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_attribute_that_differs_is_named_once() {
        let before = json!({
            "schemas": ["a"], "externalId": "1", "title": "Clerk", "name": {"givenName": "Ann"},
            "phoneNumbers": [{"type": "work", "value": "1"}],
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {
                "department": "Sales", "manager": {"value": "7"}
            }
        });
        let after = json!({
            "schemas": ["a", "b"], "externalId": "1", "name": {"givenName": "Anna"}, "active": true,
            "phoneNumbers": [{"type": "work", "value": "2"}],
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {
                "department": "Sales", "manager": {"value": "8"}
            }
        });
        let (before, after) = (before.to_string(), after.to_string());
        let found = changes(before.as_bytes(), after.as_bytes()).unwrap();
        let shown: Vec<(&str, Option<&str>, Option<&str>)> = found
            .iter()
            .map(|change| (change.path.as_str(), change.before.as_deref(), change.after.as_deref()))
            .collect();
        assert_eq!(
            shown,
            [
                ("active", None, Some("true")),
                ("name.givenName", Some("Ann"), Some("Anna")),
                ("phoneNumbers[work].value", Some("1"), Some("2")),
                ("title", Some("Clerk"), None),
                (
                    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value",
                    Some("7"),
                    Some("8")
                ),
            ]
        );
        assert_eq!(found.iter().filter(|change| change.is_wipe()).count(), 1);
        assert!(changes(after.as_bytes(), after.as_bytes()).unwrap().is_empty());
    }
}
