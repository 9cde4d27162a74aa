-- Several hubs use one database, and replicas of it.

-- What is true of the whole instance: the fingerprint of its key, and beacons by which
-- replicas are known.
CREATE TABLE instance (
    name  TEXT    PRIMARY KEY,
    value BLOB    NOT NULL,
    at    INTEGER NOT NULL
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
