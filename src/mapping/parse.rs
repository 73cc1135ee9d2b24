//! JSON to a checked tree: attributes against the SCIM schemas, all problems at once.

use super::json::Json;
use super::tree::{
    Constant, EmptyPolicy, Field, Leaf, Node, Source, ValueShape, is_long_form, is_long_key,
};
use super::{Mapping, MappingOptions, sentences};
use crate::error::{Error, Problem, nearest};
use crate::scim::schema::{self, Attribute, AttributeType, CORE, CORE_USER, ENTERPRISE};
use crate::scim::schema::{ENTERPRISE_USER, Mutability};

/// How deep objects may nest under a custom URN. Entra takes no depth at all there.
const MAX_DEPTH: usize = 8;

/// Reads a mapping. Problems that spoil a part of it are collected and that part is left out; only
/// text that is no JSON object at all ends the work.
pub(super) fn read(
    json: &[u8],
    options: &MappingOptions,
) -> Result<(Mapping, Vec<Problem>), Error> {
    let text = decode(json).map_err(sentences::unusable)?;
    let members = match serde_json::from_str(&text) {
        Ok(Json::Object(members)) => members,
        Ok(other) => {
            let why = sentences::no_object(sentences::kind(&other));
            return Err(sentences::unusable(why));
        }
        Err(error) => return Err(sentences::unusable(sentences::no_json(&error))),
    };
    let mut parser = Parser { problems: Vec::new() };
    let (fields, scope) = parser.top(members);
    let mut problems = parser.problems;
    check_namespace(options, &fields, &mut problems);
    let mapping = Mapping { fields, scope, options: options.clone(), warnings: Vec::new() };
    Ok((mapping, problems))
}

/// Text of a file as editors and PowerShell save it: UTF-8, or any Unicode form with its mark.
fn decode(bytes: &[u8]) -> Result<String, String> {
    let (encoding, mark) = encoding_rs::Encoding::for_bom(bytes).unwrap_or((encoding_rs::UTF_8, 0));
    match encoding.decode_without_bom_handling_and_without_replacement(&bytes[mark..]) {
        Some(text) => Ok(text.into_owned()),
        None => Err(match std::str::from_utf8(&bytes[mark..]) {
            Err(error) if encoding == encoding_rs::UTF_8 => {
                sentences::no_utf8(mark + error.valid_up_to() + 1)
            }
            _ => sentences::not_as_marked(encoding.name()),
        }),
    }
}

/// Checks the namespace that takes every column, against itself and against the mapping.
pub(super) fn check_namespace(
    options: &MappingOptions,
    fields: &[Field],
    problems: &mut Vec<Problem>,
) {
    let Some(urn) = &options.scim_schema_namespace else { return };
    let mut wrong = |message| problems.push(Problem::error("scimSchemaNamespace", message));
    if let Some(message) = urn_problem(urn) {
        wrong(message);
    } else if urn.eq_ignore_ascii_case(ENTERPRISE_USER) {
        wrong(sentences::namespace_has_attributes(urn));
    } else if fields.iter().any(|field| field.name.eq_ignore_ascii_case(urn)) {
        wrong(sentences::namespace_mapped_too(urn));
    }
}

/// Why a text cannot be the URN of an extension.
fn urn_problem(urn: &str) -> Option<String> {
    let mut parts = urn.split(':');
    let well_formed = parts.next().is_some_and(|first| first.eq_ignore_ascii_case("urn"))
        && parts.clone().count() >= 2
        && parts.all(|part| !part.is_empty())
        && !urn.contains(|c: char| c.is_whitespace() || c.is_control());
    if !well_formed {
        return Some(sentences::not_a_urn(urn));
    }
    urn.eq_ignore_ascii_case(CORE_USER).then(|| sentences::CORE_AT_TOP.to_owned())
}

/// The attributes an object may have.
#[derive(Clone, Copy)]
struct Known {
    attributes: &'static [Attribute],
    /// What they belong to, for a sentence.
    owner: &'static str,
}

pub(super) struct Parser {
    pub(super) problems: Vec<Problem>,
}

