//! The rules that turn a record into a SCIM user.
//!
//! A [`Mapping`] is read from JSON and checked against the SCIM schemas; [`Mapping::compile`] checks it
//! against a source's columns and gives a [`Program`], which writes each record's user straight into
//! a byte buffer. `docs/mapping.md` describes the language.

pub mod expression;

mod column_names;
mod compile;
mod disabled;
mod json;
mod leaf;
mod parse;
mod program;
mod quote;
mod ready;
mod sentences;
mod suggest;
mod tree;

pub use disabled::disabled;
pub use program::{Program, Rendered};
pub use ready::ready_user;
pub use suggest::suggest;

use crate::error::{Error, ErrorKind, Problem, Severity};
use crate::source::Columns;
use tree::{EmptyPolicy, Field, Leaf, Node, Source, ValueShape};

/// What is decided beside the mapping itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MappingOptions {
    /// A URN under which every column is sent as text, named as in the source.
    pub scim_schema_namespace: Option<String>,
    /// How much of the userName is sent.
    pub user_name: UserNameMode,
}

/// How much of the userName is sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum UserNameMode {
    /// All of it, usually a whole UPN.
    #[default]
    Whole,
    /// The part before the first `@`.
    Local,
}

/// A checked mapping, not yet bound to a source's columns.
#[derive(Debug, Clone)]
pub struct Mapping {
    fields: Vec<Field>,
    scope: Option<Source>,
    options: MappingOptions,
    warnings: Vec<Problem>,
}

impl Mapping {
    /// Reads and checks a mapping: JSON, in UTF-8 or with a byte order mark.
    ///
    /// # Errors
    /// [`ErrorKind::MappingInvalid`] with every problem and its place.
    pub fn parse(json: &[u8], options: &MappingOptions) -> Result<Mapping, Error> {
        let (mut mapping, problems) = parse::read(json, options)?;
        mapping.warnings = settle(problems)?;
        Ok(mapping)
    }

    /// As [`Mapping::parse`] and [`Mapping::compile`] in one, so that what the schemas and what the
    /// columns have to say is reported together.
    ///
    /// # Errors
    /// [`ErrorKind::MappingInvalid`] with every problem and its place.
    pub fn parse_for(
        json: &[u8],
        options: &MappingOptions,
        columns: &Columns,
    ) -> Result<(Mapping, Program), Error> {
        let (mut mapping, mut problems) = parse::read(json, options)?;
        let program = compile::program(&mapping, columns, &mut problems);
        mapping.warnings = settle(problems)?;
        Ok((mapping, program))
    }

    /// What holds when no mapping is given: `externalId`, `userName`, `active` and, where there is
    /// such a column, `displayName` come from the columns of those names.
    ///
    /// # Errors
    /// [`ErrorKind::MappingInvalid`] where the options are at fault.
    pub fn by_column_names(options: &MappingOptions) -> Result<Mapping, Error> {
        let mut problems = Vec::new();
        parse::check_namespace(options, &[], &mut problems);
        settle(problems)?;
        let field = |name: &str, shape, optional| {
            let leaf = Leaf {
                path: name.to_owned(),
                source: Source::Column(name.to_owned()),
                default: None,
                empty: EmptyPolicy::Omit,
                shape,
                optional,
            };
            Field { name: name.to_owned(), node: Node::Leaf(leaf) }
        };
        Ok(Mapping {
            fields: vec![
                field("externalId", ValueShape::Text, false),
                field("userName", ValueShape::Text, false),
                field("displayName", ValueShape::Text, true),
                field("active", ValueShape::Boolean, false),
            ],
            scope: None,
            options: options.clone(),
            warnings: Vec::new(),
        })
    }

    /// Every column the mapping names, once, in its order: what [`Columns::growing`] wants.
    pub fn columns(&self) -> Vec<String> {
        let mut sources: Vec<&Source> = self.scope.iter().collect();
        for field in &self.fields {
            field.node.collect_sources(&mut sources);
        }
        let mut columns = Columns::default();
        for source in sources {
            source.for_each_column(|name| {
                columns.add(name);
            });
        }
        columns.names().to_vec()
    }

    /// What is odd about the mapping though it may be used.
    pub fn warnings(&self) -> &[Problem] {
        &self.warnings
    }

    /// Binds the mapping to a source's columns.
    ///
    /// # Errors
    /// [`ErrorKind::MappingInvalid`] with every column that the source lacks and the name nearest to it.
    pub fn compile(&self, columns: &Columns) -> Result<Program, Error> {
        let mut problems = Vec::new();
        let program = compile::program(self, columns, &mut problems);
        settle(problems)?;
        Ok(program)
    }
}

/// The problems as one error if any of them stops the work; otherwise they are warnings.
fn settle(problems: Vec<Problem>) -> Result<Vec<Problem>, Error> {
    if problems.iter().any(|problem| problem.severity == Severity::Error) {
        return Err(Error::from_problems(ErrorKind::MappingInvalid, "mapping", problems));
    }
    Ok(problems)
}

#[cfg(test)]
mod tests;
