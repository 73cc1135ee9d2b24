//! The functions there are, those that cannot be, and what is asked of their arguments.

use std::fmt::{self, Debug, Display, Formatter};

use super::evaluate::{Arguments, Evaluated};
use super::replace::Pattern;
use super::syntax::Node;
use super::value::Value;
use super::{choice, date, replace, text};
use crate::error::nearest;

/// What a function does.
type Evaluate = for<'a> fn(Arguments<'a>) -> Evaluated<'a>;
/// Checks what the parameters cannot say one by one, and compiles what can be compiled. The error is
/// the index of the argument at fault and a sentence.
type Prepare = fn(&[Node]) -> Result<Option<Pattern>, (usize, String)>;
/// Looks at an argument that is a constant; an error completes "Its <name> ...".
type Check = fn(&str) -> Result<(), String>;

/// One function: its row in the table of its module. A name with two rows takes two lists of arguments.
pub(super) struct Function {
    pub(super) name: &'static str,
    pub(super) parameters: &'static [Parameter],
    /// How many arguments must be written, blank ones included.
    least: usize,
    /// How many of the last parameters repeat.
    repeats: usize,
    pub(super) prepare: Option<Prepare>,
    pub(super) evaluate: Evaluate,
}

/// One parameter of a function.
pub(super) struct Parameter {
    pub(super) name: &'static str,
    /// Whether its argument may be left blank, or out where it is the last.
    pub(super) optional: bool,
    pub(super) check: Option<Check>,
}

impl Parameter {
    pub(super) const fn new(name: &'static str) -> Self {
        Parameter { name, optional: false, check: None }
    }

    pub(super) const fn integer(name: &'static str) -> Self {
        Parameter::new(name).checked(|text| match Value::Text(text.into()).integer() {
            Some(_) => Ok(()),
            None => Err("is not a whole number".to_owned()),
        })
    }

    pub(super) const fn optional(mut self) -> Self {
        self.optional = true;
        self
    }

    pub(super) const fn checked(mut self, check: Check) -> Self {
        self.check = Some(check);
        self
    }
}

impl Function {
    pub(super) const fn new(
        name: &'static str,
        parameters: &'static [Parameter],
        evaluate: Evaluate,
    ) -> Self {
        let mut least = parameters.len();
        while least > 0 && parameters[least - 1].optional {
            least -= 1;
        }
        Function { name, parameters, least, repeats: 0, prepare: None, evaluate }
    }

    /// The same function, at least `least` of whose arguments must be written, be it as blanks.
    pub(super) const fn at_least(mut self, least: usize) -> Self {
        self.least = least;
        self
    }

    /// The same function, whose last `count` parameters may come again and again.
    pub(super) const fn repeating(mut self, count: usize) -> Self {
        self.repeats = count;
        self
    }

    pub(super) const fn prepared(mut self, prepare: Prepare) -> Self {
        self.prepare = Some(prepare);
        self
    }

    /// Whether it can be called with `count` arguments.
    fn takes(&self, count: usize) -> bool {
        let listed = self.parameters.len();
        count >= self.least
            && (count <= listed
                || (self.repeats > 0 && (count - listed).is_multiple_of(self.repeats)))
    }

    /// The parameter that argument `index` is for.
    pub(super) fn parameter(&self, index: usize) -> Option<&'static Parameter> {
        let listed = self.parameters.len();
        if index < listed || self.repeats == 0 {
            return self.parameters.get(index);
        }
        self.parameters.get(listed - self.repeats + (index - listed) % self.repeats)
    }
}

impl PartialEq for Function {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.parameters, other.parameters) && self.name == other.name
    }
}

impl Debug for Function {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name)
    }
}

/// How it is called: `Join(separator, source, …)`; a `?` follows what may be left out.
impl Display for Function {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}(", self.name)?;
        for (index, parameter) in self.parameters.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            let mark = if parameter.optional { "?" } else { "" };
            write!(formatter, "{comma}{}{mark}", parameter.name)?;
        }
        formatter.write_str(if self.repeats > 0 { ", …)" } else { ")" })
    }
}

/// All functions there are.
pub(super) fn all() -> impl Iterator<Item = &'static Function> {
    [choice::FUNCTIONS, text::FUNCTIONS, date::FUNCTIONS, replace::FUNCTIONS].into_iter().flatten()
}

/// Entra's functions that cannot be had here, and why.
const REFUSED: &[(&str, &str)] = &[
    ("And", "Entra has no And: write IIF(first, second, False)."),
    ("Or", "Entra has no Or: write IIF(first, True, second)."),
    (
        "SelectUniqueValue",
        "It asks the directory which values are taken, and the records are mapped before the \
         directory is asked anything; leave it to the attribute mapping of the provisioning job.",
    ),
    (
        "SingleAppRoleAssignment",
        "It reads application roles from the directory, which HR records do not have.",
    ),
    (
        "AppRoleAssignmentsComplex",
        "It reads application roles from the directory, which HR records do not have.",
    ),
    (
        "RandomString",
        "The same record must give the same user every time, or each run would change every user; \
         leave random values to the attribute mapping of the provisioning job.",
    ),
    (
        "Guid",
        "The same record must give the same user every time, or each run would change every user; \
         leave random values to the attribute mapping of the provisioning job.",
    ),
    (
        "Now",
        "The same record must give the same user every day; leave what depends on today to the \
         attribute mapping of the provisioning job, or have HR send it as a column.",
    ),
    (
        "Redact",
        "It hides a value from Entra's provisioning log; leave it to the attribute mapping of the \
         provisioning job.",
    ),
    (
        "BitAnd",
        "It reads flags packed into one number, which HR records do not have; compare the column \
         instead.",
    ),
    ("UCase", "In Entra's attribute mappings it is called ToUpper."),
    ("LCase", "In Entra's attribute mappings it is called ToLower."),
];

/// The function called `name`, in any case, that takes `count` arguments.
///
/// # Errors
/// A sentence: there is none, or it takes other arguments.
pub(super) fn find(name: &str, count: usize) -> Result<&'static Function, String> {
    let named: Vec<_> = all().filter(|function| function.name.eq_ignore_ascii_case(name)).collect();
    if let Some(function) = named.iter().find(|function| function.takes(count)) {
        return Ok(function);
    }
    if !named.is_empty() {
        let forms: Vec<String> = named.iter().map(|function| function.to_string()).collect();
        let plural = if count == 1 { "" } else { "s" };
        return Err(format!(
            "The function is {}; here it has {count} argument{plural}.",
            forms.join(" or ")
        ));
    }
    let refused = REFUSED.iter().find(|(refused, _)| refused.eq_ignore_ascii_case(name));
    Err(match refused {
        Some((name, why)) => format!("{name} is not offered here. {why}"),
        None => unknown(name),
    })
}

fn unknown(name: &str) -> String {
    let mut names: Vec<&str> = all().map(|function| function.name).collect();
    names.sort_unstable();
    names.dedup();
    let hint = nearest(name, names.iter().copied())
        .map_or_else(String::new, |near| format!("; did you mean {near}?"));
    let stop = if hint.is_empty() { "." } else { "" };
    let shown: String = name.chars().take(50).collect();
    format!("There is no function {shown}{hint}{stop} The functions are {}.", names.join(", "))
}
