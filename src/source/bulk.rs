//! Finished BulkRequests (RFC 7644 section 3.7) to the users inside, operation by operation.
//!
//! What surrounds a user (`bulkId`, `path`, `failOnErrors`) is not kept: the batches are made anew,
//! and so whatever is missing or repeated there mends itself.

use super::flatten::{Node, node, walk};
use super::json::{JsonText, Place};
use super::{Record, Row, Text, sentences};
use crate::error::Error;
use crate::finding::{Finding, Rule};

/// The key of a BulkRequest that holds its operations.
const OPERATIONS: &str = "operations";

/// Whether JSON text that begins with `head` is a BulkRequest: whether its first object has an array
/// under the key `Operations`.
pub(super) fn looks_bulk(head: &str) -> bool {
    let head = head.trim_start();
    let head = head.strip_prefix('[').unwrap_or(head);
    let bytes = head.as_bytes();
    let (mut depth, mut at) = (0_usize, 0_usize);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth <= 1 => return false,
            b'}' | b']' => depth -= 1,
            b'"' => {
                let text = at + 1;
                at = text;
                while bytes.get(at).is_some_and(|byte| *byte != b'"') {
                    at += if bytes[at] == b'\\' { 2 } else { 1 };
                }
                let is_key = head.get(text..at).is_some_and(|k| k.eq_ignore_ascii_case(OPERATIONS));
                let after = head.get(at + 1..).unwrap_or_default().trim_start();
                let array = after.strip_prefix(':').unwrap_or_default().trim_start();
                if depth == 1 && is_key && array.starts_with('[') {
                    return true;
                }
            }
            _ => {}
        }
        at += 1;
    }
    false
}

/// Where in the documents the read is, between two operations.
#[derive(Clone, Copy)]
enum At {
    /// Between documents.
    Top,
    /// Inside a document, `first` before its first member; `listed` once `Operations` was there.
    Document { opened: Place, first: bool, listed: bool },
    /// Inside the array of operations of the document that began at `document`.
    Operations { document: Place, opened: Place, first: bool },
}

/// The operations of BulkRequests, one user each.
pub(super) struct BulkRows {
    json: JsonText,
    at: At,
    /// Where an array around the documents began, and whether its first element comes next.
    around: Option<(Place, bool)>,
    value: String,
    user: String,
}

impl BulkRows {
    pub(super) fn new(text: Text) -> Self {
        BulkRows {
            json: JsonText::new(text),
            at: At::Top,
            around: None,
            value: String::new(),
            user: String::new(),
        }
    }

    /// The next row, or `None` after the last: its only cell is the user.
    pub(super) fn next(&mut self, record: &mut Record) -> Result<Option<Row>, Error> {
        loop {
            match self.at {
                At::Top => {
                    if !self.next_document()? {
                        return Ok(None);
                    }
                }
                At::Document { opened, first, listed } => {
                    if self.json.another(b'}', first, opened)? {
                        self.member(opened, listed)?;
                    } else if listed {
                        self.at = At::Top;
                    } else {
                        return Err(sentences::no_operations(opened.line));
                    }
                }
                At::Operations { document, opened, first } => {
                    if self.json.another(b']', first, opened)? {
                        self.at = At::Operations { document, opened, first: false };
                        let place = self.json.value(&mut self.value)?;
                        return self.operation(place.line, record).map(Some);
                    }
                    self.at = At::Document { opened: document, first: false, listed: true };
                }
            }
        }
    }

    /// Turns to the next document, if there is one.
    fn next_document(&mut self) -> Result<bool, Error> {
        if let Some((opened, first)) = self.around {
            let another = self.json.another(b']', first, opened)?;
            self.around = another.then_some((opened, false));
        }
        loop {
            match self.json.peek()? {
                None => return Ok(false),
                Some(b'{') => {
                    self.at =
                        At::Document { opened: self.json.place(), first: true, listed: false };
                    self.json.take();
                    return Ok(true);
                }
                Some(b'[') if self.around.is_none() => {
                    let opened = self.json.place();
                    self.json.take();
                    let another = self.json.another(b']', true, opened)?;
                    self.around = another.then_some((opened, false));
                }
                Some(_) => return Err(self.json.unexpected(sentences::A_BULK_REQUEST)),
            }
        }
    }

