"""What could not be taken is kept with its source, once, and listed."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.domain.errors import InvalidTransition
from services.domain.quarantine import NewQuarantinedItem, QuarantineState
from services.domain.ticket import Channel
from tests.contract.tickets.desk import ADMIN, MAIL, Desk


def item(raw_source: bytes, reason: str = "it names no sender") -> NewQuarantinedItem:
    return NewQuarantinedItem(Channel.MAIL, "NO_SENDER", reason, raw_source)


async def test_item_is_kept_once_by_content_with_its_first_reason(desk: Desk) -> None:
    mail, admin = await desk.client(MAIL), await desk.client(ADMIN)
    first = await mail.quarantine_item(item(b"\x00\xffraw", reason="no\x00 sender\n"))
    assert await mail.quarantine_item(item(b"\x00\xffraw", reason="other")) == first
    (kept,), token = await admin.list_quarantine()
    assert (kept.id, kept.channel, kept.code, kept.raw_source) == (first, Channel.MAIL, "NO_SENDER", b"")
    assert (kept.reason, kept.state, token) == ("no  sender", QuarantineState.KEPT, "")
    assert (await admin.get_quarantined_item(first)).raw_source == b"\x00\xffraw"


async def test_items_come_newest_first_page_by_page(desk: Desk) -> None:
    mail, admin = await desk.client(MAIL), await desk.client(ADMIN)
    ids = [await mail.quarantine_item(item(bytes([n]))) for n in range(3)]
    first, token = await admin.list_quarantine(page_size=2)
    rest, end = await admin.list_quarantine(page_size=2, page_token=token)
    assert [kept.id for kept in (*first, *rest)] == ids[::-1]
    assert (len(first), end) == (2, "")


async def test_items_are_found_by_code_and_state(desk: Desk) -> None:
    mail, admin = await desk.client(MAIL), await desk.client(ADMIN)
    first = await mail.quarantine_item(item(b"1"))
    second = await mail.quarantine_item(replace(item(b"2"), code="FORGED"))
    await admin.retry_quarantined_item(first)
    cases: list[tuple[dict[str, Any], list[UUID]]] = [
        ({}, [second, first]),
        ({"code": "FORGED"}, [second]),
        ({"state": QuarantineState.KEPT}, [second]),
        ({"code": "NO_SENDER", "state": QuarantineState.RETRYING}, [first]),
        ({"code": "forged"}, []),
    ]
    for filters, found in cases:
        assert [kept.id for kept in (await admin.list_quarantine(**filters))[0]] == found


async def test_a_wanted_item_is_claimed_once_and_finished(desk: Desk) -> None:
    mail, admin = await desk.client(MAIL), await desk.client(ADMIN)
    new = replace(item(b"raw"), envelope_sender="cleo@c.example", recipients=("support@localhost",))
    item_id, ticket = await mail.quarantine_item(new), await desk.new_ticket()
    assert await mail.claim_quarantined_item(wait=timedelta()) is None
    waiting = asyncio.create_task(mail.claim_quarantined_item(wait=timedelta(seconds=20)))
    for _ in range(2):
        wanted = await admin.release_quarantined_item(item_id)
        assert (wanted.state, wanted.changed_by) == (QuarantineState.RELEASING, ADMIN.subject)
    claimed = await waiting
    assert claimed is not None
    assert (claimed.id, claimed.raw_source, claimed.state) == (item_id, b"raw", QuarantineState.RELEASING)
    assert (claimed.envelope_sender, claimed.recipients) == ("cleo@c.example", ("support@localhost",))
    assert await mail.claim_quarantined_item(wait=timedelta()) is None
    await mail.finish_quarantined_item(item_id, code="TOO_NESTED", reason="still")
    assert (await admin.get_quarantined_item(item_id)).code == "TOO_NESTED"
    await admin.retry_quarantined_item(item_id)
    assert await mail.claim_quarantined_item(wait=timedelta()) is not None
    await mail.finish_quarantined_item(item_id, ticket_id=ticket.id)
    for _ in range(2):
        done = await admin.release_quarantined_item(item_id)
        assert (done.state, done.ticket_id) == (QuarantineState.TAKEN, ticket.id)
    with pytest.raises(InvalidTransition):
        await admin.delete_quarantined_item(item_id)


async def test_an_item_of_a_dead_door_is_claimed_again(desk: Desk) -> None:
    mail, admin = await desk.client(MAIL), await desk.client(ADMIN)
    item_id = await mail.quarantine_item(item(b"raw"))
    await admin.retry_quarantined_item(item_id)
    assert await mail.claim_quarantined_item(wait=timedelta()) is not None
    await desk.rows("UPDATE quarantine SET leased_until = clock_timestamp() - interval '1 second'")
    again = await mail.claim_quarantined_item(wait=timedelta())
    assert again is not None
    assert again.id == item_id


async def test_a_deleted_item_keeps_who_and_when_but_not_its_source(desk: Desk) -> None:
    mail, admin = await desk.client(MAIL), await desk.client(ADMIN)
    item_id = await mail.quarantine_item(item(b"raw"))
    deleted = [await admin.delete_quarantined_item(item_id) for _ in range(2)]
    assert deleted[0] == deleted[1]
    assert (deleted[0].state, deleted[0].changed_by) == (QuarantineState.DELETED, ADMIN.subject)
    assert deleted[0].changed_at is not None
    assert (await desk.row("SELECT raw_source FROM quarantine"))["raw_source"] == b""
    for call in (admin.release_quarantined_item, admin.retry_quarantined_item):
        with pytest.raises(InvalidTransition):
            await call(item_id)
    assert await mail.quarantine_item(item(b"raw")) == item_id


async def test_contact_is_made_once_by_address(desk: Desk) -> None:
    admin = await desk.client(ADMIN)
    contact = await admin.create_contact("Cleo@c.example")
    named = await admin.create_contact("cleo@C.example", "Cleo\n")
    assert (named.id, named.name, named.email) == (contact.id, "Cleo", "cleo@c.example")
    assert (await desk.new_ticket()).requester == named
