-- How often the page of a cascade broke off at a child for a reason that nobody foresaw: in the end it is put aside.
ALTER TABLE cascade_items ADD COLUMN tries smallint NOT NULL DEFAULT 0;
