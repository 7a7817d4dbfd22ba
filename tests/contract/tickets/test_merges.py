"""Merging tickets and taking it back: where the conversation goes on, who sees it, what is refused."""

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID, uuid4

import pytest

from services.domain.errors import AlreadyExists, Forbidden, InvalidTransition, NotFound
from services.domain.merging import MOST_MERGES
from services.domain.message import Message, NewAttachment, Visibility
from services.domain.principal import Principal, Role
from services.domain.ticket import EventKind, FollowerKind, Ticket, TicketStatus
from services.tickets.client.clocks import ClocksClient
from tests.contract.tickets.desk import (
    ADMIN,
    AGENT,
    LIGHT_AGENT,
    MAIL,
    REPLY_ADDRESSES,
    Desk,
    customer,
    new_message,
)

CLEO, DORA = "cleo@c.example", "dora@c.example"


async def merge(desk: Desk, source: Ticket, target: Ticket, *, include_customers: bool = False) -> Ticket:
    merges = await desk.merges()
    return await merges.merge_ticket(source.id, target.id, include_customers=include_customers)


async def conversation(desk: Desk, ticket: Ticket, principal: Principal = AGENT) -> list[str]:
    return [message.body for message in (await (await desk.client(principal)).list_messages(ticket.id))[0]]


async def now(desk: Desk, ticket: Ticket) -> Ticket:
    return await (await desk.client()).get_ticket(ticket.id)


async def last_event(desk: Desk, ticket: Ticket) -> tuple[EventKind, str, str, str]:
    event = (await (await desk.client()).list_events(ticket.id))[0][-1]
    return event.kind, event.actor, event.cause, event.reason


async def mail(desk: Desk, ticket: Ticket, sender: str, body: str = "once more") -> Ticket:
    """A customer answers a mail of ours on this ticket, by the reply address that was made for them."""
    door = await desk.client(MAIL)
    address = REPLY_ADDRESSES.make("support@localhost", number=ticket.number, ticket_id=ticket.id, person=sender)
    thread = await door.find_thread([], sender_email=sender, recipients=[address])
    return (await door.create_message(thread, new_message(sender_email=sender, body=body)))[1]


async def test_the_conversation_goes_on_in_the_survivor_and_the_merged_one_is_closed(desk: Desk) -> None:
    target = await desk.new_ticket(body="first", tags=("vip",))
    source = await desk.new_ticket(body="second", tags=("vip", "refund"))
    await desk.reply(source, visibility=Visibility.INTERNAL, body="a note")
    merged, survivor = await merge(desk, source, target), await now(desk, target)
    assert (merged.status, merged.merged_into) == (TicketStatus.CLOSED, target.id)
    assert (survivor.status, survivor.merged_into, survivor.tags) == (TicketStatus.NEW, None, ("vip", "refund"))
    assert await conversation(desk, target) == ["first", "second", "a note"]
    assert await conversation(desk, source) == []


async def test_each_side_tells_its_own_event_with_who_did_it(desk: Desk) -> None:
    source, target = await desk.new_ticket(), await desk.new_ticket()
    await merge(desk, source, target)
    assert await last_event(desk, source) == (
        EventKind.TICKET_MERGED,
        AGENT.subject,
        f"ticket {target.id}",
        f"merged into #{target.number}",
    )
    assert await last_event(desk, target) == (
        EventKind.MERGE_RECEIVED,
        AGENT.subject,
        f"ticket {source.id}",
        f"received #{source.number}",
    )
    for ticket in (source, target):
        assert (await now(desk, ticket)).version == 2
        assert (await desk.outbox(ticket.id))["seq"] == 2


