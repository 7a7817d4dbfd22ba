"""A rule without code: built, read back, tried, switched on, seen at work, and explained."""

import re
from typing import Any
from uuid import uuid4

from playwright.async_api import Page, expect

from deploy.demo.cast import BRANDS, COLLEAGUES, DISPATCHER
from tests.browser.chromium import axe_violations
from tests.browser.conftest import Desk
from tests.browser.hands import until

STORE, LEAD = BRANDS[1].name, COLLEAGUES[6]


def _prepare(desk: Desk) -> str:
    """The team Billing and the policy Gold; answers a name that no other rule has."""
    with desk.api() as api:
        if not any(team["name"] == "Billing" for team in api.get("/teams").json()["items"]):
            api.post("/teams", json={"name": "Billing"}).raise_for_status()
        if not any(policy["name"] == "Gold" for policy in api.get("/sla-policies").json()["items"]):
            targets = [{"clock": "first_response", "duration": "PT1H"}]
            gold = {"name": "Gold", "conditions": "tag:gold", "position": 900, "targets": targets}
            api.post("/sla-policies", json=gold).raise_for_status()
    return f"Refunds {uuid4().hex[:6]}"


def _delete(desk: Desk, name: str) -> None:
    with desk.api() as api:
        for rule in api.get("/rules").json()["items"]:
            if rule["name"] == name:
                api.delete(f"/rules/{rule['id']}").raise_for_status()


def _new_ticket(desk: Desk, subject: str) -> dict[str, Any]:
    with desk.api() as api:
        (brand,) = [each for each in api.get("/brands").json()["items"] if each["name"] == STORE]
    return desk.make_ticket(subject, brand=brand["name"])


async def _choose_brand(page: Page) -> None:
    await page.locator("#brands").click()
    await page.get_by_role("checkbox", name=STORE).check()
    await page.keyboard.press("Escape")


async def _add_action(page: Page, number: int, kind: str, **parts: str) -> None:
    """One more action: what happens, and its parts by what they are."""
    await page.get_by_role("button", name="Add an action").click()
    await page.get_by_label(f"Action {number}: what happens").select_option(kind)
    for what, value in parts.items():
        await page.get_by_label(f"Action {number}: {what}").select_option(label=value)


async def _tab_to(page: Page, name: str) -> None:
    """Press Tab until the focus is on what is called so."""
    script = """() => { const at = document.activeElement;
        return at.ariaLabel ?? at.labels?.[0]?.textContent ?? at.textContent }"""
    for _ in range(80):
        await page.keyboard.press("Tab")
        if name in (await page.evaluate(script)):
            return
    raise AssertionError(f"the focus never came to {name!r}")


async def test_a_rule_is_built_by_the_keyboard_alone(desk: Desk) -> None:
    name = _prepare(desk)
    page = await desk.open("/settings/rules/new", user=DISPATCHER.email)
    await _tab_to(page, "Name")
    await page.keyboard.insert_text(name)
    await _tab_to(page, "Add a condition")
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("Condition 1: field")).to_be_focused()
    await page.keyboard.type("Pri")
    await expect(page.get_by_label("Condition 1: how it is compared")).to_be_visible()
    await expect(page.get_by_label("Condition 1: field")).to_be_focused()
    await _tab_to(page, "Choose …")
    await page.keyboard.press("Enter")
    await _tab_to(page, "Urgent")
    await page.keyboard.press("Space")
    await page.keyboard.press("Escape")
    await _tab_to(page, "Add an action")
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("Action 1: what happens")).to_be_focused()
    await page.keyboard.type("Add the t")
    await expect(page.get_by_label("Action 1: tag")).to_be_visible()
    await _tab_to(page, "Action 1: tag")
    await page.keyboard.insert_text("hot")
    sentence = "When a ticket is new and priority is urgent: add tag hot."
    await expect(page.locator("#sentence")).to_have_text(re.compile(re.escape(sentence)))
    try:
        await _tab_to(page, "Save, but leave it off")
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/settings/rules/*done=saved")
    finally:
        _delete(desk, name)


async def test_rules_are_dragged_and_moved_by_their_buttons(desk: Desk) -> None:
    names = [f"{letter} {uuid4().hex[:6]}" for letter in ("One", "Two")]
    with desk.api() as api:
        for name in names:
            rule = {"name": name, "trigger": "reopened", "actions": [{"kind": "add_tag", "tag": "x"}], "enabled": False}
            api.post("/rules", json=rule).raise_for_status()

    async def order() -> list[str]:
        texts = await page.locator(".rules .what strong").all_text_contents()
        return [text for text in texts if text in names]

    try:
        page = await desk.open("/settings/rules", user=DISPATCHER.email)
        assert await order() == names
        handles = [page.locator("li", has_text=name).locator(".handle") for name in names]
        await handles[1].drag_to(handles[0])
        await page.wait_for_url("**/settings/rules?done=moved")
        assert await order() == names[::-1]
        await page.get_by_role("button", name=f"Move {names[1]} down").click()
        await expect(page.locator("#notices")).to_contain_text("The order is changed.")
        assert await order() == names
    finally:
        for name in names:
            _delete(desk, name)


