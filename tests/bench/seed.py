"""Many tickets at once, for measurements: `python -m tests.bench.seed 100000` on the stack of DURADESK_HOME.

They are written straight into the tables, as a desk of some years has them: in the order in which they came, nearly all
closed, the others mostly among the newest, on the desks of many. No workflow knows them and nothing of them is
undecided, so neither relay nor reconciler has anything to do with them until its hourly look.
"""

import argparse
import json
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count, islice
from math import exp
from random import Random
from typing import Any
from uuid import UUID

import psycopg

from deploy.demo.mails import signed
from deploy.demo.script import Speaker, Story, write_script
from deploy.local.settings import LocalSettings
from deploy.local.stack import load_stack
from services.common.settings import load_settings
from services.domain.ticket import Channel, TicketStatus
from services.tickets.store.tickets import body_hash
from services.tickets.words import INTERNAL, PUBLIC, REQUESTER, requester_vector, subject_vector, text_vector

BATCH = 5_000
LIVE_SHARE = 0.03
_LIVE = (TicketStatus.NEW, TicketStatus.OPEN, TicketStatus.PENDING, TicketStatus.ON_HOLD, TicketStatus.RESOLVED)
_SNOOZED_SHARE = 0.05  # of the live ones
_CONTACTS = 20_000
# Who works on them, besides those who are there: nobody needs to be known by name for a list.
_TEAMS, _AGENTS = 6, 40
_YEARS = timedelta(days=3 * 365)

_TICKETS = (
    "id, number, brand_id, channel, subject, status, status_since, status_epoch, priority, type, tags, custom_fields,"
    " team_id, assignee_id, requester_id, version, decided_seq, created_at, updated_at, next_due_at, resolution_at,"
    " snoozed_until"
)
_MESSAGES = "id, ticket_id, visibility, author_kind, author_id, author_name, body, body_hash, created_at"
_WORDS = "ticket_id, words"
_EVENTS = "ticket_id, seq, kind, actor, changes, message_id, occurred_at, effective_at"

Row = tuple[Any, ...]


class Seeder:
    """Makes rows: the same for the same first number, but for the instants."""

    def __init__(
        self,
        *,
        brands: Sequence[UUID],
        teams: Sequence[UUID],
        agents: Sequence[UUID],
        first_number: int,
        contacts: Sequence[tuple[UUID, str]],
        amount: int,
        now: datetime,
    ) -> None:
        self._random = Random(first_number)
        self._brands, self._contacts = brands, contacts
        self._teams, self._agents = self._with_others(teams, _TEAMS), self._with_others(agents, _AGENTS)
        self._first, self._amount, self._numbers, self._now = first_number, amount, count(first_number), now

    def _with_others(self, known: Sequence[UUID], wanted: int) -> list[UUID]:
        return [*known, *(self._uuid() for _ in range(wanted - len(known)))]

    def rows(self, stories: Iterable[Story]) -> tuple[list[Row], list[Row], list[Row], list[Row]]:
        """Tickets, messages, events and words of the stories."""
        tickets: list[Row] = []
        messages: list[Row] = []
        events: list[Row] = []
        words: list[Row] = []
        for story in stories:
            ticket, said, happened, found = self._ticket(story)
            tickets.append(ticket)
            messages += said
            events += happened
            words.append(found)
        return tickets, messages, events, words

    def _uuid(self) -> UUID:
        return UUID(int=self._random.getrandbits(128), version=4)

    def _ticket(self, story: Story) -> tuple[Row, list[Row], list[Row], Row]:
        random, ticket_id, number = self._random, self._uuid(), next(self._numbers)
        age = 1 - (number - self._first) / self._amount
        at = self._now - timedelta(hours=1) - age * _YEARS
        is_live = random.random() < exp(-age / LIVE_SHARE)
        status = random.choice(_LIVE) if is_live else TicketStatus.CLOSED
        brand_id, team_id = random.choice(self._brands), random.choice(self._teams)
        agent = random.choice(self._agents) if random.random() < 0.9 else None
        requester, name = random.choice(self._contacts)
        messages = [
            self._message(story, number_of_turn, ticket_id, at=at, requester=(requester, name), agent=agent)
            for number_of_turn in range(len(story.turns))
        ]
        first: dict[str, Any] = {
            "channel": Channel.MAIL,
            "subject": story.subject,
            "status": TicketStatus.NEW,
            "priority": story.priority,
            "type": story.type,
            "tags": list(story.tags),
            "custom_fields": {},
            "follow_up_of": None,
            "number": number,
            "brand_id": str(brand_id),
            "requester_id": str(requester),
        }
        last = {"status": status, "team_id": str(team_id), "assignee_id": str(agent) if agent else None}
        changes = [_created(first)] + [[] for _ in messages[1:]] + [_changed(first, last)]
        kinds = ["ticket_created", *("message_added" for _ in messages[1:]), "ticket_updated"]
        message_ids = [*(message[0] for message in messages), None]
        actors = [*(message[4] for message in messages), str(agent or requester)]
        instants = [*(message[8] for message in messages), messages[-1][8] + timedelta(minutes=1)]
        columns = zip(kinds, actors, map(json.dumps, changes), message_ids, instants, instants, strict=True)
        events = [(ticket_id, seq, *event) for seq, event in enumerate(columns, 1)]
        version, until = len(events), instants[-1]
        ticket = (
            *(ticket_id, number, brand_id, Channel.MAIL, story.subject, status, until, version),
            *(
                story.priority,
                story.type,
                list(story.tags),
                "{}",
                team_id,
                agent,
                requester,
                version,
                version,
                at,
                until,
            ),
            *(self._coming(status) if is_live else (None, None, None)),
        )
        return ticket, messages, events, (ticket_id, f"{_words(story, number, name, messages)} {day_words(at)}")

    def _coming(self, status: TicketStatus) -> tuple[datetime, datetime | None, datetime | None]:
        """What happens next, the limit of a clock that may have passed, and until when it is out of sight."""
        random, days = self._random, timedelta(days=1)
        limit = self._now + (5 * random.random() - 1) * days if not status.is_settled else None
        is_snoozed = limit is not None and random.random() < _SNOOZED_SHARE
        due = self._now + (1 + 9 * random.random()) * days
        return due, limit, due if is_snoozed else None

    def _message(
        self,
        story: Story,
        number: int,
        ticket_id: UUID,
        *,
        at: datetime,
        requester: tuple[UUID, str],
        agent: UUID | None,
    ) -> Row:
        turn = story.turns[number]
        by_customer = turn.speaker is Speaker.CUSTOMER
        body = signed(story, turn) if by_customer else turn.text
        author = str(requester[0]) if by_customer else str(agent or self._agents[0])
        return (
            *(self._uuid(), ticket_id, "internal" if turn.speaker is Speaker.NOTE else "public"),
            *("customer" if by_customer else "agent", author, requester[1] if by_customer else "An agent"),
            *(body, body_hash(body), at + timedelta(minutes=5 * number)),
        )


