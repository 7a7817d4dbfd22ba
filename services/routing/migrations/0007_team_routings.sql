-- How each team gives its tickets, with its members and what is different for single ones of them.

CREATE VIEW team_routings AS
SELECT id AS team_id, strategy, last_assignee_first, needs_presence, capacity, counted_statuses, calendar_id,
    overflow_team_id, overflow_after, version, name, is_default,
    ARRAY(SELECT user_id FROM team_members WHERE team_id = teams.id ORDER BY user_id) AS member_ids,
    (SELECT coalesce(jsonb_agg(jsonb_build_object('user_id', m.user_id, 'capacity', m.capacity,
                                                  'calendar_id', m.calendar_id) ORDER BY m.user_id), '[]')
     FROM team_members m
     WHERE m.team_id = teams.id AND (m.capacity > 0 OR m.calendar_id IS NOT NULL)) AS members
FROM teams;
