"""One stack and one browser for all tests of pages; each test has pages of its own, which are watched.

The stack stops with the last of them; the browser, which costs nothing while nobody looks, with the process.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal

import httpx
import pytest
from playwright.async_api import Browser, BrowserContext, Page, StorageState, async_playwright, expect

from deploy.demo.cast import COLLEAGUES
from tests.browser.chromium import STEP_MILLISECONDS, Watch, find_chromium, launch, sign_in
from tests.stack import OWNER, Stack, running_stack

MIA, JONAS = COLLEAGUES[1], COLLEAGUES[2]
# Enough for every state that a list can show.
STORIES = 24
CLOSING_SECONDS = 20
expect.set_options(timeout=STEP_MILLISECONDS)


@pytest.fixture(scope="package")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A desk with the demo's people and some of its tickets."""
    with running_stack(tmp_path_factory.mktemp("browser") / "home") as running:
        running.run("duradesk", "demo", "--stories", str(STORIES))
        _complete(running)
        yield running


def _complete(stack: Stack) -> None:
    """What so few stories do not tell of: a ticket that is over, and an urgent one."""
    with stack.api() as api:
        first, second = api.get("/tickets", params={"filter": "status:resolved,pending"}).json()["items"][:2]
        api.post(f"/tickets/{first['id']}/close").raise_for_status()
        api.patch(f"/tickets/{second['id']}", json={"priority": "urgent"}).raise_for_status()


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Chromium; without one these tests are no tests."""
    try:
        executable = find_chromium()
    except LookupError as error:
        pytest.fail(str(error)) if os.environ.get("CI") else pytest.skip(str(error))
    manager = async_playwright()
    browser = await launch(await manager.start(), executable)
    yield browser
    # All tests are over. A browser that will not close ends with this process, whose pipe its driver reads.
    with suppress(TimeoutError):
        async with asyncio.timeout(CLOSING_SECONDS):
            await browser.close()
            await manager.__aexit__()


@dataclass(frozen=True)
class Desk:
    """The stack as people see it in their browsers."""

    stack: Stack
    browser: Browser
    watch: Watch
    contexts: list[BrowserContext]
    sessions: dict[str, StorageState]
    token: str

    async def open(
        self,
        path: str = "/",
        *,
        user: str | None = MIA.email,
        scheme: Literal["light", "dark"] = "light",
        width: int = 1280,
        height: int = 900,
        **options: Any,
    ) -> Page:
        """A page of somebody's own browser, at the path; `user` None has not signed in."""
        if user is not None:
            options["storage_state"] = self.sessions.get(user) or await self._sign_in(user)
        context = await self._context(
            color_scheme=scheme, viewport={"width": width, "height": height}, reduced_motion="reduce", **options
        )
        page = await context.new_page()
        await page.goto(path)
        return page

    def api(self) -> httpx.Client:
        """The REST API as the owner."""
        headers = {"authorization": f"Bearer {self.token}"}
        return httpx.Client(base_url=f"{self.stack.url}/api/v1", headers=headers, timeout=20)

    def find_ticket(self, terms: str) -> int:
        """The number of the newest ticket that a filter finds."""
        return int(self.find_all(terms)[0]["number"])

    def find_all(self, terms: str) -> list[dict[str, Any]]:
        """The newest tickets that a filter finds."""
        with self.api() as api:
            answer = api.get("/tickets", params={"filter": terms, "limit": 5}).raise_for_status()
        found: list[dict[str, Any]] = answer.json()["items"]
        return found

    def write_note(self, ticket: dict[str, Any], text: str) -> None:
        """The owner's word for colleagues."""
        with self.api() as api:
            note = {"visibility": "internal", "body": text}
            api.post(f"/tickets/{ticket['id']}/messages", json=note).raise_for_status()

    def make_ticket(self, subject: str, **fields: Any) -> dict[str, Any]:
        """A new ticket of a customer."""
        requester = {"email": "guest@mail.example", "name": "Gwen Guest"}
        body = {"subject": subject, "body": f"{subject}, please.", "requester": requester, **fields}
        with self.api() as api:
            ticket: dict[str, Any] = api.post("/tickets", json=body).raise_for_status().json()
        return ticket

    def get(self, ticket: dict[str, Any]) -> dict[str, Any]:
        """The ticket as it is now."""
        with self.api() as api:
            found: dict[str, Any] = api.get(f"/tickets/{ticket['id']}").raise_for_status().json()
        return found

    def messages(self, ticket: dict[str, Any]) -> list[dict[str, Any]]:
        """Its conversation."""
        with self.api() as api:
            found: list[dict[str, Any]] = (
                api.get(f"/tickets/{ticket['id']}/messages").raise_for_status().json()["items"]
            )
        return found

    def assign(self, ticket: dict[str, Any], user: str) -> None:
        """Give it to somebody."""
        with self.api() as api:
            assignment = {"assignee_id": self.user_id(user)}
            api.post(f"/tickets/{ticket['id']}/assign", json=assignment).raise_for_status()

    def user_id(self, user: str) -> str:
        """Whose id it is."""
        with self.api() as api:
            users = api.get("/users").raise_for_status().json()["items"]
        return next(str(found["id"]) for found in users if found["email"] == user)

    def password_of(self, user: str) -> str:
        """What somebody types to sign in."""
        return OWNER[1] if user == OWNER[0] else self.stack.secrets["demo_password"]

    async def _context(self, **options: Any) -> BrowserContext:
        context = await self.browser.new_context(base_url=self.stack.url, locale="en-GB", timezone_id="UTC", **options)
        context.set_default_timeout(STEP_MILLISECONDS)
        context.on("page", self.watch.follow)
        self.contexts.append(context)
        return context

    async def _sign_in(self, user: str) -> StorageState:
        page = await (await self._context()).new_page()
        await sign_in(page, user, self.password_of(user))
        self.sessions[user] = await page.context.storage_state()
        return self.sessions[user]


@pytest.fixture(scope="package")
def sessions() -> dict[str, StorageState]:
    """Whoever signed in once stays so for all tests."""
    return {}


@pytest.fixture(scope="package")
def token(stack: Stack) -> str:
    """The owner's, for the REST API."""
    return stack.token()


@pytest.fixture
async def desk(stack: Stack, browser: Browser, sessions: dict[str, StorageState], token: str) -> AsyncIterator[Desk]:
    """The desk; at the end nothing may have happened that must not happen on any page."""
    watch = Watch(stack.url)
    desk = Desk(stack, browser, watch, [], sessions, token)
    yield desk
    for context in desk.contexts:
        # Once in hundreds of times Chromium does not answer this. What is left then hurts no other test.
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSING_SECONDS):
                await context.close()
    assert not watch.problems, "\n".join(watch.problems)