impl Parser {
    pub(super) fn error(&mut self, path: &str, message: impl Into<String>) {
        self.problems.push(Problem::error(path, message));
    }

    fn warning(&mut self, path: &str, message: impl Into<String>) {
        self.problems.push(Problem::warning(path, message));
    }

    /// The members of an object without comments and without the repetitions of a key.
    pub(super) fn members(
        &mut self,
        prefix: &str,
        members: Vec<(String, Json)>,
    ) -> Vec<(String, Json)> {
        let mut kept: Vec<(String, Json)> = Vec::with_capacity(members.len());
        for (key, value) in members {
            if key.starts_with("//") || key == "$comment" {
                continue;
            }
            if kept.iter().any(|(other, _)| other.eq_ignore_ascii_case(&key)) {
                self.error(&format!("{prefix}{key}"), sentences::KEY_TWICE);
            } else {
                kept.push((key, value));
            }
        }
        kept
    }

    fn top(&mut self, members: Vec<(String, Json)>) -> (Vec<Field>, Option<Source>) {
        let mut scope = None;
        let mut fields = Vec::new();
        let mut attributes = Vec::new();
        for (key, value) in self.members("", members) {
            match key.as_str() {
                "version" if value == Json::Number("1".to_owned()) => {}
                "version" => self.error("version", sentences::VERSION),
                "scope" => scope = self.scope(value),
                _ => attributes.push((key, value)),
            }
        }
        for required in ["externalId", "userName"] {
            if !attributes.iter().any(|(key, _)| key.eq_ignore_ascii_case(required)) {
                self.error(required, sentences::REQUIRED);
            }
        }
        if !attributes.iter().any(|(key, _)| key.eq_ignore_ascii_case("active")) {
            self.warning("active", sentences::ACTIVE_UNMAPPED);
        }
        for (key, value) in attributes {
            let known = Known { attributes: CORE, owner: sentences::A_USER };
            fields.extend(if schema::is_urn(&key) {
                self.extension(key, value)
            } else {
                self.attribute("", key, value, known)
            });
        }
        for field in &fields {
            self.check_identity(field);
        }
        (fields, scope)
    }

    fn scope(&mut self, value: Json) -> Option<Source> {
        match value {
            Json::Text(text) => self.source("scope", &text),
            other => {
                self.error("scope", sentences::scope_is_text(sentences::kind(&other)));
                None
            }
        }
    }

    /// The rules that only externalId and userName obey: they tell users apart.
    fn check_identity(&mut self, field: &Field) {
        let Node::Leaf(leaf) = &field.node else { return };
        if !matches!(field.name.as_str(), "externalId" | "userName") {
            return;
        }
        if leaf.source.is_constant() {
            self.error(&leaf.path, sentences::SAME_FOR_ALL);
        }
        if leaf.default.is_some() {
            self.error(&leaf.path, sentences::NO_DEFAULT);
        }
        if matches!(leaf.empty, EmptyPolicy::Empty | EmptyPolicy::Null) {
            self.error(&leaf.path, sentences::EMPTY_IS_ERROR);
        }
    }

    /// A `urn:` key: the enterprise extension, checked, or a custom one, taken as it is.
    fn extension(&mut self, key: String, value: Json) -> Option<Field> {
        if let Some(message) = urn_problem(&key) {
            self.error(&key, message);
            return None;
        }
        let Json::Object(members) = value else {
            self.error(&key, sentences::urn_takes_an_object(sentences::kind(&value)));
            return None;
        };
        let enterprise = key.eq_ignore_ascii_case(ENTERPRISE_USER);
        let name = if enterprise { ENTERPRISE_USER.to_owned() } else { key };
        let prefix = format!("{name}:");
        let members = self.members(&prefix, members);
        let node = if enterprise {
            let known =
                Known { attributes: ENTERPRISE, owner: sentences::THE_ENTERPRISE_EXTENSION };
            self.object(&prefix, members, known)
        } else {
            self.custom_object(&prefix, members, 1)
        }?;
        Some(Field { name, node })
    }

