//! The tables, and how an older file becomes a newer one.

use rusqlite::{Connection, TransactionBehavior};

use super::trouble::Trouble;
use crate::store::sentences;

/// Marks a SQLite file as ours (`PRAGMA application_id`): "EBLK".
const APPLICATION_ID: i64 = 0x4542_4C4B;

/// Each step brings a file from the version of its index to the next. Steps are only ever added.
pub(super) const STEPS: &[&str] = &[VERSION_1, VERSION_2, VERSION_3];

/// Times are microseconds since 1970, hashes 16 bytes big-endian. A baseline row is split in two, so
/// that comparing a source with a million users reads only the narrow half.
const VERSION_1: &str = "
CREATE TABLE setting (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE tenant (
    id        INTEGER PRIMARY KEY,
    simulator TEXT NOT NULL,           -- empty for a real tenant
    cloud     TEXT NOT NULL,
    tenant    TEXT NOT NULL,
    latest    INTEGER NOT NULL DEFAULT 0,  -- the ledger's own time: never runs backwards
    UNIQUE (simulator, cloud, tenant)
);

CREATE TABLE target (
    id                INTEGER PRIMARY KEY,
    tenant            INTEGER NOT NULL REFERENCES tenant,
    service_principal TEXT NOT NULL,
    job               TEXT NOT NULL,
    revision          INTEGER NOT NULL DEFAULT 0,
    UNIQUE (tenant, service_principal, job)
);

CREATE TABLE lease (
    target INTEGER PRIMARY KEY REFERENCES target,
    holder TEXT NOT NULL,
    until  INTEGER NOT NULL
);

CREATE TABLE dictionary (
    id     INTEGER PRIMARY KEY,
    target INTEGER NOT NULL REFERENCES target,
    bytes  BLOB NOT NULL
);

CREATE TABLE baseline (
    target      INTEGER NOT NULL REFERENCES target,
    external_id TEXT NOT NULL,
    hash        BLOB NOT NULL,
    active      INTEGER,
    state       INTEGER NOT NULL,
    accepted_at INTEGER NOT NULL,
    state_at    INTEGER NOT NULL,
    user_name   TEXT NOT NULL,
    PRIMARY KEY (target, external_id)
) WITHOUT ROWID;

CREATE TABLE baseline_user (
    target       INTEGER NOT NULL,
    external_id  TEXT NOT NULL,
    display_name TEXT NOT NULL,
    manager      TEXT NOT NULL,
    user         BLOB NOT NULL,
    PRIMARY KEY (target, external_id),
    FOREIGN KEY (target, external_id) REFERENCES baseline ON DELETE CASCADE
) WITHOUT ROWID;

CREATE TABLE plan (
    number            INTEGER PRIMARY KEY,
    id                TEXT NOT NULL UNIQUE,
    target            INTEGER NOT NULL REFERENCES target,
    created_at        INTEGER NOT NULL,
    baseline_revision INTEGER NOT NULL,
    complete          INTEGER NOT NULL DEFAULT 0,
    input_hash        TEXT,
    mapping_hash      TEXT,
    rows              INTEGER,
    counts            TEXT,
    tripped           INTEGER,
    brakes            TEXT,
    facts             TEXT,
    pruned_at         INTEGER,
    users_gone        INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX plan_of_target ON plan (target, created_at);

CREATE TABLE plan_item (
    plan             INTEGER NOT NULL REFERENCES plan ON DELETE CASCADE,
    ordinal          INTEGER NOT NULL,
    action           INTEGER NOT NULL,
    external_id      TEXT NOT NULL,
    line             INTEGER,
    hash             BLOB,
    active           INTEGER,
    user_name        TEXT NOT NULL,
    user_name_before TEXT NOT NULL,
    display_name     TEXT NOT NULL,
    manager          TEXT NOT NULL,
    reason           TEXT NOT NULL,
    certainty        INTEGER NOT NULL,
    changed          TEXT NOT NULL,
    wiped            TEXT NOT NULL,
    user             BLOB,
    PRIMARY KEY (plan, ordinal)
) WITHOUT ROWID;

CREATE TABLE run (
    number      INTEGER PRIMARY KEY,
    id          TEXT NOT NULL UNIQUE,
    plan        INTEGER NOT NULL REFERENCES plan,
    target      INTEGER NOT NULL REFERENCES target,
    state       INTEGER NOT NULL,
    started_at  INTEGER NOT NULL,
    ended_at    INTEGER,
    summary     TEXT
);
CREATE INDEX run_of_target ON run (target, state);
CREATE INDEX run_of_plan ON run (plan);

CREATE TABLE approval (
    id         INTEGER PRIMARY KEY,
    plan       INTEGER NOT NULL REFERENCES plan,
    removals   INTEGER NOT NULL,
    reason     TEXT NOT NULL,
    approver   TEXT NOT NULL,
    given_at   INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_by    INTEGER REFERENCES run
);
CREATE INDEX approval_of_plan ON approval (plan);

CREATE TABLE batch (
    run               INTEGER NOT NULL REFERENCES run,
    number            INTEGER NOT NULL,
    first             INTEGER NOT NULL,
    past              INTEGER NOT NULL,
    body_hash         BLOB NOT NULL,
    state             INTEGER NOT NULL,
    attempts          INTEGER NOT NULL DEFAULT 0,
    client_request_id TEXT NOT NULL,
    request_id        TEXT,
    error             TEXT,
    intended_at       INTEGER NOT NULL,
    sent_at           INTEGER,
    settled_at        INTEGER,
    PRIMARY KEY (run, number)
) WITHOUT ROWID;

CREATE TABLE history (
    run          INTEGER NOT NULL REFERENCES run,
    external_id  TEXT NOT NULL,
    action       INTEGER NOT NULL,
    hash         BLOB,                 -- from here on: before the run; no hash, no such user
    active       INTEGER,
    user_name    TEXT NOT NULL,
    display_name TEXT NOT NULL,
    manager      TEXT NOT NULL,
    user         BLOB,
    PRIMARY KEY (run, external_id)
) WITHOUT ROWID;

CREATE TABLE tally (
    id        INTEGER PRIMARY KEY,
    target    INTEGER NOT NULL REFERENCES target,
    at        INTEGER NOT NULL,
    what      INTEGER NOT NULL,
    attribute TEXT NOT NULL,           -- of a wipe; else empty
    count     INTEGER NOT NULL
);
CREATE INDEX tally_of_target ON tally (target, at);

CREATE TABLE call (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant       INTEGER NOT NULL REFERENCES tenant,
    run          TEXT NOT NULL,
    urgent       INTEGER NOT NULL,
    started_at   INTEGER NOT NULL,
    ended_at     INTEGER,
    status       INTEGER,
    window_until INTEGER NOT NULL,     -- the last moment it counts for the 5-second window
    day_until    INTEGER NOT NULL      -- the last moment it counts for the day
);
CREATE INDEX call_in_window ON call (tenant, window_until);
CREATE INDEX call_in_day ON call (tenant, day_until);
";

/// The ledger follows the host's clock; in an older file, from the next call on. Old plans lose their items.
/// A tally names its run.
const VERSION_2: &str = "
ALTER TABLE tenant ADD COLUMN boot INTEGER NOT NULL DEFAULT 0;  -- the start of the host that shift is of
ALTER TABLE tenant ADD COLUMN shift INTEGER;  -- microseconds that the ledger is ahead of the host's clock
ALTER TABLE plan ADD COLUMN items_gone INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tally ADD COLUMN run INTEGER;
CREATE INDEX batch_by_past ON batch (run, past);
CREATE INDEX batch_unsettled ON batch (run) WHERE state IN (1, 4);
";

/// Brakes are approved each by its name and number; until then an approval named the removals alone. What a plan
/// is judged by, and whom by name it may not disable, stand apart from what was said of it. A tenant may have
/// several names.
const VERSION_3: &str = "
ALTER TABLE tenant ADD COLUMN same_as INTEGER REFERENCES tenant;  -- set: this is another name of that one
ALTER TABLE plan ADD COLUMN part INTEGER NOT NULL DEFAULT 0;
ALTER TABLE plan ADD COLUMN judgement TEXT;
ALTER TABLE plan ADD COLUMN protected_names TEXT;
ALTER TABLE plan RENAME COLUMN tripped TO was_tripped;
ALTER TABLE plan ADD COLUMN tripped TEXT;
UPDATE plan SET
    tripped = CASE WHEN was_tripped THEN coalesce(
        (SELECT nullif(json_group_object(name, affected), '{}') FROM (
            SELECT DISTINCT (value->>'brake') || coalesce(':' || (value->>'attribute'), '') AS name,
                value->>'affected' AS affected
            FROM json_each(iif(json_valid(plan.brakes), plan.brakes, '{}'), '$.judgement.verdicts')
            WHERE value->>'verdict' = 'tripped' ORDER BY name)),
        json_object('removals', coalesce(iif(json_valid(counts), counts, '{}')->>'disable', 0)))
        ELSE '{}' END,
    protected_names = '[]'
    WHERE complete = 1;
UPDATE plan SET
    judgement = brakes->'$.judgement',
    protected_names = coalesce(brakes->'$.protected.userNames', '[]'),
    brakes = json_remove(brakes, '$.judgement', '$.protected.userNames')
    WHERE json_valid(brakes) AND brakes->'$.judgement' IS NOT NULL;
ALTER TABLE plan DROP COLUMN was_tripped;
ALTER TABLE approval ADD COLUMN brakes TEXT NOT NULL DEFAULT '{}';
UPDATE approval SET brakes = json_object('removals', removals);
ALTER TABLE approval DROP COLUMN removals;
ALTER TABLE plan_item ADD COLUMN resend INTEGER NOT NULL DEFAULT 0;
UPDATE plan_item SET resend = 1 WHERE reason LIKE 'resend-%';
";

/// Brings a file to the newest version; a file of a newer program or of another one is refused.
pub(super) fn migrate(connection: &mut Connection, steps: &[&str]) -> Result<(), Trouble> {
    // In one transaction, so that another process's first commit is seen whole or not at all.
    if version(&*connection.transaction()?, steps)? == steps.len() {
        return Ok(());
    }
    let change = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Asked again under the lock: another process may have been quicker.
    let from = version(&change, steps)?;
    for step in &steps[from..] {
        change.execute_batch(step)?;
    }
    change.pragma_update(None, "application_id", APPLICATION_ID)?;
    change.pragma_update(None, "user_version", steps.len())?;
    Ok(change.commit()?)
}

fn version(connection: &Connection, steps: &[&str]) -> Result<usize, Trouble> {
    let number = |pragma| connection.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
    let (version, application) = (number("user_version")?, number("application_id")?);
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if tables == 0 && application == 0 {
        return Ok(0);
    }
    if application != APPLICATION_ID {
        return Err(sentences::of_another_program().into());
    }
    match usize::try_from(version) {
        Ok(version) if version <= steps.len() => Ok(version),
        _ => Err(sentences::newer(version, steps.len()).into()),
    }
}
