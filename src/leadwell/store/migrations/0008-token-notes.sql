-- How the readers of a token fare: the last time of each kind, and no value.

CREATE TABLE token_note (
    public_id TEXT    NOT NULL,
    kind      TEXT    NOT NULL,                 -- agent, error, renamed, digest
    text      TEXT    NOT NULL,
    at        INTEGER NOT NULL,
    PRIMARY KEY (public_id, kind)
) STRICT, WITHOUT ROWID;
