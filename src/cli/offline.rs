//! `check`, `convert`, `suggest`: nothing here touches a network.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use entrabulk::convert::CheckSummary;
use entrabulk::error::ErrorKind;
use entrabulk::operation;
use entrabulk::run::Builder;
use serde_json::json;

use super::arguments::{ConversionArguments, SourceArguments, json};
use super::output::{Outcome, Output};
use super::sentences::output_failed;

#[derive(Debug, Args)]
pub(super) struct Check {
    /// The file; - is standard input
    source: PathBuf,
    #[command(flatten)]
    conversion: ConversionArguments,
}

impl Check {
    pub(super) fn run(self, output: &mut Output) -> Outcome {
        let conversion = self.conversion.document(&self.source)?;
        let mut builder = Builder::new(conversion.to_string().as_bytes())?;
        let summary = builder.finish()?;
        output.check(&summary);
        written(output, exit_code(&summary))
    }
}

#[derive(Debug, Args)]
pub(super) struct Convert {
    /// The file; - is standard input
    source: PathBuf,
    #[command(flatten)]
    conversion: ConversionArguments,
    /// Write each body to a file of this folder instead of a line of standard output
    #[arg(long, short, value_name = "FOLDER", help_heading = "Output")]
    output: Option<PathBuf>,
}

impl Convert {
    pub(super) fn run(self, output: &mut Output) -> Outcome {
        let conversion = self.conversion.document(&self.source)?;
        let mut builder = Builder::new(conversion.to_string().as_bytes())?;
        let summary = builder.finish()?;
        // The bodies may own standard output, so what is said goes to standard error.
        output.use_stderr();
        output.check(&summary);
        if let Some(folder) = &self.output {
            std::fs::create_dir_all(folder).map_err(|error| output_failed(&error))?;
        }
        let mut stdout = std::io::BufWriter::new(std::io::stdout().lock());
        let mut number = 0;
        while let Some(body) = builder.next_body()? {
            number += 1;
            if let Some(folder) = &self.output {
                operation::write_new(&folder.join(operation::batch_name(number)), &body)?;
                continue;
            }
            match stdout.write_all(&body).and_then(|()| stdout.write_all(b"\n")) {
                // Whoever reads has seen enough.
                Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => break,
                other => other.map_err(|error| output_failed(&error))?,
            }
        }
        match stdout.flush() {
            Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
                Err(output_failed(&error))
            }
            _ => Ok(exit_code(&summary)),
        }
    }
}

#[derive(Debug, Args)]
pub(super) struct Suggest {
    /// The file whose columns to map; - is standard input
    source: PathBuf,
    #[command(flatten)]
    arguments: SourceArguments,
}

impl Suggest {
    pub(super) fn run(self, output: &mut Output) -> Outcome {
        let arguments = json!({"version": 1, "source": self.arguments.document(&self.source)?});
        let suggestion = operation::suggest(&json(&arguments))?;
        if !output.document(&suggestion) {
            output.line(suggestion.mapping.trim_end());
        }
        written(output, 0)
    }
}

/// The exit code, unless what was said could not be written.
fn written(output: &Output, code: u8) -> Outcome {
    output.lost().map_or(Ok(code), |error| Err(output_failed(&error)))
}

fn exit_code(summary: &CheckSummary) -> u8 {
    if summary.totals.rejected > 0 { ErrorKind::RecordsRejected.exit_code() } else { 0 }
}
