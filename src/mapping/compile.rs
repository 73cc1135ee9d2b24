//! A mapping and a source's columns to a program.

use super::program::{Container, Entry, LeafStep, Program, Role, Step, Supply};
use super::quote::push_string;
use super::tree::{EmptyPolicy, Field, Leaf, Node, Source, ValueShape};
use super::{Mapping, UserNameMode, sentences};
use crate::error::{Problem, nearest};
use crate::scim::schema::{self, CORE_USER, ENTERPRISE_USER};
use crate::source::Columns;

/// Binds `mapping` to `columns`. Where that adds a problem the program is of no use.
pub(super) fn program(
    mapping: &Mapping,
    columns: &Columns,
    problems: &mut Vec<Problem>,
) -> Program {
    let namespace = mapping.options.scim_schema_namespace.as_deref();
    let custom = mapping.fields.iter().map(|field| field.name.as_str());
    let custom = custom.filter(|name| schema::is_urn(name) && *name != ENTERPRISE_USER);
    let mut compiler = Compiler { columns, problems };
    let scope = mapping.scope.as_ref().and_then(|source| {
        let supply = compiler.supply("scope", source)?;
        Some((supply, source.named_after("scope").to_owned()))
    });
    Program {
        head: head(custom.chain(namespace)),
        steps: mapping.fields.iter().filter_map(|field| compiler.member(field, false)).collect(),
        scope,
        local_user_name: mapping.options.user_name == UserNameMode::Local,
        namespace: namespace.map(|urn| (urn.to_owned(), key(urn))),
    }
}

/// The start of every user: `{"schemas":[…]`, core and enterprise always among them.
pub(super) fn head<'a>(custom: impl Iterator<Item = &'a str>) -> Vec<u8> {
    let mut head = br#"{"schemas":["#.to_vec();
    push_string(&mut head, CORE_USER);
    for urn in [ENTERPRISE_USER].into_iter().chain(custom) {
        head.push(b',');
        push_string(&mut head, urn);
    }
    head.push(b']');
    head
}

/// `,"name":`, of which the comma is left out where nothing stands before.
fn key(name: &str) -> Vec<u8> {
    let mut key = vec![b','];
    push_string(&mut key, name);
    key.push(b':');
    key
}

struct Compiler<'a> {
    columns: &'a Columns,
    problems: &'a mut Vec<Problem>,
}

impl Compiler<'_> {
    fn member(&mut self, field: &Field, in_entry: bool) -> Option<Step> {
        let role = |leaf: &Leaf| role_of(leaf, &field.name, in_entry);
        match &field.node {
            Node::Leaf(leaf) => self.leaf(key(&field.name), leaf, role(leaf)),
            Node::Object(fields) => self.object(key(&field.name), fields, in_entry),
            Node::Array(nodes) => self.array(key(&field.name), nodes),
        }
    }

    fn object(&mut self, key: Vec<u8>, fields: &[Field], in_entry: bool) -> Option<Step> {
        let members: Vec<Step> =
            fields.iter().filter_map(|field| self.member(field, in_entry)).collect();
        let counts = members.iter().any(Step::counts);
        (!members.is_empty()).then_some(Step::Object(Container { key, members, counts }))
    }

    fn array(&mut self, key: Vec<u8>, nodes: &[Node]) -> Option<Step> {
        let members: Vec<Entry> = nodes
            .iter()
            .filter_map(|node| {
                let comma = vec![b','];
                let step = match node {
                    Node::Leaf(leaf) => self.leaf(comma, leaf, Role::Plain),
                    Node::Object(fields) => self.object(comma, fields, true),
                    Node::Array(nodes) => self.array(comma, nodes),
                }?;
                Some(Entry { step, watched: watched(node) })
            })
            .collect();
        let counts = members.iter().any(|entry| entry.step.counts());
        (!members.is_empty()).then_some(Step::Array(Container { key, members, counts }))
    }

    fn leaf(&mut self, key: Vec<u8>, leaf: &Leaf, role: Role) -> Option<Step> {
        let lacking = |name: &str| self.columns.find(name).is_none();
        if leaf.optional && matches!(&leaf.source, Source::Column(name) if lacking(name)) {
            return None;
        }
        let supply = self.supply(&leaf.path, &leaf.source)?;
        let required = matches!(role, Role::ExternalId | Role::UserName);
        let qualifies = matches!(role, Role::EntryType | Role::EntryPrimary);
        Some(Step::Leaf(LeafStep {
            key: [key.as_slice(), b"\""].concat(),
            path: leaf.path.clone(),
            named_after: leaf.source.named_after(&leaf.path).to_owned(),
            supply,
            default: leaf.default.clone(),
            empty: match leaf.empty {
                _ if required => EmptyPolicy::Error,
                _ if leaf.source.ignores_empty() => EmptyPolicy::Omit,
                policy => policy,
            },
            shape: leaf.shape,
            role,
            counts: !qualifies && !leaf.source.is_constant(),
        }))
    }

    fn supply(&mut self, path: &str, source: &Source) -> Option<Supply> {
        let missing = match source {
            Source::Constant(constant) => return Some(Supply::Constant(constant.clone())),
            Source::Column(name) => match self.columns.find(name) {
                Some(at) => return Some(Supply::Column(at)),
                None => vec![name.clone()],
            },
            Source::Expression(expression) => match expression.bind(self.columns) {
                Ok(bound) => return Some(Supply::Expression(bound)),
                Err(missing) => missing,
            },
        };
        for name in missing {
            let known = self.columns.names();
            let near = nearest(&name, known.iter().map(String::as_str));
            let message = sentences::no_column(&name, near, known);
            self.problems.push(Problem::error(path, message));
        }
        None
    }
}

fn role_of(leaf: &Leaf, name: &str, in_entry: bool) -> Role {
    if leaf.shape == ValueShape::AsGiven {
        return if schema::is_date(name) { Role::Date } else { Role::Plain };
    }
    match (in_entry, name, leaf.path.as_str()) {
        // A constant type was judged with the mapping.
        (true, "type", _) if !matches!(leaf.source, Source::Constant(_)) => Role::EntryType,
        (true, "primary", _) => Role::EntryPrimary,
        (false, _, "externalId") => Role::ExternalId,
        (false, _, "userName") => Role::UserName,
        (false, _, "displayName") => Role::DisplayName,
        (false, _, "active") => Role::Active,
        (false, "value", path) if path.ends_with(":manager.value") => Role::Manager,
        _ => Role::Plain,
    }
}

/// The path of an entry whose type only the record tells: one that Entra may ignore.
fn watched(entry: &Node) -> Option<String> {
    let entry_type = entry.leaf("type")?;
    let path = entry_type.path.strip_suffix(".type")?;
    let (attribute, _) = path.split_once('[')?;
    let told_by_record = !matches!(entry_type.source, Source::Constant(_));
    (told_by_record && schema::only_work_entries(attribute)).then(|| path.to_owned())
}
