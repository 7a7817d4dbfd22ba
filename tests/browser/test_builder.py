"""The builder on a slow desk: whatever is typed, chosen or pressed while an answer is under way counts."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Page, Route, expect

from deploy.demo.cast import DISPATCHER
from tests.browser.conftest import Desk

NEW = "/settings/rules/new"


@asynccontextmanager
async def answers_held(page: Page) -> AsyncIterator[None]:
    """Let the desk get the first request at once, and the page its answers only after the block."""
    asked, let_go = asyncio.Event(), asyncio.Event()

    async def hold(route: Route) -> None:
        answer = await route.fetch()
        asked.set()
        await let_go.wait()
        await route.fulfill(response=answer)

    await page.route(f"**{NEW}", hold)
    yield
    async with asyncio.timeout(60):
        await asked.wait()
    let_go.set()
    await page.unroute_all(behavior="wait")


async def _open(desk: Desk) -> Page:
    """A new rule with a condition on words and an action."""
    page = await desk.open(NEW, user=DISPATCHER.email)
    await page.get_by_role("button", name="Add a condition").click()
    await page.get_by_label("Condition 1: field").select_option("text")
    await page.get_by_label("Condition 1: values").fill("refund")
    await page.get_by_role("button", name="Add an action").click()
    await page.get_by_label("Action 1: what happens").select_option("add_tag")
    await page.get_by_label("Action 1: tag").fill("money")
    await expect(page.locator("#sentence")).to_contain_text("add tag money")
    return page


async def test_what_is_typed_while_an_answer_is_under_way_stays(desk: Desk) -> None:
    page = await _open(desk)
    values = page.get_by_label("Condition 1: values")
    async with answers_held(page):
        await page.get_by_role("button", name="Add a condition").click()
        await page.get_by_label("Name", exact=True).fill("Refunds")
        await page.get_by_label("Action 1: tag").fill("refunds")
        await values.click()
        await page.keyboard.press("End")
        await page.keyboard.type(", reklamace, ")
    await expect(page.get_by_label("Condition 2: field")).to_be_visible()
    await expect(values).to_have_value("refund, reklamace, ")
    await expect(values).to_be_focused()
    await expect(page.get_by_label("Name", exact=True)).to_have_value("Refunds")
    await expect(page.get_by_label("Action 1: tag")).to_have_value("refunds")
    await expect(page.locator("#sentence")).to_contain_text("mentions refund or reklamace: add tag refunds")


async def test_what_is_chosen_while_an_answer_is_under_way_stays(desk: Desk) -> None:
    page = await _open(desk)
    async with answers_held(page):
        await page.get_by_role("button", name="Add a condition").click()
        await page.get_by_label("Condition 1: field").select_option("priority")
        await page.get_by_label("Action 1: what happens").select_option("set_priority")
        await page.get_by_label("It looks at a ticket when").select_option("reopened")
    await expect(page.get_by_label("Condition 2: field")).to_be_visible()
    await expect(page.get_by_label("Condition 1: field")).to_have_value("priority")
    await expect(page.get_by_label("Action 1: what happens")).to_have_value("set_priority")
    await expect(page.get_by_label("It looks at a ticket when")).to_have_value("reopened")
    await page.locator("#conditions-0-value").click()
    await page.get_by_role("checkbox", name="Urgent").check()
    await page.get_by_label("Action 1: priority").select_option("high")
    sentence = "When a ticket is reopened and priority is urgent: set priority high."
    await expect(page.locator("#sentence")).to_have_text(sentence)


async def test_what_is_pressed_while_an_answer_is_under_way_is_done_after_it(desk: Desk) -> None:
    page = await _open(desk)
    async with answers_held(page):
        await page.get_by_role("button", name="Add a condition").click()
        await page.get_by_role("button", name="Add a condition").click()
        await page.get_by_role("button", name="Add an action").click()
    await expect(page.get_by_label("Condition 3: field")).to_be_visible()
    await expect(page.get_by_label("Action 2: what happens")).to_be_visible()
    await expect(page.get_by_label("Condition 4: field")).to_have_count(0)


async def test_a_button_of_a_row_that_moves_meanwhile_is_not_pressed_for_another_row(desk: Desk) -> None:
    page = await _open(desk)
    for number, tag in ((2, "second"), (3, "third")):
        await page.get_by_role("button", name="Add an action").click()
        await page.get_by_label(f"Action {number}: what happens").select_option("add_tag")
        await page.get_by_label(f"Action {number}: tag").fill(tag)
    async with answers_held(page):
        await page.get_by_role("button", name="Remove action 1").click()
        await page.get_by_role("button", name="Remove action 2").click()
    await expect(page.get_by_label("Action 3: tag")).to_have_count(0)
    await expect(page.get_by_label("Action 1: tag")).to_have_value("second")
    await expect(page.get_by_label("Action 2: tag")).to_have_value("third")


async def test_a_refused_answer_leaves_the_form_as_it_is(desk: Desk) -> None:
    page = await _open(desk)

    async def refuse(route: Route) -> None:
        await route.fulfill(response=await route.fetch(), status=503)

    with desk.watch.awaiting(503):
        await page.route(f"**{NEW}", refuse)
        await page.get_by_role("button", name="Add a condition").click()
        await expect(page.locator("#notices")).to_contain_text("What you typed is kept")
        await page.unroute_all(behavior="wait")
    await expect(page.get_by_label("Condition 1: values")).to_have_value("refund")
    await page.get_by_role("button", name="Add a condition").click()
    await expect(page.get_by_label("Condition 2: field")).to_be_visible()
