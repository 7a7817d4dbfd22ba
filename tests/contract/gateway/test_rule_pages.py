"""The pages of rules: built row by row, read back, ordered, switched, and what they were."""

import re
from html import unescape
from uuid import uuid4

import httpx
import pytest

from services.domain.principal import Role
from services.domain.rules.default_set import DEFAULT_SET
from tests.browsing import Browser
from tests.contract.gateway.test_rule_trials import decided, new_ticket
from tests.doors import Doors

NEW = "/settings/rules/new"
REFUNDS = {
    "trigger": "ticket_created",
    "conditions.mode": "all",
    "conditions.0.field": "text",
    "conditions.0.operator": "contains",
    "conditions.0.list": "refund, reklamace",
    "conditions.1.mode": "any",
    "conditions.1.0.field": "priority",
    "conditions.1.0.value": "high",
    "conditions.1.1.field": "tag",
    "conditions.1.1.list": "vip",
    "actions.0.kind": "set_priority",
    "actions.0.priority": "urgent",
    "actions.1.kind": "add_tag",
    "actions.1.tag": "money",
    "actions.2.kind": "add_tag",
    "actions.2.tag": "first",
}
SENTENCE = (
    "When a ticket is new and mentions refund or reklamace and (priority is high or tagged vip): set priority urgent,"
    " add tag money and add tag first."
)


@pytest.fixture
async def admin(doors: Doors) -> Browser:
    browser = await doors.browser((await doors.account(Role.ADMIN)).email)
    await browser.get("/settings/rules")
    return browser


def words(answer: httpx.Response) -> str:
    """The page's text, each space once."""
    return " ".join(unescape(re.sub("<[^>]+>", " ", answer.text)).split())


def refunds(**values: str) -> dict[str, str]:
    return {"name": f"Refunds {uuid4()}"} | REFUNDS | values


async def make(admin: Browser, **values: str) -> tuple[str, str]:
    """A rule's page and its name."""
    fields = refunds(**values)
    made = await admin.post(NEW, fields)
    assert made.status_code == 303, made.text
    return made.headers["location"].partition("?")[0], fields["name"]


async def test_a_rule_is_built_without_scripts_and_read_back(admin: Browser) -> None:
    typing = await admin.post(NEW, refunds(build="told conditions"))
    assert (typing.status_code, SENTENCE in words(typing)) == (200, True)
    place, name = await make(admin, enabled="on")
    page = await admin.get(place)
    assert SENTENCE in words(page)
    assert 'value="refund, reklamace"' in page.text
    listed = words(await admin.get("/settings/rules"))
    assert f"{name} on {SENTENCE} Has never done anything." in listed


async def test_a_rule_of_time_says_how_long_after_what(admin: Browser) -> None:
    page = await admin.post(NEW, refunds(trigger="time", build="show when"))
    assert "When it is 4 h since the customer began to wait for an answer" in words(page)
    place, _ = await make(admin, trigger="time", wait_after="30 min", wait_since="created")
    assert "When it is 30 min since the ticket was made" in words(await admin.get(place))


@pytest.mark.parametrize(
    ("fields", "field", "told"),
    [
        ({"name": ""}, "name", "Must have 1 to"),
        ({"conditions.0.list": ""}, "conditions-0", "Write a value"),
        ({"conditions.1.0.value": "hot"}, "conditions-1-0", "Is one of"),
        ({"conditions.text": "colour:red"}, "conditions-text", "Colour"),
        ({"conditions.text": "due:4h"}, "conditions", "Cannot ask for due"),
        ({"actions.2.tag": ""}, "actions-2", "Must have a tag"),
        ({"actions.3.kind": "reply", "actions.3.text": "Hi {who}"}, "actions-3", "placeholder"),
        ({"trigger": "time", "wait_after": "soon"}, "wait_after", "Must be a time such as"),
        ({"trigger": "time", "wait_after": "0 min"}, "wait_after", "Must be at least"),
    ],
)
async def test_a_mistake_in_a_rule_is_told_in_its_place(
    admin: Browser, fields: dict[str, str], field: str, told: str
) -> None:
    answer = await admin.post(NEW, refunds() | fields)
    assert answer.status_code == 422
    wrong = unescape(answer.text).split(f'id="{field}-wrong">')[1].split("</p>")[0]
    assert told.lower() in wrong.lower()
    assert 'value="money"' in answer.text, "nothing typed is lost"


