-- Finding words in the order in which tickets came: the index knows the month and the day of each ticket, in UTC.

CREATE FUNCTION day_words(created_at timestamptz) RETURNS tsvector STABLE PARALLEL SAFE
RETURN format('''created:%1$s'' ''created:%1$s-%2$s''',
              to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM'), to_char(created_at AT TIME ZONE 'UTC', 'DD'))::tsvector;

DROP INDEX ticket_words_words;
UPDATE ticket_words w SET words = w.words || day_words(t.created_at) FROM tickets t WHERE t.id = w.ticket_id;
CREATE INDEX ticket_words_words ON ticket_words USING gin (words);

-- A process of the release before, which still runs, leaves them out.
CREATE FUNCTION add_day_words() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE ticket_words w
    SET words = w.words || day_words(t.created_at)
    FROM tickets t
    WHERE t.id = NEW.ticket_id AND w.ticket_id = NEW.ticket_id AND w.part = NEW.part;
    RETURN NULL;
END
$$;
CREATE TRIGGER day_words AFTER INSERT OR UPDATE OF words ON ticket_words
    FOR EACH ROW WHEN (NOT NEW.words @@ '''created:'':*'::tsquery) EXECUTE FUNCTION add_day_words();
