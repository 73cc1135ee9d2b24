//! What HR knows goes in; Microsoft Entra ID agrees with it.
//!
//! entrabulk reads HR data, maps it to SCIM users, rejects what would do harm, plans what would change against
//! what was accepted before, and sends only that through Microsoft Graph `bulkUpload`, at exactly the service's
//! pace. Data flows one way, from room to room:
//!
//! ```text
//!  bytes      Record       User          checked users     Plan          Batch      202
//!    |          |            |                 |             |             |         |
//!  source -> mapping -> lint, convert   ->   plan   ->      run    ->    graph  -----+
//!  decode    render     check all before     compare,       journal,     one call    |
//!  + parse   to bytes   anything goes on     judge, order   pace, tell               |
//!                                              ^  |          ^  |                    |
//!                                     baseline |  | plan     |  | intent, sent       | accepted
//!                                              |  v          |  v                    v
//!                                            store: what outlives a run, or a temporary one
//! ```
//!
//! | module | what |
//! |---|---|
//! | [`source`] | encodings, CSV, JSON, finished BulkRequests: bytes to records |
//! | [`mapping`] | rules and expressions: a record to a SCIM user |
//! | [`scim`] | attribute tables, the bulk envelope |
//! | [`lint`] | what is wrong among records: duplicates, managers |
//! | [`convert`] | the check pass: every finding told, every user shown to whoever plans |
//! | [`plan`] | what a source would change, judged by brakes and guards, in the order it is sent |
//! | [`store`] | baseline, plans, journal, ledger and leases, kept or temporary |
//! | [`run`] | a plan to calls: leased, journalled, paced, told; [`run::Builder`] to request bodies without a network |
//! | [`graph`] | HTTP and sign-in: one call |
//! | [`report`] | what people read afterwards: previews |
//! | [`client`] | what a host holds: a target, its secrets, its state |
//! | [`operation`] | named operations, JSON in and JSON out |
//! | [`error`], [`finding`] | what goes wrong with a call, and with a record |
//! | [`ffi`] | the C ABI (`docs/abi.md`) |
//! | [`time`], [`runtime`], [`log`] | time and chance, threads, and log records, as they are handed in and out |
//! | `simulator` | a tenant on loopback that every test sends to |
//!
//! Request bodies without a network:
//!
//! ```
//! use entrabulk::run::Builder;
//!
//! # fn main() -> Result<(), entrabulk::error::Error> {
//! let mut builder = Builder::new(
//!     br#"{"version": 1, "mapping": {"externalId": "WorkerID", "userName": "Mail", "active": {"const": true}}}"#,
//! )?;
//! builder.push(br#"{"WorkerID": "1222", "Mail": "talya@contoso.com"}"#)?;
//! let summary = builder.finish()?;
//! assert_eq!((summary.totals.users, summary.totals.rejected), (1, 0));
//! while let Some(body) = builder.next_body()? {
//!     println!("{}", String::from_utf8_lossy(&body));
//! }
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_op_in_unsafe_fn)]

pub mod client;
pub mod time;

pub mod convert;
#[doc(hidden)]
pub mod crash;
mod document;
pub mod error;
pub mod ffi;
pub mod finding;
pub mod graph;
pub mod lint;
pub mod log;
pub mod mapping;
pub mod operation;
pub mod plan;
pub mod report;
pub mod run;
pub mod runtime;
pub mod scim;
mod scratch;
mod sentences;
#[cfg(feature = "simulator")]
pub mod simulator;
pub mod source;
pub mod store;
