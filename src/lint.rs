//! What is wrong with these users before anyone sees them: the checks that need more than one record.
//!
//! Keys are remembered as 96-bit hashes beside the number of their row, 16 bytes each, so that a million users
//! fit a few megabytes. Whatever looks wrong by its hash is named as a [`Suspect`] and judged by
//! [`judge`] on the real text, which the caller reads again: a collision of hashes rejects nobody.

mod sentences;

use std::collections::{BTreeMap, HashMap, HashSet};

use xxhash_rust::xxh3::xxh3_128;

use crate::finding::{Finding, Rule};
use crate::scim::User;

/// What to do with records that share an externalId.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Duplicates {
    /// Reject all of them.
    Reject,
    /// Send the last, reject the others.
    Last,
}

/// A hashed key and the row it is from. Not the line: a JSON file may have all its rows on one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    high: u64,
    low: u32,
    row: u32,
}

impl Key {
    fn new(text: &str, row: u64) -> Self {
        let hash = xxh3_128(text.as_bytes());
        // The casts keep the upper 96 of 128 bits; a row past 2^32 would be in a file of terabytes.
        Key { high: (hash >> 64) as u64, low: (hash >> 32) as u32, row: row as u32 }
    }

    fn same_text(&self, other: &Key) -> bool {
        (self.high, self.low) == (other.high, other.low)
    }
}

/// Why a record has to be looked at again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Suspect {
    /// Its externalId may stand elsewhere too.
    ExternalId,
    /// Its userName may stand elsewhere too.
    UserName,
    /// Its manager may not be in the source; so many records name that manager.
    Manager(u32),
}

/// Remembers the keys of all users of a source.
#[derive(Debug, Default)]
pub struct Survey {
    external_ids: Vec<Key>,
    user_names: Vec<Key>,
    /// Hash of a manager -> the first row that names it, and how many do.
    managers: HashMap<(u64, u32), (u32, u32)>,
    folded: String,
}

impl Survey {
    /// Takes note of the user of row number `row`, which begins on `line`; gives what is odd about it by
    /// itself.
    pub fn observe(&mut self, user: &User, row: u64, line: u64) -> Option<Finding> {
        self.external_ids.push(Key::new(&user.external_id, row));
        if !user.user_name.is_empty() {
            fold_into(&mut self.folded, &user.user_name);
            self.user_names.push(Key::new(&self.folded, row));
        }
        if user.manager.is_empty() {
            return None;
        }
        if user.manager == user.external_id {
            let finding = finding(line, Rule::ManagerIsSelf, user, sentences::OWN_MANAGER);
            return Some(finding.value(&user.manager));
        }
        let key = Key::new(&user.manager, row);
        let seen = self.managers.entry((key.high, key.low)).or_insert((key.row, 0));
        seen.1 = seen.1.saturating_add(1);
        None
    }

    /// Takes note of a rejected record whose externalId is known: it stands for its person all the same,
    /// so that no other record of that person is sent in its place unseen.
    pub fn observe_rejected(&mut self, external_id: &str, row: u64) {
        if !external_id.is_empty() {
            self.external_ids.push(Key::new(external_id, row));
        }
    }

    /// The records to look at again, by row.
    pub fn suspects(mut self) -> BTreeMap<u64, Vec<Suspect>> {
        let mut suspects: BTreeMap<u64, Vec<Suspect>> = BTreeMap::new();
        self.external_ids.sort_unstable();
        self.user_names.sort_unstable();
        for (keys, suspect) in
            [(&self.external_ids, Suspect::ExternalId), (&self.user_names, Suspect::UserName)]
        {
            for group in keys.chunk_by(Key::same_text).filter(|group| group.len() > 1) {
                for key in group {
                    suspects.entry(key.row.into()).or_default().push(suspect);
                }
            }
        }
        for ((high, low), (row, count)) in self.managers {
            let from = self.external_ids.partition_point(|key| (key.high, key.low) < (high, low));
            let known =
                self.external_ids.get(from).is_some_and(|key| (key.high, key.low) == (high, low));
            if !known {
                suspects.entry(row.into()).or_default().push(Suspect::Manager(count));
            }
        }
        suspects
    }
}

/// A suspicious record, read again.
#[derive(Debug, Clone)]
pub struct Reread {
    /// Its number among the rows, from 1.
    pub row: u64,
    /// Its line.
    pub line: u64,
    /// Its user's identity.
    pub external_id: String,
    /// Its user's userName.
    pub user_name: String,
    /// Its user's manager.
    pub manager: String,
    /// Whether it was rejected already, by itself.
    pub rejected: bool,
}

/// What became of the suspects.
#[derive(Debug, Default)]
pub struct Verdict {
    /// Records rejected, by row.
    pub rejected: BTreeMap<u64, Finding>,
    /// Warnings, in order of row.
    pub warnings: Vec<Finding>,
}