    /// An object of known attributes. `prefix` is its path with the separator.
    fn object(&mut self, prefix: &str, members: Vec<(String, Json)>, known: Known) -> Option<Node> {
        if members.is_empty() {
            self.holds_nothing(prefix);
        }
        let fields: Vec<Field> = members
            .into_iter()
            .filter_map(|(key, value)| self.attribute(prefix, key, value, known))
            .collect();
        (!fields.is_empty()).then_some(Node::Object(fields))
    }

    fn holds_nothing(&mut self, prefix: &str) {
        let path = prefix.trim_end_matches(['.', ':']);
        self.error(path, sentences::HOLDS_NOTHING);
    }

    fn attribute(&mut self, prefix: &str, key: String, value: Json, known: Known) -> Option<Field> {
        let Some(attribute) = schema::find(known.attributes, &key) else {
            let message = unknown(&key, known);
            self.error(&format!("{prefix}{key}"), message);
            return None;
        };
        let path = format!("{prefix}{}", attribute.name);
        if let Some(why) = refusal(attribute) {
            self.error(&path, why);
            return None;
        }
        let node = match (attribute.multi_valued, value) {
            (true, Json::Array(entries)) => self.entries(&path, entries, attribute),
            (true, _) => {
                self.error(&path, sentences::several_values(&example(attribute)));
                None
            }
            (false, Json::Array(_)) => {
                self.error(&path, sentences::NO_ARRAY);
                None
            }
            (false, value) if attribute.kind == AttributeType::Complex => {
                self.complex(&path, value, attribute)
            }
            (false, value) => self.leaf(path, value, shape_of(attribute)).map(Node::Leaf),
        };
        node.map(|node| Field { name: attribute.name.to_owned(), node })
    }

    /// One object of a complex attribute, or one entry of a multi-valued one.
    fn complex(&mut self, path: &str, value: Json, attribute: &'static Attribute) -> Option<Node> {
        let prefix = format!("{path}.");
        let parts = match value {
            Json::Object(members) => self.members(&prefix, members),
            _ => Vec::new(),
        };
        if parts.is_empty() || parts.iter().all(|(key, _)| is_long_key(key)) {
            self.error(path, sentences::made_of_parts(&example(attribute)));
            return None;
        }
        let known = Known { attributes: attribute.sub_attributes, owner: attribute.name };
        self.object(&prefix, parts, known)
    }

    fn entries(
        &mut self,
        path: &str,
        entries: Vec<Json>,
        attribute: &'static Attribute,
    ) -> Option<Node> {
        if entries.is_empty() {
            self.holds_nothing(path);
        }
        let mut primaries = 0;
        let mut nodes = Vec::new();
        for (at, entry) in entries.into_iter().enumerate() {
            let path = format!("{path}[{at}]");
            let Some(node) = self.complex(&path, entry, attribute) else { continue };
            let always_primary = node
                .leaf("primary")
                .is_some_and(|leaf| matches!(leaf.source, Source::Constant(Constant::Bool(true))));
            primaries += usize::from(always_primary);
            if schema::only_work_entries(attribute.name) {
                self.check_work(&path, node.leaf("type"));
            }
            nodes.push(node);
        }
        if primaries > 1 {
            self.error(path, sentences::MANY_PRIMARY);
        }
        (!nodes.is_empty()).then_some(Node::Array(nodes))
    }

    /// Warns of an entry that Entra will never read.
    fn check_work(&mut self, path: &str, entry_type: Option<&Leaf>) {
        let has = match entry_type.map(|leaf| &leaf.source) {
            None => sentences::NO,
            Some(Source::Constant(Constant::Text(text))) if !text.eq_ignore_ascii_case("work") => {
                sentences::ANOTHER
            }
            Some(_) => return,
        };
        self.warning(path, sentences::never_read(has));
    }

