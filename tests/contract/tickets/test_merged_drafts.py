"""What a merge must not lose: what people have typed, whom customers named, and who belonged to whom."""

import pytest

from services.domain.errors import InvalidTransition
from services.domain.message import Visibility
from services.domain.ticket import Ticket
from tests.contract.tickets.desk import AGENT, MAIL, Desk, new_message
from tests.contract.tickets.families import family_of, present
from tests.contract.tickets.test_merges import CLEO, DORA, merge

PUBLIC, INTERNAL = Visibility.PUBLIC, Visibility.INTERNAL


async def type_in(desk: Desk, ticket: Ticket, visibility: Visibility, body: str) -> None:
    await (await desk.desk_client()).save_draft(ticket.id, visibility, body)


async def typed(desk: Desk, ticket: Ticket) -> list[str]:
    client = await desk.desk_client()
    return [(await client.get_draft(ticket.id, visibility)).body for visibility in (PUBLIC, INTERNAL)]


async def proposed(desk: Desk, ticket: Ticket) -> list[str]:
    proposals = await (await desk.client()).list_cc_proposals(ticket.id)
    return sorted(proposal.email for proposal in proposals)


async def test_what_was_typed_and_not_sent_goes_on_below_what_was_typed_on_the_survivor(desk: Desk) -> None:
    source, target = await desk.new_ticket(), await desk.new_ticket()
    await type_in(desk, source, PUBLIC, "half a reply")
    await type_in(desk, source, INTERNAL, "half a note")
    await type_in(desk, target, INTERNAL, "a note")
    await merge(desk, source, target)
    assert await typed(desk, target) == ["half a reply", "a note\n\nhalf a note"]
    assert await typed(desk, source) == ["", ""]


async def test_a_reply_to_another_customer_stays_to_be_read_where_it_was_typed(desk: Desk) -> None:
    source, target = [await desk.new_ticket(requester_email=email) for email in (CLEO, DORA)]
    await type_in(desk, source, PUBLIC, "Dear Cleo")
    await type_in(desk, source, INTERNAL, "she called")
    await merge(desk, source, target)
    assert (await typed(desk, source), await typed(desk, target)) == (["Dear Cleo", ""], ["", "she called"])


async def test_whom_customers_named_is_proposed_on_the_survivor_and_goes_back_with_their_words(desk: Desk) -> None:
    source = await desk.new_ticket(requester_email=CLEO, cc=(DORA, "eve@c.example", "finn@c.example"))
    target = await desk.new_ticket(requester_email=DORA, cc=("eve@c.example",))
    await merge(desk, source, target)
    assert await proposed(desk, target) == ["eve@c.example", "finn@c.example"]
    words = new_message(sender_email=CLEO, cc=("gus@c.example",))
    await (await desk.client(MAIL)).create_message(source.id, words)
    assert await proposed(desk, target) == ["eve@c.example", "finn@c.example", "gus@c.example"]
    await (await desk.merges()).unmerge_ticket(source.id)
    everybody = [DORA, "eve@c.example", "finn@c.example", "gus@c.example"]
    assert (await proposed(desk, source), await proposed(desk, target)) == (everybody, ["eve@c.example"])


async def test_children_that_were_one_are_both_children_again(desk: Desk) -> None:
    parent, (source, target) = await family_of(desk, 2)
    await merge(desk, source, target)
    unmerged = await (await desk.merges()).unmerge_ticket(source.id)
    both = [(await present(desk, ticket)).parent_id for ticket in (source, target)]
    assert (both, unmerged.kept) == ([parent.id, parent.id], ())


async def test_a_closed_parent_gets_its_children_back(desk: Desk) -> None:
    parent, (child,) = await family_of(desk, 1)
    survivor = await desk.new_ticket()
    for ticket in (child, parent):
        await (await desk.client()).close_ticket(ticket.id)
    await merge(desk, parent, survivor)
    assert (await present(desk, child)).parent_id == survivor.id
    unmerged = await (await desk.merges()).unmerge_ticket(parent.id)
    assert ((await present(desk, child)).parent_id, unmerged.kept) == (parent.id, ())


async def test_who_is_merged_or_spam_joins_no_family(desk: Desk) -> None:
    parent, survivor, merged, spam = [await desk.new_ticket() for _ in range(4)]
    await merge(desk, merged, survivor)
    await (await desk.merges(AGENT)).mark_spam(spam.id)
    for ticket, reason in ((merged, "MERGED"), (spam, "SPAM")):
        with pytest.raises(InvalidTransition) as refused:
            await (await desk.family()).set_parent(ticket.id, parent.id)
        assert refused.value.reason == reason
