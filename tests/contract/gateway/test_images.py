"""/images: a remote picture for who has a token of ours, and never anything else."""

from uuid import UUID

import httpx

from tests.contract.test_outbound import PNG, moved, ok, running
from tests.doors import IMAGES, Doors


async def show(doors: Doors, url: str) -> httpx.Response:
    async with httpx.AsyncClient(base_url=doors.url, trust_env=False) as browser:
        return await browser.get(IMAGES.path(url, message_id=UUID(int=1)))


async def test_a_picture_is_handed_on_as_what_it_is(doors: Doors) -> None:
    async with running(moved("/b"), ok(PNG, "Set-Cookie: a=b", "X-Own: x")) as server:
        answer = await show(doors, f"http://127.0.0.1:{server.port}/a")
    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, PNG, "image/png")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"].endswith("sandbox")
    assert "set-cookie" not in answer.headers
    assert "x-own" not in answer.headers


async def test_what_is_no_picture_is_not_handed_on(doors: Doors) -> None:
    async with running(ok(b"<svg/>"), ok(b"<script>x()</script>"), ok(bytes(6 * 1024 * 1024))) as server:
        for _ in range(3):
            answer = await show(doors, f"http://127.0.0.1:{server.port}/a")
            assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")


async def test_without_a_token_of_ours_nothing_is_asked(doors: Doors) -> None:
    async with running() as server, httpx.AsyncClient(base_url=doors.url, trust_env=False) as browser:
        for token in ("x", "x" * 200, f"http://127.0.0.1:{server.port}/"):
            assert (await browser.get(f"/images/{token}")).status_code == 404
    assert server.asked == []
