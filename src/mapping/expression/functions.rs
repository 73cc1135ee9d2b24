//! The functions there are, and those that cannot be.

use super::syntax::Function;
use super::{choice, date, replace, text};
use crate::error::nearest;

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
