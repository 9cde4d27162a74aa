-- Which generation of the instance key keeps a secret: it ends with that one.

ALTER TABLE token ADD COLUMN key_generation INTEGER NOT NULL DEFAULT 1;

ALTER TABLE link ADD COLUMN key_generation INTEGER NOT NULL DEFAULT 1;
