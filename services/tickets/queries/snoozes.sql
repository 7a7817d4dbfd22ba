-- read_instant --
-- Now, by the business clock.
SELECT instant() AS now;
