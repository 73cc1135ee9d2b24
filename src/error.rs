//! One error type, and the one table that ties its kinds to statuses, exit codes and host categories.
//!
//! [`TABLE`] is the single source for the C constants, the C# enum, the PowerShell error categories,
//! the process exit codes and `docs/errors.md`; tests compare each of them with it.

use std::fmt;

use serde::Serialize;

/// What kind of thing went wrong. The discriminant is the status of the C ABI.
///
/// Statuses are banded: 1-99 caller, 100s configuration and mapping, 200s source data,
/// 300s sign-in, 400s the service, 500s interruption, local output and state, 900s our own fault. They are
/// only ever added; a retired number stays reserved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[non_exhaustive]
#[repr(i32)]
#[allow(missing_docs, reason = "each kind is described once, in TABLE")]
pub enum ErrorKind {
    InvalidArgument = 1,
    InvalidUtf8 = 2,
    NullPointer = 3,
    InvalidState = 4,
    EndOfEvents = 5,
    UnknownOperation = 6,
    ConfigInvalid = 100,
    MappingInvalid = 101,
    SourceUnreadable = 200,
    SourceEncoding = 201,
    SourceFormat = 202,
    SourceEmpty = 203,
    SourceChanged = 204,
    RecordsRejected = 205,
    SourceRefused = 206,
    SignInFailed = 300,
    TokenRejected = 301,
    PermissionMissing = 302,
    TokenRequired = 303,
    RequestRefused = 400,
    TargetNotFound = 401,
    Throttled = 402,
    QuotaSpent = 403,
    BucketFull = 404,
    ServiceFailed = 405,
    Unreachable = 406,
    TlsFailed = 407,
    HostNotAllowed = 408,
    Cancelled = 500,
    OutputFailed = 501,
    ShuttingDown = 502,
    StoreFailed = 503,
    StoreNewer = 504,
    StoreDamaged = 505,
    LockHeld = 510,
    PlanStale = 511,
    BrakeTripped = 512,
    ApprovalRefused = 513,
    RunUnfinished = 514,
    NotFound = 515,
    Internal = 900,
    Panic = 901,
}

/// One row of [`TABLE`].
#[derive(Debug)]
pub struct KindRow {
    /// The kind this row describes.
    pub kind: ErrorKind,
    /// The kind's name in C (after `ENTRABULK_`), C#, PowerShell error ids and JSON, in PascalCase.
    pub name: &'static str,
    /// The exit code of the command line for a failure of this kind.
    pub exit_code: u8,
    /// The PowerShell `ErrorCategory`.
    pub category: &'static str,
    /// What it means, for the documentation.
    pub meaning: &'static str,
}

macro_rules! table {
    ($($kind:ident $exit:literal $category:ident $meaning:literal;)*) => {
        /// Every kind once, in order of status.
        pub const TABLE: &[KindRow] = &[$(KindRow {
            kind: ErrorKind::$kind,
            name: stringify!($kind),
            exit_code: $exit,
            category: stringify!($category),
            meaning: $meaning,
        }),*];

        impl ErrorKind {
            /// The row of [`TABLE`] that describes this kind.
            pub fn row(self) -> &'static KindRow {
                const INDEX: &[ErrorKind] = &[$(ErrorKind::$kind),*];
                // The macro lists both in one order, so the position of one is the position of the other.
                let at = INDEX.iter().position(|kind| *kind == self).unwrap_or(0);
                &TABLE[at]
            }
        }
    };
}

