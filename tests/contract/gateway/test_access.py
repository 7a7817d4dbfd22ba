"""Who gets in, and what every answer of the gateway has in common."""

import asyncio
import base64
import re
from collections.abc import AsyncIterator

import httpx
import pytest
from structlog.testing import capture_logs

from services.domain.principal import Role
from services.domain.user import UserChange
from tests.conftest import DatabaseUrl
from tests.doors import BODY_LIMIT, Doors, running_doors, running_gateway
from tests.people import PASSWORD
from tests.ports import free_port

HEADERS = {
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "same-origin",
    "cache-control": "no-store",
}


def basic(text: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(text.encode()).decode()}


@pytest.fixture
async def anybody(doors: Doors) -> httpx.AsyncClient:
    return await doors.http()


async def test_a_password_gives_a_token_until_it_is_revoked(doors: Doors, anybody: httpx.AsyncClient) -> None:
    user = await doors.account()
    response = await anybody.post("/tokens", headers=basic(f"{user.email}:{PASSWORD}"))
    assert response.status_code == 201
    bearer = {"authorization": f"Bearer {response.json()['token']}"}
    assert (await anybody.get("/teams", headers=bearer)).status_code == 200
    assert (await anybody.delete("/tokens/current", headers=bearer)).status_code == 204


async def test_a_password_may_have_any_letters(doors: Doors, anybody: httpx.AsyncClient) -> None:
    user = await doors.account()
    await doors.identity.update_user(user.id, UserChange(password="žluťoučký: kůň"))
    assert (await anybody.post("/tokens", headers=basic(f"{user.email}:žluťoučký: kůň"))).status_code == 201


@pytest.mark.parametrize(
    "headers",
    [{}, {"authorization": "Basic"}, {"authorization": "Basic ###"}, basic("no colon"), basic("who@example.com:wrong")],
)
async def test_a_wrong_password_is_challenged(anybody: httpx.AsyncClient, headers: dict[str, str]) -> None:
    response = await anybody.post("/tokens", headers=headers)
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == 'Basic realm="Duradesk", charset="UTF-8"'
    assert response.headers["content-type"] == "application/problem+json"


async def test_every_route_but_signing_in_wants_a_token(doors: Doors, anybody: httpx.AsyncClient) -> None:
    schema = (await anybody.get(f"{doors.url}/openapi.json")).json()
    operations = [
        (method, path)
        for path, item in schema["paths"].items()
        for method in item
        if path.startswith("/api/v1") and (method, path) != ("post", "/api/v1/tokens")
    ]
    assert len(operations) > 20
    for method, path in operations:
        for headers in ({}, {"authorization": "Bearer dd_made_up"}, {"authorization": "Basic eDp5"}):
            response = await anybody.request(method, f"{doors.url}{path}", headers=headers)
            assert (method, path, response.status_code) == (method, path, 401)
            assert response.headers["www-authenticate"] == 'Bearer realm="Duradesk"'


@pytest.mark.parametrize("role", [Role.CUSTOMER, Role.LIGHT_AGENT, Role.AGENT])
async def test_settings_are_for_administrators(doors: Doors, role: Role) -> None:
    somebody, admin = await doors.signed_in(role), await doors.signed_in(Role.ADMIN)
    calls = [("POST", "/teams", {"name": f"Team of {role}"}), ("GET", "/quarantine", None)]
    for method, path, body in calls:
        refused = await somebody.request(method, path, json=body)
        assert (refused.status_code, refused.json()["reason"]) == (403, "FORBIDDEN")
        assert (await admin.request(method, path, json=body)).is_success


async def test_every_answer_has_the_security_headers(doors: Doors, anybody: httpx.AsyncClient) -> None:
    agent = await doors.signed_in()
    answers = [
        await anybody.get(doors.url),
        await anybody.get(f"{doors.url}/nowhere"),
        await anybody.put(f"{doors.url}/api/v1/tickets"),
        await anybody.get("/tickets"),
        await agent.get("/tickets"),
        await agent.post("/tickets", content=b"x" * (BODY_LIMIT + 1)),
    ]
    assert [answer.status_code for answer in answers] == [303, 404, 405, 401, 200, 413]
    assert answers[2].headers["allow"] == "GET, POST"
    for answer in answers:
        assert HEADERS.items() <= answer.headers.items()
        assert answer.headers["x-request-id"]
        if answer.is_error:
            assert answer.json()["request_id"] == answer.headers["x-request-id"]


