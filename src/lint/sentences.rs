//! What people read about records beside each other, in one place: to review it, and to translate it
//! one day.

use crate::sentences::sentences;

sentences! {
    OWN_MANAGER: "The user is their own manager. It is sent as it is; to leave the manager out, map it \
        with IIF or correct it in HR.";
    last_is_rejected(external_id: &str, last_line: u64):
        "externalId \"{external_id}\" appears again on line {last_line}, which counts and is rejected; \
         nothing of this user is sent. Correct that record.";
    last_is_sent(external_id: &str, last_line: u64):
        "externalId \"{external_id}\" appears again on line {last_line}, which is sent instead.";
    none_is_sent(external_id: &str, others: &str):
        "externalId \"{external_id}\" appears on {others} too; none of them is sent. Correct the \
         export, or choose duplicates \"last\".";
    name_of_others(user_name: &str, others: &str):
        "userName \"{user_name}\" is also that of {others}; Entra does not make names unique, so none \
         of them is sent. Make the names differ.";
    one_line(line: &str): "line {line}";
    lines(lines: &str): "lines {lines}";
    lines_and_more(lines: &str, more: usize): "lines {lines} and {more} more";
    manager_named_once(manager: &str):
        "Manager \"{manager}\" is not in this source (this record names it). Entra resolves a manager \
         only if this job has processed it before.";
    manager_named_often(manager: &str, records: u32):
        "Manager \"{manager}\" is not in this source ({records} records name it, this one first). \
         Entra resolves a manager only if this job has processed it before.";
}