    /// Reads a member of a document: its operations one by one later, anything else now.
    fn member(&mut self, opened: Place, listed: bool) -> Result<(), Error> {
        if self.json.peek()? != Some(b'"') {
            return Err(self.json.unexpected(sentences::A_KEY));
        }
        let key_at = self.json.value(&mut self.value)?;
        let is_operations = matches!(node(&self.value), Ok(Node::Text(key))
            if key.eq_ignore_ascii_case(OPERATIONS));
        if self.json.peek()? != Some(b':') {
            return Err(self.json.unexpected(sentences::A_COLON));
        }
        self.json.take();
        let next = self.json.peek()?;
        if is_operations && listed {
            return Err(sentences::wrong_operations(key_at.line, sentences::A_SECOND_TIME));
        }
        if is_operations && next == Some(b'[') {
            self.at = At::Operations { document: opened, opened: self.json.place(), first: true };
            self.json.take();
            return Ok(());
        }
        if is_operations {
            return Err(sentences::wrong_operations(key_at.line, sentences::NOT_AN_ARRAY));
        }
        if next.is_none() {
            return Err(self.json.unexpected(sentences::A_VALUE));
        }
        self.json.value(&mut self.value)?;
        self.at = At::Document { opened, first: false, listed };
        Ok(())
    }

    /// Takes the user out of the operation in `self.value`.
    fn operation(&mut self, line: u64, record: &mut Record) -> Result<Row, Error> {
        record.line = line;
        record.kinds.clear();
        record.cells.clear();
        let mut path = String::new();
        if let Err(unfit) = walk(&self.value, &mut path, 0, &mut |_, _, _| Ok(())) {
            return Ok(Row::Rejected(unfit.finding(line, &path)?));
        }
        match user_of(&self.value) {
            Ok(user) => {
                compact(user, &mut self.user);
                record.cells.push_field(&self.user);
                Ok(Row::User)
            }
            Err((message, external_id)) => Ok(Row::Rejected(
                Finding::new(line, Rule::NotAUser, message).external_id(&external_id),
            )),
        }
    }
}

/// The user of an operation as it is written; or why there is none, and the externalId if it has one.
fn user_of(operation: &str) -> Result<&str, (String, String)> {
    let Ok(Node::Object(members)) = node(operation) else {
        return Err((sentences::NO_OPERATION.to_owned(), String::new()));
    };
    let (mut method, mut path, mut data) = (None, None, None);
    for (key, value) in &members {
        let slot = match key.to_ascii_lowercase().as_str() {
            "method" => &mut method,
            "path" => &mut path,
            "data" => &mut data,
            _ => continue,
        };
        if slot.replace(value.get()).is_some() {
            return Err((sentences::repeated_operation_key(key), String::new()));
        }
    }
    let data = data.filter(|data| *data != "null");
    let external_id = || data.and_then(external_id).unwrap_or_default();
    // What is missing is mended; what says something else than "send this user" is not.
    let method = method.filter(|method| *method != "null").unwrap_or("\"POST\"");
    if !matches!(node(method), Ok(Node::Text(text)) if text.eq_ignore_ascii_case("POST")) {
        return Err((sentences::not_post(&shortened(method)), external_id()));
    }
    let path = path.filter(|path| *path != "null").unwrap_or("\"/Users\"");
    if !matches!(node(path), Ok(Node::Text(text))
        if text.trim_matches('/').eq_ignore_ascii_case("Users"))
    {
        return Err((sentences::not_users(&shortened(path)), external_id()));
    }
    match data {
        Some(data) if data.starts_with('{') => Ok(data),
        _ => Err((sentences::NO_USER.to_owned(), String::new())),
    }
}

fn external_id(data: &str) -> Option<String> {
    let Ok(Node::Object(members)) = node(data) else { return None };
    let (_, value) = members.iter().find(|(key, _)| key.eq_ignore_ascii_case("externalId"))?;
    match node(value.get()) {
        Ok(Node::Text(text)) => Some(text.into_owned()),
        _ => None,
    }
}

fn shortened(json: &str) -> String {
    json.chars().take(40).collect()
}

/// Puts `json`, which is valid, into `out` without the space between its tokens.
fn compact(json: &str, out: &mut String) {
    out.clear();
    let bytes = json.as_bytes();
    let (mut from, mut in_string, mut escaped) = (0, false, false);
    for (at, byte) in bytes.iter().enumerate() {
        if in_string {
            in_string = escaped || *byte != b'"';
            escaped = !escaped && *byte == b'\\';
        } else if *byte == b'"' {
            in_string = true;
        } else if b" \t\r\n".contains(byte) {
            out.push_str(&json[from..at]);
            from = at + 1;
        }
    }
    out.push_str(&json[from..]);
}
