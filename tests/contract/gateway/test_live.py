"""The live page: its events, its ends, and the small forms of an open ticket."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import UUID

import httpx

from services.domain.principal import Role
from services.domain.user import UserChange
from services.gateway.web.live import MOST_STREAMS
from services.gateway.web.realm import Realm
from tests.browsing import Browser
from tests.contract.tickets.desk import MAIL, new_ticket
from tests.doors import PATIENCE, Doors, running_doors
from tests.people import PUBLIC_URL
from tests.postgres import Postgres
from tests.workflow.env import until


@dataclass
class Page:
    """An open page, as a browser's EventSource sees its stream."""

    status: int = 0
    headers: httpx.Headers = field(default_factory=httpx.Headers)
    events: list[tuple[str, Any]] = field(default_factory=list)
    last_event_id: str = ""
    ended_at: float = 0.0

    def take(self, block: str) -> None:
        lines = [line.partition(":") for line in block.splitlines()]
        fields = {name: value.removeprefix(" ") for name, _, value in lines if name}
        self.last_event_id = fields.get("id", self.last_event_id)
        if "data" in fields:
            self.events.append((fields["event"], json.loads(fields["data"])))

    def has(self, ticket_id: UUID, version: int) -> bool:
        wanted = {"ticket_id": str(ticket_id), "version": version}
        return any(name == "changed" and wanted.items() <= data.items() for name, data in self.events)


async def live(browser: Browser, page: Page, *, ticket: str = "", after: str = "") -> None:
    """Read the stream until it ends."""
    headers = {**browser._cookie_header(), **({"Last-Event-ID": after} if after else {})}
    params = {"ticket": ticket} if ticket else {}
    async with browser.client.stream("GET", "/live", params=params, headers=headers, timeout=None) as answer:
        page.status, page.headers = answer.status_code, answer.headers
        text = ""
        async for chunk in answer.aiter_text():
            text += chunk
            while "\n\n" in text:
                block, _, text = text.partition("\n\n")
                page.take(block)
    page.ended_at = time.monotonic()


@asynccontextmanager
async def open_page(browser: Browser, **asked: str) -> AsyncIterator[Page]:
    page = Page()
    reading = asyncio.create_task(live(browser, page, **asked))
    try:
        await until(lambda: bool(page.last_event_id or page.ended_at))
        yield page
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)


async def agent(doors: Doors, role: Role = Role.AGENT) -> tuple[UUID, Browser]:
    user, browser = await doors.account(role), await doors.browser()
    await browser.sign_in(user.email)
    return user.id, browser


async def sent(browser: Browser, method: str, path: str, data: dict[str, str] | None = None) -> httpx.Response:
    """As a script of a page sends it."""
    proof = Realm(b"k" * 32, public_url=PUBLIC_URL).csrf(browser.cookies["duradesk_session"])
    headers = {**browser._cookie_header(), "Origin": browser.origin, "X-CSRF-Token": proof}
    return await browser.client.request(method, path, headers=headers, data=data)


