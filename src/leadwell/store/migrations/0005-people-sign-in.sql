-- People sign in: passwords, sessions, and links on which a password is chosen.

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
