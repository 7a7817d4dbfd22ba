"""Pictures of every page of the stack that runs here with the demo: `make screenshots` puts them into reports/.

Each in light and dark, on a desk's screen and on a phone's; to be looked at, not to be compared.
"""

import asyncio
from collections.abc import Mapping
from itertools import product
from pathlib import Path
from typing import Literal

import httpx
from playwright.async_api import Browser, Page, StorageState, async_playwright

from deploy.demo.cast import DISPATCHER
from deploy.local.access import fetch_token
from deploy.local.home import secret
from deploy.local.settings import LocalSettings
from services.common.settings import load_settings
from tests.browser.chromium import STEP_MILLISECONDS, find_chromium, launch, sign_in
from tests.browser.pages import DESK, MISTAKES, PUBLIC, TICKETS

FOLDER = Path("reports/screenshots")
SIZES = {"wide": (1280, 900), "narrow": (390, 844)}
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


async def take_all(url: str, user: str, password: str, tickets: Mapping[str, int]) -> None:
    """All pictures, one after the other."""
    executable = find_chromium()
    paths = DESK | {name: path for name, (path, _) in MISTAKES.items()}
    paths |= {name: f"/tickets/{number}" for name, number in tickets.items()}
    async with async_playwright() as playwright:
        browser = await launch(playwright, executable)
        page = await browser.new_page(base_url=url)
        await sign_in(page, user, password)
        session = await page.context.storage_state()
        for scheme, size in product(SCHEMES, SIZES):
            await _take(browser, url, PUBLIC, scheme=scheme, size=size, session=None)
            await _take(browser, url, paths, scheme=scheme, size=size, session=session)
        await browser.close()


async def _take(
    browser: Browser,
    url: str,
    paths: Mapping[str, str],
    *,
    scheme: Literal["light", "dark"],
    size: str,
    session: StorageState | None,
) -> None:
    width, height = SIZES[size]
    context = await browser.new_context(
        base_url=url,
        color_scheme=scheme,
        viewport={"width": width, "height": height},
        storage_state=session,
        reduced_motion="reduce",
        locale="en-GB",
    )
    context.set_default_timeout(STEP_MILLISECONDS)
    page = await context.new_page()
    for name, path in paths.items():
        await page.goto(path)
        await _settle(page)
        await page.screenshot(path=FOLDER / f"{name}-{size}-{scheme}.png")
    await context.close()


async def _settle(page: Page) -> None:
    await page.evaluate("document.fonts.ready")
    wide = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    if wide > 0:
        print(f"{page.url} is {wide} px too wide at {page.viewport_size}")


def main() -> None:
    """Read where the stack is, then take the pictures."""
    settings = load_settings(LocalSettings)
    user, password = DISPATCHER.email, secret(settings, "demo_password")
    headers = {"authorization": f"Bearer {fetch_token(settings.url, email=user, password=password)}"}
    numbers: dict[str, int] = {}
    with httpx.Client(base_url=f"{settings.url}/api/v1", headers=headers, timeout=20) as api:
        for name, terms in TICKETS.items():
            for item in api.get("/tickets", params={"filter": terms, "limit": 1}).raise_for_status().json()["items"]:
                numbers[name] = item["number"]
    FOLDER.mkdir(parents=True, exist_ok=True)
    asyncio.run(take_all(settings.url, user, password, numbers))


if __name__ == "__main__":
    main()
