//! The directory: what becomes of a user that the job takes from its bucket.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use super::bulk_upload::Operation;
use super::settings::Settings;
use super::user_schema::ENTERPRISE;
use crate::time::Random;

/// A user of the simulated directory, under Entra's attribute names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SimulatedUser {
    /// Its object id.
    pub object_id: String,
    /// Whether the account may sign in.
    pub account_enabled: bool,
    /// The externalId of its manager.
    pub manager: Option<String>,
    /// The manager that was asked for and is not known here; a restart of the job looks again.
    pub unresolved_manager: Option<String>,
    /// Everything else: `employeeId`, `userPrincipalName`, `displayName`, …, and custom attributes
    /// as `<urn>:<name>`.
    pub attributes: BTreeMap<String, String>,
}

/// What was done, as the log names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Action {
    Create,
    Update,
    Other,
}

/// How it went, as the log names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Status {
    Success,
    Failure,
    Skipped,
    Warning,
}

/// One attribute that changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Change {
    pub(super) display_name: String,
    pub(super) old_value: Option<String>,
    pub(super) new_value: Option<String>,
}

/// Why a user failed, was skipped or is only half right: a code of the log, and a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) code: &'static str,
    pub(super) reason: String,
}

/// What became of one user.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) action: Action,
    pub(super) status: Status,
    pub(super) problem: Option<Problem>,
    pub(super) changes: Vec<Change>,
    pub(super) object_id: Option<String>,
    pub(super) name: Option<String>,
}

/// Attributes of the default mapping: SCIM's name, Entra's name.
const ROOT: &[(&str, &str)] = &[
    ("displayName", "displayName"),
    ("title", "jobTitle"),
    ("preferredLanguage", "preferredLanguage"),
];
const NAME: &[(&str, &str)] = &[("givenName", "givenName"), ("familyName", "surname")];
const ADDRESS: &[(&str, &str)] = &[
    ("streetAddress", "streetAddress"),
    ("locality", "city"),
    ("region", "state"),
    ("postalCode", "postalCode"),
    ("country", "country"),
];
const ENTERPRISE_USER: &[(&str, &str)] =
    &[("department", "department"), ("organization", "companyName")];
/// What a new user must have.
const REQUIRED: [&str; 2] = [PRINCIPAL_NAME, "displayName"];
const PRINCIPAL_NAME: &str = "userPrincipalName";

/// What a request says of one attribute.
enum Sent {
    /// Nothing: the object around it was not sent.
    Nothing,
    /// Null, or left out of an object that was sent.
    Absent,
    /// The empty string.
    Empty,
    Text(String),
}

/// What is to be done to one attribute.
enum Write {
    Set(String),
    Clear,
}

#[derive(Debug)]
pub(super) struct Directory {
    settings: Arc<Settings>,
    users: BTreeMap<String, SimulatedUser>,
    /// Who holds which userPrincipalName, in lower case.
    holders: HashMap<String, String>,
}

impl Directory {
    pub(super) fn new(settings: Arc<Settings>) -> Self {
        Directory { settings, users: BTreeMap::new(), holders: HashMap::new() }
    }

    pub(super) fn users(&self) -> &BTreeMap<String, SimulatedUser> {
        &self.users
    }

