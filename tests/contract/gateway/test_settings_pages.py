"""The pages of settings, deliveries and the quarantine: for whom they are, and what their forms do."""

import re
from html import unescape
from uuid import uuid4

import pytest

from services.domain.principal import Principal, Role
from services.domain.quarantine import NewQuarantinedItem, QuarantineState
from services.domain.ticket import Channel
from tests.browsing import Browser
from tests.doors import MAIL, Doors
from tests.people import PASSWORD, PUBLIC_URL, THE_OWNER

ADMINS = frozenset({Role.OWNER, Role.ADMIN})
STAFF = ADMINS | {Role.AGENT, Role.LIGHT_AGENT}
# Which roles a page is for; to all others it does not exist.
PAGES = {
    "/account": STAFF,
    "/settings": ADMINS,
    "/settings/people": ADMINS,
    "/settings/people/invite": ADMINS,
    "/settings/people/{user}": ADMINS,
    "/settings/teams": ADMINS,
    "/settings/teams/{team}": ADMINS,
    "/settings/brands": ADMINS,
    "/settings/brands/new": ADMINS,
    "/settings/brands/{brand}": ADMINS,
    "/settings/categories": ADMINS,
    "/settings/categories/{category}": ADMINS,
    "/settings/fields": ADMINS,
    "/settings/fields/new": ADMINS,
    "/settings/fields/{field}": ADMINS,
    "/settings/organisations": ADMINS,
    "/settings/organisations/new": ADMINS,
    "/settings/organisations/{organisation}": ADMINS,
    "/settings/macros": STAFF,
    "/settings/macros/new": STAFF,
    "/settings/macros/{macro}": STAFF,
    "/settings/calendars": ADMINS,
    "/settings/calendars/new": ADMINS,
    "/settings/ladders": ADMINS,
    "/settings/ladders/new": ADMINS,
    "/settings/policies": ADMINS,
    "/settings/policies/new": ADMINS,
    "/settings/rules": ADMINS,
    "/settings/rules/new": ADMINS,
    "/deliveries": ADMINS,
    "/settings/skills": ADMINS,
    "/settings/teams/{team}/routing": ADMINS,
    "/here": ADMINS,
    "/availability": STAFF,
    "/quarantine": ADMINS,
    "/quarantine/{item}": ADMINS,
    "/quarantine/{item}/source": ADMINS,
}
FORMS = {
    "/settings/people/invite",
    "/settings/people/{user}",
    "/settings/people/{user}/active",
    "/settings/people/{user}/invitation",
    "/settings/people/{user}/invitation/withdraw",
    "/settings/teams",
    "/settings/teams/{team}",
    "/settings/teams/{team}/routing",
    "/settings/skills",
    "/settings/skills/{item}",
    "/settings/skills/{item}/delete",
    "/here/{user}",
    "/settings/brands/new",
    "/settings/brands/{brand}",
    "/settings/categories",
    "/settings/categories/{category}",
    "/settings/categories/{category}/archive",
    "/settings/fields/new",
    "/settings/fields/{field}",
    "/settings/organisations/new",
    "/settings/organisations/{organisation}",
    "/settings/organisations/{organisation}/delete",
    "/settings/calendars/new",
    "/settings/calendars/{item}",
    "/settings/calendars/{item}/delete",
    "/settings/ladders/new",
    "/settings/ladders/{item}",
    "/settings/ladders/{item}/delete",
    "/settings/policies/new",
    "/settings/policies/{item}",
    "/settings/policies/{item}/delete",
    "/settings/rules/new",
    "/settings/rules/{item}",
    "/settings/rules/{item}/apply",
    "/settings/rules/{item}/delete",
    "/settings/rules/{item}/move",
    "/settings/rules/{item}/pause",
    "/settings/rules/{item}/resume",
    "/settings/rules/{item}/roll-back",
    "/settings/rules/{item}/switch",
    "/deliveries/{item}/send-again",
    "/quarantine/{item}/release",
    "/quarantine/{item}/retry",
    "/quarantine/{item}/delete",
}


async def quarantine(doors: Doors, source: bytes = b"From: x@example.com\r\n\r\nHello") -> str:
    tickets = await doors.desk.client(MAIL)
    item = NewQuarantinedItem(Channel.MAIL, "FORGED", "Somebody else sent it.", source + uuid4().bytes.hex().encode())
    return str(await tickets.quarantine_item(item))