async def test_a_manager_makes_a_rule_without_code_and_sees_it_work(desk: Desk) -> None:
    name = _prepare(desk)
    page = await desk.open("/settings/rules", user=DISPATCHER.email)
    await page.get_by_role("link", name="New rule").click()
    await page.get_by_label("Name", exact=True).fill(name)
    await _choose_brand(page)
    await page.get_by_role("button", name="Add a condition").click()
    await page.get_by_label("Condition 1: field").select_option("text")
    await page.get_by_label("Condition 1: values").fill("refund, reklamace")
    await _add_action(page, 1, "assign", team="Billing")
    await _add_action(page, 2, "set_priority", priority="High")
    await _add_action(page, 3, "set_sla_policy", policy="Gold")
    await _add_action(page, 4, "notify", person=LEAD.name)
    sentence = (
        f"When a ticket is new at {STORE} and mentions refund or reklamace: give it to Billing, set priority high,"
        f" set SLA policy Gold and tell {LEAD.name}."
    )
    await expect(page.locator("#sentence")).to_have_text(re.compile(re.escape(sentence)))
    assert not await axe_violations(page)
    await page.get_by_role("button", name="Try it on recent tickets").click()
    await expect(page.locator("#trial")).to_contain_text("Nothing was written or sent.")
    try:
        await page.get_by_role("button", name="Save and switch on").click()
        await page.wait_for_url("**/settings/rules/*done=saved")
        ticket = _new_ticket(desk, "Reklamace of a kettle")
        other = _new_ticket(desk, "A question on kettles")
        await until(lambda: desk.get(ticket)["priority"] == "high", "the rule")
        with desk.api() as api:
            teams = {team["id"]: team["name"] for team in api.get("/teams").json()["items"]}
            clocks = api.get(f"/tickets/{ticket['id']}/clocks").json()["items"]
        assert teams[desk.get(ticket)["team_id"]] == "Billing"
        assert "Gold" in str(clocks)
        await until(lambda: any(name in str(mail) for mail in desk.stack.sent_mails(LEAD.email)), "the lead's mail")
        assert desk.get(other)["priority"] == "normal"
        await _ask_why(page, ticket, other, name)
        await page.goto("/settings/rules")
        await expect(page.locator(".rules li", has_text=name)).to_contain_text("1 time in the last 7 days")
    finally:
        _delete(desk, name)


async def _ask_why(page: Page, ticket: dict[str, Any], other: dict[str, Any], name: str) -> None:
    """Both ways: why the rule ran on the one, and why not on the other."""
    await page.goto(f"/tickets/{ticket['number']}")
    await page.get_by_role("link", name="Why?").first.click()
    run = page.locator(".run", has_text=name)
    await expect(run.locator(".tick.met").first).to_be_visible()
    await expect(run).to_contain_text("mentions refund or reklamace")
    await expect(run).to_contain_text("priority normal → high")
    assert not await axe_violations(page)
    await page.goto(f"/tickets/{other['number']}")
    await page.get_by_role("link", name="Why?").first.click()
    await page.get_by_label("Rule", exact=True).select_option(label=name)
    await page.get_by_role("button", name="Ask it about this moment").click()
    await expect(page.locator("#why-not .tick.unmet").first).to_be_visible()
    await expect(page.locator("#why-not")).to_contain_text("mentions refund or reklamace")