/// Judges the suspects on their real text. `records` are those of [`Survey::suspects`], in order.
pub fn judge(
    suspects: &BTreeMap<u64, Vec<Suspect>>,
    records: &[Reread],
    duplicates: Duplicates,
) -> Verdict {
    let suspected = |record: &Reread, what: Suspect| {
        suspects.get(&record.row).is_some_and(|all| all.contains(&what))
    };
    let mut rejected = BTreeMap::new();
    let with_ids = records.iter().filter(|record| suspected(record, Suspect::ExternalId));
    for group in group_by(with_ids, |record| record.external_id.clone()) {
        let last = group.last().filter(|_| duplicates == Duplicates::Last);
        let keep = last.filter(|last| !last.rejected).map(|last| last.row);
        for record in group.iter().filter(|record| !record.rejected && keep != Some(record.row)) {
            let id = &record.external_id;
            let message = match last {
                Some(last) if last.rejected => sentences::last_is_rejected(id, last.line),
                Some(last) => sentences::last_is_sent(id, last.line),
                None => sentences::none_is_sent(id, &other_lines(&group, record.row)),
            };
            let finding = reread_finding(record, Rule::DuplicateExternalId, message);
            rejected.insert(record.row, finding.column("externalId").value(&record.external_id));
        }
    }
    // A record that gave way to a later one of the same person does not hold its name.
    let superseded: HashSet<u64> = match duplicates {
        Duplicates::Last => rejected.keys().copied().collect(),
        Duplicates::Reject => HashSet::new(),
    };
    let with_names = records
        .iter()
        .filter(|record| suspected(record, Suspect::UserName) && !superseded.contains(&record.row));
    for group in group_by(with_names, |record| folded(&record.user_name)) {
        let people: HashSet<&str> =
            group.iter().map(|record| record.external_id.as_str()).collect();
        if people.len() < 2 {
            continue;
        }
        for record in &group {
            let others = other_lines(&group, record.row);
            let message = sentences::name_of_others(&record.user_name, &others);
            let finding = reread_finding(record, Rule::DuplicateUserName, message);
            rejected
                .entry(record.row)
                .or_insert(finding.column("userName").value(&record.user_name));
        }
    }
    let warnings = records.iter().filter_map(|record| unknown_manager(suspects, record)).collect();
    Verdict { rejected, warnings }
}

fn unknown_manager(suspects: &BTreeMap<u64, Vec<Suspect>>, record: &Reread) -> Option<Finding> {
    let count = suspects.get(&record.row)?.iter().find_map(|suspect| match suspect {
        Suspect::Manager(count) => Some(*count),
        _ => None,
    })?;
    let message = match count {
        1 => sentences::manager_named_once(&record.manager),
        _ => sentences::manager_named_often(&record.manager, count),
    };
    let finding = reread_finding(record, Rule::ManagerUnknown, message);
    Some(finding.column("manager").value(&record.manager))
}

fn reread_finding(record: &Reread, rule: Rule, message: impl Into<String>) -> Finding {
    Finding::new(record.line, rule, message).external_id(&record.external_id)
}

/// A finding about `user`.
pub fn finding(line: u64, rule: Rule, user: &User, message: impl Into<String>) -> Finding {
    Finding::new(line, rule, message).external_id(&user.external_id)
}

/// The groups of two and more, each in order.
fn group_by<'a>(
    records: impl Iterator<Item = &'a Reread>,
    key: impl Fn(&Reread) -> String,
) -> Vec<Vec<&'a Reread>> {
    let mut groups: HashMap<String, Vec<&Reread>> = HashMap::new();
    for record in records {
        groups.entry(key(record)).or_default().push(record);
    }
    groups.into_values().filter(|group| group.len() > 1).collect()
}

/// The most lines a message names.
const NAMED_LINES: usize = 8;

fn other_lines(group: &[&Reread], row: u64) -> String {
    let others: Vec<String> = group
        .iter()
        .filter(|record| record.row != row)
        .map(|record| record.line.to_string())
        .collect();
    let named = others[..others.len().min(NAMED_LINES)].join(", ");
    match others.len() {
        1 => sentences::one_line(&named),
        count if count > NAMED_LINES => sentences::lines_and_more(&named, count - NAMED_LINES),
        _ => sentences::lines(&named),
    }
}

/// A userName as Entra compares it: without regard to case (RFC 7643 section 4.1.1).
pub(crate) fn fold_into(out: &mut String, name: &str) {
    out.clear();
    if name.is_ascii() {
        out.push_str(name);
        out.make_ascii_lowercase();
    } else {
        out.extend(name.chars().flat_map(char::to_lowercase));
    }
}

