"""The ten commonest tasks take as many keys and clicks as docs/ten-tasks.md says, which compares them with others."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import expect

from tests.browser.conftest import JONAS, MIA, Desk
from tests.browser.hands import Hands, until

_DOCUMENT = Path(__file__).parents[2] / "docs" / "ten-tasks.md"
_ROW = re.compile(r"^\| (?P<task>[A-Z][^|]+) \| (?P<keys>\d) \| (?P<clicks>\d) \|", re.MULTILINE)
COUNTED = {row["task"]: (int(row["keys"]), int(row["clicks"])) for row in _ROW.finditer(_DOCUMENT.read_text())}

Way = Callable[[Hands], Awaitable[None]]
Ticket = dict[str, Any]


@dataclass(frozen=True)
class Work:
    """Fresh tickets of Mia's, to do a task on."""

    desk: Desk

    def make(self, subject: str) -> Ticket:
        """A ticket that is hers."""
        ticket = self.desk.make_ticket(subject)
        self.desk.assign(ticket, MIA.email)
        return self.desk.get(ticket)

    async def twice(self, task: str, *, by_keys: Way, by_clicks: Way, done: Callable[[Ticket], bool]) -> None:
        """Do the task by keys and by clicks, each on a ticket of its own."""
        for way, act, counted in zip(("keys", "clicks"), (by_keys, by_clicks), COUNTED[task], strict=True):
            ticket = self.make(f"{task} by {way}")
            hands = Hands(await self.desk.open(f"/tickets/{ticket['number']}?view=mine"))
            await act(hands)
            await until(lambda: done(self.desk.get(ticket)), f"{task} by {way}")  # noqa: B023 - waited for here
            assert hands.count == counted, f"{task}: {hands.count} {way}, not {counted}"


@pytest.fixture
def work(desk: Desk) -> Work:
    return Work(desk)


def _said(desk: Desk, ticket: Ticket, text: str, visibility: str) -> bool:
    return any((one["body"], one["visibility"]) == (text, visibility) for one in desk.messages(ticket))


def test_the_document_counts_ten_tasks() -> None:
    assert len(COUNTED) == 10


async def test_open_the_next_ticket_of_mine(desk: Desk, work: Work) -> None:
    ticket = work.make("Open the next ticket of mine")
    keys, clicks = COUNTED["Open the next ticket of mine"]
    page = await desk.open("/tickets?view=mine&sort=-updated_at")
    hands = Hands(page)
    await hands.press("j", "Enter")
    await expect(page).to_have_url(re.compile(rf"/tickets/{ticket['number']}\b"))
    assert hands.count == keys
    page = await desk.open("/tickets?view=mine&sort=-updated_at")
    hands = Hands(page)
    await hands.click(page.get_by_role("link", name=ticket["subject"]))
    await expect(page).to_have_url(re.compile(rf"/tickets/{ticket['number']}\b"))
    assert hands.count == clicks


async def test_answer_the_customer(desk: Desk, work: Work) -> None:
    async def by_keys(hands: Hands) -> None:
        await hands.press("r")
        await hands.write("It is on its way.")
        await hands.press("Control+Enter")

    async def by_clicks(hands: Hands) -> None:
        await hands.click(hands.page.get_by_label("Your reply to the customer"))
        await hands.write("It is on its way.")
        await hands.click(hands.page.get_by_role("button", name="Send to"))

    await work.twice(
        "Answer the customer",
        by_keys=by_keys,
        by_clicks=by_clicks,
        done=lambda ticket: _said(desk, ticket, "It is on its way.", "public"),
    )


async def test_leave_a_note_for_colleagues(desk: Desk, work: Work) -> None:
    async def by_keys(hands: Hands) -> None:
        await hands.press("n")
        await hands.write("Asked the carrier.")
        await hands.press("Control+Enter")

    async def by_clicks(hands: Hands) -> None:
        await hands.click(hands.page.locator("label", has_text="Internal note").first)
        await hands.write("Asked the carrier.")
        await hands.click(hands.page.get_by_role("button", name="Add note"))

    await work.twice(
        "Leave a note for colleagues",
        by_keys=by_keys,
        by_clicks=by_clicks,
        done=lambda ticket: _said(desk, ticket, "Asked the carrier.", "internal"),
    )


