-- count_reminders --
-- Now, and how many reminders of a locked ticket have not come.
SELECT instant() AS now,
       (SELECT count(*) FROM reminders r
        WHERE r.ticket_id = %(ticket_id)s
          AND NOT EXISTS (SELECT FROM fired_dues f
                          WHERE f.ticket_id = r.ticket_id AND f.key = 'reminder/' || r.seq)) AS waiting;

-- insert_reminder --
-- A reminder by the event that set it.
INSERT INTO reminders (ticket_id, seq, user_id, remind_at, text, id)
VALUES (%(ticket_id)s, %(seq)s, %(user_id)s, %(remind_at)s, %(text)s, %(id)s);

-- get_reminder --
-- The event that set a reminder.
SELECT seq FROM reminders WHERE id = %(id)s;

-- list_reminders --
-- The reminders of a ticket that have not come.
SELECT r.seq, r.user_id, r.remind_at
FROM reminders r
WHERE r.ticket_id = %(ticket_id)s
  AND NOT EXISTS (SELECT FROM fired_dues f WHERE f.ticket_id = r.ticket_id AND f.key = 'reminder/' || r.seq)
ORDER BY r.seq;
