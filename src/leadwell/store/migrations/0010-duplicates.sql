-- Leads of one person are found by their e-mail and phone: see schema.sql.

ALTER TABLE campaign ADD COLUMN duplicates TEXT NOT NULL DEFAULT 'off';
ALTER TABLE campaign ADD COLUMN identifying TEXT;

-- By what leads are told to be one person's: a digest of each e-mail and phone that a
-- lead holds, kept with every write where a campaign asks for duplicates.
CREATE TABLE lead_key (
    campaign_id INTEGER NOT NULL,
    lead_id     INTEGER NOT NULL,
    key         BLOB    NOT NULL,
    is_settled  INTEGER NOT NULL,               -- 1: somebody said: no duplicate
    PRIMARY KEY (campaign_id, lead_id, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX lead_key_by_key ON lead_key (campaign_id, key, is_settled, lead_id);

-- The keys that several leads have and that nobody has looked at, as of the last write.
CREATE TABLE duplicate_group (
    campaign_id INTEGER NOT NULL,
    key         BLOB    NOT NULL,
    lead_id     INTEGER NOT NULL,               -- the newest lead that is not settled
    PRIMARY KEY (campaign_id, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX duplicate_group_by_lead ON duplicate_group (campaign_id, lead_id, key);