async def test_what_cannot_be_merged_is_refused_with_its_reason(desk: Desk) -> None:
    agent, admin = await desk.client(), await desk.client(ADMIN)
    a, b, closed, spam = [await desk.new_ticket() for _ in range(4)]
    other = await admin.create_brand({"name": "Other", "address": "other@localhost"})
    foreign = await desk.new_ticket(brand=str(other.id))
    await agent.close_ticket(closed.id)
    await (await desk.merges()).mark_spam(spam.id)
    await merge(desk, a, b)
    for source, target, reason in (
        (b, b, "SAME_TICKET"),
        (a, closed, "MERGED"),
        (b, a, "INTO_MERGED"),
        (b, closed, "INTO_CLOSED"),
        (b, spam, "SPAM"),
        (spam, b, "SPAM"),
        (b, foreign, "ANOTHER_BRAND"),
    ):
        with pytest.raises(InvalidTransition) as refused:
            await merge(desk, source, target)
        assert refused.value.reason == reason
        preview = await (await desk.merges()).preview_merge(source.id, target.id)
        assert preview.refusal == refused.value.message
    assert (await now(desk, b)).version == 2


async def test_merging_again_into_the_same_one_changes_nothing(desk: Desk) -> None:
    source, target, merges = await desk.new_ticket(), await desk.new_ticket(), await desk.merges()
    for request_id in ("", "once", "once"):
        merged = await merges.merge_ticket(source.id, target.id, request_id=request_id)
    assert (merged.version, (await now(desk, target)).version) == (2, 2)
    with pytest.raises(AlreadyExists):
        await merges.merge_ticket(source.id, source.id, request_id="once")


async def test_of_two_merges_crosswise_one_is_refused(desk: Desk) -> None:
    for _ in range(5):
        a, b = await desk.new_ticket(), await desk.new_ticket()
        became = await asyncio.gather(merge(desk, a, b), merge(desk, b, a), return_exceptions=True)
        (refused,) = [result for result in became if isinstance(result, BaseException)]
        assert isinstance(refused, InvalidTransition)
        assert refused.reason in ("MERGED", "INTO_MERGED")
        assert [(await now(desk, ticket)).merged_into for ticket in (a, b)].count(None) == 1


async def test_many_are_merged_into_one_and_each_that_was_not_says_why(desk: Desk) -> None:
    target, *sources = [await desk.new_ticket(body=body) for body in "abcd"]
    merges, nothing = await desk.merges(), uuid4()
    for _ in range(2):
        outcomes = await merges.merge_tickets([*(source.id for source in sources), target.id, nothing], target.id)
        assert [outcome.refusal for outcome in outcomes] == [
            "",
            "",
            "",
            "A ticket cannot be merged into itself.",
            "This ticket does not exist.",
        ]
    assert await conversation(desk, target) == ["a", "b", "c", "d"]
    assert (await now(desk, target)).version == 4


async def test_a_reply_to_a_merged_ticket_lands_on_the_survivor_over_chains(desk: Desk) -> None:
    a, b, c = [await desk.new_ticket(body=body) for body in "abc"]
    await merge(desk, a, b)
    await merge(desk, b, c)
    await desk.sent_mail(a, "<on-a@desk>")
    door = await desk.client(MAIL)
    assert await door.find_thread(["<on-a@desk>"], sender_email=CLEO) == a.id
    for ticket, body in ((a, "to a"), (b, "to b"), (c, "to c")):
        assert (await mail(desk, ticket, CLEO, body)).id == c.id
    assert await conversation(desk, c) == ["a", "b", "c", "to a", "to b", "to c"]
    assert [(await now(desk, ticket)).status for ticket in (a, b)] == [TicketStatus.CLOSED] * 2


async def test_a_survivor_that_is_over_is_followed_up(desk: Desk) -> None:
    a, b = await desk.new_ticket(), await desk.new_ticket()
    await merge(desk, a, b)
    await (await desk.client()).close_ticket(b.id)
    followed = await mail(desk, a, CLEO)
    assert followed.follow_up_of == b.id