async def places(doors: Doors) -> dict[str, str]:
    """Something real behind each word in a path."""
    admin = await doors.signed_in(Role.ADMIN)
    new_field = {"key": f"f{uuid4().hex[:20]}", "label": "Order", "kind": "text"}
    return {
        "user": str((await doors.account()).id),
        "team": (await admin.get("/teams")).json()["items"][0]["id"],
        "category": (await admin.post("/categories", json={"name": uuid4().hex})).json()["id"],
        "field": (await admin.post("/ticket-fields", json=new_field)).json()["id"],
        "organisation": (await admin.post("/organisations", json={"name": uuid4().hex})).json()["id"],
        "macro": (await admin.post("/macros", json={"name": uuid4().hex, "reply": "Hello"})).json()["id"],
        "brand": (await admin.get("/brands")).json()["items"][0]["id"],
        "item": await quarantine(doors),
    }


@pytest.mark.parametrize("role", sorted(STAFF))
async def test_a_page_exists_for_those_it_is_for_and_for_nobody_else(doors: Doors, role: Role) -> None:
    browser, words = await doors.browser((await doors.account(role)).email), await places(doors)
    for path, roles in PAGES.items():
        answer = await browser.get(path.format(**words))
        expected = ({200, 303} if role in roles else {404}, path)
        assert answer.status_code in expected[0], expected
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("role", [Role.AGENT, Role.LIGHT_AGENT])
async def test_a_form_changes_nothing_for_those_whom_its_page_is_not_for(doors: Doors, role: Role) -> None:
    browser, words = await doors.browser((await doors.account(role)).email), await places(doors)
    for path in FORMS:
        answer = await browser.post(
            path.format(**words), {"name": "Mallory", "role": "owner", "email": "m@example.com"}
        )
        assert (answer.status_code, path) == (404, path)


async def test_every_form_needs_its_sessions_text(doors: Doors) -> None:
    browser, words = await doors.browser((await doors.account(Role.ADMIN)).email), await places(doors)
    own = {"/account/name", "/account/password", "/account/sessions/end", "/account/tokens", "/sign-out"}
    for path in FORMS | own:
        assert (await browser.post(path.format(**words), {"csrf": "made up"})).status_code == 403, path
        assert (await browser.post(path.format(**words), Origin="https://evil.example")).status_code == 403, path


async def test_without_a_session_a_page_leads_to_signing_in(doors: Doors) -> None:
    browser, words = await doors.browser(), await places(doors)
    for path in PAGES:
        answer = await browser.get(path.format(**words))
        assert (answer.status_code, path) == (303, path)
        assert answer.headers["location"].startswith("/sign-in?next=")
    for path in FORMS:
        assert (await browser.post(path.format(**words))).headers["location"].startswith("/sign-in?next=")


async def owner(doors: Doors) -> Browser:
    return await doors.browser((await doors.account(Role.OWNER)).email)


async def test_an_admin_invites_somebody_who_chooses_a_password_and_is_in(doors: Doors) -> None:
    browser, words = await owner(doors), await places(doors)
    await browser.get("/settings/people/invite")
    new = {"email": "nora@example.com", "name": "Nora", "role": "agent", "team_ids": words["team"]}
    sent = await browser.post("/settings/people/invite", new)
    assert sent.headers["location"] == "/settings/people?done=invited"
    again = await browser.post("/settings/people/invite", new)
    assert again.status_code == 422
    assert "Another account has this e-mail address." in again.text
    assert 'value="nora@example.com"' in again.text
    people = (await browser.get("/settings/people")).text
    (user_id,) = re.findall(r'/settings/people/([0-9a-f-]{36})"><strong>Nora', people)
    page = await browser.post(f"/settings/people/{user_id}/invitation", {"by_mail": "false"})
    (link,) = re.findall(rf'value="({PUBLIC_URL}/invitation/[^"]+)"', page.text)
    path = link.removeprefix(PUBLIC_URL)

    guest = await doors.browser()
    for _ in range(2):
        assert "nora@example.com" in (await guest.get(path)).text
    assert (await guest.get(path.replace("/invitation/", "/reset-password/"))).status_code == 404
    assert (await guest.post(path, {"password": PASSWORD}, Origin="https://evil.example")).status_code == 403
    short = await guest.post(path, {"password": "short", "name": "Nora N."})
    assert (short.status_code, 'value="Nora N."' in short.text) == (422, True)
    entered = await guest.post(path, {"password": PASSWORD, "name": "Nora N."})
    assert (entered.status_code, entered.headers["location"]) == (303, "/")
    assert "Nora N." in (await guest.get("/account")).text
    assert (await guest.post(path, {"password": PASSWORD})).status_code == 404
    team = next(
        team for team in (await (await doors.signed_in()).get("/teams")).json()["items"] if team["id"] == words["team"]
    )
    assert user_id in team["member_ids"]


