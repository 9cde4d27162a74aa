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
