-- Files are loaded on the pages, and it is kept who changed what besides leads.

CREATE TABLE activity (
    campaign_id INTEGER NOT NULL,               -- 0: of the account itself
    account_id  INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    what        TEXT    NOT NULL,               -- token-made, field-added, …
    about       TEXT    NOT NULL,               -- what it was called then
    who         TEXT    NOT NULL,               -- a person's name; '': the operator
    PRIMARY KEY (campaign_id, account_id, at, what, about)
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
