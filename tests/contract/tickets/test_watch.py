"""News as they happen: nothing is missed, nothing foreign is told, nobody holds memory for a slow reader."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from psycopg import AsyncConnection

from services.common.channel import open_channel
from services.domain.desk import News, PresenceState, TicketChanged
from services.domain.errors import NotFound, ResourceExhausted
from services.domain.message import Visibility
from services.domain.principal import Principal, Role
from services.domain.ticket import EventKind
from services.tickets.client.desk import DeskClient
from services.tickets.news import NewsDesk
from services.tickets.store.scope import EVERYTHING
from services.tickets.store.watch import WatchStore
from tests.contract.tickets.desk import AGENT, LIGHT_AGENT, SIGNER, Desk, customer
from tests.workflow.env import until


@dataclass
class Watch:
    """A stream that is read all the time."""

    news: list[News] = field(default_factory=list)
    error: Exception | None = None

    @property
    def position(self) -> str:
        return self.news[-1].position

    @property
    def changed(self) -> list[TicketChanged]:
        return [change for news in self.news for change in news.changed]

    def has(self, ticket_id: UUID, version: int) -> bool:
        return any((change.ticket_id, change.version) == (ticket_id, version) for change in self.changed)


@asynccontextmanager
async def watching(desk: Desk, who: Principal = AGENT, **asked: Any) -> AsyncIterator[Watch]:
    watch, client = Watch(), await desk.desk_client(who)

    async def read() -> None:
        try:
            async for news in client.watch_events(**asked):
                watch.news.append(news)
        except Exception as error:
            watch.error = error

    reader = asyncio.create_task(read())
    try:
        await until(lambda: bool(watch.news or watch.error))
        yield watch
    finally:
        reader.cancel()
        await asyncio.gather(reader, return_exceptions=True)


async def test_every_committed_event_is_told_once_and_in_the_tickets_order(desk: Desk) -> None:
    async with watching(desk) as watch:
        ticket = await desk.new_ticket()
        await desk.reply(ticket)
        await (await desk.client()).resolve_ticket(ticket.id)
        await until(lambda: watch.has(ticket.id, 3))
    assert [(c.version, c.kind) for c in watch.changed] == [
        (1, EventKind.TICKET_CREATED),
        (2, EventKind.MESSAGE_ADDED),
        (3, EventKind.TICKET_RESOLVED),
    ]
    assert {c.number for c in watch.changed} == {ticket.number}
    assert [c.actor for c in watch.changed] == [str(ticket.requester.id), AGENT.subject, AGENT.subject]


async def test_who_comes_back_is_told_what_they_missed_and_nothing_twice(desk: Desk) -> None:
    async with watching(desk) as first:
        ticket = await desk.new_ticket()
        await until(lambda: first.has(ticket.id, 1))
    missed = await desk.reply(ticket)
    async with watching(desk, after=first.position) as second:
        await until(lambda: second.has(ticket.id, missed.version))
        last = await desk.reply(ticket)
        await until(lambda: second.has(ticket.id, last.version))
    assert [c.version for c in second.changed] == [missed.version, last.version]


async def test_commits_that_overlap_are_neither_lost_nor_told_twice(desk: Desk) -> None:
    """A transaction that began first and ends last lies behind positions that were given out meanwhile."""
    tickets = [await desk.new_ticket() for _ in range(3)]
    url = str(desk.database._pool.conninfo)
    insert = (
        b"INSERT INTO tickets.events (ticket_id, seq, kind, actor, changes, occurred_at, effective_at)"
        b" VALUES ($1, 99, 'due_fired', 'test', '[]', now(), now())"
    )
    async with AsyncExitStack() as stack, watching(desk) as watch:
        slow, quick = [await stack.enter_async_context(await AsyncConnection.connect(url)) for _ in range(2)]
        await slow.execute(insert.replace(b"$1", f"'{tickets[0].id}'".encode()))
        await quick.execute(insert.replace(b"$1", f"'{tickets[1].id}'".encode()))
        await quick.commit()
        await until(lambda: watch.has(tickets[1].id, 99))
        between = watch.position
        await quick.execute(insert.replace(b"$1", f"'{tickets[2].id}'".encode()))
        await quick.commit()
        await slow.commit()
        await until(lambda: watch.has(tickets[0].id, 99) and watch.has(tickets[2].id, 99))
        async with watching(desk, after=between) as resumed:
            assert sorted(c.number for c in resumed.changed) == [tickets[0].number, tickets[2].number]
    assert sorted(c.number for c in watch.changed) == [ticket.number for ticket in tickets]


@pytest.mark.parametrize("position", ["nonsense", "1:2", "9:3:", "5:9:99", "999999999999:999999999999:", "-1:2:"])
async def test_a_position_that_is_none_of_ours_begins_anew(desk: Desk, position: str) -> None:
    async with watching(desk, after=position) as watch:
        assert watch.news[0].reset
        ticket = await desk.new_ticket()
        await until(lambda: watch.has(ticket.id, 1))


async def test_a_position_that_is_too_old_begins_anew(desk: Desk) -> None:
    ticket = await desk.new_ticket()
    async with watching(desk) as watch:
        old = watch.position
    await desk.rows(
        "INSERT INTO events (ticket_id, seq, kind, actor, changes, occurred_at, effective_at)"
        " SELECT %(id)s, n, 'due_fired', 'test', '[]', now(), now() FROM generate_series(1001, 2001) n",
        id=ticket.id,
    )
    async with watching(desk, after=old) as watch:
        assert [news.reset for news in watch.news] == [True]
        assert watch.changed == []


async def test_events_that_another_cluster_wrote_are_no_news(desk: Desk) -> None:
    """As after a restore of a dump: their transactions' numbers are of that cluster."""
    ticket = await desk.new_ticket()
    async with watching(desk) as watch:
        await desk.rows(
            "INSERT INTO events (ticket_id, seq, kind, actor, changes, occurred_at, effective_at, transaction_id)"
            " VALUES (%(id)s, 99, 'due_fired', 'test', '[]', now(), now(), '900000000')",
            id=ticket.id,
        )
        last = await desk.new_ticket()
        await until(lambda: watch.has(last.id, 1))
        assert not watch.has(ticket.id, 99)


