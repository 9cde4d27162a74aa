-- The whole schema of a new database; migrations lead here from an older one. It is
-- written for SQLite; store.engines.postgres reads it for PostgreSQL (ADR 0012).
-- Moments are whole microseconds since 1970-01-01 UTC. Every key of a campaign's
-- table starts with campaign_id, so that the same schema can be distributed by it.

CREATE TABLE migration (
    version    INTEGER PRIMARY KEY,
    applied_at INTEGER NOT NULL
) STRICT;

-- One row a name: the last id given to an account or a campaign.
CREATE TABLE last_id (
    name TEXT    PRIMARY KEY,
    id   INTEGER NOT NULL
) STRICT;
INSERT INTO last_id (name, id) VALUES ('account', 0), ('campaign', 0);

CREATE TABLE account (
    id         INTEGER PRIMARY KEY,
    slug       TEXT    NOT NULL UNIQUE,
    name       TEXT    NOT NULL,
    person_id  INTEGER NOT NULL DEFAULT 0,      -- the last id given to a person
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE person (
    account_id INTEGER NOT NULL,
    id         INTEGER NOT NULL,
    name       TEXT    NOT NULL,
    PRIMARY KEY (account_id, id)
) STRICT, WITHOUT ROWID;

-- People who may sign in to the pages: of an account, with a password.
CREATE TABLE login (
    email        TEXT    PRIMARY KEY,           -- in small letters
    account_id   INTEGER NOT NULL,
    person_id    INTEGER NOT NULL,
    role         TEXT    NOT NULL,              -- administrator, member
    campaigns    TEXT    NOT NULL,              -- JSON: the ids that a member may open
    password     TEXT,                          -- argon2id; NULL: none was chosen yet
    language     TEXT    NOT NULL,              -- en, da; '': the browser's
    failures     INTEGER NOT NULL,              -- wrong passwords in a row
    closed_until INTEGER NOT NULL,              -- nobody gets in before; 0: open
    created_at   INTEGER NOT NULL,
    used_at      INTEGER,
    time_zone    TEXT    NOT NULL DEFAULT '',   -- of the IANA database; '': UTC
    UNIQUE (account_id, person_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE session (
    digest     BLOB    PRIMARY KEY,             -- HMAC-SHA-256 under the instance key
    email      TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    used_at    INTEGER NOT NULL
) STRICT;
CREATE INDEX session_by_email ON session (email);

-- Links that work once: a password is chosen there.
CREATE TABLE invitation (
    digest     BLOB    PRIMARY KEY,             -- HMAC-SHA-256 under the instance key
    email      TEXT    NOT NULL,                -- '': who becomes the first administrator
    expires_at INTEGER NOT NULL
) STRICT;

-- Who changed what besides leads; rows are only added.
CREATE TABLE activity (
    campaign_id INTEGER NOT NULL,               -- 0: of the account itself
    account_id  INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    what        TEXT    NOT NULL,               -- token-made, field-added, …
    about       TEXT    NOT NULL,               -- what it was called then
    who         TEXT    NOT NULL,               -- a person's name; '': the operator
    PRIMARY KEY (campaign_id, account_id, at, what, about)
) STRICT, WITHOUT ROWID;

-- The audit log: rows are only added, each with the hash of the one before it, in a
-- chain for each campaign. campaign_id 0: of the account; account_id 0 as well: the hub.
CREATE TABLE audit (
    campaign_id INTEGER NOT NULL,
    account_id  INTEGER NOT NULL,
    number      INTEGER NOT NULL,               -- from 1, without gaps
    at          INTEGER NOT NULL,
    kind        TEXT    NOT NULL,               -- read, write, action, …: audit/chain
    what        TEXT    NOT NULL,
    actor       TEXT    NOT NULL,               -- token:…, person:…; '': unknown
    content     TEXT    NOT NULL,               -- JSON: ids and counts, no values
    hash        TEXT    NOT NULL,               -- SHA-256, hexadecimal
    PRIMARY KEY (campaign_id, account_id, number)
) STRICT;
CREATE INDEX audit_by_at ON audit (campaign_id, account_id, at);
CREATE INDEX audit_by_actor ON audit (campaign_id, account_id, actor, at);

-- The newest row of each chain; whoever adds one holds it to the commit.
CREATE TABLE audit_head (
    campaign_id INTEGER NOT NULL,
    account_id  INTEGER NOT NULL,
    number      INTEGER NOT NULL,
    hash        TEXT    NOT NULL,
    written_to  INTEGER NOT NULL,               -- lead_history is summed up to here
    PRIMARY KEY (campaign_id, account_id)
) STRICT, WITHOUT ROWID;

-- Which campaigns an account has: slugs are unique within it.
CREATE TABLE account_campaign (
    account_id  INTEGER NOT NULL,
    slug        TEXT    NOT NULL,
    campaign_id INTEGER NOT NULL,
    PRIMARY KEY (account_id, slug)
) STRICT, WITHOUT ROWID;

CREATE TABLE token (
    digest       BLOB    PRIMARY KEY,           -- HMAC-SHA-256 under the instance key
    public_id    TEXT    NOT NULL UNIQUE,
    lineage      TEXT    NOT NULL,
    name         TEXT    NOT NULL,
    account_id   INTEGER NOT NULL,
    campaign_id  INTEGER,                       -- NULL: an account token
    may_write    INTEGER NOT NULL,
    filter_id    INTEGER,
    readable     TEXT,                          -- JSON list; NULL: everything
    generation   INTEGER NOT NULL,              -- rises with another filter or fields
    addresses    TEXT    NOT NULL,              -- JSON list of CIDR blocks
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER,
    revoked_at   INTEGER,
    last_used_at INTEGER,
    exposed_at   INTEGER,
    rate         INTEGER,                       -- points a second; NULL: the hub's
    key_generation INTEGER NOT NULL DEFAULT 1,  -- of the instance key, for the digest
    masks        INTEGER NOT NULL DEFAULT 0     -- made to see no personal data
) STRICT;
CREATE INDEX token_by_account ON token (account_id, campaign_id);
CREATE INDEX token_by_lineage ON token (lineage);

-- How the readers of a token fare: the last time of each kind, and no value.
CREATE TABLE token_note (
    public_id TEXT    NOT NULL,
    kind      TEXT    NOT NULL,                 -- agent, error, renamed, digest
    text      TEXT    NOT NULL,
    at        INTEGER NOT NULL,
    PRIMARY KEY (public_id, kind)
) STRICT, WITHOUT ROWID;

-- URLs that show what a token sees, for as long as some token of its lineage is open.
CREATE TABLE link (
    digest       BLOB    PRIMARY KEY,           -- HMAC-SHA-256 under the instance key
    public_id    TEXT    NOT NULL UNIQUE,
    kind         TEXT    NOT NULL,              -- documentation, csv
    lineage      TEXT    NOT NULL,              -- of the token whose view it shows
    account_id   INTEGER NOT NULL,
    campaign_id  INTEGER,                       -- NULL: an account token's
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER,
    revoked_at   INTEGER,
    last_used_at INTEGER,
    key_generation INTEGER NOT NULL DEFAULT 1   -- of the instance key, for the digest
) STRICT;
CREATE INDEX link_by_lineage ON link (lineage);

CREATE TABLE campaign (
    campaign_id    INTEGER PRIMARY KEY,
    account_id     INTEGER NOT NULL,
    slug           TEXT    NOT NULL,
    name           TEXT    NOT NULL,
    country        TEXT    NOT NULL,
    schema_version INTEGER NOT NULL,
    created_at     INTEGER NOT NULL,
    duplicates     TEXT    NOT NULL DEFAULT 'off',  -- off, flag, merge, reject
    identifying    TEXT                         -- JSON: ids of fields; NULL: all contacts
) STRICT;

-- The ticket of every write: taken first, held to the commit, one row a campaign.
CREATE TABLE counter (
    campaign_id INTEGER PRIMARY KEY,
    seq         INTEGER NOT NULL,               -- of the last change
    lead_id     INTEGER NOT NULL,               -- the last id given to a lead
    part_id     INTEGER NOT NULL,               -- … to a field, option, status or filter
    stamped_at  INTEGER NOT NULL                -- the last updated_at
) STRICT;

CREATE TABLE field (
    campaign_id INTEGER NOT NULL,
    id          INTEGER NOT NULL,
    slug        TEXT    NOT NULL,
    label       TEXT    NOT NULL,
    type        TEXT    NOT NULL,
    required    INTEGER NOT NULL,
    json_schema TEXT,
    place       INTEGER NOT NULL,
    personal    INTEGER NOT NULL DEFAULT 0,     -- masked for tokens that mask
    PRIMARY KEY (campaign_id, id),
    UNIQUE (campaign_id, slug)
) STRICT, WITHOUT ROWID;

CREATE TABLE option (
    campaign_id INTEGER NOT NULL,
    id          INTEGER NOT NULL,
    field_id    INTEGER NOT NULL,
    slug        TEXT    NOT NULL,
    label       TEXT    NOT NULL,
    place       INTEGER NOT NULL,
    PRIMARY KEY (campaign_id, id),
    UNIQUE (campaign_id, field_id, slug)
) STRICT, WITHOUT ROWID;

CREATE TABLE status (
    campaign_id INTEGER NOT NULL,
    id          INTEGER NOT NULL,
    slug        TEXT    NOT NULL,
    label       TEXT    NOT NULL,
    type        TEXT    NOT NULL,
    is_default  INTEGER NOT NULL,
    place       INTEGER NOT NULL,
    PRIMARY KEY (campaign_id, id),
    UNIQUE (campaign_id, slug)
) STRICT, WITHOUT ROWID;

-- A slug that a field, option or status had before: filters may still use it.
CREATE TABLE alias (
    campaign_id INTEGER NOT NULL,
    owner_id    INTEGER NOT NULL,               -- the option's field; 0: field; -1: status
    slug        TEXT    NOT NULL,
    part_id     INTEGER NOT NULL,
    PRIMARY KEY (campaign_id, owner_id, slug)
) STRICT, WITHOUT ROWID;

CREATE TABLE filter (
    campaign_id INTEGER NOT NULL,
    id          INTEGER NOT NULL,               -- also the id of its scope
    name        TEXT,                           -- NULL: made for one token
    conditions  TEXT    NOT NULL,               -- JSON, by ids
    closed      INTEGER NOT NULL,               -- 1: removed; its scope stands still
    created_at  INTEGER NOT NULL,
    PRIMARY KEY (campaign_id, id),
    UNIQUE (campaign_id, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE lead (
    campaign_id       INTEGER NOT NULL,
    id                INTEGER NOT NULL,
    seq               INTEGER NOT NULL,         -- of its last change, in commit order
    version           INTEGER NOT NULL,
    status            INTEGER,
    assigned_to       INTEGER,
    created_at        INTEGER NOT NULL,
    updated_at        INTEGER NOT NULL,
    source_updated_at INTEGER,
    external_id       TEXT,
    fields            TEXT    NOT NULL,         -- JSON by field id: what it holds
    keys              TEXT    NOT NULL,         -- JSON by field id: what SQL compares
    body              BLOB    NOT NULL,         -- the lead as it is answered
    schema_version    INTEGER NOT NULL,         -- which labels the body shows
    PRIMARY KEY (campaign_id, id)
) STRICT;
CREATE INDEX lead_by_updated ON lead (campaign_id, updated_at);

-- What each scope holds: scope 0 is the whole campaign, any other one is a filter's.
-- The digest is that of CONTRACT §6, kept with every write.
CREATE TABLE scope (
    campaign_id INTEGER NOT NULL,
    scope_id    INTEGER NOT NULL,
    leads       INTEGER NOT NULL,               -- how many
    sum_0       INTEGER NOT NULL,
    sum_1       INTEGER NOT NULL,
    sum_2       INTEGER NOT NULL,
    sum_3       INTEGER NOT NULL,
    PRIMARY KEY (campaign_id, scope_id)
) STRICT, WITHOUT ROWID;

-- One row for every lead that was ever inside a scope: the change feed reads it. What
-- is left of a lead that is gone is its id, and nothing personal.
CREATE TABLE scope_member (
    campaign_id   INTEGER NOT NULL,
    lead_id       INTEGER NOT NULL,
    scope_id      INTEGER NOT NULL,
    in_scope      INTEGER NOT NULL,
    seq           INTEGER NOT NULL,             -- of the last change that it shows
    version       INTEGER NOT NULL,
    first_seq     INTEGER NOT NULL,             -- when the lead entered first
    entered_seq   INTEGER NOT NULL,             -- … and last
    left_seq      INTEGER NOT NULL,             -- when it left last; 0: never
    prior_seq     INTEGER NOT NULL,             -- … and the time before that
    reason        TEXT,                         -- why it left
    at            INTEGER NOT NULL,
    merged_into   INTEGER,
    PRIMARY KEY (campaign_id, lead_id, scope_id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX scope_member_by_seq ON scope_member (campaign_id, scope_id, seq);
CREATE INDEX scope_member_by_merged_into ON scope_member (campaign_id, merged_into)
    WHERE merged_into IS NOT NULL;

-- A part of the campaign's history; each process that writes begins one.
CREATE TABLE epoch (
    campaign_id INTEGER NOT NULL,
    from_seq    INTEGER NOT NULL,
    id          BLOB    NOT NULL,               -- random, so that no two are the same
    PRIMARY KEY (campaign_id, from_seq)
) STRICT, WITHOUT ROWID;

-- Work on many leads that is done in chunks: a filter or a slug that has changed.
CREATE TABLE chore (
    campaign_id INTEGER NOT NULL,
    kind        TEXT    NOT NULL,               -- flip, revise, …: see writes/chores
    part_id     INTEGER NOT NULL,               -- the filter; the field, option or status
    done_to     INTEGER NOT NULL,               -- the last lead that is done
    PRIMARY KEY (campaign_id, kind, part_id)
) STRICT, WITHOUT ROWID;

-- Who changed what of a lead, field by field.
CREATE TABLE lead_history (
    campaign_id INTEGER NOT NULL,
    lead_id     INTEGER NOT NULL,
    version     INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    author      TEXT    NOT NULL,               -- lineage of a token; '': the operator
    op          TEXT    NOT NULL,               -- create, update, delete, merge, schema
    changes     TEXT    NOT NULL,               -- JSON: what it held before
    PRIMARY KEY (campaign_id, lead_id, version)
) STRICT, WITHOUT ROWID;
CREATE INDEX lead_history_by_at ON lead_history (campaign_id, at);

-- Answered writes by their Idempotency-Key, so that a repeated one is not done twice.
CREATE TABLE replay (
    campaign_id INTEGER NOT NULL,
    lineage     TEXT    NOT NULL,
    route       TEXT    NOT NULL,
    key         TEXT    NOT NULL,               -- its SHA-256: it may name somebody
    request     BLOB    NOT NULL,               -- SHA-256 of what was asked
    outcome     TEXT    NOT NULL,               -- JSON: statuses and lead ids
    at          INTEGER NOT NULL,
    PRIMARY KEY (campaign_id, lineage, route, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX replay_by_at ON replay (campaign_id, at);

-- Leads that were erased; kept for ever, also beside the database.
CREATE TABLE erasure (
    campaign_id INTEGER NOT NULL,
    lead_id     INTEGER NOT NULL,
    seq         INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    PRIMARY KEY (campaign_id, lead_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX erasure_by_seq ON erasure (campaign_id, seq);

-- Which leads were erased because they were of one person: for the receipts.
CREATE TABLE person_erasure (
    campaign_id INTEGER NOT NULL,
    person      BLOB    NOT NULL,               -- a digest under the instance key
    lead_id     INTEGER NOT NULL,
    PRIMARY KEY (campaign_id, person, lead_id)
) STRICT, WITHOUT ROWID;

-- How long leads are kept: what is done with those that are older.
CREATE TABLE retention (
    campaign_id INTEGER NOT NULL,
    id          INTEGER NOT NULL,
    age_of      TEXT    NOT NULL,               -- created_at, updated_at
    days        INTEGER NOT NULL,               -- … more than so long ago
    statuses    TEXT    NOT NULL,               -- JSON list of ids; []: whatever it is
    action      TEXT    NOT NULL,               -- erase, anonymise
    fields      TEXT    NOT NULL,               -- JSON list of ids: what is emptied
    due_at      INTEGER NOT NULL,               -- when it is carried out next
    beat_at     INTEGER NOT NULL,               -- when it was last worked at
    done_to     INTEGER NOT NULL,               -- of this run: the last lead, by id
    done        INTEGER NOT NULL,               -- … and how many leads
    ran_at      INTEGER NOT NULL,               -- when the last run ended; 0: never
    ran         INTEGER NOT NULL,               -- … and how many leads it was about
    PRIMARY KEY (campaign_id, id)
) STRICT, WITHOUT ROWID;

-- Which tokens had which scope since when: who may have received a lead.
CREATE TABLE token_scope (
    campaign_id INTEGER NOT NULL,
    lineage     TEXT    NOT NULL,
    scope_id    INTEGER NOT NULL,
    since       INTEGER NOT NULL,
    PRIMARY KEY (campaign_id, lineage, scope_id)
) STRICT, WITHOUT ROWID;

-- When each generation of a token but the first began: what the campaign's last change
-- was. A reader of the one before was shown nothing of its scope since.
CREATE TABLE token_generation (
    campaign_id INTEGER NOT NULL,
    lineage     TEXT    NOT NULL,
    generation  INTEGER NOT NULL,
    from_seq    INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    PRIMARY KEY (campaign_id, lineage, generation)
) STRICT, WITHOUT ROWID;

-- How far a token has confirmed its reading of the change feed.
CREATE TABLE reader (
    campaign_id INTEGER NOT NULL,
    lineage     TEXT    NOT NULL,
    seq         INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    PRIMARY KEY (campaign_id, lineage)
) STRICT, WITHOUT ROWID;

-- Whose external id names which lead: each partner has names of its own.
CREATE TABLE external_key (
    campaign_id INTEGER NOT NULL,
    lineage     TEXT    NOT NULL,
    external_id TEXT    NOT NULL,
    lead_id     INTEGER NOT NULL,
    PRIMARY KEY (campaign_id, lineage, external_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX external_key_by_lead ON external_key (campaign_id, lead_id);

-- Which rows of files are loaded already: equal rows are told apart by their count.
CREATE TABLE import_row (
    campaign_id INTEGER NOT NULL,
    digest      BLOB    NOT NULL,
    nth         INTEGER NOT NULL,
    lead_id     INTEGER NOT NULL,
    PRIMARY KEY (campaign_id, digest, nth)
) STRICT, WITHOUT ROWID;

-- A file on its way into a campaign; the file itself lies in a folder of the hub.
CREATE TABLE import_job (
    campaign_id INTEGER NOT NULL,
    id          INTEGER NOT NULL,
    person_id   INTEGER NOT NULL,
    who         TEXT    NOT NULL,
    file_name   TEXT    NOT NULL,
    file        TEXT    NOT NULL,               -- its random name in the folder
    state       TEXT    NOT NULL,
    plan        TEXT    NOT NULL,               -- JSON: where each column goes
    progress    TEXT    NOT NULL,               -- JSON: counts, problems, what is done
    created_at  INTEGER NOT NULL,
    beat_at     INTEGER NOT NULL,               -- when it was last worked on
    PRIMARY KEY (campaign_id, id)
) STRICT, WITHOUT ROWID;

-- Which leads an import has added, and by which row: undoing it lets the row in again.
CREATE TABLE import_lead (
    campaign_id INTEGER NOT NULL,
    import_id   INTEGER NOT NULL,
    lead_id     INTEGER NOT NULL,
    digest      BLOB    NOT NULL,
    nth         INTEGER NOT NULL,
    PRIMARY KEY (campaign_id, import_id, lead_id)
) STRICT, WITHOUT ROWID;

-- The read index of a campaign as it was at some moment; it may be thrown away.
CREATE TABLE index_snapshot (
    campaign_id INTEGER PRIMARY KEY,
    epoch       BLOB    NOT NULL,
    seq         INTEGER NOT NULL,               -- the last change that it knows
    data        BLOB    NOT NULL
) STRICT;

-- Addresses that are told that a token has something new to read; no lead is sent.
CREATE TABLE hook (
    campaign_id   INTEGER NOT NULL,
    id            TEXT    NOT NULL,
    lineage       TEXT    NOT NULL,             -- of the token whose changes it tells
    url           TEXT    NOT NULL,
    created_at    INTEGER NOT NULL,
    seq           INTEGER NOT NULL,             -- the newest change that was told
    cursor        TEXT    NOT NULL,             -- where the receiver reads on
    message       TEXT,                         -- what is being told; NULL: nothing is
    attempts      INTEGER NOT NULL,             -- … and tried in vain
    next_at       INTEGER NOT NULL,             -- not tried before
    failing_since INTEGER,
    ended_at      INTEGER,                      -- switched off, or given up
    is_test       INTEGER NOT NULL,
    PRIMARY KEY (campaign_id, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE hook_attempt (
    campaign_id INTEGER NOT NULL,
    hook_id     TEXT    NOT NULL,
    at          INTEGER NOT NULL,
    message     TEXT    NOT NULL,
    kind        TEXT    NOT NULL,               -- leads.changed, test
    status      INTEGER,
    ms          INTEGER NOT NULL,
    said        TEXT    NOT NULL,               -- what went wrong; '': it arrived
    cursor      TEXT    NOT NULL,               -- where the receiver was told to read on
    PRIMARY KEY (campaign_id, hook_id, at)
) STRICT, WITHOUT ROWID;

-- Which columns somebody wants to see of a campaign's leads.
CREATE TABLE column_choice (
    campaign_id INTEGER NOT NULL,
    account_id  INTEGER NOT NULL,
    person_id   INTEGER NOT NULL,
    columns     TEXT    NOT NULL,               -- JSON: their names
    PRIMARY KEY (campaign_id, account_id, person_id)
) STRICT, WITHOUT ROWID;

-- One change of many leads, made by a person: done in chunks, and undone likewise.
CREATE TABLE bulk_edit (
    campaign_id INTEGER NOT NULL,
    id          TEXT    NOT NULL,               -- random: a form sent twice is one edit
    author      TEXT    NOT NULL,               -- as in lead_history
    undoes      TEXT    NOT NULL,               -- the edit that this one undoes; '': none
    given       TEXT    NOT NULL,               -- JSON: what is set; '' once it is done
    leads       BLOB    NOT NULL,               -- the ids, as a bitmap
    total       INTEGER NOT NULL,
    done_to     INTEGER NOT NULL,               -- the last lead that is done
    done        INTEGER NOT NULL,               -- how many are done
    changed     INTEGER NOT NULL,               -- how many of them have changed
    stamps      TEXT    NOT NULL,               -- JSON: the moments of its transactions
    begun_at    INTEGER NOT NULL,
    PRIMARY KEY (campaign_id, id)
) STRICT, WITHOUT ROWID;

-- By what leads are told to be one person's: a digest of each e-mail and phone that a
-- lead holds, kept with every write where a campaign asks for duplicates.
CREATE TABLE lead_key (
    campaign_id INTEGER NOT NULL,
    lead_id     INTEGER NOT NULL,
    key         BLOB    NOT NULL,
    is_settled  INTEGER NOT NULL,               -- 1: somebody said: no duplicate
    PRIMARY KEY (campaign_id, lead_id, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX lead_key_by_key ON lead_key (campaign_id, key, is_settled, lead_id);

-- The keys that several leads have and that nobody has looked at, as of the last write.
CREATE TABLE duplicate_group (
    campaign_id INTEGER NOT NULL,
    key         BLOB    NOT NULL,
    lead_id     INTEGER NOT NULL,               -- the newest lead that is not settled
    PRIMARY KEY (campaign_id, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX duplicate_group_by_lead ON duplicate_group (campaign_id, lead_id, key);

-- What is true of the whole instance: the fingerprint of its key, and beacons by which
-- replicas are known.
CREATE TABLE instance (
    name  TEXT    PRIMARY KEY,
    value BLOB    NOT NULL,
    at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Until when readers have spent their rates, of all processes together: those alone that
-- ask for much. It may be thrown away.
CREATE TABLE spending (
    reader BLOB    PRIMARY KEY,                 -- the digest of a token or link
    until  INTEGER NOT NULL                     -- by the clock of the database
) STRICT, WITHOUT ROWID;

-- Which leads a run of page numbers is about, and which run is a reader's latest one.
-- It may be thrown away; hubs on SQLite keep it in files beside each other.
CREATE TABLE pin (
    campaign_id INTEGER NOT NULL,
    name        TEXT    NOT NULL,
    used_at     INTEGER NOT NULL,               -- by the clock of the database
    data        BLOB    NOT NULL,
    PRIMARY KEY (campaign_id, name)
) STRICT;

-- Files of leads that people load on the pages, and the rows that each has refused, in
-- parts: where there may be several hubs, which share no folder. An empty part is the
-- end. They go with the import, or after seven days.
CREATE TABLE upload_part (
    campaign_id INTEGER NOT NULL,
    upload      TEXT    NOT NULL,               -- what the hubs call the file
    part        INTEGER NOT NULL,
    at          INTEGER NOT NULL,               -- by the clock of the database
    data        BLOB    NOT NULL,
    PRIMARY KEY (campaign_id, upload, part)
) STRICT;
