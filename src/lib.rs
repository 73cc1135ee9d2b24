//! What HR knows goes in; Microsoft Entra ID agrees with it.
//!
//! entrabulk reads HR data, maps it to SCIM users, rejects what would do harm, and sends the rest through
//! Microsoft Graph `bulkUpload` at exactly the service's pace. Data flows one way, from room to room:
//!
//! ```text
//!  bytes      Record      User                  Batch                  202
//!    |          |          |                      |                     |
//!  source -> mapping  ->  lint   ->  prepare -> upload       ->       graph
//!  decode    render to    many       check all, pace, repeat,         one call
//!  + parse   bytes        records    then batch tell what happens
//! ```
//!
//! | module | what |
//! |---|---|
//! | [`source`] | encodings, CSV, JSON, finished BulkRequests: bytes to records |
//! | [`mapping`] | rules and expressions: a record to a SCIM user |
//! | [`scim`] | attribute tables, the bulk envelope |
//! | [`lint`] | what is wrong among records: duplicates, managers |
//! | [`prepare`] | the check pass and the batches; [`builder`] stands on it |
//! | [`plan`], [`store`] | what a source would change, judged by brakes; what outlives a run |
//! | [`upload`], [`graph`] | pace, repeats, events; HTTP and sign-in; [`client`] is what a host holds |
//! | [`command`] | named operations, JSON in and JSON out |
//! | [`config`], [`error`], [`rejection`] | documents in; errors and findings out |
//! | [`ffi`] | the C ABI (`docs/abi.md`), with [`log`] and [`runtime`] |
//! | `simulator` | a tenant on loopback that every test sends to |
//!
//! Request bodies without a network:
//!
//! ```
//! use entrabulk::convert::Builder;
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
