//! One module a group of commands; `arguments` turns flags into the library's JSON documents.

mod apply;
mod approve;
mod arguments;
mod offline;
mod output;
mod plan;
mod quota;
mod rehearse;
mod resume;
mod runs;
mod safety;
mod sentences;
mod simulate;
mod upload;

use std::process::ExitCode;
use std::time::Duration;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use output::Output;

/// Sends HR data to Microsoft Entra ID API-driven provisioning.
#[derive(Debug, Parser)]
#[command(version, about, propagate_version = true, max_term_width = 100)]
struct Cli {
    /// Machine-readable output: JSON, one document a line
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
#[allow(clippy::large_enum_variant, reason = "made once, when the process starts")]
enum Command {
    /// Check a file and a mapping; nothing is written or sent
    Check(offline::Check),
    /// Write the request bodies that an upload would send
    Convert(offline::Convert),
    /// Suggest a first mapping for a file's columns
    Suggest(offline::Suggest),
    /// Plan an upload: what a file would change, before anything moves
    Plan(Box<plan::Plan>),
    /// Execute a stored plan
    Apply(Box<apply::Apply>),
    /// Go on with a run that was interrupted
    Resume(Box<resume::Resume>),
    /// Let a plan through its brakes, once
    Approve(Box<approve::Approve>),
    /// Show the runs made
    Runs(Box<runs::Runs>),
    /// Show what the day's quota still has
    Quota(Box<quota::Quota>),
    /// Send a file to a synchronization job
    Upload(upload::Upload),
    /// Upload to a simulated tenant: nothing leaves this machine
    Rehearse(rehearse::Rehearse),
    /// Run a simulated tenant on loopback
    Simulate(simulate::Simulate),
}

/// Runs the command line; the exit codes are those of `docs/errors.md`.
pub(crate) fn main() -> ExitCode {
    let matches = match Cli::command().try_get_matches() {
        Ok(matches) => matches,
        Err(error) => {
            // Help and version are answers, anything else is wrong usage; clap prints both.
            let code = if error.use_stderr() { USAGE } else { 0 };
            return error.print().map_or(ExitCode::FAILURE, |()| ExitCode::from(code));
        }
    };
    let cli = match Cli::from_arg_matches(&matches) {
        Ok(cli) => cli,
        Err(error) => error.exit(),
    };
    let mut output = Output::new(cli.json);
    let result = match cli.command {
        Command::Check(command) => command.run(&mut output),
        Command::Convert(command) => command.run(&mut output),
        Command::Suggest(command) => command.run(&mut output),
        Command::Plan(command) => command.run(&mut output),
        Command::Apply(command) => command.run(&mut output),
        Command::Resume(command) => command.run(&mut output),
        Command::Approve(command) => command.run(&mut output),
        Command::Runs(command) => command.run(&mut output),
        Command::Quota(command) => command.run(&mut output),
        Command::Upload(command) => command.run(&mut output),
        Command::Rehearse(command) => command.run(&mut output),
        Command::Simulate(command) => command.run(&mut output),
    };
    let code = result.unwrap_or_else(|error| {
        output.error(&error);
        error.kind.exit_code()
    });
    // What a run had open is closed before the process goes.
    let _ = entrabulk::runtime::shutdown(Duration::from_secs(5));
    ExitCode::from(code)
}

/// Exit code for wrong usage.
const USAGE: u8 = 64;
