"""One stack for all end-to-end tests."""

from collections.abc import Iterator

import httpx
import pytest

from tests.stack import Stack, running_stack

# The mail server whose word on senders the stack trusts.
AUTHSERV_ID = "mx.desk.example"


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack of its own, started and stopped as its user does."""
    environment = {"DURADESK_TRUSTED_AUTHSERV_ID": AUTHSERV_ID}
    with running_stack(tmp_path_factory.mktemp("stack") / "home", environment) as stack:
        yield stack


@pytest.fixture(scope="session")
def api(stack: Stack) -> Iterator[httpx.Client]:
    """The REST API as the owner."""
    with stack.api() as client:
        yield client
