-- The calendar in whose working time snoozes of a brand's tickets are offered; routing keeps calendars.
ALTER TABLE brands ADD COLUMN calendar_id uuid;