async def test_whether_an_address_has_an_account_is_not_told(doors: Doors) -> None:
    user, browser = await doors.account(), await doors.browser()
    answers = []
    for email in (user.email, "nobody@example.com"):
        answer = await browser.post("/forgot-password", {"email": email})
        answers.append((answer.status_code, answer.text.replace(email, "")))
    assert answers[0] == answers[1]


async def test_another_password_signs_out_everywhere_else(doors: Doors) -> None:
    user = await doors.account()
    here, there = await doors.browser(user.email), await doors.browser(user.email)
    before = here.cookies["duradesk_session"]
    wrong = await here.post("/account/password", {"current_password": "wrong horse!", "new_password": "x" * 12})
    assert (wrong.status_code, "Is not your present password." in wrong.text) == (422, True)
    done = await here.post("/account/password", {"current_password": PASSWORD, "new_password": "another horse"})
    assert done.headers["location"] == "/account?done=password"
    assert here.cookies["duradesk_session"] != before
    assert (await here.get("/account")).status_code == 200
    there.cookies["duradesk_session"], here_now = before, here.cookies["duradesk_session"]
    assert (await there.get("/account")).status_code == 303
    assert here_now != before


async def test_a_token_is_shown_once_works_and_is_revoked(doors: Doors) -> None:
    user = await doors.account()
    browser = await doors.browser(user.email)
    (token,) = re.findall(r'value="(dd_[^"]+)"', (await browser.post("/account/tokens", {"name": "my robot"})).text)
    api = await doors.http(authorization=f"Bearer {token}")
    assert (await api.get("/teams")).status_code == 200
    page = (await browser.get("/account")).text
    assert ("my robot" in page, token in page) == (True, False)
    (path,) = re.findall(r'action="(/account/tokens/[^"]+/revoke)"', page)
    assert (await browser.post(path)).status_code == 303
    assert "my robot" not in (await browser.get("/account")).text


async def test_a_person_gets_another_role_other_teams_and_is_deactivated(doors: Doors) -> None:
    browser, words = await owner(doors), await places(doors)
    path = f"/settings/people/{words['user']}"
    await browser.get(path)
    assert (await browser.post(path, {"name": "Pat", "role": "light_agent", "team_ids": words["team"]})).is_redirect
    page = unescape((await browser.get(path)).text)
    assert '<option value="light_agent" selected>' in page
    assert re.search(rf'value="{words["team"]}" checked', page)
    assert (await browser.post(path, {"name": "", "role": "agent"})).status_code == 422
    assert (await browser.post(f"{path}/active", {"active": "false"})).is_redirect
    assert "deactivated" in (await browser.get(path)).text


async def test_an_admin_changes_no_owner(doors: Doors) -> None:
    chief = await doors.account(Role.OWNER)
    browser = await doors.browser((await doors.account(Role.ADMIN)).email)
    path = f"/settings/people/{chief.id}"
    assert "Only an owner changes owners and admins." in (await browser.get(path)).text
    assert (await browser.post(path, {"name": "Mallory", "role": "agent"})).status_code == 403
    assert (await browser.post(f"{path}/active", {"active": "false"})).status_code == 403


async def test_a_team_is_made_renamed_and_filled(doors: Doors) -> None:
    browser, words = await owner(doors), await places(doors)
    await browser.get("/settings/teams")
    made = await browser.post("/settings/teams", {"name": "Returns"})
    path = made.headers["location"].partition("?")[0]
    assert (await browser.post("/settings/teams", {"name": "returns"})).status_code == 422
    assert (await browser.post(path, {"name": "Parcels", "member_ids": words["user"]})).is_redirect
    page = (await browser.get(path)).text
    assert 'value="Parcels"' in page
    assert re.search(rf'value="{words["user"]}" checked', page)
    assert (await browser.post(path, {"name": " "})).status_code == 422


