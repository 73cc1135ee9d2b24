//! Users that come finished, out of a BulkRequest somebody made: checked, and repaired where the
//! meaning is plain.

use super::compile::head;
use super::json::Json;
use super::program::Rendered;
use super::sentences;
use crate::finding::{Finding, Rule};
use crate::scim::User;
use crate::scim::schema::{self, Attribute, AttributeType, CORE, CORE_USER};
use crate::scim::schema::{ENTERPRISE, ENTERPRISE_USER};
use crate::source::Record;

/// Takes the finished SCIM user, a JSON object, that is the text of the record's first cell.
///
/// `user` is emptied first. Unless this gives [`Rendered::User`], it holds nothing but the externalId,
/// where that is known. It gets the object
/// as compact JSON in its own order, and repaired: `schemas` comes first and lists core, enterprise
/// and every URN in use; a boolean written as clear text is a boolean, a number in a text attribute is
/// text (RFC 7643 section 2.3). A user without `userName` is let through, for the service takes such
/// an update of a user it can match.
pub fn ready_user(record: &Record, user: &mut User) -> Rendered {
    user.clear();
    let mut check = Check { line: record.line, user };
    match check.run(record.cell(0).text().unwrap_or_default()) {
        Ok(()) => Rendered::User,
        Err(finding) => {
            let finding = finding.external_id(&user.external_id);
            user.keep_identity();
            Rendered::Rejected(finding)
        }
    }
}

type Checked = Result<(), Box<Finding>>;

struct Check<'a> {
    line: u64,
    user: &'a mut User,
}

