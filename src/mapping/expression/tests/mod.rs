mod allocation;
mod dates;
mod documentation;
mod evaluating;
mod parsing;
mod properties;

use serde_json::json;

use super::{BoundExpression, Expression, Value};
use crate::source::{CellKind, Columns, Record};

/// A record with the cells of a JSON object.
fn record(object: &serde_json::Value) -> (Columns, Record) {
    let (mut columns, mut record) = (Columns::default(), Record::default());
    for (name, value) in object.as_object().expect("an object") {
        columns.add(name);
        let (kind, text) = match value {
            serde_json::Value::String(text) => (CellKind::Text, text.clone()),
            serde_json::Value::Bool(_) => (CellKind::Bool, value.to_string()),
            serde_json::Value::Null => (CellKind::Null, String::new()),
            _ => (CellKind::Number, value.to_string()),
        };
        record.cells.push_field(&text);
        record.kinds.push(kind);
    }
    (columns, record)
}

/// A record of text only, as CSV gives it.
fn csv(cells: &[(&str, &str)]) -> (Columns, Record) {
    let names = cells.iter().map(|(name, _)| (*name).to_owned()).collect();
    let record = Record {
        cells: cells.iter().map(|(_, text)| *text).collect::<Vec<_>>().into(),
        ..Record::default()
    };
    (Columns::from_header(names).expect("distinct names"), record)
}

fn bind(expression: &str, mut columns: Columns) -> BoundExpression {
    let expression = Expression::parse(expression).expect(expression);
    for column in expression.columns() {
        columns.add(column);
    }
    expression.bind(&columns).expect("all columns are there")
}

/// What an expression gives for a JSON object, as JSON; an error as its sentence.
fn evaluate(expression: &str, object: &serde_json::Value) -> Result<serde_json::Value, String> {
    let parsed = Expression::parse(expression)
        .map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))?;
    let (mut columns, record) = record(object);
    for column in parsed.columns() {
        columns.add(column);
    }
    let bound = parsed.bind(&columns).expect("all columns are there");
    match bound.evaluate(&record) {
        Ok(Value::Null) => Ok(json!(null)),
        Ok(Value::Text(text)) => Ok(json!(text)),
        Ok(Value::Bool(truth)) => Ok(json!(truth)),
        Ok(Value::Integer(number)) => Ok(json!(number)),
        Ok(Value::Decimal(number)) => Ok(serde_json::from_str(number).expect("a JSON number")),
        Ok(Value::List(list)) => Ok(json!(list)),
        Err(error) => Err(error.to_string()),
    }
}
