-- Links: URLs that show what a token sees.

CREATE INDEX token_by_lineage ON token (lineage);

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
    last_used_at INTEGER
) STRICT;
CREATE INDEX link_by_lineage ON link (lineage);
