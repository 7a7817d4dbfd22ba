"""What could not be taken is kept with its source, once, and listed."""

from services.domain.ticket import Channel, NewQuarantinedItem
from tests.contract.tickets.desk import ADMIN, MAIL, Desk


def item(raw_source: bytes, reason: str = "it names no sender") -> NewQuarantinedItem:
    return NewQuarantinedItem(Channel.MAIL, "NO_SENDER", reason, raw_source)


async def test_item_is_kept_once_by_content_with_its_first_reason(desk: Desk) -> None:
    mail, admin = await desk.client(MAIL), await desk.client(ADMIN)
    first = await mail.quarantine_item(item(b"\x00\xffraw", reason="no\x00 sender\n"))
    assert await mail.quarantine_item(item(b"\x00\xffraw", reason="other")) == first
    (kept,), token = await admin.list_quarantine()
    assert (kept.id, kept.channel, kept.code, kept.raw_source) == (first, Channel.MAIL, "NO_SENDER", b"\x00\xffraw")
    assert (kept.reason, token) == ("no  sender", "")


async def test_items_come_newest_first_page_by_page(desk: Desk) -> None:
    mail, admin = await desk.client(MAIL), await desk.client(ADMIN)
    ids = [await mail.quarantine_item(item(bytes([n]))) for n in range(3)]
    first, token = await admin.list_quarantine(page_size=2)
    rest, end = await admin.list_quarantine(page_size=2, page_token=token)
    assert [kept.id for kept in (*first, *rest)] == ids[::-1]
    assert (len(first), end) == (2, "")


async def test_page_holds_no_more_than_an_answer_can_carry(desk: Desk) -> None:
    mail, admin = await desk.client(MAIL), await desk.client(ADMIN)
    for n in range(3):
        await mail.quarantine_item(item(bytes([n]) * 5_000_000))
    sizes, token = [], "begin"
    while token:
        page, token = await admin.list_quarantine(page_token="" if token == "begin" else token)
        sizes.append(len(page))
    assert sizes == [1, 1, 1]


async def test_contact_is_made_once_by_address(desk: Desk) -> None:
    admin = await desk.client(ADMIN)
    contact = await admin.create_contact("Cleo@c.example")
    named = await admin.create_contact("cleo@C.example", "Cleo\n")
    assert (named.id, named.name, named.email) == (contact.id, "Cleo", "cleo@c.example")
    assert (await desk.new_ticket()).requester == named
