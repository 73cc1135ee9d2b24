//! The attributes of a user: RFC 7643 sections 4.1 and 8.7.1 (core User), 4.3 and 8.7.1 (Enterprise
//! User), and what Entra's API-driven provisioning makes of their values.
//!
//! Names are found without regard to case (RFC 7643 section 2.1) and written as the RFC spells them.

/// The URN of the core User schema.
pub const CORE_USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";

/// The URN of the Enterprise User extension.
pub const ENTERPRISE_USER: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// The type of an attribute's value (RFC 7643 section 2.3), as far as a user has any.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttributeType {
    /// Text.
    String,
    /// `true` or `false`.
    Boolean,
    /// A URI.
    Reference,
    /// Base64 text.
    Binary,
    /// A moment, as text.
    DateTime,
    /// An object of sub-attributes.
    Complex,
}

/// Who may set an attribute (RFC 7643 section 7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutability {
    /// The client may set it.
    ReadWrite,
    /// Only the service sets it.
    ReadOnly,
    /// The client may set it and nobody can read it back.
    WriteOnly,
}

/// One attribute, or sub-attribute, of a user.
#[derive(Debug, PartialEq, Eq)]
pub struct Attribute {
    /// Its name, as the RFC spells it.
    pub name: &'static str,
    /// The type of its value, or of each of its values.
    pub kind: AttributeType,
    /// Whether its value is an array.
    pub multi_valued: bool,
    /// Who may set it.
    pub mutability: Mutability,
    /// Its sub-attributes; empty unless it is complex.
    pub sub_attributes: &'static [Attribute],
}

const fn simple(name: &'static str, kind: AttributeType) -> Attribute {
    Attribute {
        name,
        kind,
        multi_valued: false,
        mutability: Mutability::ReadWrite,
        sub_attributes: &[],
    }
}

const fn text(name: &'static str) -> Attribute {
    simple(name, AttributeType::String)
}

const fn complex(name: &'static str, sub_attributes: &'static [Attribute]) -> Attribute {
    Attribute { sub_attributes, ..simple(name, AttributeType::Complex) }
}

const fn many(name: &'static str, entry: &'static [Attribute]) -> Attribute {
    Attribute { multi_valued: true, ..complex(name, entry) }
}

const fn read_only(attribute: Attribute) -> Attribute {
    Attribute { mutability: Mutability::ReadOnly, ..attribute }
}

const PRIMARY: Attribute = simple("primary", AttributeType::Boolean);

const ENTRY: &[Attribute] = &[text("value"), text("display"), text("type"), PRIMARY];

const ADDRESS: &[Attribute] = &[
    text("formatted"),
    text("streetAddress"),
    text("locality"),
    text("region"),
    text("postalCode"),
    text("country"),
    text("type"),
    PRIMARY,
];

/// The core User attributes with the common ones of RFC 7643 section 3.1.
pub const CORE: &[Attribute] = &[
    read_only(text("id")),
    text("externalId"),
    read_only(complex(
        "meta",
        &[
            text("resourceType"),
            simple("created", AttributeType::DateTime),
            simple("lastModified", AttributeType::DateTime),
            simple("location", AttributeType::Reference),
            text("version"),
        ],
    )),
    text("userName"),
    complex(
        "name",
        &[
            text("formatted"),
            text("familyName"),
            text("givenName"),
            text("middleName"),
            text("honorificPrefix"),
            text("honorificSuffix"),
        ],
    ),
    text("displayName"),
    text("nickName"),
    simple("profileUrl", AttributeType::Reference),
    text("title"),
    text("userType"),
    text("preferredLanguage"),
    text("locale"),
    text("timezone"),
    simple("active", AttributeType::Boolean),
    Attribute { mutability: Mutability::WriteOnly, ..text("password") },
    many("emails", ENTRY),
    many("phoneNumbers", ENTRY),
    many("ims", ENTRY),
    many(
        "photos",
        &[simple("value", AttributeType::Reference), text("display"), text("type"), PRIMARY],
    ),
    many("addresses", ADDRESS),
    read_only(many(
        "groups",
        &[text("value"), simple("$ref", AttributeType::Reference), text("display"), text("type")],
    )),
    many("entitlements", ENTRY),
    many("roles", ENTRY),
    many(
        "x509Certificates",
        &[simple("value", AttributeType::Binary), text("display"), text("type"), PRIMARY],
    ),
];

