//! What people read about a mapping, in one place: to review it, and to translate it one day.
//! What expressions say stands in [`super::expression`].

use super::json::Json;
use crate::sentences::sentences;

/// What a value is.
pub(super) fn kind(value: &Json) -> &'static str {
    match value {
        Json::Null => "null",
        Json::Bool(_) => "a boolean",
        Json::Number(_) => "a number",
        Json::Text(_) => "text",
        Json::Array(_) => "an array",
        Json::Object(_) => "an object",
    }
}

sentences! {
    // The mapping as a document.
    unusable(why: String) -> MappingInvalid: "The mapping is {why}.",
        "Save the mapping as one JSON object in UTF-8; docs/mapping.md shows the form.";
    no_object(kind: &str): "{kind}, not an object";
    no_json(error: &serde_json::Error): "not JSON: {error}";
    no_utf8(byte: usize): "not UTF-8: byte {byte} does not decode";
    not_as_marked(encoding: &str): "not {encoding}, as its first bytes say";
    VERSION: "The version of this mapping language is 1.";
    KEY_TWICE: "This key is there twice; keep one.";

    // URNs and custom schemas.
    not_a_urn(urn: &str): "`{urn}` is not a URN; write it like \
        urn:ietf:params:scim:schemas:extension:contoso:1.0:User.";
    CORE_AT_TOP: "The attributes of the core schema stand at the top level.";
    namespace_has_attributes(urn: &str):
        "`{urn}` has attributes of its own; give every column a custom URN.";
    namespace_mapped_too(urn: &str): "The mapping has `{urn}` too; only one of them can fill it.";
    urn_takes_an_object(kind: &str):
        "A schema URN takes an object of its attributes, not {kind}.";
    too_deep(levels: usize): "It is nested deeper than {levels} levels.";
    NESTED_CUSTOM: "Entra maps single values of a custom schema, not nested ones.";

    // Attributes.
    A_USER: "a user";
    THE_ENTERPRISE_EXTENSION: "the enterprise extension";
    NO_ID: "The service gives ids itself; your own key is externalId.";
    NO_META: "The service writes it itself; leave it out.";
    NO_GROUPS: "Groups are read-only in a user, and API-driven provisioning has no groups.";
    NO_PASSWORD: "Provisioning does not set passwords; new users sign in with a Temporary Access Pass.";
    READ_ONLY: "It is read-only; leave it out.";
    NO_SCHEMAS: "The list of schemas is written for you; leave it out.";
    REQUIRED: "Every user needs it; map it to a column.";
    ACTIVE_UNMAPPED: "It is not mapped, so no leaver is ever disabled.";
    HOLDS_NOTHING: "It holds no attribute; fill it or leave it out.";
    NO_ARRAY: "It has one value, so an array cannot fill it.";
    NO_OBJECT: "It has one value, so an object of attributes cannot fill it.";
    SAME_FOR_ALL: "It would be the same for every user; map it to a column.";
    NO_DEFAULT: "It takes no default: that would be the same for many users.";
    EMPTY_IS_ERROR: "It is required, so `empty` can only be \"error\" here.";
    MANY_PRIMARY: "More than one entry is primary; one may be (RFC 7643, 2.4).";
    belongs_at_top(name: &str): "`{name}` belongs at the top level of the mapping.";
    belongs_under(name: &str, urn: &str): "`{name}` belongs under \"{urn}\".";
    write_nested(parent: &str, part: &str):
        "Write nested objects: \"{parent}\": {{\"{part}\": …}}.";
    no_attribute_but(key: &str, owner: &str, near: &str):
        "`{key}` is not an attribute of {owner}; did you mean `{near}`?";
    no_attribute_of(key: &str, owner: &str, known: &str):
        "`{key}` is not an attribute of {owner}; there are {known}.";
    no_attribute_of_a_user(key: &str):
        "`{key}` is not an attribute of a user; one of your own goes under a key of its own schema, \
         such as \"urn:ietf:params:scim:schemas:extension:contoso:1.0:User\".";
    several_values(example: &str): "It has several values: write {example}.";
    made_of_parts(example: &str): "It is made of parts: write {example}.";
    never_read(has: &str):
        "Entra reads entries of type \"work\" only, and this one has {has} type: it will be ignored. \
         Write \"type\": {{\"const\": \"work\"}}.";
    NO: "no";
    ANOTHER: "another";
}