async def test_open_pages_are_told_of_changes_and_go_on_after_a_break(doors: Doors) -> None:
    _, browser = await agent(doors)
    tickets = await doors.desk.client(MAIL)
    async with open_page(browser) as page, open_page(browser) as second:
        assert (page.status, page.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
        assert page.headers["cache-control"] == "no-store"
        ticket = await tickets.create_ticket(new_ticket(subject="Canary-Subject-91", body="Canary-Body-92"))
        await until(lambda: page.has(ticket.id, 1) and second.has(ticket.id, 1))
    missed = await tickets.create_ticket(new_ticket())
    async with open_page(browser, after=page.last_event_id) as again:
        await until(lambda: again.has(missed.id, 1))
        assert not again.has(ticket.id, 1)
    assert "Canary" not in repr(page.events)
    (_, data), *_ = page.events
    assert data.keys() == {"ticket_id", "number", "version", "kind", "actor", "actor_name", "parent_id"}


async def test_a_parents_page_is_told_of_each_of_its_children(doors: Doors) -> None:
    parent, (_, browser) = await doors.desk.new_ticket(), await agent(doors)
    tickets = await doors.desk.client()
    child, other = [await tickets.create_ticket(new_ticket(parent_id=one)) for one in (parent.id, None)]
    async with open_page(browser, ticket=str(parent.number)) as page, open_page(browser) as all_of_them:
        changed, settled = await tickets.resolve_ticket(other.id), await tickets.resolve_ticket(child.id)
        await until(lambda: page.has(child.id, settled.version) and all_of_them.has(other.id, changed.version))
        assert {data["parent_id"] for name, data in page.events if name == "changed"} == {str(parent.id)}


async def test_a_tickets_page_is_told_of_that_ticket_alone(doors: Doors) -> None:
    ticket, (_, browser) = await doors.desk.new_ticket(), await agent(doors)
    async with open_page(browser) as page, open_page(browser, ticket=str(ticket.number)) as own:
        other = await doors.desk.new_ticket()
        await doors.desk.reply(ticket)
        await until(lambda: page.has(other.id, 1) and own.has(ticket.id, 2))
        assert not own.has(other.id, 1)


async def test_a_position_of_long_ago_says_to_load_anew(doors: Doors) -> None:
    _, browser = await agent(doors)
    async with open_page(browser, after="99999999999:99999999999:") as page:
        await until(lambda: page.events == [("reset", {})])
        assert page.last_event_id


async def test_without_a_session_or_for_a_foreign_ticket_there_is_no_stream(doors: Doors) -> None:
    ticket = await doors.desk.new_ticket()
    stranger = await doors.browser()
    assert (await stranger.get("/live")).status_code == 303
    _, light = await agent(doors, Role.LIGHT_AGENT)
    assert (await light.get(f"/live?ticket={ticket.id}")).status_code == 404
    assert (await light.get("/live?ticket=nonsense")).status_code == 404
    _, customer = await agent(doors, Role.CUSTOMER)
    assert (await customer.get("/live")).status_code in (303, 404)


async def test_who_is_shut_out_loses_the_stream_within_five_seconds(doors: Doors) -> None:
    (user_id, browser), (_, other) = await agent(doors), await agent(doors)
    async with open_page(browser) as page, open_page(other) as kept:
        began = time.monotonic()
        await doors.identity.update_user(user_id, UserChange(active=False))
        await until(lambda: bool(page.ended_at))
        # Five on a machine with nothing else to do.
        assert page.ended_at - began < PATIENCE
        ticket = await doors.desk.new_ticket()
        await until(lambda: kept.has(ticket.id, 1))


async def test_who_gets_another_role_begins_a_stream_of_that_role_within_five_seconds(doors: Doors) -> None:
    (user_id, browser), (_, other) = await agent(doors), await agent(doors)
    async with open_page(browser) as page, open_page(other) as kept:
        began = time.monotonic()
        await doors.identity.update_user(user_id, UserChange(role=Role.LIGHT_AGENT))
        await until(lambda: bool(page.ended_at))
        # Five on a machine with nothing else to do.
        assert page.ended_at - began < PATIENCE
        async with open_page(browser, after=page.last_event_id) as again:
            foreign, own = await doors.desk.new_ticket(), await doors.desk.new_ticket()
            own = await (await doors.desk.client()).assign_ticket(own.id, assignee_id=user_id)
            await until(lambda: kept.has(foreign.id, 1) and again.has(own.id, own.version))
            assert {data["number"] for _, data in again.events} == {own.number}


async def test_one_session_keeps_a_connection_for_its_pages(doors: Doors) -> None:
    (_, browser), (_, other) = await agent(doors), await agent(doors)
    async with AsyncExitStack() as stack:
        for _ in range(MOST_STREAMS):
            await stack.enter_async_context(open_page(browser))
        assert (await browser.get("/live")).status_code == 429
        async with open_page(other) as page:
            assert page.status == 200
    async with asyncio.timeout(30), open_page(browser) as page:
        assert page.status in (200, 429)


async def test_others_see_who_views_and_writes_and_who_left(doors: Doors) -> None:
    ticket = await doors.desk.new_ticket()
    (_, browser), (other_id, other) = await agent(doors), await agent(doors)

    def people(page: Page) -> list[tuple[str, str]]:
        told = [data["people"] for name, data in page.events if name == "presence"]
        return [(person["user_id"], person["state"]) for person in told[-1]] if told else []

    async with open_page(browser, ticket=str(ticket.number)) as page:
        for state, seen in (("viewing", ["viewing"]), ("writing", ["writing"]), ("left", [])):
            answer = await sent(other, "POST", f"/tickets/{ticket.number}/presence", {"state": state, "tab": "1"})
            assert answer.status_code == 204
            expected = [(str(other_id), name) for name in seen]
            await until(partial(lambda expected: people(page) == expected, expected))


async def test_what_is_typed_is_kept_and_an_older_tab_does_not_overwrite_it(doors: Doors) -> None:
    ticket, (_, browser) = await doors.desk.new_ticket(), await agent(doors)
    path = f"/tickets/{ticket.number}/draft"
    first = await sent(browser, "PUT", path, {"visibility": "public", "body": "Dear <Cleo>", "version": "0"})
    assert first.status_code == 200
    assert 'name="version" value="1"' in first.text
    assert (
        await sent(browser, "PUT", path, {"visibility": "public", "body": "Dear Cleo,", "version": "1"})
    ).status_code == 200
    older = await sent(browser, "PUT", path, {"visibility": "public", "body": "Older <text>", "version": "1"})
    assert older.status_code == 409
    assert "Dear Cleo," in older.text
    assert "Older &lt;text&gt;" in older.text
    assert 'name="version" value="2"' in older.text
    note = await sent(browser, "PUT", path, {"visibility": "internal", "body": "A note", "version": "0"})
    assert note.status_code == 200
    # The same text once more is no conflict: an answer may have been lost.
    again = await sent(browser, "PUT", path, {"visibility": "public", "body": "Dear Cleo,", "version": "1"})
    assert again.status_code == 200
    assert (await sent(browser, "DELETE", f"{path}?visibility=public&version=1")).status_code == 409
    assert (await sent(browser, "DELETE", f"{path}?visibility=public&version=2")).status_code == 204


async def test_a_version_that_no_draft_has_is_refused(doors: Doors) -> None:
    ticket, (_, browser) = await doors.desk.new_ticket(), await agent(doors)
    path, version = f"/tickets/{ticket.number}/draft", "9" * 30
    fields = {"visibility": "public", "body": "x", "version": version}
    assert (await sent(browser, "PUT", path, fields)).status_code == 422
    assert (await sent(browser, "DELETE", f"{path}?visibility=public&version={version}")).status_code == 422
    assert (await sent(browser, "PUT", path, fields | {"version": "0"})).status_code == 200


async def test_forms_need_the_sessions_proof(doors: Doors) -> None:
    ticket, (_, browser) = await doors.desk.new_ticket(), await agent(doors)
    for method, path in (("PUT", "draft"), ("DELETE", "draft"), ("POST", "presence")):
        answer = await browser.client.request(
            method, f"/tickets/{ticket.number}/{path}", headers=browser._cookie_header(), data={"visibility": "public"}
        )
        assert answer.status_code == 403


async def test_a_desk_with_open_streams_stops_within_seconds(postgres: Postgres) -> None:
    url = await postgres.clone(("identity", "routing", "tickets"))
    async with AsyncExitStack() as pages, AsyncExitStack() as desk:
        doors = await desk.enter_async_context(running_doors(url))
        opened = []
        for _ in range(4):
            user = await doors.account()
            client = httpx.AsyncClient(base_url=doors.url, trust_env=False, timeout=30)
            browser = Browser(await pages.enter_async_context(client), PUBLIC_URL)
            await browser.sign_in(user.email)
            opened += [await pages.enter_async_context(open_page(browser)) for _ in range(MOST_STREAMS)]
        began = time.monotonic()
        await desk.aclose()
        assert time.monotonic() - began < PATIENCE
        await until(lambda: all(page.ended_at for page in opened))
    await postgres.drop(url)
