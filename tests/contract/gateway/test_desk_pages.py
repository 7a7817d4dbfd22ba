"""The desk's pages without scripts: what they show, what their forms do, and that nobody's words become markup."""

import re
from datetime import datetime
from html import unescape
from uuid import UUID, uuid4

import httpx
import pytest

from services.domain.message import NewMessage, Visibility
from services.domain.principal import Role
from services.domain.ticket import Priority, Ticket, TicketStatus
from services.tickets.client.tickets import TicketsClient
from tests.browsing import Browser
from tests.contract.tickets.desk import ADMIN, MAIL, new_ticket
from tests.doors import Doors

HOSTILE = (
    "<script>alert(1)</script>",
    "{{7*7}}",
    '"><img src=x onerror=alert(1)>',
    "' hx-get='/sign-out' x='",
    "javascript:alert(1)",
)
_TAG = re.compile(r"<[a-z][^>]*>", re.IGNORECASE)
# What would run: in a tag without its values, and in the value of an address.
_RUNS = re.compile(r"<script(?! src=)|\son[a-z]+=|\sstyle=", re.IGNORECASE)
_RUNS_WHEN_FOLLOWED = re.compile(r"\s(?:href|src|(?:form)?action|hx-[a-z]+)=[\"']?\s*javascript:", re.IGNORECASE)


@pytest.fixture(scope="module")
async def agent(doors: Doors) -> Browser:
    return await doors.browser((await doors.account()).email)


async def a_ticket(doors: Doors, **values: object) -> Ticket:
    tickets = await doors.desk.client(MAIL)
    return await tickets.create_ticket(new_ticket(**values))


async def as_agent(doors: Doors) -> TicketsClient:
    return await doors.desk.client()


def shown(response: httpx.Response) -> str:
    """The page's words, without markup."""
    assert response.status_code == 200, response.text
    return unescape(_TAG.sub(" ", response.text))


def running_tags(page: str) -> list[str]:
    """The tags that would run something by themselves; the words of a page may say what they like."""
    bare = [(tag, re.sub(r'"[^"]*"|\'[^\']*\'', "", tag)) for tag in _TAG.findall(page)]
    return [tag for tag, names in bare if _RUNS.search(names) or _RUNS_WHEN_FOLLOWED.search(tag)]


async def test_whoever_has_not_signed_in_is_asked_to(doors: Doors) -> None:
    answer = await (await doors.browser()).get("/tickets?view=mine")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=/tickets%3Fview%3Dmine")


async def test_a_customer_has_no_desk(doors: Doors) -> None:
    customer = await doors.account(Role.CUSTOMER)
    browser = await doors.browser()
    await browser.sign_in(customer.email)
    assert (await browser.get("/tickets")).status_code in (303, 404)


@pytest.mark.parametrize(
    "path", ["/tickets", "/tickets?view=all_open", "/tickets?view=my_teams", "/tickets?filter=nothing", "/tickets/new"]
)
async def test_a_page_has_its_policy_and_nothing_inline(agent: Browser, path: str) -> None:
    answer = await agent.get(path)
    assert answer.status_code == 200
    policy = answer.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert not running_tags(answer.text)


async def test_an_empty_list_says_how_a_ticket_begins(agent: Browser) -> None:
    assert "A ticket begins with a mail" in shown(await agent.get("/tickets?view=mine"))


async def test_a_wrong_filter_is_explained_and_kept(agent: Browser) -> None:
    answer = await agent.get("/tickets?filter=status:lost")
    assert 'value="status:lost"' in answer.text
    assert "lost" in shown(answer)
    assert 'role="alert"' in answer.text


async def test_a_list_goes_on_page_by_page(doors: Doors, agent: Browser) -> None:
    word = f"w{uuid4().hex[:8]}"
    for number in range(42):
        await a_ticket(doors, subject=f"{word} {number}")
    first = await agent.get(f"/tickets?filter={word}&sort=created_at")
    following = re.search(r'rel="next" href="([^"]*)"', first.text)
    assert following is not None
    second = await agent.get(unescape(following[1]))
    assert (first.text.count('class="ticket '), second.text.count('class="ticket ')) == (40, 2)
    assert f"{word} 41" in shown(second)