async def test_a_chain_is_followed_so_far_and_a_circle_drops_nothing(desk: Desk) -> None:
    chain = [await desk.new_ticket() for _ in range(MOST_MERGES + 2)]
    for source, target in pairwise(chain):
        await merge(desk, source, target)
    assert (await mail(desk, chain[1], CLEO)).id == chain[-1].id
    assert (await mail(desk, chain[0], CLEO)).follow_up_of == chain[0].id
    a, b = await desk.new_ticket(), await desk.new_ticket()
    await merge(desk, a, b)
    await desk.rows("UPDATE tickets SET merged_into = %(a)s, status = 'closed' WHERE id = %(b)s", a=a.id, b=b.id)
    assert (await mail(desk, a, CLEO, "still here")).follow_up_of == a.id
    unmerged = await (await desk.merges()).unmerge_ticket(a.id)
    assert unmerged.ticket.merged_into is None


async def test_the_staff_answer_on_the_survivor_only_and_a_merged_one_never_reopens(desk: Desk) -> None:
    a, b, admin = await desk.new_ticket(), await desk.new_ticket(), await desk.client(ADMIN)
    await merge(desk, a, b)
    for act in (
        admin.reopen_ticket(a.id),
        admin.update_ticket(a.id, {"status": TicketStatus.OPEN}),
        admin.resolve_ticket(a.id),
        admin.assign_ticket(a.id, assignee_id=None),
        admin.create_message(a.id, new_message()),
        admin.create_message(a.id, new_message(visibility=Visibility.INTERNAL)),
        (await desk.merges()).mark_spam(a.id),
    ):
        with pytest.raises(InvalidTransition):
            await act
    assert (await now(desk, a)).version == 2


async def test_the_survivor_goes_back_to_work_when_what_comes_in_waits_for_us(desk: Desk) -> None:
    for status, after in (
        (TicketStatus.PENDING, TicketStatus.OPEN),
        (TicketStatus.RESOLVED, TicketStatus.OPEN),
        (TicketStatus.OPEN, TicketStatus.OPEN),
    ):
        waiting, target = await desk.new_ticket(), await desk.new_ticket()
        await (await desk.client()).update_ticket(target.id, {"status": status})
        await merge(desk, waiting, target)
        assert (await now(desk, target)).status is after
    answered, target = await desk.new_ticket(), await desk.new_ticket()
    for ticket in (answered, target):
        await desk.reply(ticket)
    await merge(desk, answered, target)
    assert (await now(desk, target)).status is TicketStatus.PENDING


async def test_whoever_follows_both_follows_once(desk: Desk) -> None:
    source, target, followers = await desk.new_ticket(), await desk.new_ticket(), await desk.followers()
    ann, ben = uuid4(), uuid4()
    for ticket, people in ((source, (ann, ben)), (target, (ann,))):
        for person in people:
            await followers.add_colleague(ticket.id, person)
    await merge(desk, source, target)
    assert {item.id for item in await followers.list_followers(target.id)} == {ann, ben}


async def test_a_merge_gives_no_customer_what_they_could_not_see_before(desk: Desk) -> None:
    target = await desk.new_ticket(body="of cleo")
    source = await desk.new_ticket(body="of dora", requester_email=DORA)
    await desk.reply(source, body="for dora")
    await merge(desk, source, target)
    cleo, dora = customer(target), customer(source)
    assert await conversation(desk, target, cleo) == ["of cleo"]
    assert await conversation(desk, source, dora) == ["of dora", "for dora"]
    with pytest.raises(NotFound):
        await conversation(desk, target, dora)
    assert [item.contact for item in await (await desk.followers()).list_followers(target.id)] == []
    landed = await mail(desk, source, DORA, "dora again")
    assert landed.id == target.id
    assert await conversation(desk, target) == ["of cleo", "of dora", "for dora", "dora again"]
    assert await conversation(desk, target, cleo) == ["of cleo"]
    assert await conversation(desk, source, dora) == ["of dora", "for dora", "dora again"]
    for principal in (cleo, dora):
        found = await (await desk.client(principal)).list_tickets(filter='"dora again"')
        assert found[0] == ()
    assert (await (await desk.client()).list_tickets(filter='"dora again"'))[0][0].id == target.id


