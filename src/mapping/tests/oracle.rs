//! What a mapping means, said a second time: slowly, over `serde_json::Value`, from the mapping's own
//! text. It shares no code with the program it judges.

use serde_json::{Map, Value, json};

use super::*;
use crate::source::Cell;

/// The record is rejected.
#[derive(Debug)]
pub(super) struct Reject;

type Meant<T> = Result<T, Reject>;

pub(super) struct Oracle<'a> {
    pub(super) columns: &'a Columns,
    pub(super) record: &'a Record,
}

/// A member as it would be written, and whether its mapping has anything that is not constant.
struct Member {
    written: Option<Value>,
    counts: bool,
}

impl Oracle<'_> {
    /// The user that `mapping` makes of the record.
    pub(super) fn user(&self, mapping: &Map<String, Value>) -> Meant<Value> {
        let mut user = Map::new();
        let mut schemas = vec![json!("urn:ietf:params:scim:schemas:core:2.0:User")];
        schemas.push(json!("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"));
        for key in mapping.keys().filter(|key| key.starts_with("urn:") && *key != ENTERPRISE) {
            schemas.push(json!(key));
        }
        user.insert("schemas".to_owned(), Value::Array(schemas));
        for (key, spec) in mapping {
            let custom = key.starts_with("urn:") && key != ENTERPRISE;
            if let Some(value) = self.member(key, spec, custom, false)?.written {
                user.insert(key.clone(), value);
            } else if key == "externalId" || key == "userName" {
                return Err(Reject);
            }
        }
        Ok(Value::Object(user))
    }

    fn member(&self, key: &str, spec: &Value, custom: bool, in_entry: bool) -> Meant<Member> {
        let is_long =
            |map: &Map<String, Value>| map.contains_key("column") || map.contains_key("const");
        match spec {
            Value::Array(entries) => {
                let mut written = Vec::new();
                let mut counts = false;
                for entry in entries {
                    let entry = self.member("", entry, custom, true)?;
                    counts |= entry.counts;
                    written.extend(entry.written);
                }
                if !custom && written.iter().filter(|entry| entry["primary"] == true).count() > 1 {
                    return Err(Reject);
                }
                let written = (!written.is_empty()).then_some(Value::Array(written));
                Ok(Member { written, counts })
            }
            Value::Object(members) if !is_long(members) => {
                let mut written = Map::new();
                let (mut anything, mut own, mut counts) = (false, false, false);
                for (key, spec) in members {
                    let member = self.member(key, spec, custom, in_entry)?;
                    anything |= member.written.is_some();
                    own |= member.written.is_some() && member.counts;
                    counts |= member.counts;
                    written.extend(member.written.map(|value| (key.clone(), value)));
                }
                let alive = if counts { own } else { anything };
                Ok(Member { written: alive.then_some(Value::Object(written)), counts })
            }
            _ => {
                let boolean = !custom && (key == "active" || key == "primary");
                let qualifier = in_entry && !custom && (key == "type" || key == "primary");
                let constant = spec.get("const").is_some() || spec.as_str().is_some_and(is_quoted);
                let written = self.leaf(spec, boolean, custom)?;
                Ok(Member { written, counts: !qualifier && !constant })
            }
        }
    }

    fn leaf(&self, spec: &Value, boolean: bool, custom: bool) -> Meant<Option<Value>> {
        let given = if let Some(constant) = spec.get("const") {
            constant.clone()
        } else if let Some(text) = spec.as_str().filter(|text| is_quoted(text)) {
            json!(text.trim_matches(['=', '"']))
        } else {
            let name = spec.as_str().unwrap_or_else(|| spec["column"].as_str().unwrap());
            match self.record.cell(self.columns.find(name.trim_matches(['=', '[', ']'])).unwrap()) {
                Cell::Text(text) if text.chars().all(char::is_whitespace) => Value::Null,
                Cell::Text(text) => json!(text),
                Cell::Number(text) => serde_json::from_str(text).unwrap(),
                Cell::Bool(value) => json!(value),
                Cell::Null | Cell::Absent => Value::Null,
            }
        };
        let given = match (given, spec.get("default"), spec["empty"].as_str()) {
            (Value::Null, Some(default), _) => default.clone(),
            (Value::Null, None, None | Some("omit")) => return Ok(None),
            (Value::Null, None, Some("empty")) => return Ok(Some(json!(""))),
            (Value::Null, None, Some("null")) => return Ok(Some(Value::Null)),
            (Value::Null, ..) => return Err(Reject),
            (given, ..) => given,
        };
        if custom {
            return Ok(Some(given));
        }
        let text = match &given {
            Value::Bool(true) => "True".to_owned(),
            Value::Bool(false) => "False".to_owned(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        if !boolean {
            return Ok(Some(json!(text)));
        }
        match text.trim().to_lowercase().as_str() {
            "true" | "yes" | "y" | "1" | "active" | "enabled" => Ok(Some(json!(true))),
            "false" | "no" | "n" | "0" | "inactive" | "disabled" => Ok(Some(json!(false))),
            _ => Err(Reject),
        }
    }
}

fn is_quoted(text: &str) -> bool {
    text.starts_with("=\"")
}