    /// Matches by externalId, then creates, updates or leaves alone.
    pub(super) fn process(&mut self, operation: &Operation, random: &Random) -> Outcome {
        let id = operation.external_id.as_str();
        let known = self.users.get(id);
        let exists = known.is_some();
        let mut user = known.cloned().unwrap_or_else(|| SimulatedUser {
            object_id: random.uuid(),
            account_enabled: true,
            manager: None,
            unresolved_manager: None,
            attributes: BTreeMap::from([("employeeId".to_owned(), id.to_owned())]),
        });
        let (changes, problem) = match self.apply(id, exists, &mut user, &operation.data) {
            Ok(applied) => applied,
            Err(problem) => {
                return Outcome {
                    action: if exists { Action::Update } else { Action::Create },
                    status: Status::Failure,
                    problem: Some(problem),
                    changes: Vec::new(),
                    object_id: exists.then_some(user.object_id),
                    name: None,
                };
            }
        };
        let (action, status) = match (exists, changes.is_empty(), &problem) {
            (true, true, None) => (Action::Other, Status::Skipped),
            (true, true, Some(_)) => (Action::Other, Status::Warning),
            (true, false, None) => (Action::Update, Status::Success),
            (true, false, Some(_)) => (Action::Update, Status::Warning),
            (false, _, None) => (Action::Create, Status::Success),
            (false, _, Some(_)) => (Action::Create, Status::Warning),
        };
        let redundant = || Problem {
            code: "RedundantExport",
            reason: "The user is as the source wants it; nothing was written.".to_owned(),
        };
        let problem = problem.or_else(|| (status == Status::Skipped).then(redundant));
        let name = user.attributes.get(PRINCIPAL_NAME).cloned();
        let object_id = Some(user.object_id.clone());
        let former = self.users.insert(id.to_owned(), user);
        if let Some(former) = former.and_then(|mut user| user.attributes.remove(PRINCIPAL_NAME)) {
            self.holders.remove(&former.to_lowercase());
        }
        if let Some(name) = &name {
            self.holders.insert(name.to_lowercase(), id.to_owned());
        }
        Outcome { action, status, problem, changes, object_id, name }
    }

    /// Looks again for the managers that were not known.
    pub(super) fn resolve_managers(&mut self) {
        let missing: Vec<(String, String)> = self
            .users
            .iter()
            .filter_map(|(id, user)| Some((id.clone(), user.unresolved_manager.clone()?)))
            .filter(|(_, manager)| self.users.contains_key(manager))
            .collect();
        for (id, manager) in missing {
            if let Some(user) = self.users.get_mut(&id) {
                user.manager = Some(manager);
                user.unresolved_manager = None;
            }
        }
    }

    /// Writes what `data` says onto `user`: the changes, and what is amiss but not in the way.
    fn apply(
        &self,
        id: &str,
        exists: bool,
        user: &mut SimulatedUser,
        data: &Value,
    ) -> Result<(Vec<Change>, Option<Problem>), Problem> {
        let mut changes = Vec::new();
        let mut note = |name: &str, old: Option<String>, new: Option<String>| {
            if old != new {
                let display_name = name.to_owned();
                changes.push(Change { display_name, old_value: old, new_value: new });
            }
        };
        for (target, sent) in self.flows(data) {
            let old = match self.write(&target, sent)? {
                None => continue,
                Some(Write::Set(text)) => user.attributes.insert(target.clone(), text),
                Some(Write::Clear) => user.attributes.remove(&target),
            };
            let new = user.attributes.get(&target).cloned();
            note(&target, old, new);
        }
        if let Some(missing) = REQUIRED.iter().find(|name| !user.attributes.contains_key(**name)) {
            let reason = format!("A new user needs {missing}, and the source gave none.");
            return Err(Problem { code: "MandatoryFieldsMissing", reason });
        }
        self.check_principal_name(id, &user.attributes[PRINCIPAL_NAME])?;
        if let Some(active) = data["active"].as_bool() {
            let text = |enabled| Some(if enabled { "True" } else { "False" }.to_owned());
            let old = exists.then_some(user.account_enabled).and_then(text);
            note("accountEnabled", old, text(active));
            user.account_enabled = active;
        }
        let mut problem = None;
        let manager = sent(data[ENTERPRISE].get("manager"), "value");
        match (manager, self.settings.directory.clear_attributes) {
            (Sent::Text(manager), _) if self.users.contains_key(&manager) => {
                note("manager", user.manager.replace(manager.clone()), Some(manager));
                user.unresolved_manager = None;
            }
            (Sent::Text(manager), _) => {
                let reason = format!("The manager {manager} was not provisioned before this user.");
                problem = Some(Problem { code: "UnableToResolveReferenceAttributeValue", reason });
                user.unresolved_manager = Some(manager);
            }
            (Sent::Absent | Sent::Empty, true) if exists => {
                note("manager", user.manager.take(), None);
                user.unresolved_manager = None;
            }
            _ => {}
        }
        Ok((changes, problem))
    }

