"""Followers and the staff, seen from their mailboxes."""

from email.message import EmailMessage
from email.utils import parseaddr
from uuid import uuid4

import httpx

from tests.e2e.test_story import create, quick_brand, ticket
from tests.stack import Stack, make_mail, text_of, wait_for

CANARY = "Canary-Note-9054"
PASSWORD = "correct horse battery"


def answer(mail: EmailMessage, sender: str, body: str) -> EmailMessage:
    """What a mail program makes of "reply"."""
    made = make_mail(sender, f"Re: {mail['Subject']}", body, In_Reply_To=mail["Message-ID"])
    made.replace_header("To", parseaddr(mail["Reply-To"])[1])
    return made


def test_a_reply_with_its_file_reaches_the_requester_and_a_follower_each_under_their_own_address(
    stack: Stack, api: httpx.Client
) -> None:
    brand, (ann, dora) = quick_brand(api), (f"{uuid4()}@example.com" for _ in range(2))
    made = create(api, brand=brand["name"], requester={"email": ann})
    path = f"/tickets/{made['id']}"
    follower = api.post(f"{path}/followers", json={"email": dora}).json()
    api.post(f"{path}/messages", json={"visibility": "internal", "body": CANARY}).raise_for_status()
    file = api.post("/attachments", files={"file": ("návod.txt", b"Turn it on.", "text/plain")}).json()
    reply = {"visibility": "public", "body": "See the file.", "uploads": [file["upload"]]}
    api.post(f"{path}/messages", json=reply).raise_for_status()
    mails = {person: wait_for(lambda p=person: stack.replies(p), what="a mail")[0] for person in (ann, dora)}  # type: ignore[misc]
    assert mails[ann]["Reply-To"] != mails[dora]["Reply-To"]
    assert mails[ann]["Message-ID"] != mails[dora]["Message-ID"]
    for mail in mails.values():
        (part,) = mail.iter_attachments()
        assert (part.get_filename(), part.get_content()) == ("návod.txt", "Turn it on.")
        assert CANARY not in mail.as_string()
    assert ticket(api, made["id"])["status"] == "pending"

    def delivered() -> bool:
        (*_, message) = api.get(f"{path}/messages").json()["items"]
        states = {mail["recipient"]: mail["state"] for mail in message["delivery"]}
        return bool(states == {ann: "done", dora: "done"})

    wait_for(delivered, what="both to be told as sent")

    stack.send_mail(answer(mails[dora], f"Dora <{dora}>", "It works."))
    messages = api.get(f"{path}/messages").json()["items"]
    assert (messages[-1]["body"], messages[-1]["author_id"]) == ("It works.", follower["id"])
    assert ticket(api, made["id"])["status"] == "open"
    api.delete(f"{path}/followers/{follower['id']}").raise_for_status()
    stack.send_mail(answer(mails[dora], f"Dora <{dora}>", "And now?"))
    assert len(api.get(f"{path}/messages").json()["items"]) == len(messages)
    (apart,) = api.get("/tickets", params={"filter": f"requester:{dora}"}).json()["items"]
    assert apart["id"] != made["id"]


def test_the_staff_are_told_by_mail_and_act_in_the_desk_alone(stack: Stack, api: httpx.Client) -> None:
    brand, ann, ben = quick_brand(api, staff_notices=True), f"{uuid4()}@example.com", f"{uuid4()}@example.com"
    account = {"email": ben, "name": "Ben", "role": "agent", "password": PASSWORD}
    user = api.post("/users", json=account).json()
    made = create(api, brand=brand["name"], requester={"email": ann, "name": "Ann"})
    path = f"/tickets/{made['id']}"
    wait_for(lambda: ticket(api, made["id"])["assignee_id"], what="an owner")
    api.post(f"{path}/assign", json={"assignee_id": user["id"]}).raise_for_status()
    api.post(f"{path}/messages", json={"visibility": "internal", "body": CANARY}).raise_for_status()
    wait_for(lambda: len(stack.sent_mails(ben)) == 2, what="two mails to Ben")
    told = stack.sent_mails(ben)
    note = next(mail for mail in told if CANARY in text_of(mail))
    assert all(mail["Auto-Submitted"] == "auto-generated" for mail in told)
    assert all(f"{stack.url}/tickets/{made['number']}" in text_of(mail) for mail in told)
    stack.send_mail(answer(note, f"Ben <{ben}>", "close it"))
    kept = api.get("/quarantine", params={"limit": 1, "code": "ANSWERS_NOTICE"}).json()["items"][0]
    assert kept["envelope_sender"] == ben
    assert len(api.get(f"{path}/messages").json()["items"]) == 2
    assert stack.sent_mails(ann) == []
    assert ticket(api, made["id"])["status"] == "new"