async def test_a_brand_keeps_what_was_typed_and_says_what_would_be_right(doors: Doors) -> None:
    browser = await owner(doors)
    await browser.get("/settings/brands/new")
    typed = {"name": "Shop", "address": "no address", "idle_remind_after": "soon", "undo_seconds": "5"}
    typed |= {"family_down": "block", "family_up": "notify"}
    wrong = await browser.post("/settings/brands/new", typed)
    assert wrong.status_code == 422
    assert "Must be a number of days, for example 3 or 0.5, or empty." in wrong.text
    assert 'value="soon"' in wrong.text
    endless = typed | {"idle_remind_after": "3", "address": "shop@example.com", "undo_seconds": "9" * 30}
    assert (await browser.post("/settings/brands/new", endless)).status_code == 422
    right = typed | {"address": "shop@example.com", "idle_remind_after": "0.5", "acknowledge": "on"}
    assert (await browser.post("/settings/brands/new", right)).headers["location"] == "/settings/brands?done=made"
    assert (await browser.post("/settings/brands/new", right)).status_code == 422
    (path,) = re.findall(
        r'"(/settings/brands/[0-9a-f-]{36})"><strong>Shop', (await browser.get("/settings/brands")).text
    )
    page = (await browser.get(path)).text
    assert "Closing is switched off" in page
    (version,) = re.findall(r'name="version" value="(\d+)"', page)
    assert re.findall(r'<option value="(\w+)" selected>', page) == ["block", "notify"]
    changed = right | {"auto_close_after": "4", "version": version}
    assert (await browser.post(path, changed | {"family_up": "always"})).status_code == 422
    assert (await browser.post(path, changed | {"version": "9" * 30})).status_code == 422
    assert (await browser.post(path, changed)).is_redirect
    late = await browser.post(path, changed | {"name": "Shop 2"})
    assert (late.status_code, "Somebody else changed this brand meanwhile." in late.text) == (422, True)
    assert 'value="Shop 2"' in late.text


async def test_a_quarantined_mail_is_plain_text_and_deleted_by_hand(doors: Doors) -> None:
    browser = await owner(doors)
    item_id = await quarantine(doors, b"From: x@example.com\r\n\r\n<script>alert(1)</script>")
    assert item_id in (await browser.get("/quarantine")).text
    page = await browser.get(f"/quarantine/{item_id}")
    assert "&lt;script&gt;alert(1)" in page.text
    assert "<script>alert" not in page.text
    source = await browser.get(f"/quarantine/{item_id}/source")
    assert source.headers["content-disposition"].startswith("attachment")
    assert (await browser.post(f"/quarantine/{item_id}/delete")).is_redirect
    admin = await doors.desk.client(Principal(THE_OWNER.subject, Role.ADMIN))
    assert (await admin.list_quarantine(state=QuarantineState.DELETED))[0]
    assert item_id not in (await browser.get("/quarantine")).text
    over = await browser.post(f"/quarantine/{item_id}/release")
    assert over.headers["location"] == f"/quarantine/{item_id}?done=over"


async def test_invitations_by_rest_say_their_link_once(doors: Doors) -> None:
    admin = await doors.signed_in(Role.ADMIN)
    new = {"email": "rest@example.com", "name": "Rest", "role": "agent"}
    made = await admin.post("/invitations", json=new)
    assert (made.status_code, made.json()["active"]) == (201, False)
    assert (await admin.post("/invitations", json=new)).status_code == 409
    path = f"/invitations/{made.json()['id']}"
    assert (await admin.post(f"{path}/renew", json={})).json() == {"url": None}
    link = (await admin.post(f"{path}/renew", json={"by_mail": False})).json()["url"]
    assert link.startswith(f"{PUBLIC_URL}/invitation/")
    listed = {item["email"]: item for item in (await admin.get("/invitations")).json()["items"]}
    assert (listed["rest@example.com"]["state"], listed["rest@example.com"]["mail_state"]) == ("invited", None)
    assert link not in str(listed)
    assert (await admin.delete(path)).status_code == 204
    assert (await (await doors.signed_in()).get("/invitations")).status_code == 403


async def test_an_admin_keeps_the_tree_of_categories_by_forms(doors: Doors) -> None:
    browser, team = await owner(doors), (await places(doors))["team"]
    top = {"name": "Shipping", "parent_id": "", "team_id": team, "priority": "high"}
    assert (await browser.post("/settings/categories", top)).headers["location"] == "/settings/categories?done=made"
    twin = await browser.post("/settings/categories", top)
    assert (twin.status_code, "choose another name" in twin.text) == (422, True)
    listed = (await browser.get("/settings/categories")).text
    (category_id,) = re.findall(r'/settings/categories/([0-9a-f-]{36})"><strong>Shipping', listed)
    path = f"/settings/categories/{category_id}"
    wrong = await browser.post(path, top | {"parent_id": category_id})
    assert (wrong.status_code, "below" in wrong.text) == (422, True)
    saved = await browser.post(path, top | {"name": "Sending", "priority": ""})
    assert saved.headers["location"] == f"{path}?done=saved"
    assert "Sending" in (await browser.get(path)).text
    await browser.post(f"{path}/archive", {"archived": "true"})
    assert "Restore" in (await browser.get(path)).text
