-- Macros on many tickets write in the name of whoever began them.

ALTER TABLE bulk_jobs ADD COLUMN user_name text NOT NULL DEFAULT '';
