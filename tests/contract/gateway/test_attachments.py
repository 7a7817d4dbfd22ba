"""Files that came by mail, over REST: for whoever may see their message, and nothing that a browser would run."""

from collections.abc import AsyncIterator
from email.message import EmailMessage

import aiosmtplib
import httpx
import pytest

from services.domain.message import NewAttachment, NewMessage, Visibility
from services.domain.principal import Role
from tests.contract.tickets.desk import MAIL
from tests.doors import Doors, running_mail_door

HTML = "<p>It burns <img src='cid:photo@x'><img src='https://e.example/pixel'></p><script>x()</script>"


def burning(sender: str) -> bytes:
    made = EmailMessage()
    made["From"], made["Subject"] = sender, "Printer"
    made.set_content("It burns\n\n-- \nCleo")
    made.add_alternative(HTML, subtype="html")
    rich = next(part for part in made.iter_parts() if part.get_content_type() == "text/html")
    rich.add_related(b"\x89PNG", "image", "png", cid="<photo@x>", filename="photo.png")
    made.add_attachment("<script>x()</script>", subtype="html", filename="../page č.html")
    return made.as_bytes()


@pytest.fixture(scope="module")
async def mail_port(doors: Doors) -> AsyncIterator[int]:
    async with running_mail_door(doors.desk.address, doors.objects) as port:
        yield port


async def deliver(port: int, raw: bytes) -> None:
    async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port, local_hostname="c.example") as smtp:
        await smtp.sendmail("cleo@c.example", ["support@localhost"], raw)


async def test_a_mail_arrives_with_its_html_and_its_files(doors: Doors, mail_port: int) -> None:
    raw = burning("arrives@c.example")
    for _ in range(3):
        await deliver(mail_port, raw)
    agent = await doors.signed_in()
    (ticket,) = (await agent.get("/tickets", params={"filter": "requester:arrives@c.example"})).json()["items"]
    (message,) = (await agent.get(f"/tickets/{ticket['number']}/messages")).json()["items"]
    assert (message["body"], message["quoted"]) == ("It burns", "-- \nCleo")
    assert message["html"] == '<p>It burns <img src="cid:photo@x"><img data-remote-src="https://e.example/pixel"></p>'
    photo, page = message["attachments"]
    assert (photo["file_name"], photo["content_id"], photo["size"]) == ("photo.png", "photo@x", 4)
    assert (page["file_name"], page["content_type"]) == ("page č.html", "text/html")
    answer = await agent.get(f"/attachments/{photo['id']}")
    assert (answer.content, answer.headers["content-type"]) == (b"\x89PNG", "image/png")


async def test_a_browser_can_only_save_a_file(doors: Doors, mail_port: int) -> None:
    await deliver(mail_port, burning("saves@c.example"))
    agent = await doors.signed_in()
    (ticket,) = (await agent.get("/tickets", params={"filter": "requester:saves@c.example"})).json()["items"]
    (message,) = (await agent.get(f"/tickets/{ticket['number']}/messages")).json()["items"]
    headers = (await agent.get(f"/attachments/{message['attachments'][1]['id']}")).headers
    assert headers["content-type"] == "application/octet-stream"
    assert headers["content-disposition"] == "attachment; filename=\"page _.html\"; filename*=UTF-8''page%20%C4%8D.html"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"].endswith("sandbox")


async def test_a_file_is_for_those_who_see_its_message(doors: Doors) -> None:
    owner, stranger = await doors.signed_in(Role.CUSTOMER), await doors.signed_in(Role.CUSTOMER)
    ticket = (await owner.post("/tickets", json={"subject": "a", "body": "b"})).json()
    files = {}
    for visibility in Visibility:
        digest = await doors.objects.put(visibility.encode())
        file = NewAttachment("a.txt", "text/plain", len(visibility), "", digest)
        new = NewMessage(Visibility.PUBLIC, "words", sender_email="cleo@c.example", attachments=(file,))
        client = await doors.desk.client(MAIL)
        message, _ = await client.create_message(ticket["id"], new)
        # No door brings notes yet.
        await doors.desk.rows(
            "UPDATE messages SET visibility = %(visibility)s WHERE id = %(id)s", visibility=visibility, id=message.id
        )
        files[visibility] = f"/attachments/{message.attachments[0].id}"
    agent, light = await doors.signed_in(), await doors.signed_in(Role.LIGHT_AGENT)

    async def statuses(who: httpx.AsyncClient) -> list[int]:
        return [(await who.get(files[visibility])).status_code for visibility in Visibility]

    assert await statuses(owner) == [200, 404]
    assert await statuses(agent) == [200, 200]
    assert await statuses(stranger) == [404, 404]
    assert await statuses(light) == [404, 404]
    assert await statuses(await doors.http()) == [401, 401]
    assert (await owner.get("/attachments/00000000-0000-0000-0000-000000000000")).status_code == 404


async def test_nobody_but_a_door_names_a_file_by_its_digest(doors: Doors) -> None:
    agent = await doors.signed_in()
    ticket = (
        await agent.post("/tickets", json={"subject": "a", "body": "b", "requester": {"email": "q@c.example"}})
    ).json()
    digest = await doors.objects.put(b"secret")
    body = {"visibility": "public", "body": "x", "attachments": [{"digest": digest}]}
    assert (await agent.post(f"/tickets/{ticket['id']}/messages", json=body)).status_code == 422


async def test_a_file_that_the_store_lost_is_said_to_be_unavailable(doors: Doors) -> None:
    client = await doors.desk.client(MAIL)
    ticket = await doors.desk.new_ticket(requester_email="lost@c.example")
    lost = NewAttachment("a.txt", "text/plain", 1, "", "0" * 64)
    message, _ = await client.create_message(
        ticket.id, NewMessage(Visibility.PUBLIC, "w", sender_email="lost@c.example", attachments=(lost,))
    )
    answer = await (await doors.signed_in()).get(f"/attachments/{message.attachments[0].id}")
    assert answer.status_code == 503
