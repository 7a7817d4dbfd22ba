"""Somebody's hands on keyboard and mouse, counted: a key or a click each, but not the letters of a text."""

import asyncio
from collections.abc import Callable
from time import monotonic

from playwright.async_api import Locator, Page


class Hands:
    """What somebody does on a page."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.count = 0

    async def press(self, *keys: str) -> None:
        """Press one key after the other; keys held together are one."""
        for key in keys:
            self.count += 1
            await self.page.keyboard.press(key)

    async def click(self, *targets: Locator) -> None:
        """Click one after the other."""
        for target in targets:
            self.count += 1
            await target.click()

    async def choose(self, field: Locator, option: str) -> None:
        """Open a list and choose from it: two clicks."""
        self.count += 2
        await field.select_option(label=option)

    async def write(self, text: str) -> None:
        """Type a text where the focus is; letters do not count."""
        await self.page.keyboard.insert_text(text)


async def until(done: Callable[[], object], what: str, *, within: float = 60) -> None:
    """Wait for what follows on the desk; the browser goes on meanwhile."""
    deadline = monotonic() + within
    while not done():
        assert monotonic() < deadline, f"waited {within} s for {what}"
        await asyncio.sleep(0.1)