table! {
    InvalidArgument    64 InvalidArgument      "An argument of a call is missing or out of its range.";
    InvalidUtf8        64 InvalidArgument      "Text handed in is not UTF-8.";
    NullPointer        64 InvalidArgument      "A pointer that must not be NULL is NULL.";
    InvalidState       64 InvalidOperation     "The object cannot do that now, for instance a push after the last record.";
    EndOfEvents         0 ObjectNotFound       "The run's terminal event was already taken; there are no more.";
    UnknownOperation   64 InvalidArgument      "No operation has that name.";
    ConfigInvalid      64 InvalidArgument      "The configuration has problems; all are listed.";
    MappingInvalid     11 InvalidArgument      "The mapping has problems; all are listed.";
    SourceUnreadable   11 OpenError            "The source cannot be opened or read.";
    SourceEncoding     11 InvalidData          "A byte of the source does not decode.";
    SourceFormat       11 InvalidData          "The source is not the CSV or JSON it should be.";
    SourceEmpty        11 InvalidData          "The source holds no record.";
    SourceChanged      11 InvalidData          "The source changed while it was being read.";
    RecordsRejected    14 InvalidData          "The run did what it could; some records were rejected.";
    SourceRefused      11 InvalidData          "A guard refuses the source: too few rows, a column or a canary missing, not the manifest's.";
    SignInFailed       18 AuthenticationError  "Microsoft Entra gave no token.";
    TokenRejected      18 AuthenticationError  "The service does not accept the token (401).";
    PermissionMissing  18 PermissionDenied     "The token lacks the permission for this call (403).";
    TokenRequired      18 AuthenticationError  "The client has no way to get a token.";
    RequestRefused     11 InvalidData          "The service refused the request as malformed (400).";
    TargetNotFound     64 ObjectNotFound       "The service knows no such service principal or job (404).";
    Throttled          13 LimitsExceeded       "The service kept answering 429 until the retry budget was spent.";
    QuotaSpent         13 QuotaExceeded        "The calls of the last 24 hours reached the quota.";
    BucketFull         16 ResourceBusy         "The job's ingestion queue is full: it is paused, in quarantine or behind.";
    ServiceFailed       1 ResourceUnavailable  "The service kept failing until the retry budget was spent.";
    Unreachable         1 ConnectionError      "The host cannot be reached.";
    TlsFailed           1 SecurityError        "The host's certificate is not trusted.";
    HostNotAllowed     64 SecurityError        "A token would have gone to a host that is not the cloud's own.";
    Cancelled         130 OperationStopped     "The host cancelled the run.";
    OutputFailed        1 WriteError           "A file of ours cannot be written.";
    ShuttingDown        1 OperationStopped     "The library is shutting down.";
    StoreFailed         1 WriteError           "The state file cannot be opened, read or written.";
    StoreNewer          1 OpenError            "The state file was written by a newer entrabulk.";
    StoreDamaged        1 InvalidData          "The state file is damaged, or is not a state file.";
    LockHeld           17 ResourceBusy         "Another run works on this target, or the state file is busy.";
    PlanStale          12 InvalidOperation     "What the plan was made from has moved since.";
    BrakeTripped       10 LimitsExceeded       "A brake stops the plan, and it has not been approved.";
    ApprovalRefused    64 InvalidArgument      "The approval does not fit the plan, or is used or expired.";
    RunUnfinished      17 ResourceBusy         "An earlier run of this target has batches to settle first.";
    NotFound           64 ObjectNotFound       "The store holds no plan, run or batch of that name.";
    Internal            1 InvalidResult        "A fault of entrabulk itself.";
    Panic               1 InvalidResult        "A panic inside entrabulk, caught at its edge.";
}

/// The status of a call that succeeded.
pub const STATUS_OK: i32 = 0;

impl ErrorKind {
    /// The status of the C ABI.
    pub const fn status(self) -> i32 {
        self as i32
    }

    /// The kind's name, as hosts and JSON spell it.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// The exit code of the command line.
    pub fn exit_code(self) -> u8 {
        self.row().exit_code
    }
}

/// One of several problems reported together (a configuration, a mapping).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Where: a JSON path such as `name.givenName`, or a column.
    pub path: String,
    /// What is wrong there and what to do.
    pub message: String,
    /// Whether the work stops for it; a warning is reported and passed over.
    pub severity: Severity,
}

/// How much a problem matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Severity {
    /// The work cannot start.
    Error,
    /// Reported; the work goes on.
    Warning,
}

impl Problem {
    /// A problem that stops the work.
    pub fn error(path: impl Into<String>, message: impl Into<String>) -> Self {
        Problem { path: path.into(), message: message.into(), severity: Severity::Error }
    }

    /// A problem that is only reported.
    pub fn warning(path: impl Into<String>, message: impl Into<String>) -> Self {
        Problem { path: path.into(), message: message.into(), severity: Severity::Warning }
    }
}

/// The one of `known` that `name` was most likely meant to be; `None` where none is close.
///
/// Case does not count; about one letter in three may differ.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.to_lowercase();
    let allowed = name.chars().count() / 3 + 1;
    known
        .into_iter()
        .map(|known| (strsim::osa_distance(&name, &known.to_lowercase()), known))
        .filter(|(distance, known)| *distance <= allowed && *distance < known.chars().count())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}