async def test_no_foreign_frame_reaches_customers_or_light_agents_and_their_own_do(desk: Desk) -> None:
    mine, foreign = await desk.new_ticket(), await desk.new_ticket(requester_email="dora@c.example")
    own = await (await desk.client()).assign_ticket(mine.id, assignee_id=UUID(LIGHT_AGENT.subject))
    stranger = Principal(str(uuid4()), Role.LIGHT_AGENT)
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        agent = await enter(watching(desk))
        light = await enter(watching(desk, LIGHT_AGENT))
        nobody = await enter(watching(desk, stranger))
        requester = await enter(watching(desk, customer(mine)))
        other = await enter(watching(desk, customer(foreign)))
        await desk.reply(foreign)
        note = await desk.reply(own, visibility=Visibility.INTERNAL)
        answer = await desk.reply(own)
        await until(lambda: agent.has(own.id, answer.version) and light.has(own.id, answer.version))
        await until(lambda: requester.has(own.id, answer.version))
        assert {c.ticket_id for c in agent.changed} == {mine.id, foreign.id}
        assert [c.version for c in light.changed] == [note.version, answer.version]
        assert {c.ticket_id for c in light.changed} == {mine.id}
        assert [(c.ticket_id, c.version) for c in requester.changed] == [(mine.id, answer.version)]
        assert {c.ticket_id for c in other.changed} == {foreign.id}
        assert nobody.changed == []
        # Taken away: from then on it is foreign.
        await (await desk.client()).assign_ticket(mine.id, assignee_id=None)
        last = await desk.reply(own)
        await until(lambda: agent.has(own.id, last.version))
        assert light.changed[-1].version == answer.version
    # The same for what they missed.
    for who, expected in ((LIGHT_AGENT, set()), (customer(mine), {mine.id}), (AGENT, {mine.id, foreign.id})):
        async with watching(desk, who, after=agent.news[0].position) as again:
            assert {c.ticket_id for c in again.changed} == expected


async def test_customers_learn_nothing_of_notes_and_assignments(desk: Desk) -> None:
    ticket = await desk.new_ticket()
    async with watching(desk, customer(ticket)) as watch, watching(desk) as agent:
        await desk.reply(ticket, visibility=Visibility.INTERNAL)
        await (await desk.client()).assign_ticket(ticket.id, assignee_id=UUID(AGENT.subject))
        last = await (await desk.client()).resolve_ticket(ticket.id)
        await until(lambda: watch.has(ticket.id, last.version) and agent.has(ticket.id, last.version))
        assert [(c.kind, c.actor, c.actor_name) for c in watch.changed] == [(EventKind.TICKET_RESOLVED, "", "")]
        assert len(agent.changed) == 3


