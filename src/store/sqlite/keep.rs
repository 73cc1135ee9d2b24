//! Whether users are kept, and how they are wiped.

use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use super::trouble::Trouble;
use crate::store::{Keep, sentences};

const USERS: &str = "users";
const HASHES: &str = "hashes";

/// What the file keeps.
pub(super) fn current(connection: &Connection) -> Result<Keep, Trouble> {
    Ok(stored(connection)?.unwrap_or(Keep::Users))
}

/// What the file was made for, unless it is new.
fn stored(connection: &Connection) -> Result<Option<Keep>, Trouble> {
    let stored: Option<String> = connection
        .prepare_cached("SELECT value FROM setting WHERE name = 'keep'")?
        .query_row([], |row| row.get(0))
        .optional()?;
    Ok(stored.map(|keep| if keep == HASHES { Keep::Hashes } else { Keep::Users }))
}

fn set(connection: &Connection, keep: Keep) -> Result<(), Trouble> {
    let value = match keep {
        Keep::Users => USERS,
        Keep::Hashes => HASHES,
    };
    connection.execute(
        "INSERT INTO setting (name, value) VALUES ('keep', ?1)
         ON CONFLICT DO UPDATE SET value = excluded.value",
        [value],
    )?;
    Ok(())
}

/// Decides for a new file, and holds an older one to what it was made for.
pub(super) fn settle(connection: &Connection, wanted: Option<Keep>) -> Result<(), Trouble> {
    let made_for = stored(connection)?;
    let keep = Keep::settled(made_for, wanted)?;
    if made_for.is_none() { set(connection, keep) } else { Ok(()) }
}

/// Changes what the file keeps. Wiped means overwritten: in the file by `secure_delete` and by being
/// rebuilt, in its log by being emptied.
pub(super) fn change(connection: &mut Connection, wanted: Keep) -> Result<(), Trouble> {
    if wanted == Keep::Hashes {
        connection.pragma_update(None, "secure_delete", true)?;
    }
    let change = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    set(&change, wanted)?;
    if wanted == Keep::Hashes {
        change.execute_batch(
            "DELETE FROM baseline_user;
             UPDATE plan SET protected_names = '[]';
             UPDATE batch SET error = NULL;
             DELETE FROM dictionary;
             UPDATE baseline SET user_name = '';
             UPDATE history SET user = NULL, user_name = '', display_name = '', manager = '';
             UPDATE plan_item SET user = NULL, user_name = '', user_name_before = '',
                 display_name = '', manager = '', changed = '';",
        )?;
    }
    change.commit()?;
    if wanted == Keep::Users {
        return Ok(());
    }
    connection.execute_batch("VACUUM")?;
    let busy: bool =
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    if busy { Err(sentences::wiped_but_for_the_log().into()) } else { Ok(()) }
}
