"""What the desk sends, seen from the customer's mailbox and browser."""

import re
from email.message import EmailMessage
from uuid import uuid4

import httpx

from tests.e2e.test_story import create, found_by_mail, quick_brand, ticket, wait_for_status
from tests.stack import OWNER, Stack, make_mail, text_of, wait_for


def links_of(mail: EmailMessage) -> list[str]:
    return re.findall(r"http://\S+/answer/\S+", text_of(mail))


def test_a_new_request_by_mail_is_acknowledged_once_and_neutrally(stack: Stack, api: httpx.Client) -> None:
    brand = quick_brand(api, acknowledge=True)
    sender = f"{uuid4()}@example.com"
    for subject in ("Canary-one", "Canary-two"):
        mail = make_mail(f"Ann <{sender}>", subject, "Please help.", Message_ID=f"<{uuid4()}@example.com>")
        mail.replace_header("To", brand["address"])
        stack.send_mail(mail)
    wait_for(lambda: len(found_by_mail(api, sender)) == 2, what="two tickets")
    found = found_by_mail(api, sender)

    def states() -> list[str]:
        ledgers = [api.get(f"/tickets/{item['id']}/deliveries").json()["items"] for item in found]
        return sorted(mail["state"] for ledger in ledgers for mail in ledger)

    wait_for(lambda: states() == ["done", "suppressed"], what="one mail sent and one suppressed")
    (mail,) = stack.sent_mails(sender)
    assert (mail["Auto-Submitted"], "Canary" in mail.as_string()) == ("auto-replied", False)
    assert mail.get_content_type() == "multipart/alternative"
    assert mail["X-MailFrom"] in (None, "<>", "")


def test_a_reply_can_be_taken_back_until_it_goes_out(stack: Stack, api: httpx.Client) -> None:
    brand = quick_brand(api, undo_seconds=60)
    sender = f"{uuid4()}@example.com"
    created = create(api, brand=brand["name"], requester={"email": sender, "name": "Ann"})
    path = f"/tickets/{created['id']}/messages"
    oops = api.post(path, json={"visibility": "public", "body": "Oops."}).json()
    undone = api.post(f"{path}/{oops['id']}/undo")
    assert (undone.status_code, undone.json()["withdrawn_at"] is None) == (200, False)
    api.patch(f"/brands/{brand['id']}", json={"undo_seconds": 1}).raise_for_status()
    right = api.post(path, json={"visibility": "public", "body": "Right."}).json()
    (mail,) = wait_for(lambda: stack.sent_mails(sender), what="the right reply")
    assert text_of(mail).strip() == "Right."
    late = api.post(f"{path}/{right['id']}/undo")
    assert (late.status_code, late.json()["reason"]) == (409, "TOO_LATE")
    ledger = {item["message_id"]: item for item in api.get(f"/tickets/{created['id']}/deliveries").json()["items"]}
    assert ledger[right["id"]]["rfc_message_id"] == mail["Message-ID"]
    assert ledger.get(oops["id"], {"state": "cancelled"})["state"] == "cancelled"


def test_a_customer_says_by_the_link_of_a_mail_that_it_is_not_solved(stack: Stack, api: httpx.Client) -> None:
    brand = quick_brand(api, resolved_notice=True, auto_close_after="PT1H")
    sender = f"{uuid4()}@example.com"
    created = create(api, brand=brand["name"], requester={"email": sender, "name": "Ann"})
    api.post(f"/tickets/{created['id']}/resolve").raise_for_status()
    (mail,) = wait_for(lambda: stack.sent_mails(sender), what="the notice")
    assert mail["Auto-Submitted"] == "auto-generated"
    solved, not_solved = links_of(mail)
    assert not_solved.startswith(f"{stack.url}/answer/")
    with httpx.Client(timeout=20) as browser:
        page = browser.get(not_solved, headers={"Host": "evil.example"})
        assert (page.status_code, "evil" in page.text) == (200, False)
        assert "script" not in page.text
        policy = page.headers["content-security-policy"]
        assert ("default-src 'none'" in policy, "unsafe" in policy) == (True, False)
        assert page.headers["x-content-type-options"] == "nosniff"
        assert ticket(api, created["id"])["status"] == "resolved"
        assert browser.get(not_solved[:-1]).status_code == 404
        assert browser.post(not_solved[:-1] + ("B" if not_solved[-1] == "A" else "A")).status_code == 404
        for _ in range(2):
            assert browser.post(not_solved).status_code == 200
        assert ticket(api, created["id"])["status"] == "open"
        assert browser.post(solved).status_code == 410
        assert ticket(api, created["id"])["status"] == "open"


def test_a_reminded_customer_says_that_it_is_solved(stack: Stack, api: httpx.Client) -> None:
    brand = quick_brand(api, idle_remind_after="PT1S", idle_resolve_after="PT1H")
    sender = f"{uuid4()}@example.com"
    created = create(api, brand=brand["name"], requester={"email": sender, "name": "Ann"})
    reply = {"visibility": "public", "body": "Which size?"}
    api.post(f"/tickets/{created['id']}/messages", json=reply).raise_for_status()
    reminder = wait_for(lambda: next((m for m in stack.sent_mails(sender) if links_of(m)), None), what="the reminder")
    assert httpx.post(links_of(reminder)[0], timeout=20).status_code == 200
    wait_for_status(api, created["id"], "resolved")
    events = api.get(f"/tickets/{created['id']}/activity").json()["items"]
    (resolved,) = (event for event in events if event["kind"] == "ticket_resolved")
    assert resolved["actor"] == created["requester"]["id"]


def sign_in(browser: httpx.Client, stack: Stack, user: tuple[str, str]) -> None:
    form = {"email": user[0], "password": user[1]}
    assert browser.post("/sign-in", data=form, headers={"Origin": stack.url}).status_code == 303


def test_the_local_mailbox_is_shown_to_the_owner_at_this_machine_alone(stack: Stack, api: httpx.Client) -> None:
    sender = f"{uuid4()}@example.com"
    created = create(api, requester={"email": sender, "name": "Ann"})
    reply = {"visibility": "public", "body": "<b>Bold</b> canary"}
    api.post(f"/tickets/{created['id']}/messages", json=reply).raise_for_status()
    wait_for(lambda: stack.sent_mails(sender), what="the reply")
    admin = {"email": f"{uuid4()}@example.com", "name": "Ada", "role": "admin", "password": "a-password-for-ada"}
    api.post("/users", json=admin).raise_for_status()
    with httpx.Client(base_url=stack.url, timeout=20) as browser:
        assert browser.get("/sink").status_code == 303
        sign_in(browser, stack, (admin["email"], admin["password"]))
        assert browser.get("/sink").status_code == 404
        sign_in(browser, stack, OWNER)
        listed = browser.get("/sink")
        assert sender in listed.text
        path = re.findall(r'href="(/sink/[^"]+)"', listed.text)[0]
        shown = browser.get(path)
        assert ("&lt;b&gt;Bold&lt;/b&gt; canary" in shown.text, "<b>Bold" in shown.text) == (True, False)
        framed = browser.get(f"{path}/html")
        assert "sandbox" in framed.headers["content-security-policy"]
        for headers in ({"Host": "evil.example"}, {"X-Forwarded-For": "10.0.0.1"}):
            assert browser.get("/sink", headers=headers).status_code == 404
        for name in ("..%2f..%2fsecrets", "nothing"):
            assert browser.get(f"/sink/{name}").status_code == 404
