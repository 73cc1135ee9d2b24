//! What is said of one record: that it was rejected, or that it goes on with a warning.

use serde::Serialize;

/// The rule a record broke, or that warns about it. `code()` is its stable name in files and events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Rule {
    /// More or fewer fields than the header has.
    FieldCount,
    /// A JSON record that is not an object, or a field that is not one value.
    NotARecord,
    /// A required value is absent or empty (`externalId`, `userName`, or `"empty": "error"`).
    RequiredValue,
    /// A boolean attribute whose value is neither clearly true nor clearly false.
    NotBoolean,
    /// A value of the wrong type for its attribute.
    WrongType,
    /// An expression could not be computed for this record.
    ExpressionFailed,
    /// Two records have the same externalId.
    DuplicateExternalId,
    /// Two users have the same userName.
    DuplicateUserName,
    /// One user alone is larger than a call may be.
    UserTooLarge,
    /// A finished user (BulkRequest) that is not a valid SCIM user.
    NotAUser,
    /// A user who is their own manager.
    ManagerIsSelf,
    /// A manager whom the source does not hold (warning).
    ManagerUnknown,
    /// A date that Entra ignores because it has no time part (warning).
    DateWithoutTime,
    /// More than one primary entry (RFC 7643 section 2.4).
    ManyPrimary,
    /// An e-mail, phone or address that is not of type `work`: the service ignores it (warning).
    NotWorkEntry,
    /// Something about the mapping as a whole (warning).
    Mapping,
    /// A field that the mapping names and no record has (warning).
    ColumnAbsent,
    /// The source's encoding was guessed; its first text that is not ASCII is shown (warning).
    EncodingGuessed,
}

impl Rule {
    /// The rule's stable name.
    pub const fn code(self) -> &'static str {
        match self {
            Rule::FieldCount => "field-count",
            Rule::NotARecord => "not-a-record",
            Rule::RequiredValue => "required-value",
            Rule::NotBoolean => "not-boolean",
            Rule::WrongType => "wrong-type",
            Rule::ExpressionFailed => "expression-failed",
            Rule::DuplicateExternalId => "duplicate-external-id",
            Rule::DuplicateUserName => "duplicate-user-name",
            Rule::UserTooLarge => "user-too-large",
            Rule::NotAUser => "not-a-user",
            Rule::ManagerIsSelf => "manager-is-self",
            Rule::ManagerUnknown => "manager-unknown",
            Rule::DateWithoutTime => "date-without-time",
            Rule::ManyPrimary => "many-primary",
            Rule::NotWorkEntry => "not-work-entry",
            Rule::Mapping => "mapping",
            Rule::ColumnAbsent => "column-absent",
            Rule::EncodingGuessed => "encoding-guessed",
        }
    }

    /// What a warning about one attribute of a user says.
    pub const fn advice(self) -> &'static str {
        match self {
            Rule::DateWithoutTime => {
                "The date has no time part, and Entra ignores such a value. \
                 Write it with FormatDateTime as yyyy-MM-ddTHH:mm:ssZ."
            }
            Rule::NotWorkEntry => {
                "The entry is not of type \"work\"; the service ignores it. \
                 Map the value to a work entry or to a custom attribute."
            }
            _ => "The value is odd; see the rule.",
        }
    }
}

impl Serialize for Rule {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

/// What one rule says about one record. Whether it rejects or warns is said by where it is found.
///
/// `value` is HR data: it goes to the rejects file and to the host's events, never to a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// The line on which the record starts, 1-based; the header of a CSV file is line 1. For records
    /// without lines (pushed ones) their number, 1-based; 0 where it concerns no single record.
    #[serde(skip_serializing_if = "concerns_none")]
    pub line: u64,
    /// The rule.
    pub rule: Rule,
    /// The user's externalId, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// The column or SCIM attribute concerned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// The offending value, cut to 200 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// A full sentence: what is wrong and what to do.
    pub message: String,
}

fn concerns_none(line: &u64) -> bool {
    *line == 0
}

/// The longest value a finding repeats, in characters.
const LONGEST_VALUE: usize = 200;

impl Finding {
    /// A finding of `rule` at `line`.
    pub fn new(line: u64, rule: Rule, message: impl Into<String>) -> Self {
        let message = message.into();
        Finding { line, rule, external_id: None, column: None, value: None, message }
    }

    /// The same finding, told of its column or attribute.
    pub fn column(mut self, column: impl Into<String>) -> Self {
        self.column = Some(column.into());
        self
    }

    /// The same finding, told of the offending value.
    pub fn value(mut self, value: &str) -> Self {
        self.value = Some(value.chars().take(LONGEST_VALUE).collect());
        self
    }

    /// The same finding, told of its user.
    pub fn external_id(mut self, external_id: &str) -> Self {
        if !external_id.is_empty() {
            self.external_id = Some(external_id.chars().take(LONGEST_VALUE).collect());
        }
        self
    }
}
