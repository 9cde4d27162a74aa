-- The whole schema of a new database; migrations lead here from an older one.
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
    addresses    TEXT    NOT NULL,              -- JSON list of CIDR blocks
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER,
    revoked_at   INTEGER,
    last_used_at INTEGER,
    exposed_at   INTEGER
) STRICT;
CREATE INDEX token_by_account ON token (account_id, campaign_id);

CREATE TABLE campaign (
    campaign_id    INTEGER PRIMARY KEY,
    account_id     INTEGER NOT NULL,
    slug           TEXT    NOT NULL,
    name           TEXT    NOT NULL,
    country        TEXT    NOT NULL,
    schema_version INTEGER NOT NULL,
    created_at     INTEGER NOT NULL
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

CREATE TABLE filter (
    campaign_id INTEGER NOT NULL,
    id          INTEGER NOT NULL,
    name        TEXT,                           -- NULL: made for one token
    conditions  TEXT    NOT NULL,               -- JSON, by ids
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
CREATE UNIQUE INDEX lead_by_seq ON lead (campaign_id, seq);
CREATE INDEX lead_by_updated ON lead (campaign_id, updated_at);
CREATE INDEX lead_by_status ON lead (campaign_id, status);

-- Whose external id names which lead: each partner has names of its own.
CREATE TABLE external_key (
    campaign_id INTEGER NOT NULL,
    lineage     TEXT    NOT NULL,
    external_id TEXT    NOT NULL,
    lead_id     INTEGER NOT NULL,
    PRIMARY KEY (campaign_id, lineage, external_id)
) STRICT, WITHOUT ROWID;

-- Which rows of files are loaded already: equal rows are told apart by their count.
CREATE TABLE import_row (
    campaign_id INTEGER NOT NULL,
    digest      BLOB    NOT NULL,
    nth         INTEGER NOT NULL,
    lead_id     INTEGER NOT NULL,
    PRIMARY KEY (campaign_id, digest, nth)
) STRICT, WITHOUT ROWID;