async def test_versions_say_what_changed_and_are_gone_back_to(admin: Browser) -> None:
    place, name = await make(admin)
    changed = await admin.post(place, refunds() | {"name": name, "version": "1", "actions.0.priority": "high"})
    assert changed.status_code == 303, changed.text
    told = words(await admin.get(f"{place}/versions"))
    assert "was: set priority urgent, add tag money, add tag first" in told
    assert "is: set priority high, add tag money, add tag first" in told
    late = await admin.post(place, refunds() | {"name": name, "version": "1"})
    assert (late.status_code, "Somebody else changed this rule meanwhile." in late.text) == (422, True)
    back = await admin.post(f"{place}/roll-back", {"version": "1"})
    assert back.headers["location"] == f"{place}?done=back"
    assert "Version 3" in words(await admin.get(place))
    assert SENTENCE in words(await admin.get(place))


async def test_rules_are_moved_switched_paused_and_deleted(admin: Browser) -> None:
    (one, first), (two, second) = await make(admin), await make(admin)

    async def listed() -> str:
        return words(await admin.get("/settings/rules"))

    assert (text := await listed()).index(first) < text.index(second)
    await admin.post(f"{two}/move", {"before": one.rpartition("/")[2]})
    assert (text := await listed()).index(second) < text.index(first)
    await admin.post(f"{one}/switch", {"on": "true"})
    assert f"{first} on When" in await listed()
    await admin.post(f"{one}/pause", {"reason": "Too many"})
    assert "Paused: Too many" in await listed()
    await admin.post(f"{one}/resume")
    assert "Too many" not in await listed()
    await admin.post(f"{one}/switch")
    assert f"{first} off When" in await listed()
    for place in (one, two):
        gone = await admin.post(f"{place}/delete")
        assert gone.headers["location"] == "/settings/rules?done=deleted"
    assert first not in await listed()


async def test_a_rule_is_tried_applied_and_asked_why_not(admin: Browser, doors: Doors) -> None:
    tried = await admin.post(NEW, refunds(build="try rule"))
    assert (tried.status_code, "Nothing was written or sent." in words(tried)) == (200, True)
    refused = await admin.post(NEW, refunds(build="try rule", **{"actions.1.tag": ""}))
    assert (refused.status_code, "cannot be tried before it is complete" in words(refused)) == (422, True)
    # Words of its own: what other tests' rules look for, they may have dealt with before.
    place, name = await make(admin, enabled="on", **{"conditions.0.list": "umbrella, parasol"})
    api = await doors.signed_in(Role.ADMIN)
    ticket = await new_ticket(api, subject="Parasol", body="It broke.", priority="high")
    _, decision = await decided(doors, api, ticket)
    page = words(await admin.get(f"/tickets/{ticket['number']}/why/{decision}"))
    assert f"{name} version 1" in page
    assert "mentions umbrella or parasol" in page
    assert "priority high → urgent" in page
    quiet, _ = await make(admin, enabled="on", **{"conditions.0.list": "nothing-of-this"})
    asked = await admin.get(f"/tickets/{ticket['number']}/why/{decision}?rule={quiet.rpartition('/')[2]}")
    assert "does not hold: mentions nothing-of-this" in words(asked)
    preview = words(await admin.get(f"{place}/apply?filter=number:{ticket['number']}"))
    assert "1 ticket is found." in preview
    assert "Nothing is written yet." in preview
    wrong = await admin.get(f"{place}/apply?filter=colour:red")
    assert (wrong.status_code, "colour" in wrong.text) == (422, True)
    applied = await admin.post(f"{place}/apply", {"filter": f"number:{ticket['number']}", "request_id": uuid4().hex})
    assert applied.headers["location"].startswith(f"/tickets?filter=number%3A{ticket['number']}&job=")
    for rule in (place, quiet):
        await admin.post(f"{rule}/delete")


async def test_the_default_set_is_offered_explained_and_added(admin: Browser, doors: Doors) -> None:
    offered = await admin.get("/settings/rules")
    assert all(
        f"{rule.name} {'on' if rule.enabled else 'off'} {rule.purpose}" in words(offered) for rule in DEFAULT_SET
    )
    added = await admin.post("/settings/rules/default-set", {})
    try:
        listed = await admin.get(added.headers["location"])
        assert "The default set is added." in words(listed)
        assert 'id="default-set"' not in listed.text
        assert all(f'id="rule-{rule.id}"' in listed.text for rule in DEFAULT_SET)
        assert all(rule.purpose in words(listed) for rule in DEFAULT_SET)
    finally:
        client = await doors.signed_in(Role.ADMIN)
        for rule in DEFAULT_SET:
            await client.delete(f"/rules/{rule.id}")


async def test_what_a_rule_is_for_is_kept_and_read(admin: Browser) -> None:
    place, _ = await make(admin, purpose="So that money is not late.", enabled="on")
    assert 'value="So that money is not late."' in (await admin.get(place)).text
    assert "So that money is not late." in words(await admin.get("/settings/rules"))
    refused = await admin.post(NEW, refunds(purpose="a" * 301))
    assert (refused.status_code, "at most 300 characters" in words(refused)) == (422, True)
