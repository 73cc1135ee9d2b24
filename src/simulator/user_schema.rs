//! The attributes of a SCIM user (RFC 7643 sections 4.1, 4.3 and 8.7.1), written down a second time.
//!
//! The library has a table of its own. This one is kept apart from it on purpose: were they one, a
//! mistake in it would be checked against itself.

use serde_json::{Map, Value};

use super::settings::AllowSettings;

pub(super) const CORE: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
pub(super) const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const EXTENSION: &str = "urn:ietf:params:scim:schemas:extension:";

#[derive(Clone, Copy)]
enum Kind {
    Text,
    Flag,
    One(Table),
    Many(Table),
}
use Kind::{Flag, Many, One, Text};

type Table = &'static [(&'static str, Kind)];

const NAME: Table = &[
    ("formatted", Text),
    ("familyName", Text),
    ("givenName", Text),
    ("middleName", Text),
    ("honorificPrefix", Text),
    ("honorificSuffix", Text),
];
const PLURAL: Table =
    &[("value", Text), ("display", Text), ("type", Text), ("primary", Flag), ("$ref", Text)];
const ADDRESS: Table = &[
    ("formatted", Text),
    ("streetAddress", Text),
    ("locality", Text),
    ("region", Text),
    ("postalCode", Text),
    ("country", Text),
    ("type", Text),
    ("primary", Flag),
];
const META: Table = &[
    ("resourceType", Text),
    ("created", Text),
    ("lastModified", Text),
    ("location", Text),
    ("version", Text),
];
/// Without `password`: provisioning passwords is not supported.
const USER: Table = &[
    ("id", Text),
    ("externalId", Text),
    ("meta", One(META)),
    ("userName", Text),
    ("name", One(NAME)),
    ("displayName", Text),
    ("nickName", Text),
    ("profileUrl", Text),
    ("title", Text),
    ("userType", Text),
    ("preferredLanguage", Text),
    ("locale", Text),
    ("timezone", Text),
    ("active", Flag),
    ("emails", Many(PLURAL)),
    ("phoneNumbers", Many(PLURAL)),
    ("ims", Many(PLURAL)),
    ("photos", Many(PLURAL)),
    ("addresses", Many(ADDRESS)),
    ("groups", Many(PLURAL)),
    ("entitlements", Many(PLURAL)),
    ("roles", Many(PLURAL)),
    ("x509Certificates", Many(PLURAL)),
];
const ENTERPRISE_USER: Table = &[
    ("employeeNumber", Text),
    ("costCenter", Text),
    ("organization", Text),
    ("division", Text),
    ("department", Text),
    ("manager", One(&[("value", Text), ("$ref", Text), ("displayName", Text)])),
];

/// Where in a user something is wrong, and what.
#[derive(Debug)]
pub(super) struct Wrong {
    path: String,
    what: &'static str,
}

impl Wrong {
    fn here(what: &'static str) -> Self {
        Wrong { path: String::new(), what }
    }

    fn inside(mut self, step: &str) -> Self {
        let dot = if self.path.is_empty() || self.path.starts_with('[') { "" } else { "." };
        self.path = format!("{step}{dot}{}", self.path);
        self
    }
}

impl std::fmt::Display for Wrong {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let dot = if self.path.is_empty() || self.path.starts_with('[') { "" } else { "." };
        write!(f, "{dot}{} {}", self.path, self.what)
    }
}

/// Checks `data`, one user, and gives its externalId.
pub(super) fn check<'a>(data: &'a Value, allow: &AllowSettings) -> Result<&'a str, Wrong> {
    let Value::Object(user) = data else {
        return Err(Wrong::here("must be an object"));
    };
    schemas(user)?;
    for (name, value) in user {
        match name.as_str() {
            "schemas" => Ok(()),
            ENTERPRISE => attribute(value, One(ENTERPRISE_USER)),
            urn if urn.starts_with("urn:") => custom(urn, value, allow),
            _ => member(USER, name, value),
        }
        .map_err(|wrong| wrong.inside(name))?;
    }
    let named = |name| match user.get(name).and_then(Value::as_str) {
        Some(text) if !text.trim().is_empty() => Ok(text),
        _ => Err(Wrong::here("is required and must be a string that is not empty").inside(name)),
    };
    if !allow.partial_users || user.contains_key("userName") {
        named("userName")?;
    }
    named("externalId")
}

/// `schemas` names core and enterprise, every custom namespace that is used, and nothing else.
fn schemas(user: &Map<String, Value>) -> Result<(), Wrong> {
    let wrong = |what| Err(Wrong::here(what).inside("schemas"));
    let Some(Value::Array(listed)) = user.get("schemas") else {
        return wrong("is required and must be an array");
    };
    for (at, urn) in listed.iter().enumerate() {
        let Some(urn) = urn.as_str() else {
            return wrong("must hold strings only");
        };
        if urn != CORE && urn != ENTERPRISE && !user.contains_key(urn) {
            return wrong("lists a namespace that this user does not use");
        }
        if listed[..at].iter().any(|other| other == urn) {
            return wrong("lists a namespace twice");
        }
    }
    let is_listed = |wanted: &str| listed.iter().any(|urn| urn == wanted);
    if !is_listed(CORE) || !is_listed(ENTERPRISE) {
        return wrong("must list the core and the enterprise user");
    }
    if !user.keys().filter(|name| name.starts_with("urn:")).all(|urn| is_listed(urn)) {
        return wrong("must list every namespace that this user uses");
    }
    Ok(())
}

fn member(table: Table, name: &str, value: &Value) -> Result<(), Wrong> {
    let known = table.iter().find(|(known, _)| *known == name);
    let (_, kind) = known.ok_or_else(|| Wrong::here("is not an attribute of a SCIM user"))?;
    attribute(value, *kind)
}

fn attribute(value: &Value, kind: Kind) -> Result<(), Wrong> {
    match (kind, value) {
        // A null is an attribute without a value, RFC 7643 section 2.5.
        (_, Value::Null) | (Text, Value::String(_)) | (Flag, Value::Bool(_)) => Ok(()),
        (One(table), Value::Object(object)) => object.iter().try_for_each(|(name, value)| {
            member(table, name, value).map_err(|wrong| wrong.inside(name))
        }),
        (Many(table), Value::Array(items)) => {
            for (at, item) in items.iter().enumerate() {
                let item_is = if item.is_object() {
                    attribute(item, One(table))
                } else {
                    Err(Wrong::here("must be an object"))
                };
                item_is.map_err(|wrong| wrong.inside(&format!("[{at}]")))?;
            }
            if items.iter().filter(|item| item["primary"] == true).count() > 1 {
                return Err(Wrong::here("has more than one primary entry"));
            }
            Ok(())
        }
        (Text, _) => Err(Wrong::here("must be a string")),
        (Flag, _) => Err(Wrong::here("must be true or false")),
        (One(_), _) => Err(Wrong::here("must be an object")),
        (Many(_), _) => Err(Wrong::here("must be an array of objects")),
    }
}

/// A custom namespace: its attributes hold one plain value each.
fn custom(urn: &str, value: &Value, allow: &AllowSettings) -> Result<(), Wrong> {
    if !allow.any_custom_urn && !urn.starts_with(EXTENSION) {
        return Err(Wrong::here("must begin with urn:ietf:params:scim:schemas:extension:"));
    }
    let Value::Object(attributes) = value else {
        return Err(Wrong::here("must be an object"));
    };
    let complex = attributes.iter().find(|(_, value)| value.is_object() || value.is_array());
    complex.map_or(Ok(()), |(name, _)| Err(Wrong::here("must be one plain value").inside(name)))
}
