"""Drafts: what somebody typed is kept until it is a message, and never overwritten by an older tab."""

from uuid import uuid4

import pytest

from services.domain.errors import Conflict, Forbidden, Invalid, NotFound
from services.domain.intake import BODY_LENGTH
from services.domain.message import Visibility
from services.domain.principal import Principal, Role
from tests.contract.tickets.desk import AGENT, Desk, customer, new_message

PUBLIC, INTERNAL = Visibility.PUBLIC, Visibility.INTERNAL


async def test_reply_and_note_are_kept_apart_and_each_agents_are_their_own(desk: Desk) -> None:
    ticket, mine = await desk.new_ticket(), await desk.desk_client()
    theirs = await desk.desk_client(Principal(str(uuid4()), Role.AGENT))
    assert (await mine.get_draft(ticket.id, PUBLIC)).version == 0
    saved = await mine.save_draft(ticket.id, PUBLIC, "Dear Cleo\r\n")
    await mine.save_draft(ticket.id, INTERNAL, "Ask Olga")
    await theirs.save_draft(ticket.id, PUBLIC, "Hello")
    assert (saved.body, saved.version) == ("Dear Cleo\n", 1)
    assert await mine.get_draft(ticket.id, PUBLIC) == saved
    assert (await mine.get_draft(ticket.id, INTERNAL)).body == "Ask Olga"


async def test_an_older_tab_does_not_overwrite_a_newer_text(desk: Desk) -> None:
    ticket, client = await desk.new_ticket(), await desk.desk_client()
    await client.save_draft(ticket.id, PUBLIC, "first")
    await client.save_draft(ticket.id, PUBLIC, "newer", expected_version=1)
    for version in (0, 1, 7):
        with pytest.raises(Conflict) as error:
            await client.save_draft(ticket.id, PUBLIC, "older", expected_version=version)
        assert error.value.reason == "DRAFT_CHANGED"
    assert (await client.get_draft(ticket.id, PUBLIC)).body == "newer"
    with pytest.raises(Conflict):
        await client.delete_draft(ticket.id, PUBLIC, expected_version=1)
    await client.delete_draft(ticket.id, PUBLIC, expected_version=2)
    assert (await client.get_draft(ticket.id, PUBLIC)).body == ""


async def test_the_message_takes_its_draft_with_it_and_no_late_save_brings_it_back(desk: Desk) -> None:
    ticket, client = await desk.new_ticket(), await desk.desk_client()
    await client.save_draft(ticket.id, PUBLIC, "answer")
    await client.save_draft(ticket.id, INTERNAL, "note")
    await desk.reply(ticket, body="answer")
    assert (await client.get_draft(ticket.id, PUBLIC)).body == ""
    assert (await client.get_draft(ticket.id, INTERNAL)).body == "note"
    with pytest.raises(Conflict):
        await client.save_draft(ticket.id, PUBLIC, "answer, late", expected_version=1)


async def test_a_refused_message_leaves_the_draft(desk: Desk) -> None:
    ticket, client = await desk.new_ticket(), await desk.desk_client()
    await client.save_draft(ticket.id, PUBLIC, "answer")
    await desk.reply(ticket, Principal(str(uuid4()), Role.AGENT))
    with pytest.raises(Exception, match="newer message"):
        await (await desk.client()).create_message(ticket.id, new_message(body="answer", seen_seq=1))
    assert (await client.get_draft(ticket.id, PUBLIC)).body == "answer"


async def test_drafts_are_the_staffs_on_tickets_they_may_see(desk: Desk) -> None:
    ticket = await desk.new_ticket()
    with pytest.raises(Forbidden):
        await (await desk.desk_client(customer(ticket))).save_draft(ticket.id, PUBLIC, "words")
    with pytest.raises(NotFound):
        await (await desk.desk_client(Principal(str(uuid4()), Role.LIGHT_AGENT))).get_draft(ticket.id, PUBLIC)
    with pytest.raises(Invalid):
        await (await desk.desk_client(AGENT)).save_draft(ticket.id, PUBLIC, "x" * (BODY_LENGTH + 1))
