//! A first mapping, guessed from a header.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use super::column_names as names;
use super::sentences;
use crate::scim::schema::ENTERPRISE_USER;

/// Where dates go until somebody names a schema of their own; CSV2SCIM's samples use it too.
const CUSTOM: &str = "urn:ietf:params:scim:schemas:extension:csv:1.0:User";

/// A commented first mapping for a source with these columns, as indented JSON.
///
/// It is a mapping as it stands: it can be parsed, and compiled for these columns if any of them has
/// a name. Comments, under keys that begin with `//`, say what was guessed, what to check, and which
/// columns are not used.
pub fn suggest(columns: &[String]) -> String {
    let named = columns.iter().filter(|column| !column.trim().is_empty());
    let columns = named.map(|column| (names::normalized(column), column.as_str())).collect();
    let mut suggestion = Suggestion { columns, mapping: Map::new(), used: HashSet::new() };
    suggestion.write();
    format!("{:#}\n", Value::Object(suggestion.mapping))
}

struct Suggestion<'a> {
    /// Every column that has a name: as the lists spell it, and as the source does.
    columns: Vec<(String, &'a str)>,
    mapping: Map<String, Value>,
    used: HashSet<&'a str>,
}

impl<'a> Suggestion<'a> {
    fn write(&mut self) {
        self.comment("", sentences::SUGGESTED);
        self.mapping.insert("version".to_owned(), json!(1));
        self.identity();
        self.active();
        self.name();
        self.put("title", names::TITLE);
        self.put("userType", names::USER_TYPE);
        self.put("preferredLanguage", names::PREFERRED_LANGUAGE);
        self.entry("emails", &[("value", names::EMAIL)]);
        self.entry("phoneNumbers", &[("value", names::PHONE)]);
        self.entry(
            "addresses",
            &[
                ("streetAddress", names::STREET),
                ("locality", names::LOCALITY),
                ("region", names::REGION),
                ("postalCode", names::POSTAL_CODE),
                ("country", names::COUNTRY),
            ],
        );
        self.enterprise();
        self.dates();
        let unused: Vec<&str> = (self.columns.iter().map(|(_, column)| *column))
            .filter(|column| !self.used.contains(column))
            .collect();
        if !unused.is_empty() {
            self.comment(" not used", &unused.join(", "));
        }
    }

    fn comment(&mut self, about: &str, text: &str) {
        self.mapping.insert(format!("//{about}"), json!(text));
    }

