-- Somebody reads the pages' times by their own clock.

ALTER TABLE login ADD COLUMN time_zone TEXT NOT NULL DEFAULT '';
