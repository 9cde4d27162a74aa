-- The leads of a person that were erased together are found again for their receipts.

CREATE TABLE person_erasure (
    campaign_id INTEGER NOT NULL,
    person      BLOB    NOT NULL,               -- a digest under the instance key
    lead_id     INTEGER NOT NULL,
    PRIMARY KEY (campaign_id, person, lead_id)
) STRICT, WITHOUT ROWID;
