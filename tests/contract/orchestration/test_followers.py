"""Mails to followers and to the staff, from the decision to the claim."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.domain.effects import EffectOutcome, OutgoingMail
from services.domain.errors import InvalidTransition
from services.domain.message import AuthorKind, Visibility
from services.domain.principal import Role
from services.domain.reply_address import is_notice_address, read_tag
from services.domain.ticket import EventKind, TicketStatus
from services.tickets.store.events import append_event, lock_ticket
from tests.contract.orchestration.desk import REPLY_ADDRESSES, Desk
from tests.unit.factories import ANN, BEN, CAT

CANARY = "Canary-Note-7731"
LEASE = timedelta(minutes=1)


@pytest.fixture
async def desk(desk: Desk) -> Desk:
    await desk.set_brand(acknowledge=False, resolved_notice=False, undo_seconds=0, staff_notices=True)
    for person in (ANN, BEN, CAT):
        desk.colleagues.add(person)
    return desk


async def follow(desk: Desk, ticket_id: UUID, *, user_id: UUID | None = None, email: str = "") -> UUID:
    async with desk.database.transaction() as conn:
        locked = await append_event(
            conn, await lock_ticket(conn, ticket_id), EventKind.FOLLOWER_ADDED, actor="ann", changes={}
        )
        contact_id = None
        if email:
            sql = "INSERT INTO contacts (email, name) VALUES (%s, 'Dora') RETURNING id"
            row = await (await conn.execute(sql, (email,))).fetchone()
            contact_id = row["id"] if row else None
        follower = user_id or contact_id
        await conn.execute(
            "INSERT INTO followers (ticket_id, follower_id, contact_id, since_seq) VALUES (%s, %s, %s, %s)",
            (ticket_id, follower, contact_id, locked.ticket.version),
        )
    assert follower is not None
    return follower


async def unfollow(desk: Desk, follower: UUID) -> None:
    await desk.rows("DELETE FROM followers WHERE follower_id = %(id)s", id=follower)


async def mails(desk: Desk, ticket_id: UUID) -> list[OutgoingMail]:
    """All mails that wait, delivered; those that a rule is against are left out."""
    claimed = []
    for effect_id in (await desk.advance(ticket_id)).open_effects:
        try:
            effect = await desk.client.claim_effect(effect_id, lease=LEASE)
        except InvalidTransition:
            continue
        await desk.client.finish_effect(effect_id, fence=effect.fence, outcome=EffectOutcome.DONE, detail="250")
        claimed.append(effect.mail)
    return claimed


async def owned(desk: Desk) -> UUID:
    """A ticket that was given to Ann, who knows it."""
    ticket_id = await desk.new_ticket()
    (told,) = await mails(desk, ticket_id)
    assert told.to_address == f"agent-{ANN.int}@desk.example"
    return ticket_id


async def write_note(desk: Desk, ticket_id: UUID) -> None:
    await desk.write(ticket_id, AuthorKind.AGENT, status=TicketStatus.NEW, body=CANARY, visibility=Visibility.INTERNAL)


async def test_whoever_gets_a_ticket_by_turn_is_told_with_a_link_and_no_way_to_act_by_mail(desk: Desk) -> None:
    ticket_id = await desk.new_ticket(subject="Printer\r\nBcc: x@c.example")
    (told,) = await mails(desk, ticket_id)
    number = (await desk.row("SELECT number FROM tickets"))["number"]
    assert told.subject == f"[{number}] assigned to you: Printer Bcc: x@c.example"
    assert f"https://desk.example/tickets/{number}" in told.text
    assert (told.auto_submitted, told.to_name) == ("auto-generated", f"Agent {ANN.int}")
    assert is_notice_address(told.reply_to)
    assert read_tag(told.reply_to) is None
    assert told.references == ()


async def test_a_reply_goes_to_each_follower_under_their_own_address_and_message_id(desk: Desk) -> None:
    ticket_id = await owned(desk)
    await desk.agent_replies(ticket_id, "before")
    await follow(desk, ticket_id, email="dora@c.example")
    await desk.agent_replies(ticket_id, "after")
    sent = await mails(desk, ticket_id)
    dora = [mail for mail in sent if mail.to_address == "dora@c.example"]
    assert [mail.text for mail in dora] == ["after"]
    assert {mail.text for mail in sent if mail not in dora} == {"before", "after"}
    assert len({mail.rfc_message_id for mail in sent}) == 3
    tag = read_tag(dora[0].reply_to)
    assert tag is not None
    assert REPLY_ADDRESSES.verify(tag, ticket_id=ticket_id, person="dora@c.example")
    requester = next(mail for mail in sent if mail not in dora).to_address
    assert not REPLY_ADDRESSES.verify(tag, ticket_id=ticket_id, person=requester)


async def test_a_note_goes_to_the_staff_and_its_text_to_no_customer(desk: Desk) -> None:
    ticket_id = await owned(desk)
    await follow(desk, ticket_id, email="dora@c.example")
    await follow(desk, ticket_id, user_id=BEN)
    await write_note(desk, ticket_id)
    await desk.agent_replies(ticket_id, "public")
    sent = await mails(desk, ticket_id)
    told = {mail.to_address for mail in sent if CANARY in mail.text}
    assert told == {f"agent-{person.int}@desk.example" for person in (ANN, BEN)}
    customers = [mail for mail in sent if mail.to_address.endswith("c.example")]
    assert len(customers) == 2
    assert all(CANARY not in f"{mail}" for mail in customers)


async def test_a_note_that_a_customers_mail_was_planned_for_leaves_it_empty(desk: Desk) -> None:
    ticket_id = await owned(desk)
    dora = await follow(desk, ticket_id, email="dora@c.example")
    await write_note(desk, ticket_id)
    await mails(desk, ticket_id)
    # As if a decision were wrong.
    await desk.rows(
        "INSERT INTO effects (ticket_id, decision_id, key, kind, message_id, contact_id, not_before)"
        " SELECT ticket_id, id, 'reply/wrong', 'reply_mail', (SELECT id FROM messages WHERE visibility = 'internal'),"
        " %(dora)s, instant() FROM decisions LIMIT 1",
        dora=dora,
    )
    effect_id = (await desk.row("SELECT id FROM effects WHERE key = 'reply/wrong'"))["id"]
    claimed = await desk.client.claim_effect(effect_id, lease=LEASE)
    assert CANARY not in f"{claimed.mail}"


async def test_who_does_not_follow_any_more_gets_no_mail_that_waits(desk: Desk) -> None:
    ticket_id = await owned(desk)
    dora = await follow(desk, ticket_id, email="dora@c.example")
    await follow(desk, ticket_id, user_id=BEN)
    await desk.customer_replies(ticket_id)
    await desk.agent_replies(ticket_id)
    waiting = (await desk.advance(ticket_id)).open_effects
    for follower in (dora, BEN):
        await unfollow(desk, follower)
    claimed: list[Any] = []
    for effect_id in waiting:
        try:
            claimed.append((await desk.client.claim_effect(effect_id, lease=LEASE)).mail.to_address)
        except InvalidTransition as refused:
            claimed.append(refused.metadata["state"])
    ann, requester = f"agent-{ANN.int}@desk.example", (await desk.row("SELECT email FROM contacts WHERE name = 'Cleo'"))
    assert sorted(claimed) == sorted([ann, requester["email"], "suppressed", "suppressed"])


@pytest.mark.parametrize("gone", ["inactive", "unknown", "light"])
async def test_who_may_not_see_the_ticket_any_more_is_told_nothing(desk: Desk, gone: str) -> None:
    ticket_id = await owned(desk)
    await follow(desk, ticket_id, user_id=BEN)
    if gone == "unknown":
        del desk.colleagues.users[BEN]
    else:
        role = Role.LIGHT_AGENT if gone == "light" else Role.AGENT
        desk.colleagues.add(BEN, role, active=gone != "inactive")
    await write_note(desk, ticket_id)
    assert [mail.to_address for mail in await mails(desk, ticket_id)] == [f"agent-{ANN.int}@desk.example"]
    ledger = await desk.rows("SELECT state, recipient, user_id FROM effects WHERE state = 'suppressed'")
    assert [(row["state"], row["user_id"]) for row in ledger] == [("suppressed", BEN)]
    assert all("c.example" not in row["recipient"] for row in ledger)


async def test_one_who_writes_is_not_told_of_it_and_nobody_is_told_twice(desk: Desk) -> None:
    ticket_id = await owned(desk)
    for person in (ANN, BEN):
        await follow(desk, ticket_id, user_id=person)
    await desk.customer_replies(ticket_id)
    told = [mail.to_address for mail in await mails(desk, ticket_id)]
    assert sorted(told) == [f"agent-{person.int}@desk.example" for person in (ANN, BEN)]
    assert await mails(desk, ticket_id) == []


async def test_a_reply_that_is_taken_back_goes_to_no_follower_either(desk: Desk) -> None:
    ticket_id = await owned(desk)
    await follow(desk, ticket_id, email="dora@c.example")
    reply = await desk.agent_replies(ticket_id)
    await desk.rows("UPDATE messages SET withdrawn_at = instant() WHERE id = %(id)s", id=reply)
    assert await mails(desk, ticket_id) == []


async def test_what_nobody_writes_by_hand_is_in_the_brands_language(desk: Desk) -> None:
    await desk.set_brand(acknowledge=True, resolved_notice=False, undo_seconds=0)
    await desk.rows("UPDATE brands SET language = 'fi'")
    (mail,) = await mails(desk, await desk.new_ticket())
    assert mail.subject.startswith("Olemme vastaanottaneet pyyntösi")
    assert "Hei,\n\n" in mail.text