    /// Everything the job's mapping takes from a user, under its target's name.
    fn flows(&self, data: &Value) -> Vec<(String, Sent)> {
        let mut flows = Vec::new();
        let mut table = |container: Option<&Value>, table: &[(&str, &str)]| {
            let rows = table.iter().map(|(name, target)| (name, (*target).to_owned()));
            flows.extend(rows.map(|(name, target)| (target, sent(container, name))));
        };
        table(Some(data), ROOT);
        table(data.get("name"), NAME);
        table(entry(data, "addresses", "work"), ADDRESS);
        table(data.get(ENTERPRISE), ENTERPRISE_USER);
        let mut phones = vec![("work", "telephoneNumber")];
        if self.settings.directory.other_phone_types {
            phones.extend([("mobile", "mobile"), ("fax", "facsimileTelephoneNumber")]);
        }
        for (of_type, target) in phones {
            table(entry(data, "phoneNumbers", of_type), &[("value", target)]);
        }
        for attribute in &self.settings.directory.custom_attributes {
            if let Some((urn, name)) = attribute.rsplit_once(':') {
                table(data.get(urn), &[(name, attribute)]);
            }
        }
        if let Sent::Text(mut name) = sent(Some(data), "userName") {
            if let (Some(domain), false) =
                (&self.settings.directory.user_name_domain, name.contains('@'))
            {
                name = format!("{name}@{domain}");
            }
            flows.push((PRINCIPAL_NAME.to_owned(), Sent::Text(name)));
        }
        flows
    }

    fn write(&self, target: &str, sent: Sent) -> Result<Option<Write>, Problem> {
        let may_clear = self.settings.directory.clear_attributes && !REQUIRED.contains(&target);
        match sent {
            Sent::Text(text) => Ok(Some(Write::Set(text))),
            Sent::Absent | Sent::Empty if may_clear => Ok(Some(Write::Clear)),
            Sent::Empty if self.settings.directory.write_empty_strings => {
                Ok(Some(Write::Set(String::new())))
            }
            Sent::Empty => Err(Problem {
                code: "InvalidAttributeSyntax",
                reason: format!("{target} cannot hold an empty string."),
            }),
            Sent::Nothing | Sent::Absent => Ok(None),
        }
    }

    fn check_principal_name(&self, id: &str, name: &str) -> Result<(), Problem> {
        let invalid = |what: &str| {
            let reason = format!("Property userPrincipalName is invalid: {what}.");
            Err(Problem { code: "AzureActiveDirectoryInvalidUserPrincipalName", reason })
        };
        let Some((local, domain)) = name.split_once('@') else {
            return invalid("it has no @");
        };
        let is_local = |c: char| c.is_ascii_alphanumeric() || "'.-_!#^~".contains(c);
        let is_domain = |c: char| c.is_ascii_alphanumeric() || ".-".contains(c);
        if local.is_empty() || local.len() > 64 || domain.is_empty() || domain.len() > 48 {
            return invalid("a part of it is empty or too long");
        }
        if !local.chars().all(is_local) || !domain.chars().all(is_domain) || local.ends_with('.') {
            return invalid("it holds a character that may not be there");
        }
        if self.settings.directory.only_verified_domains && !self.settings.is_domain(domain) {
            let reason = format!("The domain {domain} does not exist or is not verified.");
            return Err(Problem { code: "InvalidDomain", reason });
        }
        if self.holders.get(&name.to_lowercase()).is_some_and(|holder| holder != id) {
            let reason = "Another user has the same userPrincipalName.".to_owned();
            return Err(Problem { code: "EntryConflict", reason });
        }
        Ok(())
    }
}

/// What `container` says of `name`.
fn sent(container: Option<&Value>, name: &str) -> Sent {
    let Some(Value::Object(container)) = container else {
        return Sent::Nothing;
    };
    match container.get(name) {
        None | Some(Value::Null) => Sent::Absent,
        Some(Value::String(text)) if text.is_empty() => Sent::Empty,
        Some(Value::String(text)) => Sent::Text(text.clone()),
        Some(other) => Sent::Text(other.to_string()),
    }
}

/// The first entry of that type in a multi-valued attribute.
fn entry<'a>(data: &'a Value, list: &str, of_type: &str) -> Option<&'a Value> {
    data[list].as_array()?.iter().find(|entry| entry["type"] == of_type)
}