sentences! {
    // Single values.
    COLUMN_EMPTY: "The column name is empty.";
    TEXT_WANTED: "It takes a text that is not empty.";
    ONE_SOURCE: "Give exactly one of `column`, `expression` and `const`.";
    CONSTANT_IS_NEVER_EMPTY: "A constant is never empty, so `default` and `empty` say nothing.";
    POLICIES: "It must be \"omit\", \"empty\", \"null\" or \"error\".";
    NO_EMPTY_BOOLEAN: "A boolean cannot be an empty text; use \"null\" or \"omit\".";
    MUST_BE_TEXT: "It must be text in quotation marks.";
    MUST_BE_BOOLEAN: "It must be true or false, without quotation marks.";
    MUST_BE_ONE_VALUE: "It must be text, a number, true or false.";
    no_source(kind: &str):
        "It is {kind}, but a column name or an expression is wanted; a constant is written \
         {{\"const\": …}}.";
    scope_is_text(kind: &str): "The scope is an expression in text, not {kind}.";
    no_key_but(near: &str): "There is no such key; did you mean `{near}`?";
    no_key_of(known: &str): "There is no such key; there are {known}.";
    no_column_but(name: &str, near: &str):
        "The source has no column `{name}`; did you mean `{near}`?";
    no_column_of(name: &str, known: &str): "The source has no column `{name}`; it has {known}.";
    and_more(shown: &str, more: usize): "{shown} and {more} more";
    NO_COLUMNS: "no columns at all";
}

sentences! {
    // One record's values.
    SCOPE_UNCLEAR: "The scope is neither true nor false for this record; correct the expression or \
        the value.";
    NO_LOCAL_NAME: "`userName` has nothing before its @; every user needs a name.";
    many_primary_in(attribute: &str):
        "More than one entry of `{attribute}` is primary; one may be (RFC 7643, section 2.4).";
    no_value(path: &str): "`{path}` must have a value, and this record has none.";
    gives_a_list(path: &str): "The expression of `{path}` gives a list, and one value is wanted; \
        pick one with Item or Join.";
    expression_failed(path: &str, why: impl std::fmt::Display):
        "The expression of `{path}` failed: {why}";
    not_boolean(path: &str): "`{path}` is neither clearly true nor clearly false; correct the value, \
        or say what it means with =Switch(…) in the mapping.";

    // Finished users.
    NO_EXTERNAL_ID: "The user has no externalId, and it is found by that alone.";
    NO_URNS: "`schemas` is not an array of URNs.";
    user_not_json(error: &serde_json::Error): "The user is not valid JSON: {error}.";
    user_key_twice(key: &str): "The user has the key `{key}` twice; keep one.";
    user_not_an_object(kind: &str): "A user is an object, and this is {kind}.";
    unclear_boolean(path: &str): "`{path}` is neither clearly true nor clearly false.";
    wrong_type(path: &str, wanted: &str, kind: &str):
        "`{path}` must be {wanted} (RFC 7643), and is {kind}.";
    AN_OBJECT_OF_ATTRIBUTES: "an object of attributes";
    AN_OBJECT: "an object";
    AN_ARRAY: "an array";
    A_BOOLEAN: "true or false";
    TEXT: "text";

    // The comments of a suggested mapping. Each follows the attribute's name.
    SUGGESTED: "A first mapping, guessed from the names of the columns. Check every line. A text is \
        a column; after = it is an expression; keys that begin with // are comments.";
    ID_FOUND: "must be unique, must never change, and is what Entra matches by.";
    ID_GUESSED: "no column looks like the employee's number; name the one that is unique and never \
        changes.";
    NAME_FOUND: "is the UPN or what your Entra mapping makes the UPN from; it must be unique.";
    NAME_FROM_EMAIL: "no column looks like a user name; this takes the e-mail address.";
    NAME_GUESSED: "no column looks like a user name; make one, for instance with \
        =Append(…, \"@contoso.com\").";
    ACTIVE_FROM_STATUS: "says for each status whether the account is on. List all your statuses; one \
        that is not listed and is no clear yes or no rejects its record.";
    ACTIVE_TURNED: "is the opposite of the column.";
    ACTIVE_MISSING: "no column tells who has left. Without \"active\" nobody is ever disabled.";
    MANAGER_IS_ID: "must hold the externalId of the manager.";
    DATES_NEED_TIME: "are ignored by Entra unless they have a time. Check the format they have now \
        (the third argument), and add both attributes to the app's attribute list.";
}

/// `near` is the key that was probably meant.
pub(super) fn no_such_key(near: Option<&str>, known: &[&str]) -> String {
    near.map_or_else(|| no_key_of(&known.join(", ")), no_key_but)
}

/// `near` is the column that was probably meant.
pub(super) fn no_column(name: &str, near: Option<&str>, known: &[String]) -> String {
    const SHOWN: usize = 12;
    if let Some(near) = near {
        return no_column_but(name, near);
    }
    let shown = known[..known.len().min(SHOWN)].join(", ");
    match known.len() {
        0 => no_column_of(name, NO_COLUMNS),
        count if count > SHOWN => no_column_of(name, &and_more(&shown, count - SHOWN)),
        _ => no_column_of(name, &shown),
    }
}
