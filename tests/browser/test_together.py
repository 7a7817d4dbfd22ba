"""Several people, tabs and interruptions on one ticket: nobody answers twice unasked, and nothing typed is lost."""

import httpx
from playwright.async_api import expect

from tests.browser.conftest import JONAS, MIA, Desk
from tests.browser.hands import until

REPLY = "Your reply to the customer"


async def test_two_agents_who_answer_at_once_never_send_two_answers_unasked(desk: Desk) -> None:
    ticket = desk.make_ticket("Who answers first?")
    mias, jonass = [await desk.open(f"/tickets/{ticket['number']}", user=user.email) for user in (MIA, JONAS)]
    await mias.get_by_label(REPLY).fill("Mia was quicker.")
    await jonass.get_by_label(REPLY).fill("Jonas was slower.")
    await mias.keyboard.press("Control+Enter")
    await until(lambda: len(desk.messages(ticket)) == 2, "the first answer")
    with desk.watch.awaiting(400, 409, 412):
        await jonass.keyboard.press("Control+Enter")
        await expect(jonass.get_by_role("alert")).to_contain_text("newer message")
    assert len(desk.messages(ticket)) == 2
    await expect(jonass.get_by_label(REPLY)).to_have_value("Jonas was slower.")
    await jonass.get_by_role("button", name="Send it as it is").click()
    await until(lambda: len(desk.messages(ticket)) == 3, "the answer that was sent all the same")


async def test_what_was_typed_survives_a_reload_and_a_gateway_that_was_killed(desk: Desk) -> None:
    ticket = desk.make_ticket("A long answer")
    page = await desk.open(f"/tickets/{ticket['number']}")
    field = page.get_by_label(REPLY)
    await field.press_sequentially("Dear Gwen, ")
    await expect(page.locator(".composer .reply .draft-state")).to_contain_text("Draft")
    await page.reload()
    await expect(field).to_have_value("Dear Gwen, ")
    with desk.watch.interrupted():
        desk.stack.kill("gateway")
        await field.press("End")
        await field.press_sequentially("typed while it was down")
        await until(lambda: _is_ready(desk), "the gateway to be back")
        await page.reload()
    await expect(field).to_have_value("Dear Gwen, typed while it was down")


async def test_news_come_to_two_tabs_from_children_and_after_a_time_without_a_line(desk: Desk) -> None:
    ticket = desk.make_ticket("News for two tabs")
    first = await desk.open(f"/tickets/{ticket['number']}")
    second = await desk.open(f"/tickets/{ticket['number']}")
    desk.write_note(ticket, "Seen by both tabs")
    for page in (first, second):
        await expect(page.get_by_text("Seen by both tabs")).to_be_visible()
    with desk.watch.interrupted():
        await second.context.set_offline(True)
        desk.write_note(ticket, "Written meanwhile")
        await expect(first.get_by_text("Written meanwhile")).to_be_visible()
        await second.context.set_offline(False)
        await expect(second.get_by_text("Written meanwhile")).to_be_visible(timeout=60_000)
    child, _ = [desk.make_ticket(f"Child {number} of two", parent_id=ticket["id"]) for number in range(2)]
    await expect(first.get_by_text("0 of 2 settled")).to_be_visible()
    with desk.api() as api:
        api.post(f"/tickets/{child['id']}/resolve").raise_for_status()
    await expect(first.get_by_text("1 of 2 settled")).to_be_visible()


async def test_reading_needs_no_scripts(desk: Desk) -> None:
    ticket = desk.make_ticket("Read without scripts")
    page = await desk.open("/tickets?view=all_open&sort=-created_at", java_script_enabled=False)
    await page.get_by_role("link", name="Read without scripts").click()
    await expect(page.get_by_text("Read without scripts, please.")).to_be_visible()
    await page.get_by_label(REPLY).fill("Sent by a plain form.")
    await page.get_by_role("button", name="Send to").click()
    await until(lambda: len(desk.messages(ticket)) == 2, "the answer")


def _is_ready(desk: Desk) -> bool:
    try:
        return httpx.get(f"{desk.stack.url}/readyz", timeout=5).is_success
    except httpx.HTTPError:
        return False
