//! A compiled mapping: a record in, a user's canonical bytes out.

use super::expression::{BoundExpression, Value};
use super::quote::{is_plain, push_content, push_string};
use super::sentences;
use super::tree::{Constant, EmptyPolicy, ValueShape};
use crate::finding::{Finding, Rule};
use crate::scim::User;
use crate::scim::schema;
use crate::source::{Cell, Columns, Record};

/// What became of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rendered {
    /// A user was rendered.
    User,
    /// The mapping's scope leaves the record out.
    OutOfScope,
    /// The record cannot become a user, for this reason.
    Rejected(Finding),
}

/// A mapping bound to the columns of a source. Share it freely between threads.
#[derive(Debug)]
pub struct Program {
    /// `{"schemas":[…]`.
    pub(super) head: Vec<u8>,
    pub(super) steps: Vec<Step>,
    /// The condition of sending a record at all, and what a finding calls it.
    pub(super) scope: Option<(Supply, String)>,
    pub(super) local_user_name: bool,
    /// The URN that takes every column, and its key.
    pub(super) namespace: Option<(String, Vec<u8>)>,
}

/// What writes one member of an object or one element of an array.
#[derive(Debug)]
pub(super) enum Step {
    Leaf(LeafStep),
    Object(Container<Step>),
    Array(Container<Entry>),
}

#[derive(Debug)]
pub(super) struct Container<M> {
    pub(super) key: Vec<u8>,
    pub(super) members: Vec<M>,
    /// Whether any value below says something of its own; see [`LeafStep::counts`].
    pub(super) counts: bool,
}

#[derive(Debug)]
pub(super) struct Entry {
    pub(super) step: Step,
    /// The path of an entry that Entra reads only if the record gives it the type `work`.
    pub(super) watched: Option<String>,
}

#[derive(Debug)]
pub(super) struct LeafStep {
    /// `,"name":"`, or `,"` in an array. The last quotation mark is for text only.
    pub(super) key: Vec<u8>,
    pub(super) path: String,
    /// What a finding calls it: the column it comes from, or its path.
    pub(super) named_after: String,
    pub(super) supply: Supply,
    pub(super) default: Option<Constant>,
    pub(super) empty: EmptyPolicy,
    pub(super) shape: ValueShape,
    pub(super) role: Role,
    /// Whether the value says something of its own. A constant does not, nor do `type` and `primary`
    /// of an entry: they only qualify their siblings and go when these have no value.
    pub(super) counts: bool,
}

/// Where a value comes from.
#[derive(Debug)]
pub(super) enum Supply {
    Column(usize),
    Expression(BoundExpression),
    Constant(Constant),
}

/// What a value means to later rooms or to its entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Plain,
    ExternalId,
    UserName,
    DisplayName,
    Active,
    Manager,
    EntryType,
    EntryPrimary,
    Date,
}

impl Step {
    pub(super) fn counts(&self) -> bool {
        match self {
            Step::Leaf(leaf) => leaf.counts,
            Step::Object(object) => object.counts,
            Step::Array(array) => array.counts,
        }
    }
}

/// Boxed, for it is large and rare.
type Rejection = Box<Finding>;

impl Program {
    /// Renders `record` into `user`, which is emptied first. Unless this gives [`Rendered::User`], it
    /// holds nothing but the externalId, where that is known. `columns` are the source's, which may have grown since compilation.
    pub fn render(&self, columns: &Columns, record: &Record, user: &mut User) -> Rendered {
        user.clear();
        let mut rendering = Rendering::new(self, record, user);
        match rendering.run(columns) {
            Ok(true) => Rendered::User,
            Ok(false) => {
                rendering.external_id();
                user.keep_identity();
                Rendered::OutOfScope
            }
            Err(finding) => {
                let finding = finding.external_id(rendering.external_id());
                user.keep_identity();
                Rendered::Rejected(finding)
            }
        }
    }
}

/// One record on its way to become a user.
struct Rendering<'a> {
    program: &'a Program,
    record: &'a Record,
    /// Whether no cell of the record needs an escape: looked at once, and true of nearly all.
    plain: bool,
    user: &'a mut User,
    entry: EntrySeen,
}

