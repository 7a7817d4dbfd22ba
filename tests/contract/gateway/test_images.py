"""/images: a remote picture for one of the staff with a token of ours, and never anything else."""

from uuid import UUID

import httpx
import pytest

from tests.browsing import Browser
from tests.contract.test_outbound import PNG, moved, ok, running
from tests.doors import IMAGES, Doors


@pytest.fixture(scope="module")
async def agent(doors: Doors) -> Browser:
    return await doors.browser((await doors.account()).email)


async def show(browser: Browser, url: str) -> httpx.Response:
    return await browser.get(IMAGES.path(url, message_id=UUID(int=1)))


async def test_a_picture_is_handed_on_as_what_it_is(agent: Browser) -> None:
    async with running(moved("/b"), ok(PNG, "Set-Cookie: a=b", "X-Own: x")) as server:
        answer = await show(agent, f"http://127.0.0.1:{server.port}/a")
    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, PNG, "image/png")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"].endswith("sandbox")
    assert "set-cookie" not in answer.headers
    assert "x-own" not in answer.headers


async def test_what_is_no_picture_is_not_handed_on(agent: Browser) -> None:
    async with running(ok(b"<svg/>"), ok(b"<script>x()</script>"), ok(bytes(6 * 1024 * 1024))) as server:
        for _ in range(3):
            answer = await show(agent, f"http://127.0.0.1:{server.port}/a")
            assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")


async def test_without_a_token_of_ours_nothing_is_asked(agent: Browser) -> None:
    async with running() as server:
        for token in ("x", "x" * 200, f"http://127.0.0.1:{server.port}/"):
            assert (await agent.get(f"/images/{token}")).status_code == 404
    assert server.asked == []


async def test_without_a_session_nothing_is_asked(doors: Doors) -> None:
    async with running() as server:
        answer = await show(await doors.browser(), f"http://127.0.0.1:{server.port}/a")
    assert (answer.status_code, server.asked) == (303, [])
