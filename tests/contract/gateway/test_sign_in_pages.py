"""Signing in to the pages: the cookie, the forms' proof, and where one ends up."""

import asyncio
import re
import time

import httpx
import pytest

from services.domain.principal import Role
from services.domain.user import UserChange
from tests.doors import Doors
from tests.people import PASSWORD


def set_cookies(response: httpx.Response) -> dict[str, str]:
    """Each cookie that the answer sets, by name."""
    return {header.partition("=")[0]: header for header in response.headers.get_list("set-cookie")}


async def test_one_signs_in_sees_a_page_and_signs_out(doors: Doors) -> None:
    user, browser = await doors.account(), await doors.browser()
    away = await browser.get("/account?tab=1")
    assert (away.status_code, away.headers["location"]) == (303, "/sign-in?next=/account%3Ftab%3D1")
    form = await browser.get(away.headers["location"])
    assert form.status_code == 200
    assert 'value="/account?tab=1"' in form.text
    assert 'autocomplete="current-password"' in form.text
    back = await browser.sign_in(user.email, next="/account?tab=1")
    assert (back.status_code, back.headers["location"]) == (303, "/account?tab=1")
    assert user.email in (await browser.get("/account")).text
    out = await browser.post("/sign-out")
    assert (out.status_code, out.headers["location"]) == (303, "/sign-in")
    assert out.headers["clear-site-data"] == '"storage"'
    assert (await browser.get("/account")).status_code == 303


async def test_the_cookies_are_kept_from_scripts_foreign_sites_and_plain_http(doors: Doors) -> None:
    user, browser = await doors.account(), await doors.browser()
    cookies = set_cookies(await browser.sign_in(user.email))
    assert cookies.keys() == {"duradesk_session", "duradesk_device"}
    for cookie in cookies.values():
        assert {"HttpOnly", "Secure", "SameSite=lax", "Path=/"} <= set(cookie.split("; "))
        assert "Domain" not in cookie


async def test_a_wrong_password_says_so_and_keeps_the_address(doors: Doors) -> None:
    user, browser = await doors.account(), await doors.browser()
    wrong = await browser.post("/sign-in", {"email": user.email, "password": "a wrong secret", "next": "/account"})
    assert wrong.status_code == 422
    assert user.email in wrong.text
    assert "is wrong" in wrong.text
    assert "a wrong secret" not in wrong.text
    assert not set_cookies(wrong)


async def test_too_many_failures_say_how_long_to_wait(doors: Doors) -> None:
    browser = await doors.browser()
    for _ in range(11):
        answer = await browser.post("/sign-in", {"email": "guess@example.com", "password": "a wrong secret"})
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0
    assert re.search(r"Try again in 1[45] minutes", answer.text)


@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example/", "/\\evil.example", "/\t/evil.example"])
async def test_one_never_ends_up_elsewhere(doors: Doors, target: str) -> None:
    user, browser = await doors.account(), await doors.browser()
    assert (await browser.sign_in(user.email, next=target)).headers["location"] == "/"
    assert (await browser.client.get("/sign-in", params={"next": target}, headers=browser._cookie_header())).headers[
        "location"
    ] == "/"


async def test_each_sign_in_is_a_new_session_and_ends_the_one_before(doors: Doors) -> None:
    user, browser = await doors.account(), await doors.browser()
    browser.cookies["duradesk_session"] = "dds_planted-by-somebody-else"
    await browser.sign_in(user.email)
    first = browser.cookies["duradesk_session"]
    assert first != "dds_planted-by-somebody-else"
    await browser.sign_in(user.email)
    assert browser.cookies["duradesk_session"] != first
    browser.cookies["duradesk_session"] = first
    assert (await browser.get("/account")).status_code == 303


@pytest.mark.parametrize(
    "origin", ["", "null", "https://evil.example", "http://desk.example", "https://desk.example.evil"]
)
async def test_a_form_from_elsewhere_changes_nothing(doors: Doors, origin: str) -> None:
    user, browser = await doors.account(), await doors.browser()
    refused = await browser.post("/sign-in", {"email": user.email, "password": PASSWORD}, Origin=origin)
    assert (refused.status_code, set_cookies(refused)) == (403, {})
    await browser.sign_in(user.email)
    assert (await browser.post("/sign-out", Origin=origin)).status_code == 403
    assert (await browser.get("/account")).status_code == 200


async def test_the_host_of_a_request_is_no_origin(doors: Doors) -> None:
    user, browser = await doors.account(), await doors.browser()
    answer = await browser.post(
        "/sign-in", {"email": user.email, "password": PASSWORD}, Origin=doors.url, Host=doors.url.partition("//")[2]
    )
    assert answer.status_code == 403


async def test_a_form_needs_the_text_of_its_own_session(doors: Doors) -> None:
    first, second = await doors.account(), await doors.account()
    browser, other = await doors.browser(first.email), await doors.browser(second.email)
    for text in ("", "nonsense", other.csrf):
        assert (await browser.post("/sign-out", {"csrf": text})).status_code == 403
    by_header = {"X-CSRF-Token": browser.csrf}
    assert (await browser.post("/sign-out", {"csrf": ""}, **by_header)).status_code == 303


async def test_a_request_of_htmx_is_sent_to_sign_in_and_comes_back_to_its_page(doors: Doors) -> None:
    browser = await doors.browser()
    here = {"HX-Request": "true", "HX-Current-URL": "https://desk.example/tickets?view=mine"}
    answer = await browser.get("/account", **here)
    assert answer.status_code == 401
    assert answer.headers["hx-redirect"] == "/sign-in?next=/tickets%3Fview%3Dmine"


async def test_api_tokens_open_no_page_and_sessions_no_api(doors: Doors) -> None:
    user, browser = await doors.account(), await doors.browser()
    issued = await doors.identity.create_token(user.email, PASSWORD, source="test")
    browser.cookies["duradesk_session"] = issued.token
    assert (await browser.get("/account", Authorization=f"Bearer {issued.token}")).status_code == 303
    await browser.sign_in(user.email)
    session = browser.cookies["duradesk_session"]
    assert (await browser.get("/api/v1/teams")).status_code == 401
    assert (await browser.get("/api/v1/teams", Authorization=f"Bearer {session}")).status_code == 401


@pytest.mark.parametrize("how", ["deactivated", "new password"])
async def test_a_revoked_agent_loses_the_pages_within_5_seconds(doors: Doors, how: str) -> None:
    user = await doors.account()
    browser = await doors.browser(user.email)
    change = UserChange(active=False) if how == "deactivated" else UserChange(password="another password")
    await doors.identity.update_user(user.id, change)
    ended = asked = time.monotonic()
    while (await browser.get("/account")).status_code != 303:
        # Counted to the question: on a busy machine the answer may take its time.
        assert asked - ended < 5.5
        await asyncio.sleep(0.2)
        asked = time.monotonic()


async def test_who_is_signed_in_need_not_sign_in(doors: Doors) -> None:
    user = await doors.account(Role.LIGHT_AGENT)
    browser = await doors.browser(user.email)
    again = await browser.get("/sign-in?next=/account")
    assert (again.status_code, again.headers["location"]) == (303, "/account")