/// What the values of the entry being written said.
#[derive(Default)]
struct EntrySeen {
    primary: bool,
    work: bool,
}

impl<'a> Rendering<'a> {
    fn new(program: &'a Program, record: &'a Record, user: &'a mut User) -> Self {
        let plain = is_plain(record.cells.as_slice());
        Rendering { program, record, plain, user, entry: EntrySeen::default() }
    }

    /// Whether the record is in scope; its user is then complete.
    fn run(&mut self, columns: &Columns) -> Result<bool, Rejection> {
        let program = self.program;
        if let Some((supply, name)) = &program.scope
            && !self.in_scope(supply, name)?
        {
            return Ok(false);
        }
        self.user.bytes.extend_from_slice(&program.head);
        for step in &program.steps {
            self.step(step)?;
        }
        if let Some((urn, key)) = &program.namespace {
            self.every_column(urn, key, columns);
        }
        self.user.bytes.push(b'}');
        Ok(true)
    }

    /// The record's externalId, rendered now if the rejection came before its turn.
    fn external_id(&mut self) -> &str {
        if self.user.external_id.is_empty() {
            let program = self.program;
            let leaf = program.steps.iter().find_map(|step| match step {
                Step::Leaf(leaf) if leaf.role == Role::ExternalId => Some(leaf),
                _ => None,
            });
            // Where this fails too the id stays unknown, and the first finding is the one to report.
            let _ = leaf.map(|leaf| self.leaf(leaf));
        }
        &self.user.external_id
    }

    fn in_scope(&mut self, supply: &'a Supply, name: &str) -> Result<bool, Rejection> {
        self.with_value(supply, "scope", |this, cell| {
            as_boolean(cell)
                .ok_or_else(|| this.finding(Rule::NotBoolean, name, cell, sentences::SCOPE_UNCLEAR))
        })
    }

    /// Writes one member or element; whether there was anything to write.
    fn step(&mut self, step: &'a Step) -> Result<bool, Rejection> {
        match step {
            Step::Leaf(leaf) => self.leaf(leaf),
            Step::Object(object) => self.object(object),
            Step::Array(array) => self.array(array),
        }
    }

    fn object(&mut self, object: &'a Container<Step>) -> Result<bool, Rejection> {
        let start = self.user.bytes.len();
        self.key(&object.key);
        self.user.bytes.push(b'{');
        let mut alive = false;
        for member in &object.members {
            // Both sides of `&` must run: the member is written whether or not it counts.
            alive |= self.step(member)? & (member.counts() || !object.counts);
        }
        self.close(alive, start, b'}')
    }

    fn array(&mut self, array: &'a Container<Entry>) -> Result<bool, Rejection> {
        let start = self.user.bytes.len();
        self.key(&array.key);
        self.user.bytes.push(b'[');
        let mut alive = false;
        let mut primaries = 0;
        for entry in &array.members {
            self.entry = EntrySeen::default();
            if !self.step(&entry.step)? {
                continue;
            }
            alive = true;
            primaries += usize::from(self.entry.primary);
            if primaries > 1 {
                let name = attribute_name(&array.key);
                let message = sentences::many_primary_in(&name);
                return Err(self.finding(Rule::ManyPrimary, &name, Cell::Null, message));
            }
            if let Some(path) = &entry.watched
                && !self.entry.work
            {
                self.user.warnings.push((Rule::NotWorkEntry, path.clone()));
            }
        }
        self.close(alive, start, b']')
    }

    /// Ends an object or array, or takes it back.
    fn close(&mut self, alive: bool, start: usize, bracket: u8) -> Result<bool, Rejection> {
        if alive {
            self.user.bytes.push(bracket);
        } else {
            self.user.bytes.truncate(start);
        }
        Ok(alive)
    }

    fn key(&mut self, key: &[u8]) {
        let first = matches!(self.user.bytes.last(), Some(b'{' | b'['));
        self.user.bytes.extend_from_slice(&key[usize::from(first)..]);
    }

