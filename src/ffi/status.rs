//! The statuses as C constants. [`TABLE`](crate::error::TABLE) is their source; a test compares the header
//! with it, word for word.

/// The call did what it was asked.
pub const ENTRABULK_OK: i32 = 0;

/// An argument of a call is missing or out of its range.
pub const ENTRABULK_INVALID_ARGUMENT: i32 = 1;

/// Text handed in is not UTF-8.
pub const ENTRABULK_INVALID_UTF8: i32 = 2;

/// A pointer that must not be NULL is NULL.
pub const ENTRABULK_NULL_POINTER: i32 = 3;

/// The object cannot do that now, for instance a push after the last record.
pub const ENTRABULK_INVALID_STATE: i32 = 4;

/// The run's terminal event was already taken; there are no more.
pub const ENTRABULK_END_OF_EVENTS: i32 = 5;

/// No operation has that name.
pub const ENTRABULK_UNKNOWN_OPERATION: i32 = 6;

/// The configuration has problems; all are listed.
pub const ENTRABULK_CONFIG_INVALID: i32 = 100;

/// The mapping has problems; all are listed.
pub const ENTRABULK_MAPPING_INVALID: i32 = 101;

/// The source cannot be opened or read.
pub const ENTRABULK_SOURCE_UNREADABLE: i32 = 200;

/// A byte of the source does not decode.
pub const ENTRABULK_SOURCE_ENCODING: i32 = 201;

/// The source is not the CSV or JSON it should be.
pub const ENTRABULK_SOURCE_FORMAT: i32 = 202;

/// The source holds no record.
pub const ENTRABULK_SOURCE_EMPTY: i32 = 203;

/// The source changed while it was being read.
pub const ENTRABULK_SOURCE_CHANGED: i32 = 204;

/// The run did what it could; some records were rejected.
pub const ENTRABULK_RECORDS_REJECTED: i32 = 205;

/// A guard refuses the source: too few rows, a column or a canary missing, not the manifest's.
pub const ENTRABULK_SOURCE_REFUSED: i32 = 206;

/// Microsoft Entra gave no token.
pub const ENTRABULK_SIGN_IN_FAILED: i32 = 300;

/// The service does not accept the token (401).
pub const ENTRABULK_TOKEN_REJECTED: i32 = 301;

/// The token lacks the permission for this call (403).
pub const ENTRABULK_PERMISSION_MISSING: i32 = 302;

/// The client has no way to get a token.
pub const ENTRABULK_TOKEN_REQUIRED: i32 = 303;

/// The service refused the request as malformed (400).
pub const ENTRABULK_REQUEST_REFUSED: i32 = 400;

/// The service knows no such service principal or job (404).
pub const ENTRABULK_TARGET_NOT_FOUND: i32 = 401;

/// The service kept answering 429 until the retry budget was spent.
pub const ENTRABULK_THROTTLED: i32 = 402;

/// The calls of the last 24 hours reached the quota.
pub const ENTRABULK_QUOTA_SPENT: i32 = 403;

/// The job's ingestion queue is full: it is paused, in quarantine or behind.
pub const ENTRABULK_BUCKET_FULL: i32 = 404;

/// The service kept failing until the retry budget was spent.
pub const ENTRABULK_SERVICE_FAILED: i32 = 405;

/// The host cannot be reached.
pub const ENTRABULK_UNREACHABLE: i32 = 406;

/// The host's certificate is not trusted.
pub const ENTRABULK_TLS_FAILED: i32 = 407;

/// A token would have gone to a host that is not the cloud's own.
pub const ENTRABULK_HOST_NOT_ALLOWED: i32 = 408;

/// The host cancelled the run.
pub const ENTRABULK_CANCELLED: i32 = 500;

/// A file of ours cannot be written.
pub const ENTRABULK_OUTPUT_FAILED: i32 = 501;

/// The library is shutting down.
pub const ENTRABULK_SHUTTING_DOWN: i32 = 502;

/// The state file cannot be opened, read or written.
pub const ENTRABULK_STORE_FAILED: i32 = 503;

/// The state file was written by a newer entrabulk.
pub const ENTRABULK_STORE_NEWER: i32 = 504;

/// The state file is damaged, or is not a state file.
pub const ENTRABULK_STORE_DAMAGED: i32 = 505;

/// Another run works on this target, or the state file is busy.
pub const ENTRABULK_LOCK_HELD: i32 = 510;

/// What the plan was made from has moved since.
pub const ENTRABULK_PLAN_STALE: i32 = 511;

/// A brake stops the plan, and it has not been approved.
pub const ENTRABULK_BRAKE_TRIPPED: i32 = 512;

/// The approval does not fit the plan, or is used or expired.
pub const ENTRABULK_APPROVAL_REFUSED: i32 = 513;

/// An earlier run of this target has batches to settle first.
pub const ENTRABULK_RUN_UNFINISHED: i32 = 514;

/// The store holds no plan, run or batch of that name.
pub const ENTRABULK_NOT_FOUND: i32 = 515;

/// A fault of entrabulk itself.
pub const ENTRABULK_INTERNAL: i32 = 900;

/// A panic inside entrabulk, caught at its edge.
pub const ENTRABULK_PANIC: i32 = 901;
