"""Chromium as tests use it: found on this machine, and watched for everything that must not happen on a page."""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

from playwright.async_api import Browser, ConsoleMessage, Dialog, Page, Playwright, Request, Response

_NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
# What a slow machine may need for one step.
STEP_MILLISECONDS = 30_000

_AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
_AXE_RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
# Those that the colours decide, and nothing else.
AXE_COLOURS = ("color-contrast", "link-in-text-block")


def find_chromium() -> str:
    """The browser that DURADESK_CHROMIUM names, else the first on the PATH; LookupError if there is none."""
    found = os.environ.get("DURADESK_CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        raise LookupError("There is no Chromium: install it, or name it in DURADESK_CHROMIUM.")
    return found


async def launch(playwright: Playwright, executable: str) -> Browser:
    """A browser without a window; root may not have its sandbox."""
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    return await playwright.chromium.launch(executable_path=executable, args=arguments)


async def sign_in(page: Page, user: str, password: str) -> None:
    """Sign in as people do; the page is then the desk."""
    await page.goto("/sign-in?next=/tickets")
    await page.get_by_label("E-mail").fill(user)
    await page.get_by_label("Password").fill(password)
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_url("**/tickets*")


class Watch:
    """Notes what must not happen: errors, violations of the policy, foreign hosts, unsafe answers, dialogs."""

    def __init__(self, origin: str) -> None:
        self._host = urlsplit(origin).netloc
        self._awaited: set[int] = set()
        self.problems: list[str] = []
        self.requests: list[str] = []

    def follow(self, page: Page) -> None:
        """Watch this page too."""
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.problems.append(f"error in a script: {error}"))
        page.on("dialog", self._on_dialog)
        page.on("request", self._on_request)
        page.on("response", self._on_response)

    @contextmanager
    def awaiting(self, *statuses: int) -> Iterator[None]:
        """Let the answers of the block be refusals with one of these statuses."""
        self._awaited |= set(statuses)
        yield

    @contextmanager
    def interrupted(self) -> Iterator[None]:
        """Let the line be broken in the block: what the browser then says of it is no fault of a page."""
        before = list(self.problems)
        self._awaited |= {HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE}
        yield
        self.problems[len(before) :] = [one for one in self.problems[len(before) :] if "net::ERR_" not in one]

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type not in ("error", "warning"):
            return
        # Chromium and htmx tell every refusal here as well: those are judged by their status.
        refused = message.text.startswith(("Failed to load resource", "Response Status Error Code"))
        if not (refused and self._awaited):
            self.problems.append(f"{message.type} on the console: {message.text} ({message.location.get('url')})")

    async def _on_dialog(self, dialog: Dialog) -> None:
        # The browser's own question before a page with unsent words is left.
        if dialog.type != "beforeunload":
            self.problems.append(f"a dialog: {dialog.message}")
        await dialog.accept()

    def _on_request(self, request: Request) -> None:
        self.requests.append(request.url)
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob") and parts.netloc != self._host:
            self.problems.append(f"a request to a foreign host: {request.url}")

    def _on_response(self, response: Response) -> None:
        if urlsplit(response.url).netloc != self._host:
            return
        if response.status >= 400 and response.status not in self._awaited:
            self.problems.append(f"{response.status} for {response.request.method} {response.url}")
        policy = response.headers.get("content-security-policy", "")
        if not policy or "unsafe" in policy:
            self.problems.append(f"no strict policy on {response.url}: {policy!r}")
        if response.headers.get("x-content-type-options") != "nosniff":
            self.problems.append(f"no nosniff on {response.url}")


async def axe_violations(page: Page, rules: Sequence[str] = _AXE_RULES) -> list[str]:
    """What axe finds on the page as it is now, a line each; `rules` are its rules, or their tags."""
    if not await page.evaluate("'axe' in window"):
        # Evaluated by the browser's own debugger, which the policy of the page does not bind.
        await page.evaluate(f"() => {{ {_AXE.read_text()} }}")
    found = await page.evaluate(
        "rules => axe.run(document, {runOnly: rules, resultTypes: ['violations']}).then(result => result.violations)",
        list(rules),
    )
    return [
        f"{violation['id']}: {violation['help']} at {node['target']} ({node['failureSummary']})"
        for violation in found
        for node in violation["nodes"]
    ]
