//! Choosing among columns and constants copies nothing.

use std::borrow::Cow;

use super::super::Value;
use super::{bind, csv};

#[test]
fn what_is_chosen_or_cut_is_borrowed() {
    let (columns, record) =
        csv(&[("Status", "Active"), ("Country", "JP"), ("Name", " ada "), ("Grade", "7")]);
    for (expression, gives) in [
        ("[Status]", "Active"),
        ("Switch([Status], \"False\", \"Active\", \"True\")", "True"),
        ("IIF([Country] = \"JP\", [Status], \"x\")", "Active"),
        ("IIF(IsPresent([Name]), IIF([Grade] >= 7, \"senior\", \"junior\"), \"\")", "senior"),
        ("Coalesce([Nothing], [Country])", "JP"),
        ("Left(Trim([Name]), 2)", "ad"),
        ("Mid([Status], 2, 3)", "cti"),
        ("Right([Status], 2)", "ve"),
        ("Word([Name], 1, \" \")", "ada"),
        ("Item(Split([Status], \"t\"), 1)", "Ac"),
        ("ToLower([Name])", " ada "),
        ("ToUpper([Country])", "JP"),
        ("StripSpaces([Status])", "Active"),
        ("NormalizeDiacritics([Status])", "Active"),
        ("Nfkc([Status])", "Active"),
        ("Replace([Status], \"x\", , , \"y\")", "Active"),
        ("Replace([Status], , \"x+\", , \"y\")", "Active"),
        ("CStr(True)", "True"),
    ] {
        let bound = bind(expression, columns.clone());
        match bound.evaluate(&record) {
            Ok(Value::Text(Cow::Borrowed(text))) => assert_eq!(text, gives, "{expression}"),
            other => panic!("{expression} gave {other:?}"),
        };
    }
}