    /// The first column that goes by one of `names`, which is thereby used.
    fn find(&mut self, names: &[&str]) -> Option<&'a str> {
        let called = |name| self.columns.iter().find(|(normalized, _)| normalized == name);
        let (_, column) = names.iter().find_map(called)?;
        self.used.insert(column);
        Some(column)
    }

    fn put(&mut self, attribute: &str, names: &[&str]) {
        if let Some(column) = self.find(names) {
            self.mapping.insert(attribute.to_owned(), by_name(column));
        }
    }

    fn identity(&mut self) {
        let first = self.columns.first().map_or("externalId", |(_, column)| column);
        let (id, guess) = match self.find(names::EXTERNAL_ID) {
            Some(id) => (id, sentences::ID_FOUND),
            None => (first, sentences::ID_GUESSED),
        };
        self.used.insert(id);
        self.comment(" externalId", guess);
        self.mapping.insert("externalId".to_owned(), by_name(id));

        let (name, guess) = if let Some(name) = self.find(names::USER_NAME) {
            (name, sentences::NAME_FOUND)
        } else if let Some(email) = self.find(names::EMAIL) {
            (email, sentences::NAME_FROM_EMAIL)
        } else {
            (id, sentences::NAME_GUESSED)
        };
        self.comment(" userName", guess);
        self.mapping.insert("userName".to_owned(), by_name(name));
    }

    fn active(&mut self) {
        let value = if let Some(column) = self.find(names::ACTIVE) {
            by_name(column)
        } else if let Some((column, words)) = self.status() {
            self.comment(" active", sentences::ACTIVE_FROM_STATUS);
            json!({"expression": switch(column, words), "empty": "error"})
        } else if let Some(column) = self.find(names::TERMINATED) {
            self.comment(" active", sentences::ACTIVE_TURNED);
            let words = [("True", false), ("Yes", false), ("1", false)];
            let words = [&words[..], &[("False", true), ("No", true), ("0", true)]].concat();
            json!({"expression": switch(column, &words), "empty": "error"})
        } else {
            self.comment(" active", sentences::ACTIVE_MISSING);
            return;
        };
        self.mapping.insert("active".to_owned(), value);
    }

    fn status(&mut self) -> Option<(&'a str, names::Words)> {
        names::STATUS.iter().find_map(|(names, words)| Some((self.find(names)?, *words)))
    }

    fn name(&mut self) {
        let family = self.find(names::FAMILY_NAME);
        let given = self.find(names::GIVEN_NAME);
        let middle = self.find(names::MIDDLE_NAME);
        let display = match (self.find(names::DISPLAY_NAME), given, family) {
            (Some(column), ..) => Some(by_name(column)),
            (None, Some(given), Some(family)) => {
                let east = !family.is_ascii() && family.chars().all(|c| c >= '\u{2e80}');
                let (one, other) = if east { (family, given) } else { (given, family) };
                let names = format!("=Join(\" \", {}, {})", reference(one), reference(other));
                Some(json!(names))
            }
            _ => None,
        };
        if let Some(display) = display {
            self.mapping.insert("displayName".to_owned(), display);
        }
        let mut name = Map::new();
        for (part, column) in [("familyName", family), ("givenName", given), ("middleName", middle)]
        {
            if let Some(column) = column {
                name.insert(part.to_owned(), by_name(column));
            }
        }
        self.object("name", name);
    }

    fn object(&mut self, key: &str, members: Map<String, Value>) {
        if !members.is_empty() {
            self.mapping.insert(key.to_owned(), Value::Object(members));
        }
    }

    /// One entry of type `work`, the only type that Entra reads.
    fn entry(&mut self, attribute: &str, parts: &[(&str, &[&str])]) {
        let mut entry = Map::new();
        entry.insert("type".to_owned(), json!({"const": "work"}));
        for (part, names) in parts {
            if let Some(column) = self.find(names) {
                entry.insert((*part).to_owned(), by_name(column));
            }
        }
        if entry.len() > 1 {
            self.mapping.insert(attribute.to_owned(), json!([entry]));
        }
    }

    fn enterprise(&mut self) {
        let mut members = Map::new();
        for (attribute, names) in [
            ("employeeNumber", names::EMPLOYEE_NUMBER),
            ("costCenter", names::COST_CENTER),
            ("organization", names::ORGANIZATION),
            ("division", names::DIVISION),
            ("department", names::DEPARTMENT),
        ] {
            if let Some(column) = self.find(names) {
                members.insert(attribute.to_owned(), by_name(column));
            }
        }
        if let Some(column) = self.find(names::MANAGER) {
            members.insert("// manager".to_owned(), json!(sentences::MANAGER_IS_ID));
            members.insert("manager".to_owned(), json!({"value": by_name(column)}));
        }
        self.object(ENTERPRISE_USER, members);
    }

    fn dates(&mut self) {
        let mut members = Map::new();
        let dates =
            [("employeeHireDate", names::HIRE_DATE), ("employeeLeaveDateTime", names::LEAVE_DATE)];
        for (attribute, languages) in dates {
            let found =
                languages.iter().find_map(|(names, format)| Some((self.find(names)?, *format)));
            if let Some((column, format)) = found {
                members.insert(attribute.to_owned(), json!(date(column, format)));
            }
        }
        if members.is_empty() {
            return;
        }
        self.comment(" dates", sentences::DATES_NEED_TIME);
        self.object(CUSTOM, members);
    }
}

/// A column by its name, safe also where the name begins as an expression does.
fn by_name(column: &str) -> Value {
    if column.starts_with('=') { json!({"column": column}) } else { json!(column) }
}

/// A column inside an expression.
fn reference(column: &str) -> String {
    format!("[{}]", column.replace(']', "]]"))
}

/// What each word means; any other word stays as it is.
fn switch(column: &str, words: &[(&str, bool)]) -> String {
    let column = reference(column);
    let mut expression = format!("=Switch({column}, {column}");
    for (word, on) in words {
        let meaning = if *on { "True" } else { "False" };
        expression.push_str(&format!(", \"{word}\", \"{meaning}\""));
    }
    expression.push(')');
    expression
}

/// A date given a time; `0000-00-00` is how BambooHR writes that there is none.
fn date(column: &str, format: &str) -> String {
    let column = reference(column);
    let dated = format!("FormatDateTime({column}, , \"{format}\", \"yyyy-MM-ddTHH:mm:ssZ\")");
    match format {
        "yyyy-MM-dd" => format!("=IIF({column} = \"0000-00-00\", \"\", {dated})"),
        _ => format!("={dated}"),
    }
}
