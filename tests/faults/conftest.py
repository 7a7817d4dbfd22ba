"""Shows the judge's lines, whatever pytest captures and in whichever process they were said."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.faults.database import database_url, unexplained
from tests.faults.servers import TemporalServer
from tests.faults.sizes import FULL, SIZE, Size
from tests.faults.verdict import VERDICTS, keep, packed, unpacked
from tests.faults.wired import Wired, running_wired
from tests.postgres import Postgres, running_postgres
from tests.stack import OWNER, Stack, running_stack

# Only for what hangs: whatever waits for something ends before that by itself.
LONGEST_SECONDS = 6_000 if FULL else 600


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.timeout(LONGEST_SECONDS))


@pytest.fixture(scope="session")
def wired(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wired]:
    """A stack with everything around it in our hands; who breaks something mends it."""
    with running_wired(tmp_path_factory.mktemp("wired")) as stack:
        yield stack


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack of the module's own, as its user starts it."""
    with running_stack(tmp_path_factory.mktemp("stack") / "home") as stack:
        yield stack


@pytest.fixture(autouse=True)
def replayed(request: pytest.FixtureRequest) -> Iterator[None]:
    """After a scenario the events of each ticket there is have no gap, and replaying them gives its row."""
    yield
    names = {"wired", "stack", "exposed"} & set(request.fixturenames)
    # Two of the names may be one stack.
    for stack in {request.getfixturevalue(name) for name in names}:
        assert unexplained(database_url(stack)) == {}


@pytest.fixture(scope="module")
def api(stack: Stack) -> Iterator[httpx.Client]:
    """The REST API of the module's stack, as the owner."""
    with stack.api(OWNER) as api:
        yield api


@pytest.fixture(scope="module")
def temporal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TemporalServer]:
    """A Temporal server that the module can take away."""
    server = TemporalServer(tmp_path_factory.mktemp("temporal") / "data")
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL that the module can take away, as durable as that of `make up`."""
    with running_postgres(durable=True) as server:
        yield server


def pytest_sessionfinish(session: pytest.Session) -> None:
    # One of several processes of pytest-xdist hands them to the one that reports.
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["verdicts"] = packed(VERDICTS)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    VERDICTS.extend(unpacked(getattr(node, "workeroutput", {}).get("verdicts", [])))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    broken = [line for report in _failed(terminalreporter) if (line := _broken(report))]
    if not VERDICTS + broken or hasattr(terminalreporter.config, "workeroutput"):
        return
    terminalreporter.section("what the judge says")
    for line in [*map(str, VERDICTS), *broken]:
        terminalreporter.write_line(line)
    if SIZE is not Size.EVERYDAY:
        terminalreporter.write_line(f"The same as JSON: {keep(VERDICTS, broken)}")


def _failed(terminalreporter: pytest.TerminalReporter) -> list[pytest.TestReport]:
    return [report for kind in ("failed", "error") for report in terminalreporter.stats.get(kind, ())]


def _broken(report: pytest.TestReport) -> str:
    """A line for a scenario that failed before the judge could say anything; empty if the judge said no."""
    if "tests/faults/" not in report.nodeid:
        return ""
    crash = getattr(report.longrepr, "reprcrash", None)
    message = (crash.message if crash else str(report.longrepr)).partition("\n")[0]
    return "" if message.startswith("AssertionError: NO ") else f"NO {report.nodeid} ({report.when}): {message}"