    fn custom_object(
        &mut self,
        prefix: &str,
        members: Vec<(String, Json)>,
        depth: usize,
    ) -> Option<Node> {
        if members.is_empty() {
            self.holds_nothing(prefix);
        }
        let fields: Vec<Field> = members
            .into_iter()
            .filter_map(|(name, value)| {
                let path = format!("{prefix}{name}");
                let node = self.custom(&path, value, depth)?;
                Some(Field { name, node })
            })
            .collect();
        (!fields.is_empty()).then_some(Node::Object(fields))
    }

    /// A value under a custom URN, where no schema says what it should be.
    fn custom(&mut self, path: &str, value: Json, depth: usize) -> Option<Node> {
        let nested = match &value {
            Json::Array(_) => true,
            Json::Object(members) => !is_long_form(members),
            _ => false,
        };
        if !nested {
            return self.leaf(path.to_owned(), value, ValueShape::AsGiven).map(Node::Leaf);
        }
        if depth == MAX_DEPTH {
            self.error(path, sentences::too_deep(MAX_DEPTH));
            return None;
        }
        if depth == 1 {
            self.warning(path, sentences::NESTED_CUSTOM);
        }
        match value {
            Json::Object(members) => {
                let prefix = format!("{path}.");
                let members = self.members(&prefix, members);
                self.custom_object(&prefix, members, depth + 1)
            }
            Json::Array(entries) => {
                if entries.is_empty() {
                    self.holds_nothing(path);
                }
                let nodes: Vec<Node> = entries
                    .into_iter()
                    .enumerate()
                    .filter_map(|(at, entry)| {
                        self.custom(&format!("{path}[{at}]"), entry, depth + 1)
                    })
                    .collect();
                (!nodes.is_empty()).then_some(Node::Array(nodes))
            }
            _ => None,
        }
    }
}

fn shape_of(attribute: &Attribute) -> ValueShape {
    match attribute.kind {
        AttributeType::Boolean => ValueShape::Boolean,
        _ => ValueShape::Text,
    }
}

/// Why an attribute may not be sent at all.
fn refusal(attribute: &Attribute) -> Option<&'static str> {
    match (attribute.name, attribute.mutability) {
        ("id", _) => Some(sentences::NO_ID),
        ("meta", _) => Some(sentences::NO_META),
        ("groups", _) => Some(sentences::NO_GROUPS),
        ("password", _) => Some(sentences::NO_PASSWORD),
        (_, Mutability::ReadWrite) => None,
        _ => Some(sentences::READ_ONLY),
    }
}

/// What is meant instead of an attribute that does not exist here.
fn unknown(key: &str, known: Known) -> String {
    let owner = known.owner;
    if key.eq_ignore_ascii_case("schemas") {
        return sentences::NO_SCHEMAS.to_owned();
    }
    let top = std::ptr::eq(known.attributes, CORE);
    if top && let Some(attribute) = schema::find(ENTERPRISE, key) {
        return sentences::belongs_under(attribute.name, ENTERPRISE_USER);
    }
    if std::ptr::eq(known.attributes, ENTERPRISE)
        && let Some(attribute) = schema::find(CORE, key)
    {
        return sentences::belongs_at_top(attribute.name);
    }
    if let Some((parent, part)) = key.split_once('.')
        && let Some(parent) = schema::find(known.attributes, parent)
    {
        return sentences::write_nested(parent.name, part);
    }
    let others = ENTERPRISE.iter().filter(|_| top);
    let names = known.attributes.iter().chain(others).map(|attribute| attribute.name);
    match nearest(key, names) {
        Some(near) => sentences::no_attribute_but(key, owner, near),
        None if top => sentences::no_attribute_of_a_user(key),
        None => {
            let names: Vec<&str> = known.attributes.iter().map(|known| known.name).collect();
            sentences::no_attribute_of(key, owner, &names.join(", "))
        }
    }
}

/// How a complex or multi-valued attribute is written.
fn example(attribute: &Attribute) -> String {
    let part = match attribute.name {
        "name" => "familyName",
        "addresses" => "locality",
        _ => "value",
    };
    if attribute.multi_valued {
        format!("[{{\"type\": {{\"const\": \"work\"}}, \"{part}\": \"Column\"}}]")
    } else {
        format!("{{\"{part}\": \"Column\"}}")
    }
}
