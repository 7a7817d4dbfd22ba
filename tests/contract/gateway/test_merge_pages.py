"""The desk's pages of merges, splits, duplicates, spam and families, without scripts."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest

from services.domain.family.cascade import FAILED_AGAIN
from services.domain.ticket import Ticket, TicketStatus
from tests.browsing import Browser
from tests.contract.gateway.test_desk_pages import a_ticket, as_agent, shown
from tests.contract.tickets.desk import ADMIN, MAIL, new_message
from tests.contract.tickets.families import newest_cascade, run_cascades
from tests.doors import Doors


@pytest.fixture(scope="module")
async def agent(doors: Doors) -> Browser:
    return await doors.browser((await doors.account()).email)


async def now(doors: Doors, ticket: Ticket) -> Ticket:
    return await (await as_agent(doors)).get_ticket(ticket.id)


def says(text: str, words: Iterable[str]) -> None:
    for word in words:
        assert word in text


async def test_a_ticket_is_merged_after_a_preview_and_the_merge_is_taken_back(doors: Doors, agent: Browser) -> None:
    source = await a_ticket(doors, subject="Second mail", requester_email="m1@c.example")
    target = await a_ticket(doors, subject="First mail", requester_email="m1@c.example", body="canary words")
    says(shown(await agent.get(f"/tickets/{source.number}/merge")), ["First mail", f"#{target.number}"])
    for find in (str(target.number), "canary"):
        says(shown(await agent.get(f"/tickets/{source.number}/merge?find={find}")), ["First mail"])
    says(
        shown(await agent.get(f"/tickets/{source.number}/merge?into={target.number}")),
        ["1 message moves", "land on", "taken back at any time"],
    )
    done = await agent.post(f"/tickets/{source.number}/merge", {"into": target.number})
    assert (done.status_code, done.headers["location"]) == (303, f"/tickets/{target.number}?")
    says(shown(await agent.get(f"/tickets/{source.number}")), ["the conversation goes on in", "First mail", "Un-merge"])
    await (await as_agent(doors)).create_message(target.id, new_message(body="to both"))
    says(shown(await agent.post(f"/tickets/{source.number}/unmerge")), ["1 message written since the merge"])
    assert (await now(doors, source)).status is TicketStatus.NEW


async def test_a_merge_that_is_refused_says_why(doors: Doors, agent: Browser) -> None:
    source, target = await a_ticket(doors), await a_ticket(doors)
    await (await as_agent(doors)).close_ticket(target.id)
    says(shown(await agent.get(f"/tickets/{source.number}/merge?into={target.number}")), ["is closed: reopen it"])
    refused = await agent.post(f"/tickets/{source.number}/merge", {"into": target.number})
    assert refused.status_code == 409
    assert "is closed: reopen it" in refused.text


async def test_selected_tickets_are_merged_into_the_one_that_is_chosen(doors: Doors, agent: Browser) -> None:
    tickets = [await a_ticket(doors, subject=f"Number {word}") for word in ("one", "two", "three")]
    ids = [str(ticket.id) for ticket in tickets]
    says(shown(await agent.post("/tickets/merges", {"ticket": ids})), ["Merge 3 tickets", "Number two"])
    done = await agent.post("/tickets/merges", {"ticket": ids, "into": tickets[1].number})
    assert done.headers["location"] == f"/tickets/{tickets[1].number}?"
    assert [(await now(doors, ticket)).merged_into for ticket in tickets] == [tickets[1].id, None, tickets[1].id]


async def test_a_message_is_split_out_into_a_ticket_with_a_subject(doors: Doors, agent: Browser) -> None:
    ticket = await a_ticket(doors)
    message, _ = await (await doors.desk.client(MAIL)).create_message(
        ticket.id, new_message(sender_email=ticket.requester.email, body="Also, the chair")
    )
    path = f"/tickets/{ticket.number}/split/{message.id}"
    assert path in (await agent.get(f"/tickets/{ticket.number}")).text
    says(shown(await agent.get(path)), ["Also, the chair", "Nobody is told"])
    for _ in range(2):
        done = await agent.post(path, {"subject": "Chair", "request_id": "once"})
        says(shown(await agent.get(done.headers["location"])), ["Chair", "Also, the chair"])
    assert "Also, the chair" not in (await agent.get(f"/tickets/{ticket.number}")).text


async def test_spam_and_duplicates_are_marked_and_unmarked(doors: Doors, agent: Browser) -> None:
    ticket, original = await a_ticket(doors), await a_ticket(doors, subject="The original")
    path = f"/tickets/{ticket.number}"
    says(shown(await agent.get(f"{path}/duplicate?find={original.number}")), ["The original"])
    await agent.post(f"{path}/duplicate", {"chosen": original.number})
    says(shown(await agent.get(path)), ["Duplicate of", "The original"])
    await agent.post(f"{path}/duplicate/remove")
    await agent.post(f"{path}/spam")
    says(shown(await agent.get(path)), ["Spam: it is closed"])
    assert (await now(doors, ticket)).spam
    await agent.post(f"{path}/not-spam")
    assert (await now(doors, ticket)).status is TicketStatus.NEW


async def test_a_family_is_made_from_any_side_and_shown_with_its_states(doors: Doors, agent: Browser) -> None:
    parent, child = await a_ticket(doors, subject="The order"), await a_ticket(doors, subject="The refund")
    says(shown(await agent.get(f"/tickets/{child.number}/parent?find={parent.number}")), ["The order"])
    await agent.post(f"/tickets/{child.number}/parent", {"chosen": parent.number})
    other = await a_ticket(doors, subject="The exchange")
    await agent.post(f"/tickets/{parent.number}/children", {"chosen": other.number})
    await agent.post(
        "/tickets/new",
        {"subject": "The complaint", "body": "b", "email": "f@c.example", "parent": parent.number, "request_id": "p"},
    )
    for number in (parent.number, child.number):
        text = shown(await agent.get(f"/tickets/{number}"))
        says(text, ["0 of 3 settled", "The order", "The refund", "The exchange", "The complaint"])
    says(
        shown(await agent.get(f"/tickets/{child.number}/family")),
        ["3 children", "Became part of a family", "It is on fire"],
    )
    await agent.post(f"/tickets/{parent.number}/family/{child.id}/remove")
    assert (await now(doors, child)).parent_id is None
    await agent.post(f"/tickets/{parent.number}/family/policy", {"down": "block", "up": "notify"})
    refused = await agent.post(f"/tickets/{parent.number}/settle", {"act": "resolve"})
    assert (refused.status_code, "while children of it are open" in refused.text) == (409, True)
    await agent.post(f"/tickets/{parent.number}/family/policy", {"down": "independent", "up": "notify"})
    await agent.post(f"/tickets/{parent.number}/settle", {"act": "resolve"})
    for number, words in ((parent.number, "2 children go on"), (other.number, "this ticket goes on")):
        says(shown(await agent.get(f"/tickets/{number}")), [f"The parent is settled; {words}."])


async def test_settling_a_parent_shows_who_is_told_first_and_its_progress_then(doors: Doors, agent: Browser) -> None:
    parent, child = await a_ticket(doors), await a_ticket(doors, requester_email="told@c.example")
    await agent.post(f"/tickets/{child.number}/parent", {"chosen": parent.number})
    assert f"/tickets/{parent.number}/settle?act=resolve" in (await agent.get(f"/tickets/{parent.number}")).text
    says(
        shown(await agent.get(f"/tickets/{parent.number}/settle?act=resolve")),
        ["1 child is settled with it", "1 customer is told", "Do not tell the customers"],
    )
    done = await agent.post(f"/tickets/{parent.number}/settle", {"act": "resolve", "resolution": "A new driver"})
    assert done.headers["location"] == f"/tickets/{parent.number}?#family"
    says(shown(await agent.get(f"/tickets/{parent.number}")), ["Resolving children 0/1"])
    await run_cascades(doors.desk, parent)
    says(shown(await agent.get(f"/tickets/{parent.number}")), ["Children resolved: 1/1", "Take it back", "until"])
    await (await as_agent(doors)).reopen_ticket(parent.id)
    says(shown(await agent.get(f"/tickets/{parent.number}")), ["Children resolved: 1/1", "Reopen 1 child, too"])
    cascade = await newest_cascade(doors.desk, parent)
    await agent.post(f"/tickets/{parent.number}/cascades/{cascade.id}/undo")
    await run_cascades(doors.desk, parent)
    says(shown(await agent.get(f"/tickets/{parent.number}")), ["Children reopened: 1/1", "0 of 1 settled"])


async def test_a_child_that_failed_is_shown_with_its_reason_and_tried_again(doors: Doors, agent: Browser) -> None:
    parent, child = await a_ticket(doors), await a_ticket(doors, requester_email="again@c.example")
    await agent.post(f"/tickets/{child.number}/parent", {"chosen": parent.number})
    await agent.post(f"/tickets/{parent.number}/settle", {"act": "close"})
    cascade = await newest_cascade(doors.desk, parent)
    await doors.desk.rows(
        "UPDATE cascades SET state = 'done', finished_at = instant() WHERE id = %(id)s", id=cascade.id
    )
    failed = "UPDATE cascade_items SET outcome = 'failed', reason = %(reason)s WHERE cascade_id = %(id)s"
    await doors.desk.rows(failed, id=cascade.id, reason=FAILED_AGAIN)
    path = f"/tickets/{parent.number}"
    says(shown(await agent.get(path)), ["0/1, 1 failed", f"#{child.number}", FAILED_AGAIN, "Try 1 child again"])
    retried = await agent.post(f"{path}/cascades/{cascade.id}/retry")
    assert retried.status_code == 303
    await run_cascades(doors.desk, parent)
    says(page := shown(await agent.get(path)), ["Children closed: 1/1"])
    assert "again" not in page.partition("Children closed")[2].partition("Take it back")[0]


async def test_a_reply_to_all_children_is_begun_on_the_familys_page(doors: Doors, agent: Browser) -> None:
    parent, child = await a_ticket(doors), await a_ticket(doors, requester_email="all@c.example")
    await agent.post(f"/tickets/{child.number}/parent", {"chosen": parent.number})
    path = f"/tickets/{parent.number}/family"
    says(shown(await agent.get(path)), ["Reply to all children", "Send to 1 child"])
    refused = await agent.post(f"{path}/broadcast", {"body": "Dear {nmae}"})
    assert (refused.status_code, "Dear {nmae}" in refused.text) == (422, True)
    past = await agent.post(f"{path}/broadcast", {"body": "We are at it", "until": "2020-01-31T09:00"})
    assert (past.status_code, "must be later than now" in past.text, "2020-01-31T09:00" in past.text) == (
        422,
        True,
        True,
    )
    typed = {"body": "We are at it, {name}", "until": f"{datetime.now(UTC) + timedelta(hours=2):%Y-%m-%dT%H:%M}"}
    for _ in range(2):
        done = await agent.post(f"{path}/broadcast", typed | {"request_id": "all"})
        assert done.headers["location"] == f"{path}?#broadcasts"
    for address in (path, f"{path}/broadcasts"):
        text = shown(await agent.get(address))
        assert text.count("We are at it") == 1
        says(text, ["0/1"])


async def test_a_reply_to_all_children_is_typed_in_the_languages_of_the_brands(doors: Doors, agent: Browser) -> None:
    brand = {"name": "Obchod", "address": "obchod@localhost", "language": "cs"}
    await (await doors.desk.client(ADMIN)).create_brand(brand)
    parent, child = await a_ticket(doors), await a_ticket(doors, requester_email="cs@c.example")
    await agent.post(f"/tickets/{child.number}/parent", {"chosen": parent.number})
    path = f"/tickets/{parent.number}/family"
    refused = await agent.post(f"{path}/broadcast", {"body": "It is mended", "body_cs": "Hotovo, {jmeno}"})
    assert refused.status_code == 422
    says(refused.text, ["In other languages", "It is mended", "Hotovo, {jmeno}"])
    await agent.post(f"{path}/broadcast", {"body": "It is mended", "body_cs": "Hotovo"})
    says(shown(await agent.get(path)), ["It is mended", "Czech", "Hotovo"])


async def test_the_customers_other_tickets_are_offered_to_be_grouped(doors: Doors, agent: Browser) -> None:
    ticket, other = [await a_ticket(doors, requester_email="group@c.example") for _ in range(2)]
    says(shown(await agent.get(f"/tickets/{ticket.number}")), ["may belong together", f"#{other.number}"])
    await agent.post(f"/tickets/{ticket.number}/family/group", {"other": str(other.id)})
    parents = {(await now(doors, one)).parent_id for one in (ticket, other)}
    assert len(parents) == 1
    assert parents != {None}
