"""One stack for all end-to-end tests, stopped with the last of them."""

from collections.abc import Iterator

import httpx
import pytest

from tests.collector import Collector, running_collector
from tests.stack import Stack, running_stack

# The mail server whose word on senders the stack trusts.
AUTHSERV_ID = "mx.desk.example"
QUIET = {"acknowledge": False, "resolved_notice": False, "undo_seconds": 0, "staff_notices": False}


@pytest.fixture(scope="package")
def collector() -> Iterator[Collector]:
    """Where the stack sends its traces."""
    with running_collector() as collector:
        yield collector


@pytest.fixture(scope="package")
def stack(tmp_path_factory: pytest.TempPathFactory, collector: Collector) -> Iterator[Stack]:
    """A stack of its own, started and stopped as its user does."""
    environment = {"DURADESK_TRUSTED_AUTHSERV_ID": AUTHSERV_ID, **collector.environment}
    with running_stack(tmp_path_factory.mktemp("stack") / "home", environment) as stack:
        yield stack


@pytest.fixture(scope="package")
def api(stack: Stack) -> Iterator[httpx.Client]:
    """The REST API as the owner."""
    with stack.api() as client:
        # Most stories are about one mail; those about the others have a brand of their own.
        (brand,) = client.get("/brands").json()["items"]
        client.patch(f"/brands/{brand['id']}", json=QUIET).raise_for_status()
        yield client
