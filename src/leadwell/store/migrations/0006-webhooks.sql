-- Webhooks: addresses that are told that a token has something new to read.

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