def day_words(created_at: datetime) -> str:
    """What PostgreSQL's function of this name says."""
    return f"'created:{created_at:%Y-%m}' 'created:{created_at:%Y-%m-%d}'"


def _words(story: Story, number: int, name: str, messages: Sequence[Row]) -> str:
    labels = subject_vector(story.subject, tags=story.tags, type_=story.type, custom_fields={})
    texts = ((PUBLIC if message[2] == "public" else INTERNAL, message[6]) for message in messages)
    return f"{labels} {text_vector((REQUESTER, name), (PUBLIC, str(number)), *texts)}"


def _created(fields: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"field": field, "old": None, "new": value} for field, value in fields.items()]


def _changed(before: dict[str, Any], after: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"field": field, "old": before.get(field), "new": value}
        for field, value in after.items()
        if field == "status" or value is not None
    ]


def stories() -> Iterator[Story]:
    """The demo's stories in every casting, without an end."""
    for seed in count(1):
        yield from write_script(seed)


def seed(conn: psycopg.Connection[Row], amount: int) -> None:
    """Write the tickets; commits at the end."""
    conn.execute("SET search_path TO tickets, public")
    brands = [row[0] for row in conn.execute("SELECT id FROM brands")]
    teams = [row[0] for row in conn.execute("SELECT id FROM routing.teams")]
    agents = [row[0] for row in conn.execute("SELECT id FROM identity.users WHERE role <> 'customer'")]
    (first_number,) = conn.execute("SELECT coalesce(max(number), 0) + 1 FROM tickets").fetchone() or (1,)
    supply = stories()
    seeder = Seeder(
        brands=brands,
        teams=teams,
        agents=agents,
        first_number=first_number,
        amount=amount,
        contacts=_make_contacts(conn, min(_CONTACTS, amount), islice(stories(), _CONTACTS), from_number=first_number),
        now=datetime.now(UTC),
    )
    with _one_index_at_the_end(conn):
        for done in range(0, amount, BATCH):
            tickets, messages, events, words = seeder.rows(islice(supply, min(BATCH, amount - done)))
            _copy(conn, "tickets", _TICKETS, tickets)
            _copy(conn, "messages", _MESSAGES, messages)
            _copy(conn, "events", _EVENTS, events)
            _copy(conn, "ticket_words", _WORDS, words)
    conn.execute("SELECT setval(pg_get_serial_sequence('tickets', 'number'), (SELECT max(number) FROM tickets))")
    conn.commit()
    conn.autocommit = True
    # What autovacuum has done long since on a desk that grew by itself.
    conn.execute("VACUUM (ANALYZE)")


@contextmanager
def _one_index_at_the_end(conn: psycopg.Connection[Row]) -> Iterator[None]:
    """Inside the block no reference is checked and words have no index: most of the time would go into these."""
    found = conn.execute("SELECT indexdef FROM pg_indexes WHERE indexname = 'ticket_words_words'").fetchone()
    assert found is not None
    conn.execute("SET LOCAL session_replication_role = replica")
    conn.execute("DROP INDEX ticket_words_words")
    yield
    conn.execute("SET LOCAL maintenance_work_mem = '512MB'")
    conn.execute(found[0])


def _make_contacts(
    conn: psycopg.Connection[Row], amount: int, cast: Iterable[Story], *, from_number: int
) -> list[tuple[UUID, str]]:
    random = Random(from_number)
    rows = [
        (
            *(UUID(int=random.getrandbits(128), version=4), f"c{from_number}-{number}@example.com"),
            *(story.customer.name, requester_vector(story.customer.name, "")),
        )
        for number, story in enumerate(islice(cast, amount))
    ]
    _copy(conn, "contacts", "id, email, name, words", rows)
    return [(row[0], row[2]) for row in rows]


def _copy(conn: psycopg.Connection[Row], table: str, columns: str, rows: Iterable[Row]) -> None:
    with conn.cursor().copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def main() -> None:
    """Seed the stack that the environment names."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.seed", description=__doc__)
    parser.add_argument("tickets", type=int)
    amount, began = parser.parse_args().tickets, time.monotonic()
    with psycopg.connect(load_stack(load_settings(LocalSettings)).database_url) as conn:
        seed(conn, amount)
    print(f"{amount} tickets in {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
