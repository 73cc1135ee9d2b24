//! Who is in the sources: finished users, and rows of a file.

use std::borrow::Borrow;

use serde_json::{Value, json};

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// A finished user: active, of no title, under nobody, until said otherwise.
#[derive(Debug, Clone)]
pub(crate) struct User {
    number: usize,
    title: Option<String>,
    manager: Option<usize>,
    active: bool,
}

impl User {
    pub(crate) fn new(number: usize) -> User {
        User { number, title: None, manager: None, active: true }
    }

    pub(crate) fn title(self, title: impl Into<String>) -> User {
        User { title: Some(title.into()), ..self }
    }

    pub(crate) fn under(self, manager: Option<usize>) -> User {
        User { manager, ..self }
    }

    pub(crate) fn active(self, active: bool) -> User {
        User { active, ..self }
    }

    fn operation(&self) -> Value {
        let mut data = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE],
            "externalId": id(self.number),
            "userName": format!("user{}@example.com", self.number),
            "displayName": format!("User {}", self.number),
        });
        if let Some(title) = &self.title {
            data["title"] = title.as_str().into();
        }
        data["active"] = self.active.into();
        if let Some(manager) = self.manager {
            data[ENTERPRISE] = json!({"manager": {"value": id(manager)}});
        }
        json!({"method": "POST", "path": "/Users", "bulkId": "any", "data": data})
    }
}

/// The externalId of a finished user.
pub(crate) fn id(number: usize) -> String {
    format!("E{number}")
}

/// A file of finished users: one BulkRequest, however many they are.
pub(crate) fn bulk(users: impl IntoIterator<Item = User>) -> String {
    let operations: Vec<Value> = users.into_iter().map(|user| user.operation()).collect();
    json!({"Operations": operations}).to_string()
}

/// A file of rows: `id,name,active`.
pub(crate) fn csv(rows: &[impl Borrow<str>]) -> String {
    format!("externalId,userName,active\n{}\n", rows.join("\n"))
}

/// A file of users `0..count`, all active.
pub(crate) fn crowd(count: u64) -> String {
    csv(&(0..count).map(|id| format!("{id},u{id}@x,true")).collect::<Vec<_>>())
}