@pytest.mark.parametrize(
    "request_line", [b"\x00\x01", b"GET /" + b"a" * 70_000, b"BREW", b"GET / HTTP/1.1\r\nno header"]
)
async def test_what_is_no_http_is_refused_with_the_security_headers(doors: Doors, request_line: bytes) -> None:
    url = httpx.URL(doors.url)
    reader, writer = await asyncio.open_connection(url.host, url.port)
    writer.write(request_line + b"\r\n\r\n")
    status, *lines = (await reader.read()).decode().partition("\r\n\r\n")[0].lower().split("\r\n")
    assert status == "http/1.1 400 bad request"
    assert {f"{name}: {value}" for name, value in HEADERS.items()} <= set(lines)
    writer.close()


async def test_the_log_has_the_ticket_but_no_other_word_of_a_path(doors: Doors) -> None:
    agent = await doors.signed_in()
    with capture_logs() as lines:
        for key in ("47114711", "ann@example.com", "x%0a[info] forged", "9" * 5_000):
            assert (await agent.get(f"/tickets/{key}")).status_code == 404
    logged = [line["ticket"] for line in lines if line["event"] == "http.request"]
    assert logged == ["47114711", None, None, None]


async def test_a_body_over_the_limit_is_refused_announced_or_not(doors: Doors) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b"x" * 65_536

    agent = await doors.signed_in()
    assert (await agent.post("/tickets", content=b"x" * (BODY_LIMIT + 1))).status_code == 413
    assert (await agent.post("/tickets", content=endless())).status_code == 413
    assert (await agent.post("/tickets", content=b"x" * BODY_LIMIT)).status_code == 422


async def test_operators_see_health_and_metrics_by_route(doors: Doors, anybody: httpx.AsyncClient) -> None:
    agent = await doors.signed_in()
    await agent.get("/tickets/47114711")
    await doors.desk.new_ticket()
    assert (await anybody.get(f"{doors.url}/healthz")).json() == {"status": "ok"}
    assert (await anybody.get(f"{doors.url}/readyz")).json() == dict.fromkeys(("identity", "tickets", "routing"), "ok")
    metrics = (await anybody.get(f"{doors.url}/metrics")).text
    assert (
        'duradesk_http_request_seconds_count{method="GET",route="/api/v1/tickets/{ticket_id}",status="404"}' in metrics
    )
    assert "47114711" not in metrics
    assert re.search(r"^duradesk_outbox_tickets [1-9]", metrics, re.MULTILINE)
    assert 'duradesk_deliveries{state="in_doubt"} 0.0' in metrics


async def test_readiness_names_who_does_not_answer(doors: Doors, anybody: httpx.AsyncClient) -> None:
    nobody = f"127.0.0.1:{free_port()}"
    async with running_gateway(doors.desk.address, nobody, nobody, objects=doors.objects) as url:
        response = await anybody.get(f"{url}/readyz")
        assert response.status_code == 503
        assert response.json()["detail"] == "Not ready: identity, routing do not answer."
        assert (await anybody.get(f"{url}/healthz")).status_code == 200
        bearer = {"authorization": "Bearer dd_anything"}
        away = await anybody.get(f"{url}/api/v1/tickets", headers=bearer)
        assert (away.status_code, away.json()["reason"], away.headers["retry-after"]) == (503, "UNAVAILABLE", "2")
    async with running_gateway(nobody, nobody, nobody, objects=doors.objects) as url:
        metrics = await anybody.get(f"{url}/metrics", timeout=20)
        assert (metrics.status_code, "duradesk_outbox" in metrics.text) == (200, False)


async def test_openapi_says_what_is_true(doors: Doors, anybody: httpx.AsyncClient) -> None:
    schema = (await anybody.get(f"{doors.url}/openapi.json")).json()
    assert schema["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    operations = {
        operation["operationId"]: operation for item in schema["paths"].values() for operation in item.values()
    }
    assert {"create_ticket", "update_ticket", "create_message", "list_events", "assign_ticket"} <= operations.keys()
    for name, operation in operations.items():
        for status, response in operation["responses"].items():
            if status >= "400":
                assert list(response["content"]) == ["application/problem+json"], name
    assert operations["create_ticket"]["security"] == [{"bearer": []}]
    assert operations["create_token"]["security"] == [{"basic": []}]


async def test_guesses_are_counted_by_connection_not_by_header(database_url: DatabaseUrl) -> None:
    # Before doors of its own: whoever guesses shuts those of all others here.
    async with running_doors(await database_url("identity", "routing", "tickets")) as doors:
        anybody = await doors.http()
        for count in range(60):
            headers = basic(f"guess-{count}@example.com:wrong") | {"x-forwarded-for": f"192.0.2.{count}"}
            response = await anybody.post("/tokens", headers=headers)
            if response.status_code == 429:
                break
        assert (response.status_code, int(response.headers["retry-after"]) > 0) == (429, True)
