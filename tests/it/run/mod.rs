//! Runs against the simulated tenant: in process and in virtual time, over sockets, and as processes
//! that are killed, resumed and crowded.

mod cancel;
mod crowd;
#[cfg(unix)]
mod disk;
mod faults;
mod hashes;
mod kill;
mod limits;
mod managers;
mod orders;
#[allow(dead_code, reason = "shared with benches/week.rs")]
mod payroll;
mod play;
mod rounds;
mod site;
mod sockets;
mod stops;
mod tenants;
mod torn;
mod ways;
mod week;
