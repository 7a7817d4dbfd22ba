"""What holds for every page: axe finds nothing, by day and by night, and no phone has to scroll sideways."""

import pytest
from playwright.async_api import Page

from deploy.demo.cast import DISPATCHER
from tests.browser.chromium import AXE_COLOURS, axe_violations
from tests.browser.conftest import Desk
from tests.browser.pages import DESK, MISTAKES, OF_A_TICKET, PUBLIC, TICKETS


async def _hold(page: Page) -> None:
    """The rules of every page, on the page as it is."""
    problems = [f"light: {violation}" for violation in await axe_violations(page)]
    await page.emulate_media(color_scheme="dark")
    problems += [f"dark: {violation}" for violation in await axe_violations(page, AXE_COLOURS)]
    await page.set_viewport_size({"width": 390, "height": 844})
    problems += [f"narrow: {violation}" for violation in await axe_violations(page)]
    beyond = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    if beyond > 0:
        problems.append(f"narrow: {beyond} px too wide")
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("name", PUBLIC)
async def test_a_public_page_is_for_everybody(desk: Desk, name: str) -> None:
    await _hold(await desk.open(PUBLIC[name], user=None))


@pytest.mark.parametrize("name", DESK)
async def test_a_page_of_the_desk_is_for_everybody(desk: Desk, name: str) -> None:
    await _hold(await desk.open(DESK[name], user=DISPATCHER.email))


@pytest.mark.parametrize("name", MISTAKES)
async def test_a_page_that_tells_of_a_mistake_is_for_everybody(desk: Desk, name: str) -> None:
    path, status = MISTAKES[name]
    with desk.watch.awaiting(status):
        await _hold(await desk.open(path, user=DISPATCHER.email))


@pytest.mark.parametrize("name", TICKETS)
async def test_a_ticket_is_for_everybody(desk: Desk, name: str) -> None:
    number = desk.find_ticket(TICKETS[name])
    await _hold(await desk.open(f"/tickets/{number}", user=DISPATCHER.email))


@pytest.mark.parametrize("name", OF_A_TICKET)
async def test_a_page_about_a_ticket_is_for_everybody(desk: Desk, name: str) -> None:
    number = desk.find_ticket(TICKETS["ticket-damaged"])
    await _hold(await desk.open(f"/tickets/{number}{OF_A_TICKET[name]}", user=DISPATCHER.email))
