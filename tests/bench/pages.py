"""How long the desk needs for its pages and how large they are: `python -m tests.bench.pages`, on the stack of HOME.

Meant for a stack with 100,000 tickets (tests.bench.seed): each page in less than 100 ms of the server's time and 60 KB
compressed. The time is the median of several requests, one after the other, and of the fastest one, which other work
on the machine disturbs least.
"""

import statistics
import time
from urllib.parse import urlencode

import httpx

from deploy.demo.cast import DISPATCHER
from deploy.local.home import secret
from deploy.local.settings import LocalSettings
from services.common.settings import load_settings
from tests.bench.lists import SEARCHES
from tests.browser.pages import DESK

REQUESTS = 9
MOST_MILLISECONDS = 100
MOST_BYTES = 60_000


def main() -> None:
    """Measure and print; exit code 1 when a page is too slow or too large."""
    settings = load_settings(LocalSettings)
    with httpx.Client(base_url=settings.url, follow_redirects=True, timeout=30) as browser:
        _sign_in(browser, settings.url, secret(settings, "demo_password"))
        pages = DESK | {
            f"search-{name}": f"/tickets?{urlencode({'filter': terms})}" for name, (terms, *_) in SEARCHES.items()
        }
        pages["ticket"] = "/tickets/1"
        results = [_measure(browser, name, path) for name, path in pages.items()]
    print(f"{'PAGE':<22}{'MEDIAN':>10}{'FASTEST':>10}{'BYTES':>10}")
    for name, median, fastest, size in results:
        print(f"{name:<22}{median:>7.0f} ms{fastest:>7.0f} ms{size:>10}")
    if any(fastest > MOST_MILLISECONDS or size > MOST_BYTES for _, _, fastest, size in results):
        raise SystemExit("A page is too slow or too large.")


def _sign_in(browser: httpx.Client, url: str, password: str) -> None:
    form = {"email": DISPATCHER.email, "password": password, "next": "/tickets"}
    browser.post("/sign-in", data=form, headers={"origin": url}).raise_for_status()


def _measure(browser: httpx.Client, name: str, path: str) -> tuple[str, float, float, int]:
    """The page's name, median and fastest time in milliseconds, and compressed size."""
    spent, size = [], 0
    for _ in range(REQUESTS):
        began = time.perf_counter()
        with browser.stream("GET", path) as answer:
            answer.raise_for_status()
            size = sum(map(len, answer.iter_raw()))
        spent.append((time.perf_counter() - began) * 1000)
    return name, statistics.median(spent), min(spent), size


if __name__ == "__main__":
    main()