@pytest.mark.parametrize("words", HOSTILE)
async def test_words_of_strangers_are_only_words(doors: Doors, agent: Browser, words: str) -> None:
    ticket = await a_ticket(
        doors, subject=words, body=words, requester_name=words, html=f"<p class='primary' id='main'>{words}</p>"
    )
    tickets = await as_agent(doors)
    await tickets.create_message(ticket.id, NewMessage(Visibility.INTERNAL, words))
    for path in (f"/tickets/{ticket.number}", "/tickets?view=all_open&sort=-created_at"):
        answer = await agent.get(path)
        assert words in shown(answer)
        names = [re.sub(r'"[^"]*"|\'[^\']*\'', "", tag) for tag in _TAG.findall(answer.text)]
        assert not running_tags(answer.text)
        assert not [tag for tag in names if "hx-get" in tag]
        assert "<script>" not in answer.text
        assert answer.text.count('id="main"') == 1


async def test_a_note_is_told_apart_from_a_reply(doors: Doors, agent: Browser) -> None:
    ticket = await a_ticket(doors)
    await agent.get(f"/tickets/{ticket.number}")
    for visibility, words in (("internal", "a secret"), ("public", "an answer")):
        answer = await agent.post(f"/tickets/{ticket.number}/messages", {"visibility": visibility, "body": words})
        assert answer.status_code == 303
    page = await agent.get(f"/tickets/{ticket.number}")
    assert re.search(r'class="message note".*?Internal note.*?a secret', page.text, re.DOTALL)
    assert re.search(r'class="message reply.*?Reply to the customer.*?an answer', page.text, re.DOTALL)


async def test_a_message_needs_the_form_of_this_session(doors: Doors, agent: Browser) -> None:
    ticket = await a_ticket(doors)
    await agent.get(f"/tickets/{ticket.number}")
    fields = {"visibility": "public", "body": "forged"}
    path = f"/tickets/{ticket.number}/messages"
    assert (await agent.post(path, fields | {"csrf": "x"})).status_code == 403
    assert (await agent.post(path, fields, Origin="https://e.example")).status_code == 403
    assert "forged" not in shown(await agent.get(f"/tickets/{ticket.number}"))


async def test_what_was_typed_comes_back_with_a_refusal(doors: Doors, agent: Browser) -> None:
    ticket = await a_ticket(doors)
    await agent.get(f"/tickets/{ticket.number}")
    answer = await agent.post(f"/tickets/{ticket.number}/subject", {"subject": ""})
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    words = "long words " + "x" * 100
    answer = await agent.post(
        f"/tickets/{ticket.number}/messages", {"visibility": "internal", "body": words, "uploads": "no handle"}
    )
    assert answer.status_code == 422
    assert words in answer.text


async def test_a_reply_that_somebody_overtook_is_held(doors: Doors, agent: Browser) -> None:
    ticket = await a_ticket(doors)
    await agent.get(f"/tickets/{ticket.number}")
    fields = {"visibility": "public", "body": "my answer", "seen": str(ticket.version)}
    colleague = await as_agent(doors)
    await colleague.create_message(ticket.id, NewMessage(Visibility.PUBLIC, "I was first"))
    held = await agent.post(f"/tickets/{ticket.number}/messages", fields)
    assert held.status_code == 409
    assert "A newer message came while you wrote" in unescape(held.text)
    assert "my answer" in held.text
    assert "I was first" in held.text
    assert (await agent.post(f"/tickets/{ticket.number}/messages", fields | {"anyway": "yes"})).status_code == 303


async def test_a_reply_can_be_taken_back_into_the_composer(doors: Doors, agent: Browser) -> None:
    # The usual five seconds may pass between two pages on a busy machine.
    patient = {"name": f"Shop {uuid4()}", "address": f"{uuid4()}@example.com", "undo_seconds": 3600}
    brand = await (await doors.desk.client(ADMIN)).create_brand(patient)
    ticket = await a_ticket(doors, brand=brand.name)
    await agent.get(f"/tickets/{ticket.number}")
    await agent.post(f"/tickets/{ticket.number}/messages", {"visibility": "public", "body": "too soon"})
    undo = re.search(r'action="([^"]*/undo[^"]*)"', (await agent.get(f"/tickets/{ticket.number}")).text)
    assert undo is not None
    await agent.post(unescape(undo[1]))
    page = await agent.get(f"/tickets/{ticket.number}")
    assert "Taken back, not sent" in page.text
    assert re.search(r'<textarea id="reply-body"[^>]*>too soon</textarea>', page.text)