async def test_a_customer_who_writes_on_their_merged_ticket_is_told_of_their_own(desk: Desk) -> None:
    target, source = await desk.new_ticket(), await desk.new_ticket(requester_email=DORA)
    await merge(desk, source, target)
    dora = await desk.client(customer(source))
    message, landed = await dora.create_message(source.id, new_message(body="here"), request_id="one")
    assert (message.ticket_id, landed.id) == (source.id, source.id)
    assert (await dora.create_message(source.id, new_message(body="here"), request_id="one"))[1].id == source.id
    assert await conversation(desk, target) == ["It is on fire", "It is on fire", "here"]


async def test_a_file_is_seen_by_whoever_may_see_the_message_it_came_with(desk: Desk) -> None:
    target = await desk.new_ticket()
    file = NewAttachment("invoice.pdf", "application/pdf", 3, "", "0" * 64)
    source = await desk.new_ticket(requester_email=DORA, attachments=(file,))
    await merge(desk, source, target)
    moved = (await (await desk.client()).list_messages(target.id))[0][1]
    (attachment,) = moved.attachments
    for principal in (AGENT, customer(source)):
        assert (await (await desk.client(principal)).get_attachment(attachment.id)).attachment.id == attachment.id
    with pytest.raises(NotFound):
        await (await desk.client(customer(target))).get_attachment(attachment.id)


async def test_customers_follow_the_survivor_only_when_somebody_includes_them(desk: Desk) -> None:
    target, source = await desk.new_ticket(), await desk.new_ticket(requester_email=DORA)
    followers = await desk.followers()
    await followers.add_customer(source.id, "eve@c.example")
    preview = await (await desk.merges()).preview_merge(source.id, target.id)
    assert [contact.email for contact in preview.customers] == [DORA, "eve@c.example"]
    await merge(desk, source, target, include_customers=True)
    found = await followers.list_followers(target.id)
    assert {item.contact.email for item in found if item.contact} == {DORA, "eve@c.example"}
    assert {item.kind for item in found} == {FollowerKind.CUSTOMER}
    assert await conversation(desk, target, customer(target)) == ["It is on fire"]


async def test_a_preview_says_what_would_move_and_changes_nothing(desk: Desk) -> None:
    target, source = await desk.new_ticket(tags=("a",)), await desk.new_ticket(tags=("a", "b"))
    await desk.reply(target)
    await (await desk.followers()).add_colleague(source.id, uuid4())
    preview = await (await desk.merges()).preview_merge(source.id, target.id)
    assert (preview.ticket.id, preview.into.id, preview.messages) == (source.id, target.id, 1)
    assert (preview.added_tags, preview.staff_followers, preview.customers) == (("b",), 1, ())
    assert (preview.opens, preview.refusal) == (True, "")
    assert (await now(desk, source)).version == 2


async def test_reminders_come_on_the_survivor_and_once(desk: Desk) -> None:
    source, target = await desk.new_ticket(), await desk.new_ticket()
    at = datetime.now(UTC) + timedelta(days=1)
    await ClocksClient(await desk.channel(AGENT)).remind_me(source.id, at, text="call them")
    await merge(desk, source, target)
    (row,) = await desk.rows("SELECT ticket_id, text FROM reminders")
    assert row == {"ticket_id": target.id, "text": "call them"}


async def test_taking_a_merge_back_puts_back_what_it_moved(desk: Desk) -> None:
    target, source = await desk.new_ticket(body="t", tags=("a",)), await desk.new_ticket(body="s", tags=("b",))
    await desk.reply(source, body="answer")
    followers = await desk.followers()
    await followers.add_colleague(source.id, uuid4())
    await merge(desk, source, target)
    await mail(desk, source, CLEO, "after")
    unmerged = await (await desk.merges()).unmerge_ticket(source.id)
    back, survivor = unmerged.ticket, await now(desk, target)
    assert (back.status, back.merged_into, back.tags) == (TicketStatus.PENDING, None, ("b",))
    assert (survivor.tags, await followers.list_followers(target.id)) == (("a",), ())
    assert await conversation(desk, source) == ["s", "answer", "after"]
    assert await conversation(desk, target) == ["t"]
    assert unmerged.kept == ()
    assert (await last_event(desk, source))[0] is EventKind.TICKET_UNMERGED
    assert (await last_event(desk, target))[0] is EventKind.MERGE_RETURNED
    assert (await mail(desk, source, CLEO)).id == source.id
    await merge(desk, source, target)
    assert await conversation(desk, target) == ["t", "s", "answer", "after", "once more"]


