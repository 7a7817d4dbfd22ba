"""Effects: delivered once under a fenced lease, and once more, marked, where nobody can know."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.domain.decision import ClaimedEffect, EffectOutcome, OutgoingMail
from services.domain.errors import Conflict, Invalid, InvalidTransition, NotFound
from services.domain.ticket import AuthorKind, EventKind, TicketStatus, Visibility
from tests.contract.orchestration.desk import REPLY_ADDRESSES, Desk

LEASE = timedelta(minutes=1)
DAY = timedelta(days=1)


async def reply_effect(desk: Desk, *, subject: str = "Broken", body: str = "Try again.") -> UUID:
    """A reply that is ready to be mailed."""
    ticket_id = await desk.new_ticket(subject=subject)
    await desk.agent_replies(ticket_id, body)
    (effect_id,) = (await desk.advance(ticket_id)).open_effects
    return effect_id


async def reminder_effect(desk: Desk) -> tuple[UUID, UUID]:
    """A pending ticket and its reminder, which is ready to be mailed; the reply before it went out."""
    reply_id = await reply_effect(desk)
    await send(desk, reply_id)
    ticket_id: UUID = (await desk.effect(reply_id))["ticket_id"]
    desk.clock.skipped = 3 * DAY
    (effect_id,) = (await desk.advance(ticket_id)).open_effects
    return ticket_id, effect_id


async def send(desk: Desk, effect_id: UUID) -> ClaimedEffect:
    claimed = await claim(desk, effect_id)
    await desk.client.begin_effect(effect_id, fence=claimed.fence)
    await finish(desk, effect_id, fence=claimed.fence)
    return claimed


async def claim(desk: Desk, effect_id: UUID) -> ClaimedEffect:
    return await desk.client.claim_effect(effect_id, lease=LEASE)


async def finish(
    desk: Desk, effect_id: UUID, *, fence: int, outcome: EffectOutcome = EffectOutcome.DONE, detail: str = "250 OK"
) -> None:
    await desk.client.finish_effect(effect_id, fence=fence, outcome=outcome, detail=detail)


async def cut_sending(desk: Desk, effect_id: UUID) -> ClaimedEffect:
    """A sender that dies after the point of no return."""
    claimed = await claim(desk, effect_id)
    await desk.client.begin_effect(effect_id, fence=claimed.fence)
    await desk.expire_lease(effect_id)
    return claimed


async def kinds(desk: Desk) -> list[str]:
    rows: list[dict[str, Any]] = await desk.rows("SELECT kind FROM events ORDER BY seq")
    return [row["kind"] for row in rows]


async def test_a_reply_is_mailed_from_the_brand_to_the_requester(desk: Desk) -> None:
    effect_id = await reply_effect(desk, body="Try again.\nAnn")
    claimed = await claim(desk, effect_id)
    contact = await desk.row("SELECT * FROM contacts")
    assert (claimed.fence, claimed.attempt) == (1, 1)
    ticket = await desk.row("SELECT id, number FROM tickets")
    reply_to = REPLY_ADDRESSES.make(
        "support@localhost", number=ticket["number"], ticket_id=ticket["id"], person=contact["email"]
    )
    assert claimed.mail == OutgoingMail(
        from_address="support@localhost",
        from_name="Support",
        to_address=contact["email"],
        to_name="Cleo",
        subject="Re: Broken",
        text="Try again.\nAnn",
        rfc_message_id=f"<{effect_id}@localhost>",
        references=(),
        auto_submitted="no",
        reply_to=reply_to,
    )
    assert (await desk.effect(effect_id))["recipient"] == contact["email"]


async def test_a_mail_refers_to_what_that_person_and_we_wrote_to_each_other(desk: Desk) -> None:
    first = await reply_effect(desk)
    ticket_id = (await desk.effect(first))["ticket_id"]
    sent = await send(desk, first)
    await desk.customer_replies(ticket_id, rfc_message_id="<answer@c.example>")
    await desk.write(
        ticket_id, AuthorKind.AGENT, status=TicketStatus.OPEN, visibility=Visibility.INTERNAL, rfc_message_id="<a@x>"
    )
    await desk.agent_replies(ticket_id)
    (second,) = (await desk.advance(ticket_id)).open_effects
    mail = (await claim(desk, second)).mail
    assert mail.references == (sent.mail.rfc_message_id, "<answer@c.example>")


async def test_only_one_of_several_claimers_gets_an_effect(desk: Desk) -> None:
    effect_id = await reply_effect(desk)
    results = await asyncio.gather(*(claim(desk, effect_id) for _ in range(4)), return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["ClaimedEffect", *["Conflict"] * 3]


async def test_an_effect_is_delivered_once(desk: Desk) -> None:
    effect_id = await reply_effect(desk)
    await send(desk, effect_id)
    effect = await desk.effect(effect_id)
    assert (effect["state"], effect["detail"], effect["doubtful"]) == ("done", "250 OK", False)
    with pytest.raises(InvalidTransition):
        await claim(desk, effect_id)
    assert (await desk.advance(effect["ticket_id"])).open_effects == ()


async def test_saying_begin_and_the_same_outcome_twice_is_no_error(desk: Desk) -> None:
    effect_id = await reply_effect(desk)
    fence = (await claim(desk, effect_id)).fence
    for _ in range(2):
        await desk.client.begin_effect(effect_id, fence=fence)
    for _ in range(2):
        await finish(desk, effect_id, fence=fence, outcome=EffectOutcome.FAILED, detail="550 no")
    assert (await kinds(desk)).count("delivery_failed") == 1
    with pytest.raises(Conflict):
        await finish(desk, effect_id, fence=fence, outcome=EffectOutcome.DONE)


async def test_a_sender_that_died_before_sending_leaves_a_clean_retry(desk: Desk) -> None:
    effect_id = await reply_effect(desk)
    lost = await claim(desk, effect_id)
    await desk.expire_lease(effect_id)
    claimed = await claim(desk, effect_id)
    assert (claimed.fence, claimed.attempt) == (2, 2)
    assert claimed.mail == lost.mail
    assert "delivery_in_doubt" not in await kinds(desk)
    for late in (
        desk.client.begin_effect(effect_id, fence=lost.fence),
        finish(desk, effect_id, fence=lost.fence),
    ):
        with pytest.raises(Conflict):
            await late


async def test_sending_may_not_begin_after_the_lease_ran_out(desk: Desk) -> None:
    effect_id = await reply_effect(desk)
    claimed = await claim(desk, effect_id)
    await desk.expire_lease(effect_id)
    with pytest.raises(Conflict):
        await desk.client.begin_effect(effect_id, fence=claimed.fence)


async def test_a_send_that_was_cut_is_sent_once_more_with_the_same_message_id_and_marked(desk: Desk) -> None:
    effect_id = await reply_effect(desk)
    lost = await cut_sending(desk, effect_id)
    claimed = await claim(desk, effect_id)
    assert claimed.mail.rfc_message_id == lost.mail.rfc_message_id
    assert (await desk.effect(effect_id))["doubtful"]
    event = (await desk.rows("SELECT * FROM events ORDER BY seq"))[-1]
    assert event["kind"] == "delivery_in_doubt"
    assert "same Message-ID" in event["reason"]
    assert "c.example" not in str(event)
    await desk.client.begin_effect(effect_id, fence=claimed.fence)
    await finish(desk, effect_id, fence=claimed.fence)
    assert (await desk.effect(effect_id))["state"] == "done"


async def test_a_send_that_was_cut_twice_ends_in_doubt(desk: Desk) -> None:
    effect_id = await reply_effect(desk)
    for _ in range(2):
        lost = await cut_sending(desk, effect_id)
    for _ in range(2):
        with pytest.raises(InvalidTransition):
            await claim(desk, effect_id)
    assert (await desk.effect(effect_id))["state"] == "in_doubt"
    assert (await kinds(desk)).count("delivery_in_doubt") == 2
    # The answer that came at last is definite.
    await finish(desk, effect_id, fence=lost.fence)
    assert (await desk.effect(effect_id))["state"] == "done"


async def test_a_definite_answer_counts_after_the_lease_ran_out(desk: Desk) -> None:
    effect_id = await reply_effect(desk)
    lost = await cut_sending(desk, effect_id)
    await finish(desk, effect_id, fence=lost.fence)
    assert (await desk.effect(effect_id))["state"] == "done"


async def test_a_refusal_for_now_makes_it_ready_again(desk: Desk) -> None:
    effect_id = await reply_effect(desk)
    for attempt in (1, 2):
        claimed = await claim(desk, effect_id)
        assert claimed.attempt == attempt
        await desk.client.begin_effect(effect_id, fence=claimed.fence)
        await finish(desk, effect_id, fence=claimed.fence, outcome=EffectOutcome.RETRY, detail="451 busy")
        assert (await desk.effect(effect_id))["state"] == "ready"


async def test_a_refusal_for_good_is_an_event_of_the_ticket_that_is_nudged(desk: Desk) -> None:
    effect_id = await reply_effect(desk)
    claimed = await claim(desk, effect_id)
    assert await desk.rows("SELECT * FROM outbox") == []
    detail = "550 no\r\nsuch user " + "x" * 1000
    await finish(desk, effect_id, fence=claimed.fence, outcome=EffectOutcome.FAILED, detail=detail)
    effect, event = await desk.effect(effect_id), (await desk.rows("SELECT * FROM events ORDER BY seq"))[-1]
    assert (effect["state"], event["kind"]) == ("failed", EventKind.DELIVERY_FAILED)
    assert event["reason"] == effect["detail"] == ("550 no such user " + "x" * 1000)[:500]
    assert event["message_id"] == effect["message_id"]
    assert (await desk.row("SELECT seq FROM outbox"))["seq"] == event["seq"]
    await desk.advance(effect["ticket_id"])
    assert await desk.rows("SELECT * FROM outbox") == []
    with pytest.raises(InvalidTransition):
        await claim(desk, effect_id)


async def test_an_effect_waits_for_its_time_by_the_business_clock(desk: Desk) -> None:
    effect_id = await reply_effect(desk)
    await desk.rows("UPDATE effects SET not_before = not_before + interval '1 day'")
    with pytest.raises(InvalidTransition) as refused:
        await claim(desk, effect_id)
    assert refused.value.reason == "NOT_DUE"
    desk.clock.skipped = DAY
    await claim(desk, effect_id)


async def test_a_reminder_says_by_itself_when_the_request_will_be_resolved(desk: Desk) -> None:
    ticket_id, effect_id = await reminder_effect(desk)
    mail = (await claim(desk, effect_id)).mail
    resolves_at = (await desk.client.get_for_decision(ticket_id)).planned[0].due_at
    assert (mail.subject, mail.auto_submitted) == ("Re: Broken", "auto-generated")
    assert len(mail.references) == 1
    assert mail.text.startswith("Hello Cleo,\n\n")
    assert f"{resolves_at.day} {resolves_at:%B %Y at %H:%M} UTC" in mail.text


@pytest.mark.parametrize("overtaken_by", ["an answer", "a new wait", "a resolution"])
async def test_a_reminder_that_the_ticket_left_behind_is_dropped(desk: Desk, overtaken_by: str) -> None:
    ticket_id, effect_id = await reminder_effect(desk)
    acts: dict[str, Callable[[], Awaitable[object]]] = {
        "an answer": lambda: desk.customer_replies(ticket_id),
        "a new wait": lambda: desk.agent_replies(ticket_id),
        "a resolution": lambda: desk.set_status(ticket_id, EventKind.TICKET_RESOLVED, TicketStatus.RESOLVED),
    }
    await acts[overtaken_by]()
    before = await kinds(desk)
    with pytest.raises(InvalidTransition):
        await claim(desk, effect_id)
    effect = await desk.effect(effect_id)
    assert (effect["state"], effect["attempts"]) == ("failed", 0)
    assert effect["detail"].startswith("moot")
    assert await kinds(desk) == before


@pytest.mark.parametrize("lease", [timedelta(), timedelta(seconds=-1), timedelta(hours=1)])
async def test_a_lease_without_sense_is_refused(desk: Desk, lease: timedelta) -> None:
    with pytest.raises(Invalid):
        await desk.client.claim_effect(uuid4(), lease=lease)


async def test_an_effect_that_does_not_exist_is_not_found(desk: Desk) -> None:
    for call in (
        claim(desk, uuid4()),
        desk.client.begin_effect(uuid4(), fence=1),
        finish(desk, uuid4(), fence=1),
    ):
        with pytest.raises(NotFound):
            await call
