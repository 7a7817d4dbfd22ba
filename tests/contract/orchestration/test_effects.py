"""Effects: delivered once under a fenced lease, and once more, marked, where nobody can know."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.domain.effects import ClaimedEffect, EffectOutcome, OutgoingMail
from services.domain.errors import Conflict, Invalid, InvalidTransition, NotFound
from services.domain.links import CustomerAnswer
from services.domain.message import AuthorKind, Visibility
from services.domain.ticket import EventKind, TicketStatus
from tests.contract.orchestration.desk import LINKS, REPLY_ADDRESSES, Desk

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
        html=claimed.mail.html,
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


async def test_a_lease_is_kept_by_its_holder_alone_and_only_while_it_runs(desk: Desk) -> None:
    effect_id = await reply_effect(desk)
    lost = await claim(desk, effect_id)
    await desk.client.renew_effect(effect_id, fence=lost.fence, lease=5 * LEASE)
    left = await desk.row("SELECT leased_until - clock_timestamp() AS lease FROM effects")
    assert 4 * LEASE < left["lease"] <= 5 * LEASE
    await desk.expire_lease(effect_id)
    with pytest.raises(Conflict):
        await desk.client.renew_effect(effect_id, fence=lost.fence, lease=LEASE)
    held = await claim(desk, effect_id)
    with pytest.raises(Conflict):
        await desk.client.renew_effect(effect_id, fence=lost.fence, lease=LEASE)
    await desk.client.renew_effect(effect_id, fence=held.fence, lease=LEASE)


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
    assert (effect["state"], effect["attempts"]) == ("suppressed", 0)
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


async def acknowledgement(desk: Desk, *, email: str = "") -> UUID:
    """The acknowledgement of a new ticket, ready to be mailed; `email` is the victim's, in whose name it came."""
    await desk.set_brand(acknowledge=True, resolved_notice=True, undo_seconds=0)
    ticket_id = await desk.new_ticket(subject="Canary")
    if email:
        await desk.rows(
            "WITH c AS (INSERT INTO contacts (email, name) VALUES (%(email)s, '') ON CONFLICT (email) DO UPDATE"
            " SET name = '' RETURNING id) UPDATE tickets SET requester_id = c.id FROM c WHERE tickets.id = %(id)s",
            email=email,
            id=ticket_id,
        )
    (effect_id,) = (await desk.advance(ticket_id)).open_effects
    return effect_id


async def test_an_acknowledgement_is_neutral_and_says_that_a_machine_wrote_it(desk: Desk) -> None:
    mail = (await claim(desk, await acknowledgement(desk))).mail
    assert (mail.auto_submitted, mail.to_name) == ("auto-replied", "")
    assert mail.subject.startswith("We have your request (")
    assert "Canary" not in repr(mail)


async def test_many_tickets_in_a_victims_name_bring_one_neutral_mail_a_day(desk: Desk) -> None:
    effects = [await acknowledgement(desk, email="victim@c.example") for _ in range(12)]
    other = await acknowledgement(desk)
    results = await asyncio.gather(*(claim(desk, effect) for effect in effects), return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["ClaimedEffect", *["InvalidTransition"] * 11]
    suppressed = await desk.rows("SELECT recipient, detail FROM effects WHERE state = 'suppressed'")
    assert [(row["recipient"], "today" in row["detail"]) for row in suppressed] == [("victim@c.example", True)] * 11
    await claim(desk, other)
    desk.clock.skipped = DAY + timedelta(minutes=1)
    await claim(desk, await acknowledgement(desk, email="victim@c.example"))


async def test_a_resolved_notice_has_a_link_for_each_answer_and_none_after_a_reopening(desk: Desk) -> None:
    await desk.set_brand(acknowledge=False, resolved_notice=True, undo_seconds=0)
    ticket_id = await desk.new_ticket()
    await desk.set_status(ticket_id, EventKind.TICKET_RESOLVED, TicketStatus.RESOLVED)
    (effect_id,) = (await desk.advance(ticket_id)).open_effects
    mail = (await claim(desk, effect_id)).mail
    tokens = re.findall(r"https://desk\.example/answer/(\S+)", mail.text)
    links = [LINKS.verify(token, now=await desk.clock.instant()) for token in tokens]
    assert [link.answer for link in links] == list(CustomerAnswer)
    assert {(link.ticket_id, link.status_epoch) for link in links} == {(ticket_id, 2)}
    await desk.expire_lease(effect_id)
    await desk.customer_replies(ticket_id)
    with pytest.raises(InvalidTransition):
        await claim(desk, effect_id)
    assert (await desk.effect(effect_id))["state"] == "suppressed"
