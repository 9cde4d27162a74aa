-- The audit log: who read, wrote and decided what, in rows that are only added.

-- Each row has the hash of the one before it, in a chain for each campaign. campaign_id
-- 0: of the account; account_id 0 as well: of the hub.
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