fn folded(name: &str) -> String {
    let mut out = String::new();
    fold_into(&mut out, name);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Runs both passes as the caller does. A record without a name was rejected by itself.
    fn lint(rows: &[(&str, &str, &str)], duplicates: Duplicates) -> (Verdict, Vec<Finding>) {
        let mut survey = Survey::default();
        let mut own = Vec::new();
        let records: Vec<Reread> = (2..)
            .zip(rows)
            .map(|(line, (id, name, manager))| Reread {
                row: line - 1,
                line,
                external_id: (*id).into(),
                user_name: (*name).into(),
                manager: (*manager).into(),
                rejected: name.is_empty(),
            })
            .collect();
        for record in &records {
            if record.rejected {
                survey.observe_rejected(&record.external_id, record.row);
                continue;
            }
            let user = User {
                external_id: record.external_id.clone(),
                user_name: record.user_name.clone(),
                manager: record.manager.clone(),
                ..User::default()
            };
            own.extend(survey.observe(&user, record.row, record.line));
        }
        let suspects = survey.suspects();
        let again: Vec<Reread> =
            records.into_iter().filter(|record| suspects.contains_key(&record.row)).collect();
        (judge(&suspects, &again, duplicates), own)
    }

    fn rejected(rows: &[(&str, &str, &str)], duplicates: Duplicates) -> Vec<(u64, Rule)> {
        let (verdict, _) = lint(rows, duplicates);
        verdict.rejected.values().map(|finding| (finding.line, finding.rule)).collect()
    }

    #[test]
    fn records_of_one_id_are_all_rejected_or_all_but_the_last() {
        let rows = [("1", "a", ""), ("2", "b", ""), ("1", "a", ""), ("1", "c", "")];
        let id = Rule::DuplicateExternalId;
        assert_eq!(rejected(&rows, Duplicates::Reject), [(2, id), (4, id), (5, id)]);
        assert_eq!(rejected(&rows, Duplicates::Last), [(2, id), (4, id)]);
        let (verdict, _) = lint(&rows, Duplicates::Reject);
        assert!(
            verdict.rejected[&1].message.contains("lines 4, 5"),
            "{}",
            verdict.rejected[&1].message
        );
    }

    #[test]
    fn a_rejected_record_stands_for_its_person() {
        let id = Rule::DuplicateExternalId;
        let leaver = [("1", "a", ""), ("1", "", "")];
        assert_eq!(rejected(&leaver, Duplicates::Last), [(2, id)]);
        assert_eq!(rejected(&leaver, Duplicates::Reject), [(2, id)]);
        let mended = [("1", "", ""), ("1", "a", "")];
        assert_eq!(rejected(&mended, Duplicates::Last), []);
        assert_eq!(rejected(&mended, Duplicates::Reject), [(3, id)]);
        let (verdict, _) = lint(&[("1", "", ""), ("2", "b", "1")], Duplicates::Reject);
        assert!(verdict.warnings.is_empty(), "the manager is in the source, though rejected");
    }

    #[test]
    fn two_people_of_one_name_are_both_rejected_whatever_its_case() {
        let rows = [("1", "Ann@x", ""), ("2", "ann@X", ""), ("3", "bob@x", "")];
        let name = Rule::DuplicateUserName;
        assert_eq!(rejected(&rows, Duplicates::Reject), [(2, name), (3, name)]);
        assert_eq!(rejected(&rows, Duplicates::Last), [(2, name), (3, name)]);
    }

    #[test]
    fn a_superseded_record_does_not_hold_its_name() {
        let rows = [("1", "a", ""), ("1", "b", ""), ("2", "a", "")];
        assert_eq!(rejected(&rows, Duplicates::Last), [(2, Rule::DuplicateExternalId)]);
        assert_eq!(
            rejected(&rows, Duplicates::Reject),
            [
                (2, Rule::DuplicateExternalId),
                (3, Rule::DuplicateExternalId),
                (4, Rule::DuplicateUserName)
            ]
        );
    }

    #[test]
    fn a_manager_out_of_the_source_is_named_once_with_its_reports() {
        let rows = [("1", "a", "9"), ("2", "b", "9"), ("3", "c", "1"), ("4", "d", "4")];
        let (verdict, own) = lint(&rows, Duplicates::Reject);
        assert_eq!(verdict.warnings.len(), 1);
        assert!(verdict.warnings[0].message.contains("2 records name it"));
        assert_eq!(own.len(), 1);
        assert_eq!((own[0].line, own[0].rule), (5, Rule::ManagerIsSelf));
    }

    proptest! {
        /// Against the definition, over a small alphabet so that everything collides.
        #[test]
        fn verdicts_follow_the_definition(
            rows in prop::collection::vec(("[1-5]", "[a-cA-C]", "[1-9]?"), 0..12),
            last in any::<bool>(),
        ) {
            let rows: Vec<(&str, &str, &str)> =
                rows.iter().map(|(id, name, manager)| (&**id, &**name, &**manager)).collect();
            let duplicates = if last { Duplicates::Last } else { Duplicates::Reject };
            let found: HashSet<u64> =
                rejected(&rows, duplicates).into_iter().map(|(line, _)| line).collect();
            for (at, (id, name, _)) in rows.iter().enumerate() {
                let superseded = |at: usize| {
                    last && rows[at + 1..].iter().any(|row| row.0 == rows[at].0)
                };
                let same_id = (0..rows.len()).any(|other| other != at && rows[other].0 == *id);
                let same_name = (0..rows.len()).any(|other| {
                    rows[other].0 != *id
                        && !superseded(other)
                        && rows[other].1.eq_ignore_ascii_case(name)
                });
                let expected = if last { superseded(at) || same_name } else { same_id || same_name };
                prop_assert_eq!(found.contains(&(at as u64 + 2)), expected, "row {}", at);
            }
        }
    }
}
