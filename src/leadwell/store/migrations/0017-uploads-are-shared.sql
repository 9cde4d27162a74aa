-- What is loaded on the pages of one hub can be gone on with at another one.

-- Files of leads that people load on the pages, and the rows that each has refused, in
-- parts: where there may be several hubs, which share no folder. An empty part is the
-- end. They go with the import, or after seven days.
CREATE TABLE upload_part (
    campaign_id INTEGER NOT NULL,
    upload      TEXT    NOT NULL,               -- what the hubs call the file
    part        INTEGER NOT NULL,
    at          INTEGER NOT NULL,               -- by the clock of the database
    data        BLOB    NOT NULL,
    PRIMARY KEY (campaign_id, upload, part)
) STRICT;
