//! The rules that turn a record into a SCIM user.
#![allow(missing_docs)]
mod user;

use crate::error::{Error, Problem};
use crate::rejection::Finding;
use crate::source::{Columns, Record};
pub use user::User;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserNameMode {
    Whole,
    Local,
}

#[derive(Debug, Clone)]
pub struct MappingOptions {
    pub scim_schema_namespace: Option<String>,
    pub user_name: UserNameMode,
}

#[derive(Debug)]
pub struct Mapping;
#[derive(Debug)]
pub struct Program;
#[derive(Debug)]
pub enum Rendered {
    User,
    OutOfScope,
    Rejected(Finding),
}

impl Mapping {
    pub fn parse(_json: &[u8], _options: &MappingOptions) -> Result<Mapping, Error> {
        Err(Error::internal("unfinished"))
    }
    pub fn by_column_names(_options: &MappingOptions) -> Mapping {
        Mapping
    }
    pub fn columns(&self) -> Vec<String> {
        Vec::new()
    }
    pub fn warnings(&self) -> &[Problem] {
        &[]
    }
    pub fn compile(&self, _columns: &Columns) -> Result<Program, Error> {
        Err(Error::internal("unfinished"))
    }
}

impl Program {
    pub fn render(&mut self, _columns: &Columns, _record: &Record, _user: &mut User) -> Rendered {
        Rendered::OutOfScope
    }
}

pub fn ready_user(_record: &Record, _user: &mut User) -> Rendered {
    Rendered::OutOfScope
}

pub fn suggest(_columns: &[String]) -> String {
    String::new()
}
