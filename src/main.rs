//! The command line: arguments in, the library's operations, text or JSON out.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