impl Check<'_> {
    fn reject(
        &self,
        rule: Rule,
        path: &str,
        value: Option<&Json>,
        message: impl Into<String>,
    ) -> Checked {
        let mut finding = Finding::new(self.line, rule, message);
        if !path.is_empty() {
            finding = finding.column(path);
        }
        if let Some(text) = value.and_then(Json::text) {
            finding = finding.value(text);
        }
        Err(Box::new(finding))
    }

    fn run(&mut self, text: &str) -> Checked {
        let mut json: Json = match serde_json::from_str(text) {
            Ok(json) => json,
            Err(error) => {
                let message = sentences::user_not_json(&error);
                return self.reject(Rule::NotAUser, "", None, message);
            }
        };
        if let Some(key) = json.repeated_key() {
            let message = sentences::user_key_twice(key);
            return self.reject(Rule::NotAUser, key, None, message);
        }
        let Json::Object(members) = &mut json else {
            let message = sentences::user_not_an_object(sentences::kind(&json));
            return self.reject(Rule::NotAUser, "", None, message);
        };
        self.identity(members)?;
        let mut schemas = Vec::new();
        if let Some(at) = members.iter().position(|(key, _)| key.eq_ignore_ascii_case("schemas")) {
            self.schemas(members.remove(at).1, &mut schemas)?;
        }
        for (key, value) in members.iter_mut() {
            if schema::is_urn(key) {
                add_urn(&mut schemas, key);
                self.extension(key, value)?;
            } else if let Some(attribute) = schema::find(CORE, key) {
                self.attribute(key, value, attribute)?;
            }
        }
        let mut bytes = head(schemas.iter().map(String::as_str));
        for (key, value) in members.iter() {
            bytes.push(b',');
            super::quote::push_string(&mut bytes, key);
            bytes.push(b':');
            value.write(&mut bytes);
        }
        bytes.push(b'}');
        self.user.bytes.extend_from_slice(&bytes);
        Ok(())
    }

    /// The externalId, first of all, so that every other finding can name the user.
    fn identity(&mut self, members: &[(String, Json)]) -> Checked {
        let id = members.iter().find(|(key, _)| key.eq_ignore_ascii_case("externalId"));
        match id.map(|(_, value)| value) {
            Some(Json::Text(text) | Json::Number(text)) if !text.trim().is_empty() => {
                self.user.external_id.push_str(text);
                Ok(())
            }
            _ => self.reject(Rule::RequiredValue, "externalId", None, sentences::NO_EXTERNAL_ID),
        }
    }

    fn schemas(&self, given: Json, schemas: &mut Vec<String>) -> Checked {
        let all = match &given {
            Json::Array(items) => items.iter().map(Json::text).collect(),
            Json::Null => Some(Vec::new()),
            _ => None,
        };
        let Some(urns): Option<Vec<&str>> = all else {
            let message = sentences::NO_URNS;
            return self.reject(Rule::WrongType, "schemas", Some(&given), message);
        };
        urns.into_iter().for_each(|urn| add_urn(schemas, urn));
        Ok(())
    }

    fn extension(&mut self, urn: &str, value: &mut Json) -> Checked {
        let enterprise = urn.eq_ignore_ascii_case(ENTERPRISE_USER);
        let Json::Object(members) = value else {
            if *value == Json::Null {
                return Ok(());
            }
            return self.wrong_type(urn, value, sentences::AN_OBJECT_OF_ATTRIBUTES);
        };
        for (key, value) in members {
            let path = format!("{urn}:{key}");
            if enterprise {
                if let Some(attribute) = schema::find(ENTERPRISE, key) {
                    self.attribute(&path, value, attribute)?;
                }
            } else if schema::is_date(key)
                && value
                    .text()
                    .is_some_and(|text| !text.trim().is_empty() && !schema::has_time(text))
            {
                self.user.warnings.push((Rule::DateWithoutTime, path));
            }
        }
        Ok(())
    }

    fn attribute(
        &mut self,
        path: &str,
        value: &mut Json,
        attribute: &'static Attribute,
    ) -> Checked {
        match value {
            Json::Null => Ok(()),
            Json::Array(entries) if attribute.multi_valued => {
                let mut primaries = 0;
                for (at, entry) in entries.iter_mut().enumerate() {
                    let path = format!("{path}[{at}]");
                    self.one(&path, entry, attribute)?;
                    primaries += usize::from(part(entry, "primary") == Some(&Json::Bool(true)));
                    let entry_type = part(entry, "type").and_then(Json::text);
                    if schema::only_work_entries(attribute.name)
                        && !entry_type.is_some_and(|text| text.eq_ignore_ascii_case("work"))
                    {
                        self.user.warnings.push((Rule::NotWorkEntry, path));
                    }
                }
                if primaries > 1 {
                    let message = sentences::many_primary_in(path);
                    return self.reject(Rule::ManyPrimary, path, None, message);
                }
                Ok(())
            }
            _ if attribute.multi_valued => self.wrong_type(path, value, sentences::AN_ARRAY),
            _ => {
                self.one(path, value, attribute)?;
                self.keep(path, value, attribute);
                Ok(())
            }
        }
    }

    /// One value, or one entry of several.
    fn one(&mut self, path: &str, value: &mut Json, attribute: &'static Attribute) -> Checked {
        match (attribute.kind, &mut *value) {
            (_, Json::Null) => Ok(()),
            (AttributeType::Complex, Json::Object(members)) => {
                for (key, value) in members {
                    if let Some(part) = schema::find(attribute.sub_attributes, key) {
                        self.attribute(&format!("{path}.{key}"), value, part)?;
                    }
                }
                Ok(())
            }
            (AttributeType::Complex, _) => self.wrong_type(path, value, sentences::AN_OBJECT),
            (AttributeType::Boolean, Json::Bool(_)) => Ok(()),
            (AttributeType::Boolean, Json::Text(text)) => match schema::boolean(text) {
                Some(clear) => {
                    *value = Json::Bool(clear);
                    Ok(())
                }
                None => {
                    let message = sentences::unclear_boolean(path);
                    self.reject(Rule::NotBoolean, path, Some(value), message)
                }
            },
            (AttributeType::Boolean, _) => self.wrong_type(path, value, sentences::A_BOOLEAN),
            (_, Json::Text(_)) => Ok(()),
            (_, Json::Number(number)) => {
                *value = Json::Text(std::mem::take(number));
                Ok(())
            }
            _ => self.wrong_type(path, value, sentences::TEXT),
        }
    }

    /// Keeps what later rooms ask of a user.
    fn keep(&mut self, path: &str, value: &Json, attribute: &Attribute) {
        let kept = match attribute.name {
            "active" => {
                if let Json::Bool(active) = value {
                    self.user.active = Some(*active);
                }
                return;
            }
            "userName" => &mut self.user.user_name,
            "displayName" if path.eq_ignore_ascii_case("displayName") => {
                &mut self.user.display_name
            }
            "manager" => {
                let manager = part(value, "value").and_then(Json::text).unwrap_or_default();
                self.user.manager.push_str(manager);
                return;
            }
            _ => return,
        };
        kept.push_str(value.text().unwrap_or_default());
    }

    fn wrong_type(&self, path: &str, value: &Json, wanted: &str) -> Checked {
        let message = sentences::wrong_type(path, wanted, sentences::kind(value));
        self.reject(Rule::WrongType, path, Some(value), message)
    }
}

/// The member of an entry or complex value, in any case.
fn part<'a>(value: &'a Json, name: &str) -> Option<&'a Json> {
    let Json::Object(members) = value else { return None };
    members.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// Adds a URN that is not there yet; core and enterprise always are.
fn add_urn(schemas: &mut Vec<String>, urn: &str) {
    let known = schemas.iter().map(String::as_str).chain([CORE_USER, ENTERPRISE_USER]);
    if !known.into_iter().any(|known| known.eq_ignore_ascii_case(urn)) {
        schemas.push(urn.to_owned());
    }
}