    fn leaf(&mut self, leaf: &'a LeafStep) -> Result<bool, Rejection> {
        match leaf.supply {
            Supply::Column(at) => match (self.record.cell(at), leaf.shape) {
                (Cell::Text(text), ValueShape::Text) if self.plain && !is_blank(text) => {
                    let text = match leaf.role {
                        Role::Plain => text,
                        _ => self.play(leaf, text)?,
                    };
                    self.key(&leaf.key);
                    self.user.bytes.extend_from_slice(text.as_bytes());
                    self.user.bytes.push(b'"');
                    Ok(true)
                }
                (cell, _) => self.given(leaf, cell),
            },
            _ => self.with_value(&leaf.supply, &leaf.path, |this, cell| this.given(leaf, cell)),
        }
    }

    /// Writes a value, or what the mapping says where there is none.
    fn given(&mut self, leaf: &LeafStep, cell: Cell<'_>) -> Result<bool, Rejection> {
        if !is_empty(cell) {
            return self.value(leaf, cell).map(|()| true);
        }
        if let Some(default) = &leaf.default {
            return self.value(leaf, default.cell()).map(|()| true);
        }
        let literal: &[u8] = match leaf.empty {
            EmptyPolicy::Omit => return Ok(false),
            EmptyPolicy::Error => {
                return Err(self.required(leaf, sentences::no_value(&leaf.path)));
            }
            EmptyPolicy::Empty => b"\"\"",
            EmptyPolicy::Null => b"null",
        };
        self.bare(leaf, literal);
        Ok(true)
    }