async def test_resolve(work: Work) -> None:
    await work.twice(
        "Resolve",
        by_keys=lambda hands: hands.press("e"),
        by_clicks=lambda hands: hands.click(hands.page.get_by_role("button", name="Resolve", exact=True)),
        done=lambda ticket: ticket["status"] == "resolved",
    )


async def test_answer_and_resolve_at_once(desk: Desk, work: Work) -> None:
    async def by_keys(hands: Hands) -> None:
        await hands.press("r")
        await hands.write("Here it is.")
        await hands.press("Control+Shift+Enter")

    async def by_clicks(hands: Hands) -> None:
        await hands.click(hands.page.get_by_label("Your reply to the customer"))
        await hands.write("Here it is.")
        await hands.click(hands.page.get_by_role("button", name="Send and resolve"))

    await work.twice(
        "Answer and resolve at once",
        by_keys=by_keys,
        by_clicks=by_clicks,
        done=lambda ticket: ticket["status"] == "resolved" and _said(desk, ticket, "Here it is.", "public"),
    )


async def test_take_the_ticket(desk: Desk, work: Work) -> None:
    async def on_anothers(hands: Hands, act: Way) -> None:
        desk.assign({"id": await hands.page.locator("#panel").get_attribute("data-ticket")}, JONAS.email)
        await hands.page.reload()
        await act(hands)

    await work.twice(
        "Take the ticket",
        by_keys=lambda hands: on_anothers(hands, lambda taking: taking.press("i")),
        by_clicks=lambda hands: on_anothers(
            hands, lambda taking: taking.click(taking.page.get_by_role("button", name="Take it"))
        ),
        done=lambda ticket: ticket["assignee_id"] == desk.user_id(MIA.email),
    )


async def test_give_it_to_a_colleague(desk: Desk, work: Work) -> None:
    await work.twice(
        "Give it to a colleague",
        by_keys=lambda hands: hands.press("a", "J"),
        by_clicks=lambda hands: hands.choose(hands.page.get_by_label("Assignee"), JONAS.name),
        done=lambda ticket: ticket["assignee_id"] == desk.user_id(JONAS.email),
    )


async def test_snooze_it_until_the_next_working_morning(work: Work) -> None:
    async def by_clicks(hands: Hands) -> None:
        snooze = hands.page.locator("summary").filter(has_text="Snooze")
        await hands.click(
            snooze, hands.page.get_by_role("button", name=re.compile("Tomorrow morning|Next working day"))
        )

    await work.twice(
        "Snooze it until the next working morning",
        by_keys=lambda hands: hands.press("z", "Enter"),
        by_clicks=by_clicks,
        done=lambda ticket: ticket["snoozed_until"] is not None,
    )


async def test_tag_it(work: Work) -> None:
    async def by_clicks(hands: Hands) -> None:
        await hands.click(hands.page.get_by_label("Tags"))
        await hands.write("refund")
        await hands.press("Enter")

    async def by_keys(hands: Hands) -> None:
        await hands.press("t")
        await hands.write("refund")
        await hands.press("Enter")

    await work.twice("Tag it", by_keys=by_keys, by_clicks=by_clicks, done=lambda ticket: ticket["tags"] == ["refund"])


async def test_find_a_ticket_by_a_word_in_it(desk: Desk, work: Work) -> None:
    keys, clicks = COUNTED["Find a ticket by a word in it"]
    ticket = work.make("Where is the harlequin kettle?")
    page = await desk.open("/tickets?view=mine")
    hands = Hands(page)
    await hands.press("/")
    await hands.write("harlequin")
    await hands.press("Enter")
    found = page.get_by_role("link", name=ticket["subject"])
    await expect(found).to_be_visible()
    assert hands.count == keys
    page = await desk.open("/tickets?view=mine")
    hands = Hands(page)
    await hands.click(page.get_by_label("Search tickets"))
    await hands.write("harlequin")
    await hands.press("Enter")
    await expect(page.get_by_role("link", name=ticket["subject"])).to_be_visible()
    assert hands.count == clicks
