//! `simulate`: a tenant on loopback until it is interrupted.

use std::io::Read;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use entrabulk::error::Error;
use entrabulk::simulator::{RunningSimulator, Settings, Simulator};
use entrabulk::time::{Random, TokioClock};

use super::output::{Outcome, Output};
use super::sentences;

#[derive(Debug, Args)]
pub(super) struct Simulate {
    /// Port on 127.0.0.1; 0 takes any free one [default: 8080, or what the settings say]
    #[arg(long)]
    port: Option<u16>,
    #[command(flatten)]
    tenant: TenantArguments,
    /// Stop when standard input is closed, so that no simulator outlives the program that started it
    #[arg(long)]
    until_stdin_closes: bool,
}

/// How the simulated tenant behaves.
#[derive(Debug, Args)]
#[command(next_help_heading = "Simulated tenant")]
pub(super) struct TenantArguments {
    /// Settings of the tenant, a JSON file (docs/simulator.md)
    #[arg(long, value_name = "FILE")]
    tenant_settings: Option<PathBuf>,
    /// Time passes this many times as fast
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(super) speed: u32,
}

impl TenantArguments {
    /// The settings of the file, or the defaults.
    pub(super) fn settings(&self) -> Result<Settings, Error> {
        self.tenant_settings.as_deref().map_or_else(|| Ok(Settings::default()), read_settings)
    }

    /// Starts the tenant.
    pub(super) fn start(&self, settings: Settings) -> Result<RunningSimulator, Error> {
        let clock = Arc::new(TokioClock::with_speed(self.speed));
        let runtime = entrabulk::runtime::handle()?;
        let _inside = runtime.enter();
        Simulator::start(settings, clock, Random::from_system())
    }
}

impl Simulate {
    pub(super) fn run(self, output: &mut Output) -> Outcome {
        let mut settings = self.tenant.settings()?;
        let port = self.port.or(self.tenant.tenant_settings.is_none().then_some(8080));
        if let Some(port) = port {
            settings.listen = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        }
        let running = self.tenant.start(settings)?;
        let description = running.describe();
        if !output.document(&description) {
            sentences::tenant(&description).iter().for_each(|line| output.line(line));
        }
        if self.until_stdin_closes {
            let _ = std::io::stdin().lock().read_to_end(&mut Vec::new());
        } else {
            // Without a way to hear Ctrl+C the system's own way of ending a process remains.
            let _ = entrabulk::runtime::handle()?.block_on(tokio::signal::ctrl_c());
        }
        Ok(0)
    }
}

fn read_settings(path: &Path) -> Result<Settings, Error> {
    let json = std::fs::read(path).map_err(|error| sentences::unreadable(path, &error))?;
    serde_json::from_slice(&json).map_err(|error| sentences::tenant_settings_invalid(&error))
}
