"""Followers of a ticket: who may make them, what is told of it, and whose answers by mail reach the ticket."""

from uuid import UUID, uuid4

import pytest

from services.domain.errors import Forbidden, Invalid, NotFound
from services.domain.followers import MOST_FOLLOWERS
from services.domain.message import AuthorKind
from services.domain.ticket import EventKind, FollowerKind, TicketStatus
from tests.contract.tickets.desk import AGENT, LIGHT_AGENT, MAIL, REPLY_ADDRESSES, Desk, customer, new_message

DORA = "dora@c.example"
NOBODY = UUID(int=7)


async def test_followers_come_and_go_each_with_one_event(desk: Desk) -> None:
    ticket, followers = await desk.new_ticket(), await desk.followers()
    colleague = uuid4()
    for _ in range(2):
        dora = await followers.add_customer(ticket.id, "Dora@C.example", name="Dora\r\n")
        assert (await followers.add_colleague(ticket.id, colleague)).kind is FollowerKind.STAFF
    assert dora.contact is not None
    assert (dora.kind, dora.contact.email, dora.contact.name) == (FollowerKind.CUSTOMER, DORA, "Dora")
    assert [item.id for item in await followers.list_followers(ticket.id)] == [dora.id, colleague]
    for _ in range(2):
        await followers.remove_follower(ticket.id, dora.id)
    assert [item.id for item in await followers.list_followers(ticket.id)] == [colleague]
    events = (await (await desk.client()).list_events(ticket.id))[0][1:]
    assert [(event.kind, event.cause, event.actor) for event in events] == [
        (EventKind.FOLLOWER_ADDED, f"contact {dora.id}", AGENT.subject),
        (EventKind.FOLLOWER_ADDED, f"user {colleague}", AGENT.subject),
        (EventKind.FOLLOWER_REMOVED, f"contact {dora.id}", AGENT.subject),
    ]


async def test_what_is_no_follower_is_refused(desk: Desk) -> None:
    ticket, followers = await desk.new_ticket(), await desk.followers()
    for wrong in ("", "dora", ticket.requester.email):
        with pytest.raises(Invalid):
            await followers.add_customer(ticket.id, wrong)
    for number in range(MOST_FOLLOWERS):
        await followers.add_colleague(ticket.id, UUID(int=number + 1))
    with pytest.raises(Invalid, match="at most"):
        await followers.add_customer(ticket.id, DORA)
    for nothing in (NOBODY, uuid4()):
        with pytest.raises(NotFound):
            await followers.add_colleague(nothing, NOBODY)


async def test_only_the_staff_who_work_on_tickets_say_who_follows(desk: Desk) -> None:
    ticket = await desk.new_ticket()
    for principal in (customer(ticket), LIGHT_AGENT, MAIL):
        followers = await desk.followers(principal)
        with pytest.raises(Forbidden):
            await followers.add_customer(ticket.id, DORA)
        with pytest.raises(Forbidden):
            await followers.remove_follower(ticket.id, NOBODY)
    with pytest.raises(Forbidden):
        await (await desk.followers(customer(ticket))).list_followers(ticket.id)
    with pytest.raises(NotFound):
        await (await desk.followers(LIGHT_AGENT)).list_followers(ticket.id)


async def test_a_followers_answer_is_their_word_and_a_removed_ones_reaches_nothing(desk: Desk) -> None:
    ticket, followers, door = await desk.new_ticket(), await desk.followers(), await desk.client(MAIL)
    await desk.reply(ticket)
    tagged = REPLY_ADDRESSES.make("support@localhost", number=ticket.number, ticket_id=ticket.id, person=DORA)
    await desk.sent_mail(ticket, "<dora@desk>", recipient=DORA)

    async def found() -> list[bool]:
        results = []
        for ids, recipients in (([], [tagged]), (["<dora@desk>"], [])):
            try:
                found = await door.find_thread(ids, sender_email=DORA, recipients=recipients)
                results.append(found == ticket.id)
            except NotFound:
                results.append(False)
        return results

    dora = await followers.add_customer(ticket.id, DORA)
    await desk.rows("UPDATE effects SET contact_id = %(dora)s WHERE rfc_message_id = '<dora@desk>'", dora=dora.id)
    assert await found() == [True, True]
    with pytest.raises(NotFound):
        await door.find_thread(["<dora@desk>"], sender_email="eve@c.example", recipients=[tagged])
    landed = await desk.reply(ticket, MAIL, sender_email=DORA, sender_name="Dora")
    assert (landed.id, landed.status) == (ticket.id, TicketStatus.OPEN)
    (*_, message) = (await (await desk.client()).list_messages(ticket.id))[0]
    assert (message.author_kind, message.author_id) == (AuthorKind.CUSTOMER, str(dora.id))
    await followers.remove_follower(ticket.id, dora.id)
    assert await found() == [False, False]


async def test_an_answer_to_a_mail_for_the_staff_has_no_place(desk: Desk) -> None:
    ticket, door = await desk.new_ticket(), await desk.client(MAIL)
    await desk.sent_mail(ticket, "<notice@desk>", recipient="ann@desk.example")
    await desk.rows("UPDATE effects SET user_id = %(user)s WHERE rfc_message_id = '<notice@desk>'", user=NOBODY)
    for sender in ("ann@desk.example", ticket.requester.email):
        with pytest.raises(Invalid) as refused:
            await door.find_thread(["<notice@desk>"], sender_email=sender)
        assert refused.value.reason == "ANSWERS_NOTICE"


async def test_who_follows_is_proposed_no_more(desk: Desk) -> None:
    ticket, agent = await desk.new_ticket(cc=(DORA, "eve@c.example")), await desk.client()
    await (await desk.followers()).add_customer(ticket.id, DORA)
    assert [proposal.email for proposal in await agent.list_cc_proposals(ticket.id)] == ["eve@c.example"]


async def test_the_staff_see_how_far_the_mail_of_a_reply_is_and_the_customer_does_not(desk: Desk) -> None:
    ticket, agent = await desk.new_ticket(), await desk.client()
    reply, _ = await agent.create_message(ticket.id, new_message())
    assert (await agent.list_messages(ticket.id))[0][1].delivery == ()
    dora = await (await desk.followers()).add_customer(ticket.id, DORA)
    for key, contact_id, state in (("reply/a", None, "done"), ("reply/b", dora.id, "ready")):
        await desk.rows(
            "WITH decision AS (INSERT INTO decisions (ticket_id, version, decided_seq, facts, routing, decision)"
            " VALUES (%(id)s, 1, 1, '{}', '{}', '{}') RETURNING id)"
            " INSERT INTO effects (ticket_id, decision_id, key, kind, message_id, contact_id, not_before, state)"
            " SELECT %(id)s, id, %(key)s, 'reply_mail', %(message)s, %(contact)s, instant(), %(state)s FROM decision",
            id=ticket.id,
            key=key,
            message=reply.id,
            contact=contact_id,
            state=state,
        )
    (first, shown), _ = await agent.list_messages(ticket.id)
    assert first.delivery == ()
    assert [(mail.recipient, mail.state) for mail in shown.delivery] == [
        (ticket.requester.email, "done"),
        (DORA, "ready"),
    ]
    own = await desk.client(customer(ticket))
    assert all(message.delivery == () for message in (await own.list_messages(ticket.id))[0])
