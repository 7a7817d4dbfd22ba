"""Search: what is found by its words, kept up to date in the transaction that changes it, and by whom."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from services.domain.errors import Invalid
from services.domain.message import Visibility
from services.domain.principal import Principal, Role
from services.tickets.store.words import MOST_IN_A_PART, read_unread
from tests.contract.tickets.desk import AGENT, LIGHT_AGENT, Desk, customer
from tests.contract.tickets.test_lists import flat, numbers

CANARY = "canary7f3a"


async def found(desk: Desk, words: str, principal: Principal = AGENT, **more: Any) -> list[int]:
    """The numbers of the tickets, and as many are counted."""
    client = await desk.client(principal)
    listed = flat(await numbers(client, filter=words, **more))
    (count,) = await client.count_tickets([words])
    assert count.count == len(listed)
    return listed


@pytest.mark.parametrize(
    ("text", "searches"),
    [
        ("Where is my REFUND?", ("refund", "Refund my*", "ref", '"is my refund"')),
        ("Příliš žluťoučký kůň", ("prilis", "PŘÍLIŠ zlutoucky", "kun", "žlu*")),
        ("La città è già lì", ("citta", "CITTÀ gia", '"e gia li"')),
        ("Tilaus ei tullut määräajassa", ("MÄÄRÄAJASSA", "maara", "tilaus maaraajassa")),
        ("Die Straße nach Łódź", ("strasse", "STRASSE lodz")),
        ("東京タワーの写真", ("東京", "タワー", "写真")),
        ("Заказ не пришёл", ("заказ", "ПРИШЕЛ")),
        ("Order A-1042/7 for ann.lee@example.org", ("a-1042", "1042/7", "ann.lee@example.org", "lee")),
    ],
)
async def test_words_are_found_in_any_spelling_in_subjects_and_messages(
    desk: Desk, text: str, searches: tuple[str, ...]
) -> None:
    by_subject, by_body = await desk.new_ticket(subject=text), await desk.new_ticket(body=text)
    replied, _ = await desk.new_ticket(), await desk.new_ticket()
    await desk.reply(replied, body=text)
    for search in searches:
        assert await found(desk, search) == [replied.number, by_body.number, by_subject.number], search
    assert await found(desk, f"subject:{searches[0]}") == [by_subject.number]


async def test_tickets_are_found_by_requester_number_labels_and_words_together(desk: Desk) -> None:
    ticket = await desk.new_ticket(
        subject="Late",
        body="parcel",
        requester_email="zoe@shop.example",
        requester_name="Zoë Nováková",
        tags=("Vip",),
        custom_fields={"order": "A-7"},
    )
    await desk.new_ticket()
    searches = (
        *("zoe", "novakova late", "shop.example", "late parcel zoe", "parcel tag:vip", "custom_fields.order:a-7 late"),
        *(
            f"requester:{ticket.requester.id}",
            "requester:Zoë",
            "requester:nov",
            f"{ticket.number} late",
            "late -refund",
        ),
    )
    for search in searches:
        assert await found(desk, search) == [ticket.number], search
    for search in ("zoe refund", '"parcel late"', "late -parcel", "subject:parcel", "requester:late", "tag:late"):
        assert await found(desk, search) == [], search


async def test_changes_of_a_ticket_are_found_at_once_and_what_was_before_is_not(desk: Desk) -> None:
    ticket, client = await desk.new_ticket(subject="before", tags=("old",)), await desk.client()
    await client.update_ticket(ticket.id, {"subject": "after", "tags": ("new",), "custom_fields": {"order": 7}})
    for search in ("after", "tag:new", "custom_fields.order:7", "fire after cleo"):
        assert await found(desk, search) == [ticket.number], search
    for search in ("before", "tag:old"):
        assert await found(desk, search) == [], search


async def test_a_name_that_becomes_known_finds_the_earlier_tickets_too(desk: Desk) -> None:
    early = await desk.new_ticket(requester_name="")
    late = await desk.new_ticket(requester_name="Zuzana")
    assert await found(desk, "zuzana") == [late.number, early.number]
    other = await desk.new_ticket(requester_email="jan@c.example", requester_name="")
    admin = await desk.client(Principal(str(uuid4()), Role.ADMIN))
    await admin.create_contact("jan@c.example", "Jan Kovář")
    assert await found(desk, "requester:kovar") == [other.number]


async def test_internal_words_are_found_by_staff_and_by_no_customer(desk: Desk) -> None:
    ticket = await desk.new_ticket(requester_email="cleo@c.example")
    await desk.reply(ticket, visibility=Visibility.INTERNAL, body=f"they are {CANARY}")
    taken_back = await desk.reply(ticket, body="secret")
    message = (await (await desk.client()).list_messages(ticket.id))[0][-1]
    await (await desk.client()).undo_message(taken_back.id, message.id)
    own = customer(ticket)
    for search in (CANARY, CANARY[:6], f"fire {CANARY}", f'"are {CANARY}"', "secret"):
        assert await found(desk, search) == [ticket.number]
        assert await found(desk, search, own) == []
        assert await found(desk, search, own, order_by="-relevance") == []
    assert await found(desk, f"-{CANARY}", own) == [ticket.number] == await found(desk, "fire", own)
    assert await found(desk, f"-{CANARY}") == []


async def test_relevance_tells_customers_nothing_of_internal_words(desk: Desk) -> None:
    one, two = await desk.new_ticket(body="fire"), await desk.new_ticket(body="fire")
    before = await found(desk, "fire", customer(one), order_by="-relevance")
    for _ in range(5):
        await desk.reply(two, visibility=Visibility.INTERNAL, body="many words that are for us")
    assert before == [two.number, one.number] == await found(desk, "fire", customer(one), order_by="-relevance")
    assert await found(desk, "fire", order_by="-relevance") == [one.number, two.number]


async def test_others_tickets_are_in_no_search_and_no_count(desk: Desk) -> None:
    mine = await desk.new_ticket(body=f"mouse {CANARY}")
    theirs = await desk.new_ticket(
        body=f"mouse {CANARY} theirs", requester_email="dora@c.example", brand=await _other_brand(desk)
    )
    await (await desk.client()).assign_ticket(theirs.id, assignee_id=uuid4(), team_id=(team := uuid4()))
    scoped = (customer(mine), LIGHT_AGENT)
    await (await desk.client()).assign_ticket(mine.id, assignee_id=UUID(LIGHT_AGENT.subject))
    searches = (
        *("mouse", CANARY, "", "is:open", f"number:{mine.number},{theirs.number}", "requester:c.example"),
        *("tag:none", f"-team:{uuid4()}", "mouse OR theirs", "-theirs"),
    )
    for search in searches:
        for principal in scoped:
            assert await found(desk, search, principal) == [mine.number], (search, principal.role)
    everything = await found(desk, "mouse")
    assert everything == [theirs.number, mine.number]
    for search in (
        "theirs",
        f"brand:{theirs.brand_id}",
        f"team:{team}",
        "requester:dora@c.example",
        f"number:{theirs.number}",
    ):
        assert await found(desk, search) == [theirs.number]
        for principal in scoped:
            assert await found(desk, search, principal) == [], (search, principal.role)


async def test_what_is_due_and_snoozed_is_for_the_staff(desk: Desk) -> None:
    ticket = await desk.new_ticket()
    await desk.rows("UPDATE tickets SET resolution_at = instant(), snoozed_until = instant() + interval '1 day'")
    own = await desk.client(customer(ticket))
    for search in ("is:overdue", "is:snoozed", "-snoozed:none"):
        assert await found(desk, search) == [ticket.number]
        with pytest.raises(Invalid, match="is for the staff"):
            await own.list_tickets(filter=search)
        with pytest.raises(Invalid, match="is for the staff"):
            await own.count_tickets([search])
    with pytest.raises(Invalid, match="is for the staff"):
        await own.list_tickets(order_by="due")


async def test_the_most_relevant_come_first_over_all_pages(desk: Desk) -> None:
    bodies = ("mouse", "mouse and cat", "a mouse, a cat, a dog, a horse and many more of them", "cat")
    tickets = [await desk.new_ticket(body=body) for body in bodies]
    subject = await desk.new_ticket(subject="mouse", body="cat")
    client = await desk.client()
    pages = await numbers(client, filter="mouse", order_by="-relevance", page_size=2)
    assert [len(page) for page in pages] == [2, 2]
    assert flat(pages) == [subject.number, *(ticket.number for ticket in tickets[:3])]
    with pytest.raises(Invalid, match="words to look for"):
        await client.list_tickets(filter="tag:mouse", order_by="-relevance")


async def test_a_conversation_of_any_length_is_found_and_costs_no_more(desk: Desk) -> None:
    ticket = await desk.new_ticket(subject="Long")
    for number in range(4):
        words = " ".join(f"w{number}x{index}" for index in range(MOST_IN_A_PART // 2 + 1))
        await desk.reply(ticket, body=words)
    parts = await desk.rows("SELECT length(words) AS size FROM ticket_words")
    assert [part["size"] <= 2 * MOST_IN_A_PART for part in parts] == [True] * 2
    for search in ("w0x7", "w3x999", "long w0x7", "long w3x7 cleo"):
        assert await found(desk, search) == [ticket.number], search
    await (await desk.client()).update_ticket(ticket.id, {"subject": "Longer"})
    assert await found(desk, "longer w0x1 cleo") == await found(desk, "longer w3x1 cleo") == [ticket.number]


async def test_words_know_the_day_of_their_ticket_whoever_writes_them(desk: Desk) -> None:
    ticket = await desk.new_ticket(subject="Late")
    client = await desk.client()
    days = "SELECT day_words(created_at)::text AS day FROM tickets WHERE id = %(id)s"
    words = "SELECT tsvector_to_array(ts_filter(words, '{a}')) AS subject, words::text AS words FROM ticket_words"
    words += " WHERE ticket_id = %(id)s ORDER BY part"
    (row,) = await desk.rows(days, id=ticket.id)
    day = set(row["day"].split())
    assert day == {f"'created:{ticket.created_at:%Y-%m}'", f"'created:{ticket.created_at:%Y-%m-%d}'"}
    await client.update_ticket(ticket.id, {"subject": "Later", "tags": ["vip"]})
    await desk.reply(ticket, body=" ".join(f"word{number}" for number in range(MOST_IN_A_PART)))
    await desk.reply(ticket, body="in a further part")
    # As a process of an older release does, beside those of a newer one.
    for subject, statement in (
        ("later", "UPDATE ticket_words SET words = words WHERE ticket_id = %(id)s"),
        ("older", "UPDATE ticket_words SET words = 'older:11A'::tsvector WHERE ticket_id = %(id)s"),
    ):
        await desk.rows(statement, id=ticket.id)
        parts = await desk.rows(words, id=ticket.id)
        assert len(parts) == 2
        for part in parts:
            assert day < set(part["words"].split())
            assert part["subject"] == [subject]
    await desk.rows("DELETE FROM ticket_words WHERE ticket_id = %(id)s", id=ticket.id)
    await desk.rows("INSERT INTO ticket_words (ticket_id, words) VALUES (%(id)s, 'oldest:11A')", id=ticket.id)
    (part,) = await desk.rows(words, id=ticket.id)
    assert day < set(part["words"].split())


async def test_a_huge_message_is_taken_and_found_by_its_beginning(desk: Desk) -> None:
    body = " ".join(f"line{index}" for index in range(100_000))
    ticket = await desk.new_ticket(body=body, custom_fields={"x" * 3000: "y" * 3000, "note": "n" * 3000})
    assert await found(desk, "line7") == [ticket.number]


async def test_what_was_there_before_is_read_later(desk: Desk) -> None:
    tickets = [await desk.new_ticket(requester_name="Zoë") for _ in range(3)]
    await desk.reply(tickets[0], visibility=Visibility.INTERNAL, body=CANARY)
    await desk.rows("DELETE FROM ticket_words")
    await desk.rows("UPDATE contacts SET words = ''")
    await desk.rows("INSERT INTO unread_tickets SELECT id FROM tickets")
    assert await found(desk, "fire") == []
    # A word that comes before its turn brings all the others.
    await desk.reply(tickets[1], body="sooner")
    assert await found(desk, "fire sooner zoe") == [tickets[1].number]
    assert await read_unread(desk.database) == 3
    assert await read_unread(desk.database) == 0
    assert await found(desk, f"fire zoe {tickets[2].number}") == [tickets[2].number]
    assert await found(desk, f"fire {CANARY}") == [tickets[0].number]
    assert await found(desk, CANARY, customer(tickets[0])) == []
    again = await desk.new_ticket(requester_name="")
    assert await found(desk, f"zoe {again.number}") == [again.number]


async def _other_brand(desk: Desk) -> str:
    row = await desk.row("INSERT INTO brands (name, address) VALUES ('Other', 'other@c.example') RETURNING id")
    return str(row["id"])
