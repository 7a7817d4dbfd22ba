"""Whose mail it is, over real SMTP: answers thread by proof alone, machines change nothing, quarantine lets out."""

from email.message import EmailMessage
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.e2e.conftest import AUTHSERV_ID
from tests.e2e.test_story import found_by_mail, ticket
from tests.stack import OWNER, Stack, make_mail, text_of, wait_for


def answered(stack: Stack, api: httpx.Client, sender: str) -> tuple[dict[str, Any], EmailMessage]:
    """A ticket that came by mail, and our answer as it reached its sender."""
    stack.send_mail(make_mail(f"Ann <{sender}>", "Where is it?", "Where?", Message_ID=f"<first-{sender}>"))
    (created,) = found_by_mail(api, sender)
    reply = {"visibility": "public", "body": "On its way."}
    api.post(f"/tickets/{created['id']}/messages", json=reply).raise_for_status()

    def look() -> EmailMessage | None:
        return next((mail for mail in stack.sent_mails(sender) if "On its way." in text_of(mail)), None)

    return created, wait_for(look, what="the answer in the customer's mailbox")


def bodies(api: httpx.Client, ticket_id: str) -> list[str]:
    return [message["body"].strip() for message in api.get(f"/tickets/{ticket_id}/messages").json()["items"]]


def quarantined(api: httpx.Client, code: str, sender: str) -> list[dict[str, Any]]:
    items = api.get("/quarantine", params={"code": code}).json()["items"]
    return [item for item in items if sender in api.get(f"/quarantine/{item['id']}/source").text]


def to(mail: EmailMessage, address: str) -> EmailMessage:
    mail.replace_header("To", address)
    return mail


def test_an_answer_to_the_reply_address_threads_whatever_its_subject(stack: Stack, api: httpx.Client) -> None:
    sender = f"{uuid4()}@example.com"
    created, reply = answered(stack, api, sender)
    assert str(reply["Reply-To"]).rpartition("<")[2].startswith(f"support+t{created['number']}-")
    stack.send_mail(to(make_mail(sender, "Something else", "Thank you!"), str(reply["Reply-To"])))
    assert bodies(api, created["id"])[-1] == "Thank you!"
    assert ticket(api, created["id"])["status"] == "open"


def test_nobody_else_gets_into_a_ticket(stack: Stack, api: httpx.Client) -> None:
    sender, eve = f"{uuid4()}@example.com", f"{uuid4()}@evil.example"
    created, reply = answered(stack, api, sender)
    before = bodies(api, created["id"])
    subject = f"Re: [#{created['number']}] Where is it?"
    stack.send_mail(make_mail(eve, subject, "By the subject"))
    stack.send_mail(to(make_mail(eve, subject, "By a forwarded address"), str(reply["Reply-To"])))
    stack.send_mail(make_mail(eve, subject, "By a forwarded mail", In_Reply_To=str(reply["Message-ID"])))
    forged = {
        "Authentication-Results": f"{AUTHSERV_ID}; spf=fail; dkim=none; dmarc=fail",
        "In-Reply-To": str(reply["Message-ID"]),
    }
    stack.send_mail(to(make_mail(sender, subject, "By a forged sender", **forged), str(reply["Reply-To"])))
    assert bodies(api, created["id"]) == before
    assert len(found_by_mail(api, eve)) == 3
    assert len(quarantined(api, "FORGED", sender)) == 1
    stack.send_mail(make_mail(sender, subject, "It is me", In_Reply_To=str(reply["Message-ID"])))
    assert bodies(api, created["id"]) == [*before, "It is me"]


def test_a_colleagues_mail_has_no_authority_without_proof(stack: Stack, api: httpx.Client) -> None:
    sender, subject = f"{uuid4()}@example.com", f"Close it {uuid4()}"
    created, reply = answered(stack, api, sender)
    command = make_mail(OWNER[0], subject, "#close\n#assign me", In_Reply_To=str(reply["Message-ID"]))
    stack.send_mail(to(command, str(reply["Reply-To"])))
    assert (ticket(api, created["id"])["status"], len(bodies(api, created["id"]))) == ("pending", 2)
    (other,) = (found for found in found_by_mail(api, OWNER[0]) if found["subject"] == subject)
    (message,) = api.get(f"/tickets/{other['id']}/messages").json()["items"]
    assert (other["status"], message["author_kind"]) == ("new", "customer")
    activity = api.get(f"/tickets/{other['id']}/activity").json()["items"]
    assert all(event["decision_id"] for event in activity if event["kind"] == "ticket_assigned"), "by turn at most"
    assert api.post(f"/tickets/{created['id']}/close").status_code == 200


def test_a_bounce_and_an_absence_are_told_and_change_nothing(stack: Stack, api: httpx.Client) -> None:
    sender = f"{uuid4()}@example.com"
    created, reply = answered(stack, api, sender)
    api.post(f"/tickets/{created['id']}/resolve").raise_for_status()
    away = make_mail(
        sender, "Away", "Back on Monday", In_Reply_To=str(reply["Message-ID"]), Auto_Submitted="auto-replied"
    )
    bounce = make_mail("MAILER-DAEMON@mx.example", "Undelivered", "No such user")
    bounce.replace_header("From", "Mail Delivery System <MAILER-DAEMON@mx.example>")
    bounce.add_attachment(_returned(reply))
    bounce.set_boundary("returned")
    for mail in (away, bounce, away, bounce):
        stack.send_mail(mail)
    reports = api.get(f"/tickets/{created['id']}/mail-reports").json()["items"]
    assert [report["text"].strip() for report in reports] == ["Back on Monday", "No such user"]
    assert {report["rfc_message_id"] for report in reports} == {str(reply["Message-ID"])}
    found = ticket(api, created["id"])
    assert (found["status"], len(bodies(api, created["id"]))) == ("resolved", 2)
    kinds = [event["kind"] for event in api.get(f"/tickets/{created['id']}/activity").json()["items"]]
    assert kinds.count("automatic_mail_received") == 2


def _returned(mail: EmailMessage) -> EmailMessage:
    returned = EmailMessage()
    for name in ("From", "To", "Subject", "Message-ID"):
        returned[name] = str(mail[name])
    returned.set_content("On its way.")
    return returned


@pytest.mark.parametrize("call", ["release", "retry"])
def test_a_quarantined_mail_can_be_taken_after_all(stack: Stack, api: httpx.Client, call: str) -> None:
    sender = f"{uuid4()}@example.com"
    stack.send_mail(make_mail(sender, "Report", "All is well", Auto_Submitted="auto-generated"))
    (item,) = quarantined(api, "AUTOMATIC", sender)
    assert found_by_mail(api, sender) == []

    def settled() -> dict[str, Any] | None:
        found = dict(api.get(f"/quarantine/{item['id']}").json())
        return found if found["state"] in ("kept", "taken") else None

    for _ in range(2):
        assert api.post(f"/quarantine/{item['id']}/{call}").status_code == 202
        done = wait_for(settled, what="the item to be read again")
    if call == "release":
        assert [found["id"] for found in found_by_mail(api, sender)] == [done["ticket_id"]]
    else:
        assert (done["state"], done["code"], found_by_mail(api, sender)) == ("kept", "AUTOMATIC", [])
        assert api.delete(f"/quarantine/{item['id']}").json()["state"] == "deleted"
        assert api.get(f"/quarantine/{item['id']}/source").content == b""