async def test_what_cannot_be_put_back_is_told(desk: Desk) -> None:
    target, source = await desk.new_ticket(), await desk.new_ticket()
    second = await desk.reply(source, MAIL, sender_email=CLEO, body="another matter")
    await desk.reply(target)
    await merge(desk, source, target)
    await desk.reply(target, body="to both")
    moved = await message_of(desk, target, "another matter")
    await (await desk.merges()).split_message(target.id, moved.id)
    unmerged = await (await desk.merges()).unmerge_ticket(source.id)
    assert second.id == source.id
    assert unmerged.kept == (
        f"1 message written since the merge on #{target.number} stay there",
        "1 message split off since stay where they are",
        f"#{target.number} was opened by the merge and stays pending",
    )


async def test_a_merge_in_the_middle_of_a_chain_is_taken_back_with_what_is_below_it(desk: Desk) -> None:
    a, b, c = [await desk.new_ticket(body=body) for body in "abc"]
    await merge(desk, a, b)
    await merge(desk, b, c)
    merges = await desk.merges()
    await merges.unmerge_ticket(b.id)
    assert (await conversation(desk, b), await conversation(desk, c)) == (["a", "b"], ["c"])
    await merge(desk, b, c)
    await merges.unmerge_ticket(a.id)
    assert (await conversation(desk, a), await conversation(desk, c)) == (["a"], ["b", "c"])
    assert (await now(desk, a)).merged_into is None


async def test_taking_back_happens_once(desk: Desk) -> None:
    target, source = await desk.new_ticket(), await desk.new_ticket()
    merges = await desk.merges()
    with pytest.raises(InvalidTransition) as refused:
        await merges.unmerge_ticket(source.id)
    assert refused.value.reason == "NOT_MERGED"
    await merge(desk, source, target)
    for _ in range(2):
        unmerged = await merges.unmerge_ticket(source.id, request_id="back")
    assert unmerged.ticket.version == 3


async def test_only_the_staff_who_work_on_tickets_merge_them(desk: Desk) -> None:
    source, target = await desk.new_ticket(), await desk.new_ticket()
    for principal in (LIGHT_AGENT, customer(source), MAIL):
        merges = await desk.merges(principal)
        for act in (
            merges.merge_ticket(source.id, target.id),
            merges.preview_merge(source.id, target.id),
            merges.merge_tickets([source.id], target.id),
            merges.unmerge_ticket(source.id),
            merges.split_message(source.id, UUID(int=1)),
            merges.mark_duplicate(source.id, target.id),
            merges.unmark_duplicate(source.id),
            merges.mark_spam(source.id),
            merges.unmark_spam(source.id),
        ):
            with pytest.raises(Forbidden):
                await act
    assert (await now(desk, source)).version == 1


async def message_of(desk: Desk, ticket: Ticket, body: str) -> Message:
    messages = (await (await desk.client()).list_messages(ticket.id))[0]
    return next(message for message in messages if message.body == body)


async def test_a_message_that_is_split_out_is_a_ticket_of_its_own_with_its_files(desk: Desk) -> None:
    ticket, merges = await desk.new_ticket(), await desk.merges()
    file = NewAttachment("photo.png", "image/png", 3, "", "1" * 64)
    await desk.reply(ticket, MAIL, sender_email=CLEO, body="Also, the chair", attachments=(file,))
    message = await message_of(desk, ticket, "Also, the chair")
    for _ in range(2):
        split = await merges.split_message(ticket.id, message.id, subject="Chair", request_id="split")
    assert (split.subject, split.status, split.requester) == ("Chair", TicketStatus.NEW, ticket.requester)
    assert split.brand_id == ticket.brand_id
    assert await conversation(desk, split) == ["Also, the chair"]
    assert await conversation(desk, ticket) == ["It is on fire"]
    assert len((await message_of(desk, split, "Also, the chair")).attachments) == 1
    assert await last_event(desk, ticket) == (
        EventKind.MESSAGE_SPLIT,
        AGENT.subject,
        f"ticket {split.id}",
        f"split out as #{split.number}",
    )
    assert (await last_event(desk, split))[0] is EventKind.TICKET_CREATED
    found = (await (await desk.client()).list_tickets(filter="chair"))[0]
    assert [item.id for item in found] == [split.id]


