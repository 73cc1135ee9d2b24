//! A finished user, disabled.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::quote::push_string;

/// The members of a JSON object, each value as it is written.
struct Members(Vec<(String, Box<RawValue>)>);

/// The user with `active` false and otherwise the same, to the byte; `user` is its JSON object.
///
/// # Errors
/// What is wrong with the JSON, in words.
pub fn disabled(user: &[u8]) -> Result<Vec<u8>, String> {
    let Members(members) = serde_json::from_slice(user).map_err(|error| error.to_string())?;
    let mut bytes = Vec::with_capacity(user.len() + 16);
    let mut said = false;
    let mut member = |key: &str, value: &str| {
        bytes.push(if bytes.is_empty() { b'{' } else { b',' });
        push_string(&mut bytes, key);
        bytes.push(b':');
        bytes.extend_from_slice(value.as_bytes());
    };
    for (key, value) in &members {
        let active = key.eq_ignore_ascii_case("active");
        said |= active;
        member(key, if active { "false" } else { value.get() });
    }
    if !said {
        member("active", "false");
    }
    bytes.push(b'}');
    Ok(bytes)
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Members, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = object.next_entry()? {
            members.push(member);
        }
        Ok(Members(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(user: &str) -> String {
        String::from_utf8(disabled(user.as_bytes()).unwrap()).unwrap()
    }

    #[test]
    fn nothing_else_moves() {
        let user = r#"{"externalId":"1","Active":true,"n":[1.50,1e400,"\u00e9é\"",{"a":null}]}"#;
        assert_eq!(of(user), user.replace("true", "false"));
        assert_eq!(of(r#"{"externalId":"1"}"#), r#"{"externalId":"1","active":false}"#);
        assert_eq!(of("{}"), r#"{"active":false}"#);
        assert!(disabled(b"[]").is_err());
    }
}