    /// Takes a value from its supply and hands it on as a cell.
    fn with_value<T>(
        &mut self,
        supply: &'a Supply,
        path: &str,
        then: impl FnOnce(&mut Self, Cell<'_>) -> Result<T, Rejection>,
    ) -> Result<T, Rejection> {
        let expression = match supply {
            Supply::Column(at) => return then(self, self.record.cell(*at)),
            Supply::Constant(constant) => return then(self, constant.cell()),
            Supply::Expression(expression) => expression,
        };
        match expression.evaluate(self.record) {
            Ok(Value::Null) => then(self, Cell::Null),
            Ok(Value::Text(text)) => then(self, Cell::Text(&text)),
            Ok(Value::Bool(value)) => then(self, Cell::Bool(value)),
            Ok(Value::Integer(number)) => then(self, Cell::Number(&number.to_string())),
            Ok(Value::Decimal(number)) => then(self, Cell::Number(number)),
            Ok(Value::List(_)) => {
                let message = sentences::gives_a_list(path);
                Err(self.finding(Rule::WrongType, path, Cell::Null, message))
            }
            Err(error) => {
                let message = sentences::expression_failed(path, &error);
                let value = error.value.as_deref().map_or(Cell::Null, Cell::Text);
                Err(self.finding(Rule::ExpressionFailed, path, value, message))
            }
        }
    }

    fn value(&mut self, leaf: &LeafStep, cell: Cell<'_>) -> Result<(), Rejection> {
        match (leaf.shape, cell) {
            (ValueShape::Boolean, _) => {
                let value = as_boolean(cell).ok_or_else(|| self.not_boolean(leaf, cell))?;
                match leaf.role {
                    Role::Active => self.user.active = Some(value),
                    Role::EntryPrimary => self.entry.primary = value,
                    _ => {}
                }
                self.bare(leaf, boolean(value));
            }
            (ValueShape::AsGiven, Cell::Bool(value)) => self.bare(leaf, boolean(value)),
            (ValueShape::AsGiven, Cell::Number(number)) if is_json_number(number) => {
                self.bare(leaf, number.as_bytes());
            }
            _ => {
                let text = self.play(leaf, cell.text().unwrap_or_default())?;
                self.key(&leaf.key);
                push_content(&mut self.user.bytes, text);
                self.user.bytes.push(b'"');
            }
        }
        Ok(())
    }

    /// Writes what stands without quotation marks.
    fn bare(&mut self, leaf: &LeafStep, literal: &[u8]) {
        self.key(&leaf.key[..leaf.key.len() - 1]);
        self.user.bytes.extend_from_slice(literal);
    }

    /// Plays a text's role; what of it is to be written.
    fn play<'t>(&mut self, leaf: &LeafStep, text: &'t str) -> Result<&'t str, Rejection> {
        let user = &mut *self.user;
        match leaf.role {
            Role::Plain | Role::Active | Role::EntryPrimary => {}
            Role::ExternalId => user.external_id.push_str(text),
            Role::UserName if self.program.local_user_name => {
                let local = text.split('@').next().unwrap_or_default();
                if is_blank(local) {
                    return Err(self.required(leaf, sentences::NO_LOCAL_NAME));
                }
                user.user_name.push_str(local);
                return Ok(local);
            }
            Role::UserName => user.user_name.push_str(text),
            Role::DisplayName => user.display_name.push_str(text),
            Role::Manager => user.manager.push_str(text),
            Role::EntryType => self.entry.work = text.eq_ignore_ascii_case("work"),
            Role::Date => {
                if !schema::has_time(text) {
                    user.warnings.push((Rule::DateWithoutTime, leaf.path.clone()));
                }
            }
        }
        Ok(text)
    }

    /// Every column that has a value, as text, under one URN.
    fn every_column(&mut self, urn: &str, key: &[u8], columns: &Columns) {
        let start = self.user.bytes.len();
        self.key(key);
        self.user.bytes.push(b'{');
        let mut alive = false;
        for (at, name) in columns.names().iter().enumerate() {
            let cell = self.record.cell(at);
            if is_empty(cell) || is_blank(name) {
                continue;
            }
            let text = cell.text().unwrap_or_default();
            if schema::is_date(name) && !schema::has_time(text) {
                self.user.warnings.push((Rule::DateWithoutTime, format!("{urn}:{name}")));
            }
            let bytes = &mut self.user.bytes;
            if alive {
                bytes.push(b',');
            }
            push_string(bytes, name);
            bytes.push(b':');
            push_string(bytes, text);
            alive = true;
        }
        let _ = self.close(alive, start, b'}');
    }

    fn required(&self, leaf: &LeafStep, message: impl Into<String>) -> Rejection {
        self.finding(Rule::RequiredValue, &leaf.named_after, Cell::Null, message)
    }

    fn not_boolean(&self, leaf: &LeafStep, cell: Cell<'_>) -> Rejection {
        let message = sentences::not_boolean(&leaf.path);
        self.finding(Rule::NotBoolean, &leaf.named_after, cell, message)
    }

    fn finding(
        &self,
        rule: Rule,
        column: &str,
        cell: Cell<'_>,
        message: impl Into<String>,
    ) -> Rejection {
        let finding = Finding::new(self.record.line, rule, message).column(column);
        Box::new(match cell.text() {
            Some(value) => finding.value(value),
            None => finding,
        })
    }
}

/// The name in `,"name":`.
fn attribute_name(key: &[u8]) -> String {
    String::from_utf8_lossy(key).trim_matches([',', ':', '"']).to_owned()
}

/// Whether a cell says nothing; nothing but white space is nothing.
fn is_empty(cell: Cell<'_>) -> bool {
    match cell {
        Cell::Text(text) => is_blank(text),
        Cell::Number(_) | Cell::Bool(_) => false,
        Cell::Null | Cell::Absent => true,
    }
}

fn is_blank(text: &str) -> bool {
    // Almost every text begins with a letter or a digit, and that settles it.
    !text.as_bytes().first().is_some_and(u8::is_ascii_alphanumeric) && text.trim_start().is_empty()
}

/// An expression may spell a number as JSON does not: `01.5`.
fn is_json_number(text: &str) -> bool {
    serde_json::from_str::<serde_json::Number>(text).is_ok()
}

fn boolean(value: bool) -> &'static [u8] {
    if value { b"true" } else { b"false" }
}

fn as_boolean(cell: Cell<'_>) -> Option<bool> {
    match cell {
        Cell::Bool(value) => Some(value),
        Cell::Text(text) | Cell::Number(text) => schema::boolean(text),
        Cell::Null | Cell::Absent => None,
    }
}