@pytest.mark.parametrize(
    ("path", "fields", "expected"),
    [
        ("priority", {"priority": "urgent"}, {"priority": Priority.URGENT}),
        ("tags", {"tags": "a, b,a  c"}, {"tags": ("a", "b", "c")}),
        ("subject", {"subject": "Better words"}, {"subject": "Better words"}),
        ("status", {"status": "on_hold"}, {"status": TicketStatus.ON_HOLD}),
        ("status", {"status": "resolved", "following": ""}, {"status": TicketStatus.RESOLVED}),
        ("assign", {"assignee": ""}, {"assignee_id": None}),
    ],
)
async def test_a_property_is_changed_by_a_plain_form(
    doors: Doors, agent: Browser, path: str, fields: dict[str, str], expected: dict[str, object]
) -> None:
    ticket = await a_ticket(doors)
    await agent.get(f"/tickets/{ticket.number}")
    assert (await agent.post(f"/tickets/{ticket.number}/{path}", fields)).status_code == 303
    found = await (await as_agent(doors)).get_ticket(ticket.id)
    assert {name: getattr(found, name) for name in expected} == expected


async def test_resolving_leads_to_the_next_ticket(doors: Doors, agent: Browser) -> None:
    first, second = await a_ticket(doors), await a_ticket(doors)
    await agent.get(f"/tickets/{first.number}")
    answer = await agent.post(
        f"/tickets/{first.number}/status?view=all_open", {"status": "resolved", "following": str(second.number)}
    )
    assert answer.headers["location"] == f"/tickets/{second.number}?view=all_open#latest"


async def test_a_ticket_sleeps_and_wakes(doors: Doors, agent: Browser) -> None:
    ticket = await a_ticket(doors)
    page = await agent.get(f"/tickets/{ticket.number}")
    offered = re.search(r'name="at" value="([^"]+)">(Tomorrow morning|Next working day)', page.text)
    assert offered is not None
    await agent.post(f"/tickets/{ticket.number}/snooze", {"at": offered[1], "reason": "the parcel is on its way"})
    assert (await (await as_agent(doors)).get_ticket(ticket.id)).snoozed_until == datetime.fromisoformat(offered[1])
    assert "Snoozed for" in shown(await agent.get(f"/tickets/{ticket.number}"))
    await agent.post(f"/tickets/{ticket.number}/wake")
    assert "Snoozed for" not in shown(await agent.get(f"/tickets/{ticket.number}"))


async def test_followers_come_and_go(doors: Doors, agent: Browser) -> None:
    ticket = await a_ticket(doors)
    await agent.get(f"/tickets/{ticket.number}")
    await agent.post(f"/tickets/{ticket.number}/followers", {"email": "boss@c.example"})
    page = await agent.get(f"/tickets/{ticket.number}")
    assert "boss@c.example" in shown(page)
    remove = re.search(r'action="([^"]*/remove[^"]*)"', page.text)
    assert remove is not None
    await agent.post(unescape(remove[1]))
    assert "boss@c.example" not in shown(await agent.get(f"/tickets/{ticket.number}"))


async def test_a_file_goes_with_a_note_and_can_only_be_saved(doors: Doors, agent: Browser) -> None:
    ticket = await a_ticket(doors)
    await agent.get(f"/tickets/{ticket.number}")
    answer = await agent.client.post(
        f"/tickets/{ticket.number}/messages",
        data={"csrf": agent.csrf, "visibility": "internal", "body": "see the file"},
        files={"files": ("page.html", b"<script>x()</script>", "text/html")},
        headers={"Origin": agent.origin, "Cookie": "; ".join(f"{k}={v}" for k, v in agent.cookies.items())},
    )
    assert answer.status_code == 303
    found = re.search(r'href="(/attachments/[^"]*)"', (await agent.get(f"/tickets/{ticket.number}")).text)
    assert found is not None
    file = await agent.get(found[1])
    assert file.content == b"<script>x()</script>"
    assert file.headers["content-disposition"].startswith("attachment")
    assert "sandbox" in file.headers["content-security-policy"]


