mod checks;
mod documentation;
mod oracle;
mod properties;
mod ready;
mod rendering;
mod suggestions;

use super::*;
use crate::finding::Finding;
use crate::scim::User;
use crate::source::{CellKind, Record};

const ENTERPRISE: &str = crate::scim::schema::ENTERPRISE_USER;

fn columns(names: &[&str]) -> Columns {
    Columns::from_header(names.iter().map(|name| (*name).to_owned()).collect()).unwrap()
}

fn record(cells: &[&str]) -> Record {
    Record { line: 2, cells: cells.iter().collect(), kinds: Vec::new() }
}

fn typed(cells: &[(&str, CellKind)]) -> Record {
    let (cells, kinds): (Vec<&str>, Vec<CellKind>) = cells.iter().copied().unzip();
    Record { line: 2, cells: cells.into(), kinds }
}

/// The problems of a mapping, as `path: message`.
fn problems_of(json: &str) -> Vec<String> {
    match Mapping::parse(json.as_bytes(), &MappingOptions::default()) {
        Ok(mapping) => mapping.warnings().iter().map(ToString::to_string).collect(),
        Err(error) => error.problems.iter().map(ToString::to_string).collect(),
    }
}

/// `fields` with the two that every mapping needs, compiled for the columns `id`, `name` and `names`.
fn program(fields: &str, names: &[&str]) -> (Program, Columns) {
    let json = format!(r#"{{"externalId": "id", "userName": "name", {fields}}}"#);
    let names: Vec<&str> = ["id", "name"].iter().chain(names).copied().collect();
    let columns = columns(&names);
    let mapping = Mapping::parse(json.as_bytes(), &MappingOptions::default()).unwrap();
    (mapping.compile(&columns).unwrap(), columns)
}

/// The user that `fields` make of a record with these cells, without what every user has.
fn rendered(fields: &str, cells: &[(&str, &str)]) -> Result<(serde_json::Value, User), Finding> {
    let (names, values): (Vec<&str>, Vec<&str>) = cells.iter().copied().unzip();
    let (program, columns) = program(fields, &names);
    let values: Vec<&str> = ["1", "ann"].into_iter().chain(values).collect();
    let mut user = User::default();
    match program.render(&columns, &record(&values), &mut user) {
        Rendered::User => {}
        Rendered::OutOfScope => panic!("out of scope"),
        Rendered::Rejected(finding) => return Err(finding),
    }
    let mut json: serde_json::Value = serde_json::from_slice(&user.bytes).unwrap();
    for key in ["schemas", "externalId", "userName"] {
        json.as_object_mut().unwrap().remove(key).unwrap();
    }
    Ok((json, user))
}
