//! The preview of a plan: one row for every user and action, to read, sort and keep.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Value;

use crate::convert::rejects::spreadsheet_safe;
use crate::store::{Action, Certainty};

/// The header of a preview.
pub const HEADER: [&str; 8] = [
    "action",
    "externalId",
    "userNameBefore",
    "userNameAfter",
    "displayName",
    "changed",
    "reason",
    "certainty",
];

/// How a preview is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PreviewFormat {
    /// CSV (RFC 4180, UTF-8, CRLF line ends), safe to open in a spreadsheet.
    Csv {
        /// Whether it begins with a byte order mark, by which spreadsheets know UTF-8.
        bom: bool,
    },
    /// One JSON object a line.
    JsonLines,
}

/// One row.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PreviewRow<'a> {
    /// What is done.
    #[serde(serialize_with = "action_name")]
    pub action: Action,
    /// To whom.
    pub external_id: &'a str,
    /// The userName in the baseline.
    pub user_name_before: &'a str,
    /// The userName it would have.
    pub user_name_after: &'a str,
    /// The displayName it would have.
    pub display_name: &'a str,
    /// The changes, as a plan stores them: a JSON array of `path`, `before` and `after`, or empty.
    #[serde(serialize_with = "change_list")]
    pub changed: &'a str,
    /// Why.
    pub reason: &'a str,
    /// How sure that is.
    #[serde(serialize_with = "certainty_name")]
    pub certainty: Certainty,
}

impl PreviewRow<'_> {
    /// Writes the row.
    ///
    /// # Errors
    /// Whatever the writer gives.
    pub fn write(&self, format: PreviewFormat, out: &mut dyn Write) -> io::Result<()> {
        match format {
            PreviewFormat::JsonLines => {
                serde_json::to_writer(&mut *out, self)?;
                out.write_all(b"\n")
            }
            PreviewFormat::Csv { .. } => {
                let changed = changes_in_words(self.changed);
                let safe = [
                    self.external_id,
                    self.user_name_before,
                    self.user_name_after,
                    self.display_name,
                    &changed,
                ]
                .map(spreadsheet_safe);
                let [external_id, before, after, display_name, changed] = &safe;
                write_csv(
                    out,
                    &[
                        name_of(self.action),
                        external_id,
                        before,
                        after,
                        display_name,
                        changed,
                        self.reason,
                        name_of_certainty(self.certainty),
                    ],
                )
            }
        }
    }
}

/// Writes what comes before the first row.
///
/// # Errors
/// Whatever the writer gives.
pub(super) fn write_head(format: PreviewFormat, out: &mut dyn Write) -> io::Result<()> {
    let PreviewFormat::Csv { bom } = format else { return Ok(()) };
    if bom {
        out.write_all("\u{feff}".as_bytes())?;
    }
    write_csv(out, &HEADER)
}

fn write_csv(out: &mut dyn Write, cells: &[&str; 8]) -> io::Result<()> {
    let mut csv = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out);
    csv.write_record(cells)?;
    csv.flush()
}

/// The name of an action in documents.
pub const fn name_of(action: Action) -> &'static str {
    match action {
        Action::Add => "add",
        Action::Update => "update",
        Action::Disable => "disable",
        Action::Restore => "restore",
        Action::Unchanged => "unchanged",
        Action::Missing => "missing",
        Action::OutOfScope => "outOfScope",
        Action::Rejected => "rejected",
        Action::Skipped => "skipped",
    }
}

const fn name_of_certainty(certainty: Certainty) -> &'static str {
    match certainty {
        Certainty::Known => "known",
        Certainty::NoBaseline => "no-baseline",
        Certainty::ServerRuleMayDiffer => "server-rule-may-differ",
    }
}

/// `path: before -> after; …`.
fn changes_in_words(changed: &str) -> String {
    let list = list(changed);
    let words = list.as_array().into_iter().flatten().map(|change| {
        let text = |key: &str| change[key].as_str().unwrap_or_default().to_owned();
        format!("{}: {} -> {}", text("path"), text("before"), text("after"))
    });
    words.collect::<Vec<_>>().join("; ")
}

fn list(changed: &str) -> Value {
    serde_json::from_str(changed).unwrap_or_else(|_| Value::Array(Vec::new()))
}

fn action_name<S: serde::Serializer>(action: &Action, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(name_of(*action))
}

fn certainty_name<S: serde::Serializer>(certainty: &Certainty, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(name_of_certainty(*certainty))
}

fn change_list<S: serde::Serializer>(changed: &&str, to: S) -> Result<S::Ok, S::Error> {
    list(changed).serialize(to)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHANGED: &str = r#"[{"path":"name.givenName","before":"Ann","after":"Anna"},
        {"path":"title","before":"=1","after":null}]"#;

    fn row() -> PreviewRow<'static> {
        PreviewRow {
            action: Action::Update,
            external_id: "-7",
            user_name_before: "ann@x",
            user_name_after: "@x",
            display_name: "Ann, \"A\"",
            changed: CHANGED,
            reason: "changed",
            certainty: Certainty::Known,
        }
    }

    fn written(format: PreviewFormat) -> String {
        let mut out = Vec::new();
        write_head(format, &mut out).unwrap();
        row().write(format, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_row_is_safe_in_a_spreadsheet_and_says_before_and_after() {
        assert_eq!(
            written(PreviewFormat::Csv { bom: true }),
            "\u{feff}action,externalId,userNameBefore,userNameAfter,displayName,changed,reason,\
             certainty\r\nupdate,'-7,ann@x,'@x,\"Ann, \"\"A\"\"\",\
             name.givenName: Ann -> Anna; title: =1 -> ,changed,known\r\n"
        );
    }

    #[test]
    fn a_json_line_carries_the_changes_as_they_are() {
        let line: Value = serde_json::from_str(&written(PreviewFormat::JsonLines)).unwrap();
        assert_eq!(line["changed"][1]["before"], "=1");
        assert_eq!(line["changed"][1]["after"], Value::Null);
        assert_eq!(line["externalId"], "-7");
        assert_eq!(line["certainty"], "known");
    }
}
