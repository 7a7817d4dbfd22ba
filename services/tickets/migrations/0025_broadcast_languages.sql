-- A reply to all children in the languages of their brands; whose language is not there gets the body.

ALTER TABLE broadcasts ADD COLUMN translations jsonb NOT NULL DEFAULT '{}';
