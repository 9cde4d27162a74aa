-- Fields that say who somebody is, and tokens that see a mask in their place. Nothing
-- changes for fields and tokens that are there already.

ALTER TABLE field ADD COLUMN personal INTEGER NOT NULL DEFAULT 0;

ALTER TABLE token ADD COLUMN masks INTEGER NOT NULL DEFAULT 0;
