//! The rejects file: one CSV row for every rejected record.

use std::io::Write;

use crate::finding::Finding;

/// The header of a rejects file.
pub const HEADER: [&str; 6] = ["line", "rule", "externalId", "column", "value", "message"];

/// Writes rejected records as CSV (RFC 4180, UTF-8, CRLF line ends), safe to open in a spreadsheet.
#[derive(Debug)]
pub struct RejectsWriter<W: Write>(csv::Writer<W>);

impl<W: Write> RejectsWriter<W> {
    /// Begins the file with its header.
    ///
    /// # Errors
    /// Whatever the writer gives.
    pub fn new(writer: W) -> std::io::Result<Self> {
        let mut rejects = Self::going_on(writer);
        rejects.0.write_record(HEADER)?;
        Ok(rejects)
    }

    /// Goes on with a file that was begun.
    pub fn going_on(writer: W) -> Self {
        let mut csv = csv::WriterBuilder::new();
        RejectsWriter(csv.terminator(csv::Terminator::CRLF).from_writer(writer))
    }

    /// Adds one rejected record.
    ///
    /// # Errors
    /// Whatever the writer gives.
    pub fn write(&mut self, finding: &Finding) -> std::io::Result<()> {
        let line = finding.line.to_string();
        let text = |field: &Option<String>| spreadsheet_safe(field.as_deref().unwrap_or_default());
        self.0.write_record([
            line,
            finding.rule.code().to_owned(),
            text(&finding.external_id),
            text(&finding.column),
            text(&finding.value),
            spreadsheet_safe(&finding.message),
        ])?;
        Ok(())
    }

    /// The writer, with everything written out to it.
    ///
    /// # Errors
    /// Whatever the writer gives.
    pub fn into_inner(self) -> std::io::Result<W> {
        self.0.into_inner().map_err(|error| std::io::Error::other(error.to_string()))
    }
}

/// The text with an apostrophe before it where a spreadsheet would take it for a formula.
pub fn spreadsheet_safe(text: &str) -> String {
    match text.as_bytes().first() {
        Some(b'=' | b'+' | b'-' | b'@' | b'\t' | b'\r') => format!("'{text}"),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Rule;

    #[test]
    fn a_rejected_record_is_a_row_that_no_spreadsheet_runs() {
        let mut rejects = RejectsWriter::new(Vec::new()).unwrap();
        let finding = Finding::new(7, Rule::NotBoolean, "Not, clearly, a boolean.")
            .external_id("12")
            .column("active")
            .value("=HYPERLINK(\"x\")");
        rejects.write(&finding).unwrap();
        let text = String::from_utf8(rejects.into_inner().unwrap()).unwrap();
        assert_eq!(
            text,
            "line,rule,externalId,column,value,message\r\n\
             7,not-boolean,12,active,\"'=HYPERLINK(\"\"x\"\")\",\"Not, clearly, a boolean.\"\r\n"
        );
    }
}