async def test_presence_is_told_to_the_others_and_ends(desk: Desk) -> None:
    ticket, other = await desk.new_ticket(), Principal(str(uuid4()), Role.AGENT, name="Olga")
    here = await desk.desk_client(other)
    async with watching(desk, ticket_id=ticket.id) as watch, watching(desk, other, ticket_id=ticket.id) as own:

        def told() -> list[tuple[str, str]]:
            presence = [news.presence for news in watch.news if news.presence is not None]
            return [(person.name, person.state.value) for person in presence[-1].people] if presence else []

        await here.touch_presence(ticket.id, PresenceState.VIEWING, tab="a")
        await until(lambda: told() == [("Olga", "viewing")])
        await here.touch_presence(ticket.id, PresenceState.WRITING, tab="b")
        await until(lambda: told() == [("Olga", "writing")])
        await here.touch_presence(ticket.id, PresenceState.LEFT, tab="b")
        await until(lambda: told() == [("Olga", "viewing")])
        await desk.rows("UPDATE presence SET expires_at = clock_timestamp()")
        await until(lambda: told() == [])
        assert all(not news.presence or not news.presence.people for news in own.news)


async def test_presence_lasts_less_than_a_minute_and_is_for_who_may_see_the_ticket(desk: Desk) -> None:
    ticket = await desk.new_ticket()
    await (await desk.desk_client()).touch_presence(ticket.id, PresenceState.VIEWING)
    row = await desk.row("SELECT expires_at - clock_timestamp() AS left FROM presence")
    assert timedelta(seconds=25) < row["left"] <= timedelta(seconds=50)
    stranger = Principal(str(uuid4()), Role.LIGHT_AGENT)
    with pytest.raises(NotFound):
        await (await desk.desk_client(stranger)).touch_presence(ticket.id, PresenceState.VIEWING)
    with pytest.raises(NotFound):
        await (await desk.desk_client(stranger)).list_presence(ticket.id)
    async with watching(desk, stranger, ticket_id=ticket.id) as watch:
        assert isinstance(watch.error, NotFound)
    async with watching(desk, customer(ticket), ticket_id=ticket.id) as watch, watching(desk) as agent:
        last = await desk.reply(ticket)
        await until(lambda: watch.has(ticket.id, last.version) and agent.has(ticket.id, last.version))
        assert all(news.presence is None for news in watch.news)


async def test_light_agent_loses_the_presence_with_the_ticket(desk: Desk) -> None:
    ticket = await desk.new_ticket()
    await (await desk.client()).assign_ticket(ticket.id, assignee_id=UUID(LIGHT_AGENT.subject))
    await (await desk.desk_client()).touch_presence(ticket.id, PresenceState.VIEWING)
    async with watching(desk, LIGHT_AGENT, ticket_id=ticket.id) as watch:

        def people() -> int:
            return next((len(news.presence.people) for news in reversed(watch.news) if news.presence), -1)

        await until(lambda: people() == 1)
        await (await desk.client()).assign_ticket(ticket.id, assignee_id=None)
        await until(lambda: people() == 0)


async def test_slow_reader_is_cut_and_goes_on_from_where_they_were(desk: Desk) -> None:
    changed = asyncio.Event()
    changed.set()  # it looks as fast as it may
    async with NewsDesk(WatchStore(desk.database), lambda: changed, most_waiting=3) as news:
        asked: Any = {"scope": EVERYTHING, "user_id": "slow", "ticket_id": None}
        slow, quick = news.watch(after="", **asked), news.watch(after="", **asked)
        begin = (await anext(slow)).position
        await anext(quick)
        ticket = await desk.new_ticket()
        for _ in range(5):
            assert (await anext(quick)).changed
            ticket = await desk.reply(ticket)
        with pytest.raises(ResourceExhausted):
            await anext(slow)
        again = news.watch(after=begin, **asked)
        seen = [change.version for change in (await anext(again)).changed]
        if seen != [1, 2, 3, 4, 5, 6]:
            seen += [change.version for change in (await anext(again)).changed]
        assert seen == [1, 2, 3, 4, 5, 6]
        for stream in (quick, again):
            await stream.aclose()


async def test_fifty_streams_are_told_by_one_reader(desk: Desk) -> None:
    async with AsyncExitStack() as stack:
        watches = [await stack.enter_async_context(watching(desk)) for _ in range(50)]
        before = await desk.row("SELECT count(*) AS held FROM pg_stat_activity WHERE datname = current_database()")
        ticket = await desk.new_ticket()
        await until(lambda: all(watch.has(ticket.id, 1) for watch in watches))
        after = await desk.row("SELECT count(*) AS held FROM pg_stat_activity WHERE datname = current_database()")
    assert after["held"] <= before["held"] + 1 <= 20


async def test_stream_ends_with_its_callers_credential(desk: Desk) -> None:
    # Expired for long enough that the leeway is over after the first look.
    token = SIGNER.sign(AGENT, lifetime=timedelta(seconds=-3))
    async with open_channel(desk.address, credentials=lambda: token) as channel:
        news = DeskClient(channel).watch_events()
        assert (await anext(news)).position
        with pytest.raises(Exception, match="token is not valid"):
            async for _ in news:
                pass