/// The attributes of the Enterprise User extension.
pub const ENTERPRISE: &[Attribute] = &[
    text("employeeNumber"),
    text("costCenter"),
    text("organization"),
    text("division"),
    text("department"),
    complex(
        "manager",
        &[text("value"), simple("$ref", AttributeType::Reference), read_only(text("displayName"))],
    ),
];

/// The attribute of `attributes` that is called `name`, without regard to case.
pub fn find(attributes: &'static [Attribute], name: &str) -> Option<&'static Attribute> {
    attributes.iter().find(|attribute| attribute.name.eq_ignore_ascii_case(name))
}

/// Whether a key of a user is a schema URN, which holds an extension's attributes.
pub fn is_urn(key: &str) -> bool {
    key.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("urn:"))
}

/// What a text says as a boolean, where it is clear: never a guess.
pub fn boolean(text: &str) -> Option<bool> {
    const TRUE: [&str; 6] = ["true", "yes", "y", "1", "active", "enabled"];
    const FALSE: [&str; 6] = ["false", "no", "n", "0", "inactive", "disabled"];
    let text = text.trim();
    let among = |words: [&str; 6]| words.iter().any(|word| word.eq_ignore_ascii_case(text));
    if among(TRUE) {
        Some(true)
    } else if among(FALSE) {
        Some(false)
    } else {
        None
    }
}

/// Whether only entries of type `work` of this attribute are provisioned; Entra ignores the others.
pub fn only_work_entries(attribute: &str) -> bool {
    ["emails", "phoneNumbers", "addresses"].iter().any(|name| name.eq_ignore_ascii_case(attribute))
}

/// Whether an extension's attribute is by its name a date, such as `employeeHireDate` or
/// `employeeLeaveDateTime`. Entra ignores a date that comes without a time.
pub fn is_date(attribute: &str) -> bool {
    let name = attribute.to_ascii_lowercase();
    name.ends_with("date") || name.ends_with("datetime")
}

/// Whether a date has a time part: `2021-05-01T00:00:00Z`, or AD's `20210501000000.0Z`.
pub fn has_time(value: &str) -> bool {
    value.contains(':') || value.bytes().take_while(u8::is_ascii_digit).count() >= 12
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_any_case_and_given_as_the_rfc_spells_them() {
        assert_eq!(find(CORE, "USERNAME").map(|a| a.name), Some("userName"));
        let manager = find(ENTERPRISE, "Manager").unwrap();
        let display = find(manager.sub_attributes, "displayname").unwrap();
        assert_eq!(display.mutability, Mutability::ReadOnly);
        assert!(find(CORE, "department").is_none());
    }

    #[test]
    fn every_multi_valued_attribute_has_entries_and_every_complex_one_parts() {
        for attribute in CORE.iter().chain(ENTERPRISE) {
            assert_eq!(
                attribute.kind == AttributeType::Complex,
                !attribute.sub_attributes.is_empty()
            );
            assert!(!attribute.multi_valued || find(attribute.sub_attributes, "type").is_some());
        }
    }

    #[test]
    fn only_a_clear_word_is_a_boolean() {
        for word in ["true", " YES ", "y", "1", "Active", "ENABLED"] {
            assert_eq!(boolean(word), Some(true), "{word}");
        }
        for word in ["False", "no", "N", "0", " inactive", "disabled"] {
            assert_eq!(boolean(word), Some(false), "{word}");
        }
        for word in ["", "on leave", "2", "truee", "terminated", "T", "-1", "在籍"] {
            assert_eq!(boolean(word), None, "{word}");
        }
    }

    #[test]
    fn dates_are_known_by_name_and_by_their_time_part() {
        assert!(is_date("employeeHireDate") && is_date("employeeLeaveDateTime"));
        assert!(is_date("HIREDATE") && !is_date("dateOfBirthPlace") && !is_date("region"));
        assert!(has_time("2021-05-01T00:00:00-05:00") && has_time("20210501000000.0Z"));
        assert!(!has_time("2021-05-01") && !has_time("20210501") && !has_time("5/1/2021"));
    }
}
