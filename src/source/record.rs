//! The plain types that leave this room: a record, its cells, its columns.

use std::collections::HashMap;

/// The columns of a source, in order. Names are compared without regard to case.
#[derive(Debug, Clone, Default)]
pub struct Columns {
    names: Vec<String>,
    by_name: HashMap<String, usize>,
    complete: bool,
}

impl Columns {
    /// The columns of a source with a header: no other column will come.
    ///
    /// # Errors
    /// The positions (0-based) of the first two columns with the same name.
    pub fn from_header(names: Vec<String>) -> Result<Self, (usize, usize)> {
        let mut columns = Columns { complete: true, ..Columns::default() };
        for name in names {
            let before = columns.names.len();
            let at = columns.add(&name);
            if at < before {
                return Err((at, before));
            }
        }
        Ok(columns)
    }

    /// The columns of a source without a header (JSON): these first, more as records show them.
    pub fn growing(wanted: &[String]) -> Self {
        let mut columns = Columns::default();
        for name in wanted {
            columns.add(name);
        }
        columns
    }

    /// The index of `name`, which is added at the end if it is new.
    pub fn add(&mut self, name: &str) -> usize {
        if let Some(at) = self.find(name) {
            return at;
        }
        self.names.push(name.to_owned());
        self.by_name.insert(name.to_lowercase(), self.names.len() - 1);
        self.names.len() - 1
    }

    /// The index of `name`, if there is such a column.
    pub fn find(&self, name: &str) -> Option<usize> {
        self.by_name.get(name.to_lowercase().as_str()).copied()
    }

    /// All names, in order, as the source spells them.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Whether a header named them all; otherwise a column not found may still come.
    pub fn complete(&self) -> bool {
        self.complete
    }
}

/// What a JSON source says of a cell's type; a CSV source has text only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CellKind {
    /// Text.
    Text,
    /// A JSON number, kept as it was written.
    Number,
    /// `true` or `false`.
    Bool,
    /// `null`.
    Null,
    /// This record has no such column.
    Absent,
}

/// One cell of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cell<'a> {
    /// Text, possibly empty.
    Text(&'a str),
    /// A JSON number, as it was written.
    Number(&'a str),
    /// A JSON boolean.
    Bool(bool),
    /// A JSON null.
    Null,
    /// The record has no such column.
    Absent,
}

impl<'a> Cell<'a> {
    /// The cell as text; `None` where it has no value. A boolean is `True` or `False`, as in Entra.
    pub fn text(self) -> Option<&'a str> {
        match self {
            Cell::Text(text) | Cell::Number(text) => Some(text),
            Cell::Bool(true) => Some("True"),
            Cell::Bool(false) => Some("False"),
            Cell::Null | Cell::Absent => None,
        }
    }
}

/// One row of the source: a cell for every column. Made once and refilled, so that reading a million
/// rows allocates nothing after the first few.
#[derive(Debug, Clone, Default)]
pub struct Record {
    /// The line on which it starts, 1-based (the header of a CSV file is line 1).
    pub line: u64,
    /// The text of every cell, in the order of the columns.
    pub cells: csv::StringRecord,
    /// The type of every cell; empty for CSV, where all is text.
    pub kinds: Vec<CellKind>,
}

impl Record {
    /// The cell of column `index`.
    pub fn cell(&self, index: usize) -> Cell<'_> {
        let Some(text) = self.cells.get(index) else { return Cell::Absent };
        match self.kinds.get(index) {
            None | Some(CellKind::Text) => Cell::Text(text),
            Some(CellKind::Number) => Cell::Number(text),
            Some(CellKind::Bool) => Cell::Bool(text == "true"),
            Some(CellKind::Null) => Cell::Null,
            Some(CellKind::Absent) => Cell::Absent,
        }
    }
}
