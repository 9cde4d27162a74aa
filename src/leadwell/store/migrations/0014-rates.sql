-- A token may have a rate of its own, and processes tell each other what is spent.

ALTER TABLE token ADD COLUMN rate INTEGER;

-- Until when readers have spent their rates, of all processes together: those alone that
-- ask for much. It may be thrown away.
CREATE TABLE spending (
    reader BLOB    PRIMARY KEY,                 -- the digest of a token or link
    until  INTEGER NOT NULL                     -- by the clock of the database
) STRICT, WITHOUT ROWID;
