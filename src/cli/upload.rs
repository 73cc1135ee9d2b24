//! `upload`: a file to a synchronization job, with its events as they come.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::Args;
use entrabulk::error::ErrorKind;
use entrabulk::run::{Event, Run};

use super::approve::ApprovalArguments;
use super::arguments::{ConversionArguments, TargetArguments};
use super::output::{Outcome, Output};
use super::safety::SettingsArguments;

#[derive(Debug, Args)]
pub(super) struct Upload {
    /// The file; - is standard input
    source: PathBuf,
    #[command(flatten)]
    conversion: ConversionArguments,
    #[command(flatten)]
    target: TargetArguments,
    #[command(flatten)]
    settings: SettingsArguments,
    #[command(flatten)]
    approval: ApprovalArguments,
    /// Wait for quota, and for another run's end, instead of stopping with a time to go on
    #[arg(long)]
    wait: bool,
}

impl Upload {
    pub(super) fn run(self, output: &mut Output) -> Outcome {
        let client = self.target.client()?;
        let mut arguments = self.settings.of(self.conversion.document(&self.source)?)?;
        if let Some(approval) = self.approval.document()? {
            arguments["settings"]["approval"] = approval;
        }
        arguments["wait"] = self.wait.into();
        follow(&Run::start(&client, arguments.to_string().as_bytes())?, output)
    }
}

/// How long one wait for an event lasts; Ctrl+C is seen at its end.
const PATIENCE: Duration = Duration::from_millis(200);

/// Shows every event of a run to its end; gives its exit code.
pub(super) fn follow(run: &Run, output: &mut Output) -> Outcome {
    let interrupted = interruption();
    let mut code = ErrorKind::Internal.exit_code();
    loop {
        if interrupted.swap(false, Ordering::Relaxed) {
            run.cancel();
        }
        match run.next(PATIENCE) {
            Ok(None) => {}
            Ok(Some(event)) => {
                if let Event::Finished(summary) = &event.event {
                    code = summary.exit_code;
                }
                output.event(&event);
            }
            Err(error) if error.kind == ErrorKind::EndOfEvents => return Ok(code),
            Err(error) => return Err(error),
        }
    }
}

/// A flag that Ctrl+C or a request to end (SIGTERM) sets; a second one ends the process at once.
fn interruption() -> &'static AtomicBool {
    static INTERRUPTED: AtomicBool = AtomicBool::new(false);
    static SEEN: AtomicBool = AtomicBool::new(false);
    if let Ok(runtime) = entrabulk::runtime::handle() {
        runtime.spawn(async {
            while told_to_end().await.is_ok() {
                if SEEN.swap(true, Ordering::Relaxed) {
                    std::process::exit(ErrorKind::Cancelled.exit_code().into());
                }
                INTERRUPTED.store(true, Ordering::Relaxed);
            }
        });
    }
    &INTERRUPTED
}

#[cfg(unix)]
async fn told_to_end() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        pressed = tokio::signal::ctrl_c() => pressed,
        _ = terminate.recv() => Ok(()),
    }
}

#[cfg(not(unix))]
async fn told_to_end() -> std::io::Result<()> {
    tokio::signal::ctrl_c().await
}
