//! The command line as a user meets it: real files, real processes, exit codes.

mod command_line;
mod plans;
mod slow_reader;
