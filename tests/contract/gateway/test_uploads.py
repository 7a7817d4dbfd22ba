"""Files that people send with their words: uploaded first, named by handles, and never held in memory."""

import os
from collections.abc import AsyncIterator
from uuid import uuid4

import httpx
import psutil
import pytest

from services.domain.attachments import LARGEST_ATTACHMENT
from services.domain.message import NewAttachment
from services.domain.principal import Role
from tests.contract.tickets.desk import UPLOADS
from tests.doors import Doors
from tests.people import principal_of

PNG = b"\x89PNG\r\n\x1a\n" + bytes(2_000_000)


async def upload(who: httpx.AsyncClient, name: str = "photo.png", content: bytes = PNG) -> httpx.Response:
    return await who.post("/attachments", files={"file": (name, content, "image/png")})


async def ticket_of(who: httpx.AsyncClient) -> str:
    body = {"subject": "a", "body": "b", "requester": {"email": f"{uuid4()}@c.example"}}
    return str((await who.post("/tickets", json=body)).json()["id"])


async def say(who: httpx.AsyncClient, ticket: str, *handles: str, visibility: str = "public") -> httpx.Response:
    body = {"visibility": visibility, "body": "see", "uploads": handles}
    return await who.post(f"/tickets/{ticket}/messages", json=body)


async def test_an_uploaded_file_goes_with_a_message_and_with_a_new_ticket(doors: Doors) -> None:
    agent, customer = await doors.signed_in(), await doors.signed_in(Role.CUSTOMER)
    uploaded = await upload(agent, "../ph\u202eoto č.png")
    assert uploaded.status_code == 201
    kept = uploaded.json()
    assert (kept["file_name"], kept["size"], kept["content_type"]) == ("photo č.png", len(PNG), "image/png")
    ticket = await ticket_of(agent)
    for visibility in ("public", "internal"):
        (file,) = (await say(agent, ticket, kept["upload"], visibility=visibility)).json()["attachments"]
        assert (await agent.get(f"/attachments/{file['id']}")).content == PNG
    theirs = (await upload(customer)).json()["upload"]
    made = (await customer.post("/tickets", json={"subject": "a", "body": "b", "uploads": [theirs]})).json()
    (message,) = (await customer.get(f"/tickets/{made['id']}/messages")).json()["items"]
    assert message["attachments"][0]["file_name"] == "photo.png"


async def test_a_handle_is_for_whoever_uploaded_the_file_alone_and_for_a_day(doors: Doors) -> None:
    account = await doors.account()
    agent, other = await doors.signed_in(), await doors.signed_in()
    handle = (await upload(agent)).json()["upload"]
    ticket = await ticket_of(agent)
    foreign = UPLOADS.sign(NewAttachment("a", "text/plain", 1, "", "0" * 64), owner=principal_of(account))
    for who, wrong in ((other, handle), (agent, handle[:-2]), (agent, foreign), (agent, "x")):
        refused = await say(who, ticket, wrong)
        assert (refused.status_code, refused.json()["violations"][0]["field"]) == (422, "uploads")
    assert len((await agent.get(f"/tickets/{ticket}/messages")).json()["items"]) == 1
    assert (await say(agent, ticket, handle)).status_code == 201


async def test_files_of_one_message_are_limited_in_number_and_together(doors: Doors) -> None:
    agent = await doors.signed_in()
    ticket, handle = await ticket_of(agent), (await upload(agent)).json()["upload"]
    assert (await say(agent, ticket, *[handle] * 14)).status_code == 422
    assert (await say(agent, ticket, *[handle] * 21)).status_code == 422
    assert (await say(agent, ticket, *[handle] * 13)).status_code == 201


@pytest.mark.parametrize("role", Role)
async def test_whoever_may_write_may_upload_and_nobody_else(doors: Doors, role: Role) -> None:
    if role is not Role.SERVICE:
        assert (await upload(await doors.signed_in(role), content=b"x")).status_code == 201
    assert (await upload(await doors.http(), content=b"x")).status_code == 401


async def test_a_body_that_is_no_form_with_one_file_is_refused(doors: Doors) -> None:
    agent = await doors.signed_in()
    for sent in (
        await agent.post("/attachments", json={"file": "x"}),
        await agent.post("/attachments", files={"other": ("a", b"x")}),
        await agent.post("/attachments", data={"file": "x"}),
        await agent.post("/attachments", content=b"x", headers={"content-type": "multipart/form-data; boundary=y"}),
        await agent.post("/attachments", content=b"x", headers={"content-type": "multipart/form-data"}),
    ):
        assert (sent.status_code in (400, 422), sent.headers["content-type"]) == (True, "application/problem+json")


async def test_an_endless_upload_is_refused_without_being_held_in_memory(doors: Doors) -> None:
    agent = await doors.signed_in()
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
        while sent < 4 * LARGEST_ATTACHMENT:
            sent += 256 * 1024
            yield bytes(256 * 1024)

    before = psutil.Process(os.getpid()).memory_info().rss
    headers = {"content-type": "multipart/form-data; boundary=x"}
    refused = await agent.post("/attachments", content=endless(), headers=headers, timeout=60)
    assert (refused.status_code, refused.json()["reason"]) == (413, "REQUEST_ENTITY_TOO_LARGE")
    assert psutil.Process(os.getpid()).memory_info().rss - before < LARGEST_ATTACHMENT


async def test_without_a_token_no_upload_is_read(doors: Doors) -> None:
    too_large = bytes(LARGEST_ATTACHMENT // 4)
    assert (await upload(await doors.http(), content=too_large)).status_code == 401
