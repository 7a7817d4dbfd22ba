"""What happens to a ticket by itself over days and months, lived through in seconds."""

from datetime import datetime, timedelta

from services.domain.effects import EffectOutcome
from services.domain.ticket import EventKind
from tests.workflow.conftest import Skip
from tests.workflow.desk import Desk
from tests.workflow.env import Env, Sent, until

DAY = timedelta(days=1)
# Of days: while something is done, the time that is skipped goes on as fast as the machine is.
LATEST = timedelta(minutes=1)
DUE_FIRED, RESOLVED, CLOSED = EventKind.DUE_FIRED, EventKind.TICKET_RESOLVED, EventKind.TICKET_CLOSED


def by_itself(desk: Desk) -> list[tuple[EventKind, datetime, datetime]]:
    [row] = desk.rows.values()
    return [entry for entry in row.log if entry[0] in (DUE_FIRED, RESOLVED, CLOSED)]


def assert_at(desk: Desk, instants: list[datetime]) -> None:
    """Never early, and hardly late; a reminder that is late by a moment moves what comes after it by as much."""
    steps = by_itself(desk)
    assert all(timedelta() <= at - instant < LATEST for (_, at, _), instant in zip(steps, instants, strict=True))
    assert all(timedelta() <= done - at < LATEST for _, at, done in steps)


async def test_silence_reminds_resolves_and_closes_each_at_its_instant(months: tuple[Env, Skip]) -> None:
    env, skip = months
    ticket_id = await env.desk.create_ticket()
    await env.desk.agent_replies(ticket_id)
    replied_at = env.desk.rows[ticket_id].facts.status_since
    await env.look(ticket_id)

    await skip(60 * DAY)

    steps = by_itself(env.desk)
    assert [kind for kind, _, _ in steps] == [DUE_FIRED, RESOLVED, CLOSED]
    assert_at(env.desk, [replied_at + days * DAY for days in (3, 7, 11)])
    assert len(env.sender.mails) == 2, "the reply and the reminder"
    await env.handle(ticket_id).result()


async def test_an_answer_keeps_the_ticket_from_resolving_by_itself(months: tuple[Env, Skip]) -> None:
    env, skip = months
    ticket_id = await env.desk.create_ticket()
    await env.desk.agent_replies(ticket_id)
    await env.look(ticket_id)
    await env.settled(ticket_id)

    await skip(2 * DAY)
    await env.desk.customer_replies(ticket_id)
    await env.look(ticket_id)
    await env.settled(ticket_id)
    await skip(60 * DAY)

    assert by_itself(env.desk) == []


async def test_a_second_reply_moves_the_dues_later_and_none_fires_at_the_old_instant(months: tuple[Env, Skip]) -> None:
    env, skip = months
    ticket_id = await env.desk.create_ticket()
    await env.desk.agent_replies(ticket_id)
    await env.look(ticket_id)
    await env.settled(ticket_id)

    await skip(2 * DAY)
    await env.desk.agent_replies(ticket_id)
    replied_at = env.desk.rows[ticket_id].facts.status_since
    await env.look(ticket_id)
    await env.settled(ticket_id)

    await skip(60 * DAY)

    assert_at(env.desk, [replied_at + days * DAY for days in (3, 7, 11)])


async def test_a_snoozed_ticket_wakes_at_its_instant_and_is_reminded_only_after_it(months: tuple[Env, Skip]) -> None:
    env, skip = months
    ticket_id = await env.desk.create_ticket()
    await env.desk.agent_replies(ticket_id)
    until = env.desk.rows[ticket_id].facts.status_since + 20 * DAY
    await env.desk.snooze(ticket_id, until)
    await env.look(ticket_id)

    await skip(60 * DAY)

    woken = [entry for entry in env.desk.rows[ticket_id].log if entry[0] is EventKind.TICKET_WOKEN]
    assert [at for _, at, _ in woken] == [until]
    assert all(timedelta() <= done - at < LATEST for _, at, done in woken)
    assert_at(env.desk, [until + days * DAY for days in (3, 7, 11)])


async def test_a_due_that_moves_earlier_is_kept(months: tuple[Env, Skip]) -> None:
    env, skip = months
    ticket_id = await env.desk.create_ticket()
    await env.desk.resolve(ticket_id)
    await env.look(ticket_id)
    await env.settled(ticket_id)

    await skip(DAY)
    await env.desk.shorten_grace(ticket_id, 2 * DAY)
    await env.look(ticket_id)
    await skip(60 * DAY)

    [_, (kind, at, done)] = by_itself(env.desk)
    assert (kind, at) == (CLOSED, env.desk.rows[ticket_id].log[1][1] + 2 * DAY)
    assert timedelta() <= done - at < LATEST


async def test_a_refused_mail_is_tried_until_it_is_taken(months: tuple[Env, Skip]) -> None:
    env, skip = months
    env.sender.script = [Sent(EffectOutcome.RETRY)] * 5
    ticket_id = await env.desk.create_ticket()
    await env.desk.agent_replies(ticket_id)
    await env.look(ticket_id)
    await env.settled(ticket_id)
    await skip(DAY)

    [effect] = env.desk.rows[ticket_id].effects
    assert (effect.state, effect.fence, len(env.sender.mails)) == ("done", 6, 6)


async def test_a_mail_whose_outcome_nobody_knows_waits_for_its_lease_to_end(months: tuple[Env, Skip]) -> None:
    env, skip = months
    env.sender.script = [ConnectionError("canary text")]
    ticket_id = await env.desk.create_ticket()
    await env.desk.agent_replies(ticket_id)
    await env.look(ticket_id)
    await env.settled(ticket_id)
    [effect] = env.desk.rows[ticket_id].effects
    await until(lambda: effect.state == "sending")
    assert len(env.sender.mails) == 1

    await skip(timedelta(minutes=2))

    assert (effect.state, effect.fence, len(env.sender.mails)) == ("done", 2, 2)


async def test_a_delivery_that_somebody_else_holds_is_left_to_them_until_their_lease_ends(
    months: tuple[Env, Skip],
) -> None:
    env, skip = months
    ticket_id = await env.desk.create_ticket()
    await env.desk.agent_replies(ticket_id)
    env.desk.leased_elsewhere_until = env.desk.rows[ticket_id].facts.status_since + timedelta(minutes=5)
    await env.look(ticket_id)
    await env.settled(ticket_id)

    await skip(timedelta(minutes=4))
    assert env.sender.mails == []
    await skip(timedelta(minutes=2))
    assert len(env.sender.mails) == 1
