"""Pure parts of the gateway: the table of statuses, durations, and what an unforeseen error tells."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from services.domain.errors import AlreadyExists, Conflict, DuradeskError, NotFound
from services.gateway.middleware import BodyLimit, Metrics, RequestEdge
from services.gateway.models.base import format_duration, parse_duration
from services.gateway.problems import STATUSES, install, status_of


def test_every_error_has_a_status_and_only_the_root_is_500() -> None:
    assert set(STATUSES) == {DuradeskError, *DuradeskError.__subclasses__()}
    assert [kind for kind, status in STATUSES.items() if status >= 500 and status != 503] == [DuradeskError]


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NotFound("x"), 404),
        (type("Special", (NotFound,), {})("x"), 404),
        (Conflict("x"), 409),
        (AlreadyExists("x"), 409),
        (AlreadyExists("x", reason="REQUEST_ID_USED"), 422),
        (DuradeskError("x"), 500),
    ],
)
def test_the_status_of_an_error_is_that_of_its_class(error: DuradeskError, status: int) -> None:
    assert status_of(error) == status


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("P3D", 259_200), ("PT10S", 10), ("P1DT2H3M4S", 93_784), ("P2W", 1_209_600), ("PT0S", 0)],
)
def test_a_duration_is_read_and_told_as_iso_8601(text: str, seconds: int) -> None:
    duration = parse_duration(text)
    assert duration == timedelta(seconds=seconds)
    assert parse_duration(format_duration(duration)) == duration


@pytest.mark.parametrize(
    "value", ["", "P", "PT", "3D", "P1Y", "P1M", "-P1D", "P1D ", "P1DT", "p1d", "P\u0661D", 3, None, True]
)
def test_nothing_else_is_a_duration(value: Any) -> None:
    with pytest.raises(ValueError, match="ISO 8601"):
        parse_duration(value)


async def test_an_unforeseen_error_tells_nothing_of_itself(capsys: pytest.CaptureFixture[str]) -> None:
    app = FastAPI()
    install(app)
    app.add_middleware(RequestEdge, metrics=Metrics())

    @app.get("/")
    async def broken() -> None:
        raise RuntimeError("the password is hunter2")

    transport = httpx.ASGITransport(app, raise_app_exceptions=True)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        response = await client.get("/", headers={"x-request-id": "request-7"})
    assert (response.status_code, response.json()["reason"]) == (500, "INTERNAL")
    assert "hunter2" not in response.text
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["x-request-id"] == "request-7"
    assert capsys.readouterr().out.count("http.failed") == 1


async def test_a_body_that_does_not_come_is_not_waited_for() -> None:
    app = FastAPI()
    app.add_middleware(BodyLimit, limit=100, seconds=0.01)

    async def endless() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        response = await client.post("/", content=endless())
    assert (response.status_code, response.json()["reason"]) == (408, "BODY_TOO_SLOW")
    assert response.headers["connection"] == "close"
