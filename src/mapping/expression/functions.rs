//! The functions there are, and those that cannot be.

use super::syntax::Function;
use super::{choice, date, replace, sentences, text};
use crate::error::nearest;

/// All functions there are.
pub(super) fn all() -> impl Iterator<Item = &'static Function> {
    [choice::FUNCTIONS, text::FUNCTIONS, date::FUNCTIONS, replace::FUNCTIONS].into_iter().flatten()
}

/// Entra's functions that cannot be had here, and why.
const REFUSED: [(&str, &str); 12] = [
    ("And", sentences::HAS_NO_AND),
    ("Or", sentences::HAS_NO_OR),
    ("SelectUniqueValue", sentences::NO_UNIQUE_VALUES),
    ("SingleAppRoleAssignment", sentences::NO_ROLES),
    ("AppRoleAssignmentsComplex", sentences::NO_ROLES),
    ("RandomString", sentences::NO_CHANCE),
    ("Guid", sentences::NO_CHANCE),
    ("Now", sentences::NO_TODAY),
    ("Redact", sentences::NO_HIDING),
    ("BitAnd", sentences::NO_FLAGS),
    ("UCase", sentences::IS_TO_UPPER),
    ("LCase", sentences::IS_TO_LOWER),
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
        let forms = forms.join(sentences::OR);
        return Err(match count {
            1 => sentences::one_argument(&forms),
            _ => sentences::arguments(&forms, count),
        });
    }
    let refused = REFUSED.iter().find(|(refused, _)| refused.eq_ignore_ascii_case(name));
    Err(match refused {
        Some((name, why)) => sentences::refused(name, why),
        None => unknown(name),
    })
}

fn unknown(name: &str) -> String {
    let mut names: Vec<&str> = all().map(|function| function.name).collect();
    names.sort_unstable();
    names.dedup();
    let shown: String = name.chars().take(50).collect();
    let known = names.join(", ");
    match nearest(name, names) {
        Some(near) => sentences::no_function_but(&shown, near, &known),
        None => sentences::no_function(&shown, &known),
    }
}
