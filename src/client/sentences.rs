//! What people read about clients, in one place: to review it, and to translate it one day.

use std::path::Display;

use crate::sentences::sentences;

sentences! {
    without_state() -> InvalidState: "Without a state there are no plans and runs to come back to.",
        "Leave out --no-state (\"state\": \"none\"); plan, upload and quota can do without.";
    unknown_secret(name: &str) -> InvalidArgument: "There is no secret named {name:?}.",
        "Name it clientSecret or accessToken.";
    calls_elsewhere(path: Display<'_>):
        "The environment names no home folder, so the calls of this tenant are counted in {path}. Other \
         programs that send to it must count there too.";
    remembered(path: Display<'_>):
        "What was sent is remembered from now on in {path}. The file holds HR data and belongs to this \
         account; to keep none, use --no-state (\"state\": \"none\").";
    OTHER_ACCOUNT:
        "A scheduled task that runs under another account has another default: name the same file with \
         --state (state.path) in both.";
    one_tenant(name: &str, id: &str):
        "The tenants {name} and {id} are one, so their calls count together.";
}

/// What became of the users that one of two baselines of a tenant held.
pub(super) fn dropped(users: u64) -> String {
    let dropped = match users {
        1 => "one user of the other was".to_owned(),
        users => format!("{users} users of the other were"),
    };
    format!("The newer of two baselines stays; {dropped} dropped.")
}