async def test_a_new_ticket_is_made_and_a_wrong_one_keeps_its_words(agent: Browser) -> None:
    await agent.get("/tickets/new")
    fields = {"email": "no address", "subject": "By phone", "body": "It rings", "request_id": uuid4().hex}
    refused = await agent.post("/tickets/new", fields)
    assert refused.status_code == 422
    assert "It rings" in refused.text
    made = await agent.post("/tickets/new", fields | {"email": "ann@c.example", "request_id": uuid4().hex})
    assert made.status_code == 303
    assert "It rings" in shown(await agent.get(made.headers["location"]))


async def test_many_tickets_change_at_once(doors: Doors, agent: Browser) -> None:
    tickets = [await a_ticket(doors) for _ in range(2)]
    await agent.get("/tickets?view=all_open")
    answer = await agent.post(
        "/tickets/bulk?view=all_open", {"act": "resolve", "ticket": [str(ticket.id) for ticket in tickets]}
    )
    assert answer.status_code == 303
    assert "of 2 tickets" in shown(await agent.get(answer.headers["location"]))


@pytest.mark.parametrize("act", ["resolve", "assign", "snooze"])
async def test_a_change_of_many_tickets_that_is_sent_twice_is_made_once(doors: Doors, agent: Browser, act: str) -> None:
    tickets = [str((await a_ticket(doors)).id) for _ in range(2)]
    found = re.search(r'name="request_id" value="(\w+)"', (await agent.get("/tickets?view=all_open")).text)
    assert found is not None
    fields = {"act": act, "assignee": "me", "ticket": tickets, "request_id": found[1]}
    places = [(await agent.post("/tickets/bulk", fields)).headers["location"] for _ in range(2)]
    assert len(set(places)) == 1
    # Back on the same page, for another ticket.
    other = await agent.post("/tickets/bulk", fields | {"ticket": tickets[:1]})
    assert other.headers["location"] not in places


async def test_many_tickets_are_taken_back_once(doors: Doors, agent: Browser) -> None:
    ticket = await a_ticket(doors)
    await agent.get("/tickets?view=all_open")
    made = await agent.post("/tickets/bulk", {"act": "resolve", "ticket": [str(ticket.id)]})
    job_id = UUID(made.headers["location"].rpartition("=")[2])
    while not (await (await doors.desk.bulk_client()).run_bulk_page(job_id)).finished:
        pass
    places = [(await agent.post(f"/tickets/bulk/{job_id}/undo")).headers["location"] for _ in range(2)]
    assert len(set(places)) == 1


async def test_assets_are_kept_for_ever_and_compressed(agent: Browser) -> None:
    page = await agent.get("/tickets")
    for path in re.findall(r'(?:href|src)="(/static/[^"#]*)"', page.text):
        asset = await agent.get(path, **{"Accept-Encoding": "gzip"})
        assert asset.status_code == 200
        assert "immutable" in asset.headers["cache-control"]
        assert asset.headers["content-encoding"] == "gzip"
    assert (await agent.get("/static/0/duradesk.css")).headers["cache-control"] == "no-cache"


async def test_an_unknown_ticket_is_a_page_too(agent: Browser) -> None:
    answer = await agent.get("/tickets/999999999")
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")


async def test_an_event_of_a_newer_release_is_shown_as_one_that_cannot_be_read(doors: Doors, agent: Browser) -> None:
    ticket = await a_ticket(doors)
    await doors.desk.rows(FROM_THE_FUTURE, id=ticket.id)
    noted, _ = await (await as_agent(doors)).create_message(ticket.id, NewMessage(Visibility.INTERNAL, "Still here"))
    page = shown(await agent.get(f"/tickets/{ticket.number}"))
    for words in ("Something happened that this release of Duradesk cannot read", "because of the moon", noted.body):
        assert words in page
    api = await doors.signed_in()
    events = (await api.get(f"/tickets/{ticket.id}/activity")).json()["items"]
    assert [event["kind"] for event in events] == ["ticket_created", "unreadable", "message_added"]


FROM_THE_FUTURE = """
WITH changed AS (UPDATE tickets SET version = version + 1 WHERE id = %(id)s RETURNING id, version)
INSERT INTO events (ticket_id, seq, kind, actor, changes, reason, occurred_at, effective_at)
SELECT id, version, 'from_the_future', 'duradesk', '[{"field": "assignee_id", "old": 1, "new": {}}]',
       'because of the moon', instant(), instant()
FROM changed
"""
