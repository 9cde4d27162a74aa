-- Rules say how long leads are kept, and a lead's mergers are found by an index.

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

CREATE INDEX scope_member_by_merged_into ON scope_member (campaign_id, merged_into)
    WHERE merged_into IS NOT NULL;