async def test_the_word_of_another_customer_becomes_their_own_ticket(desk: Desk) -> None:
    ticket = await desk.new_ticket()
    await (await desk.followers()).add_customer(ticket.id, DORA)
    await desk.reply(ticket, MAIL, sender_email=DORA, body="mine is broken, too")
    message = await message_of(desk, ticket, "mine is broken, too")
    split = await (await desk.merges()).split_message(ticket.id, message.id)
    assert (split.requester.email, split.subject) == (DORA, ticket.subject)


async def test_answers_to_a_message_that_was_split_out_reach_the_new_ticket(desk: Desk) -> None:
    ticket, door = await desk.new_ticket(), await desk.client(MAIL)
    await desk.reply(ticket, body="about the chair")
    message = await message_of(desk, ticket, "about the chair")
    await desk.sent_mail(ticket, "<chair@desk>")
    await desk.rows("UPDATE effects SET message_id = %(id)s WHERE rfc_message_id = '<chair@desk>'", id=message.id)
    split = await (await desk.merges()).split_message(ticket.id, message.id)
    address = REPLY_ADDRESSES.make("support@localhost", number=ticket.number, ticket_id=ticket.id, person=CLEO)
    for recipients in ([], [address]):
        assert await door.find_thread(["<chair@desk>"], sender_email=CLEO, recipients=recipients) == split.id
    assert await door.find_thread([], sender_email=CLEO, recipients=[address]) == ticket.id


async def test_what_cannot_be_split_out_is_refused(desk: Desk) -> None:
    ticket, merges = await desk.new_ticket(), await desk.merges()
    await desk.reply(ticket, visibility=Visibility.INTERNAL, body="note")
    only, note = await message_of(desk, ticket, "It is on fire"), await message_of(desk, ticket, "note")
    for message, reason in ((only, "ONLY_MESSAGE"), (note, "NOT_PUBLIC")):
        with pytest.raises(InvalidTransition) as refused:
            await merges.split_message(ticket.id, message.id)
        assert refused.value.reason == reason
    other = await desk.new_ticket()
    for ticket_id, message_id in ((other.id, only.id), (ticket.id, uuid4()), (uuid4(), only.id)):
        with pytest.raises(NotFound):
            await merges.split_message(ticket_id, message_id)


async def test_spam_is_closed_quietly_and_comes_back_with_the_status_it_had(desk: Desk) -> None:
    ticket, merges, admin = await desk.new_ticket(), await desk.merges(), await desk.client(ADMIN)
    await desk.reply(ticket)
    for _ in range(2):
        spam = await merges.mark_spam(ticket.id)
    assert (spam.status, spam.spam, spam.version) == (TicketStatus.CLOSED, True, 3)
    with pytest.raises(InvalidTransition) as refused:
        await admin.reopen_ticket(ticket.id)
    assert refused.value.reason == "SPAM"
    later = await mail(desk, ticket, CLEO)
    assert (later.follow_up_of, later.status) == (ticket.id, TicketStatus.NEW)
    for _ in range(2):
        fine = await merges.unmark_spam(ticket.id)
    assert (fine.status, fine.spam) == (TicketStatus.PENDING, False)
    assert (await desk.new_ticket()).status is TicketStatus.NEW
    assert Principal(str(uuid4()), Role.AGENT).may("tickets.mark_spam")