/// What happened, to what, why, and the one thing to do next.
///
/// Neither the message nor any field holds a secret, a token or a whole record. `Display` prints the
/// message and the advice; the JSON form (`serde`) carries every field.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Error {
    /// The kind, which fixes status and exit code.
    #[serde(rename = "status", serialize_with = "status_of")]
    pub kind: ErrorKind,
    /// The kind's name.
    #[serde(rename = "kind")]
    name: &'static str,
    /// What happened, and why.
    pub message: String,
    /// The one thing to do next; may be empty.
    pub advice: String,
    /// The line of the record concerned, 1-based, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// HTTP status of the service's answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_status: Option<u16>,
    /// `error.code` of the service's answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_code: Option<String>,
    /// The `request-id` under which Microsoft can find the call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// How long to wait before trying again, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
    /// The single problems, where several are reported at once.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<Problem>,
}

fn status_of<S: serde::Serializer>(kind: &ErrorKind, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_i32(kind.status())
}

impl Error {
    /// An error of `kind` that says what happened (`message`) and what to do next (`advice`).
    pub fn new(kind: ErrorKind, message: impl Into<String>, advice: impl Into<String>) -> Self {
        Error {
            kind,
            name: kind.name(),
            message: message.into(),
            advice: advice.into(),
            line: None,
            http_status: None,
            service_code: None,
            request_id: None,
            retry_after_ms: None,
            problems: Vec::new(),
        }
    }

    /// A fault of entrabulk itself.
    pub fn internal(message: impl Into<String>) -> Self {
        Error::new(ErrorKind::Internal, message, "Please report it, with this message.")
    }

    /// Several problems of one document, as one error; the first is also in the message.
    pub fn from_problems(kind: ErrorKind, what: &str, problems: Vec<Problem>) -> Self {
        let mut errors = problems.iter().filter(|problem| problem.severity == Severity::Error);
        let first = errors.next().map(ToString::to_string).unwrap_or_default();
        let found = match 1 + errors.count() {
            1 => format!("There is 1 problem in the {what}: {first}"),
            count => format!("There are {count} problems in the {what}. The first: {first}"),
        };
        let stop = if found.ends_with(['.', '?']) { "" } else { "." };
        let advice = format!("Fix the {what} and try again.");
        let mut error = Error::new(kind, found + stop, advice);
        error.problems = problems;
        error
    }

    /// The same error, told of the line it concerns.
    pub fn at_line(mut self, line: u64) -> Self {
        self.line = Some(line);
        self
    }

    /// The status of the C ABI.
    pub fn status(&self) -> i32 {
        self.kind.status()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if !self.advice.is_empty() {
            write!(f, " {}", self.advice)?;
        }
        Ok(())
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            f.write_str(&self.message)
        } else {
            write!(f, "{}: {}", self.path, self.message)
        }
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order_of_status_and_names_each_kind_once() {
        let statuses: Vec<i32> = TABLE.iter().map(|row| row.kind.status()).collect();
        assert!(statuses.windows(2).all(|pair| pair[0] < pair[1]), "{statuses:?}");
        for row in TABLE {
            assert_eq!(row.kind.row().name, row.name);
            assert_eq!(format!("{:?}", row.kind), row.name);
            assert!(row.meaning.ends_with('.'));
        }
    }

    #[test]
    fn json_carries_status_name_and_problems() {
        let error = Error::from_problems(
            ErrorKind::MappingInvalid,
            "mapping",
            vec![Problem::error("name.givenname", "unknown"), Problem::warning("", "odd")],
        );
        let json = serde_json::to_value(&error).unwrap();
        assert_eq!(json["status"], 101);
        assert_eq!(json["kind"], "MappingInvalid");
        assert_eq!(json["problems"].as_array().map(Vec::len), Some(2));
        assert!(
            error.to_string().contains("is 1 problem in the mapping: name.givenname: unknown. Fix")
        );
    }

    #[test]
    fn the_nearest_name_is_near() {
        let names = || ["userName", "displayName", "title", "locale"].into_iter();
        assert_eq!(nearest("displyname", names()), Some("displayName"));
        assert_eq!(nearest("titel", names()), Some("title"));
        assert_eq!(nearest("shoeSize", names()), None);
        assert_eq!(nearest("q", ["x"]), None);
        assert_eq!(nearest("", ["x"]), None);
    }
}