async def parents(desk: Desk, *tickets: Ticket) -> list[UUID | None]:
    return [(await now(desk, ticket)).parent_id for ticket in tickets]


async def test_children_of_a_merged_ticket_become_the_survivors_and_go_back(desk: Desk) -> None:
    source, target, first, second = [await desk.new_ticket() for _ in range(4)]
    families, merges = await desk.family(), await desk.merges()
    for child in (first, second):
        await families.set_parent(child.id, source.id)
    await merge(desk, source, target)
    assert await parents(desk, first, second) == [target.id] * 2
    assert [(await now(desk, ticket)).status for ticket in (first, second, target)] == [TicketStatus.NEW] * 3
    unmerged = await merges.unmerge_ticket(source.id)
    assert (await parents(desk, first, second), unmerged.kept) == ([source.id] * 2, ())
    await merge(desk, source, target)
    await families.remove_parent(first.id)
    unmerged = await merges.unmerge_ticket(source.id)
    assert await parents(desk, first, second) == [None, source.id]
    assert unmerged.kept == ("its parent or some of its children stay as they are now",)


async def test_a_child_that_is_merged_leaves_its_family_and_settles_nobody(desk: Desk) -> None:
    parent, source, target = [await desk.new_ticket() for _ in range(3)]
    families = await desk.family()
    await families.set_parent(source.id, parent.id)
    await merge(desk, source, target)
    assert await parents(desk, source, target) == [None, parent.id]
    assert await desk.rows("SELECT * FROM family_inbox") == []
    await (await desk.merges()).unmerge_ticket(source.id)
    assert await parents(desk, source, target) == [parent.id, None]


async def test_a_parent_that_both_have_is_kept_once_and_a_child_may_be_merged_into_its_parent(desk: Desk) -> None:
    parent, source, target = [await desk.new_ticket() for _ in range(3)]
    families = await desk.family()
    for child in (source, target):
        await families.set_parent(child.id, parent.id)
    await merge(desk, source, target)
    assert await parents(desk, source, target) == [None, parent.id]
    await merge(desk, target, parent)
    assert await parents(desk, target, parent) == [None, None]
    await (await desk.merges()).unmerge_ticket(target.id)
    assert await parents(desk, target, parent) == [parent.id, None]


@pytest.mark.parametrize("place", range(3))
async def test_a_parent_may_be_merged_into_its_child(desk: Desk, place: int) -> None:
    source, *children = [await desk.new_ticket() for _ in range(4)]
    # Whichever place the survivor has among those that are changed in the order of their ids.
    target = sorted(children, key=lambda child: child.id)[place]
    other = next(child for child in children if child != target)
    families = await desk.family()
    for child in children:
        await families.set_parent(child.id, source.id)
    await merge(desk, source, target)
    assert await parents(desk, target, other) == [None, target.id]
    await (await desk.merges()).unmerge_ticket(source.id)
    assert await parents(desk, target, other) == [source.id, source.id]


async def test_a_merge_makes_no_third_level(desk: Desk) -> None:
    source, below, above, target = [await desk.new_ticket() for _ in range(4)]
    families = await desk.family()
    await families.set_parent(below.id, source.id)
    await families.set_parent(target.id, above.id)
    with pytest.raises(InvalidTransition) as refused:
        await merge(desk, source, target)
    assert refused.value.reason == "INTO_CHILD"
    preview = await (await desk.merges()).preview_merge(source.id, target.id)
    assert preview.refusal == refused.value.message
    assert await parents(desk, below, target) == [source.id, above.id]


async def test_spam_leaves_its_family_first_and_a_parent_is_none(desk: Desk) -> None:
    parent, child = await desk.new_ticket(), await desk.new_ticket()
    await (await desk.family()).set_parent(child.id, parent.id)
    merges = await desk.merges()
    with pytest.raises(InvalidTransition) as refused:
        await merges.mark_spam(parent.id)
    assert refused.value.reason == "HAS_CHILDREN"
    await merges.mark_spam(child.id)
    assert await parents(desk, child) == [None]
    assert await desk.rows("SELECT * FROM family_inbox") == []
