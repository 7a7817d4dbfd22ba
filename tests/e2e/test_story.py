"""The main job on real input: a request comes in, is answered, resolved, and closes by itself."""

import base64
import json
import re
import subprocess
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx

from tests.e2e.conftest import QUIET
from tests.stack import BIN, OWNER, Stack, make_mail, wait_for

CANARIES = ("Canary-Subject-7719", "Canary-Body-4402", "Canary Name 9310", "canary-9921@example.com")


def create(api: httpx.Client, **overrides: Any) -> dict[str, Any]:
    body = {
        "subject": "Where is my order?",
        "body": "It should have come on Monday.",
        "requester": {"email": f"{uuid4()}@example.com", "name": "Ann"},
    }
    answer = api.post("/tickets", json=body | overrides)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def ticket(api: httpx.Client, ticket_id: str) -> dict[str, Any]:
    answer = api.get(f"/tickets/{ticket_id}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def wait_for_status(api: httpx.Client, ticket_id: str, status: str, within: float = 60) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        found = ticket(api, ticket_id)
        return found if found["status"] == status else None

    return wait_for(look, within=within, what=f"{ticket_id} to be {status}")


def found_by_mail(api: httpx.Client, sender: str) -> list[dict[str, Any]]:
    answer = api.get("/tickets", params={"filter": f"requester:{sender}"})
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


def quick_brand(api: httpx.Client, **settings: Any) -> dict[str, Any]:
    name = f"quick-{uuid4().hex[:8]}"
    brand = {"name": name, "address": f"{name}@shop.example"} | QUIET | settings
    answer = api.post("/brands", json=brand)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def test_a_ticket_gets_an_owner_and_a_workflow_that_waits_on_it(stack: Stack, api: httpx.Client) -> None:
    created = create(api)
    assert created["status"] == "new"
    owned = wait_for(lambda: (found := ticket(api, created["id"]))["assignee_id"] and found, what="an owner")
    assert owned["team_id"]
    described = stack.temporal("workflow", "describe", "--workflow-id", f"ticket/{created['id']}")
    assert described["workflowExecutionInfo"]["status"] == "WORKFLOW_EXECUTION_STATUS_RUNNING"
    assert f"#{created['number']}" in json.dumps(described)


def test_command_asks_for_the_password_and_prints_the_token_alone(stack: Stack, api: httpx.Client) -> None:
    environment = {name: value for name, value in stack.environment.items() if name != "DURADESK_OWNER_PASSWORD"}
    # In a session of its own there is no terminal to ask at, so it reads what is piped in.
    answer = subprocess.run(
        [BIN / "duradesk", "token", "--email", OWNER[0]],
        env=environment,
        input=f"{OWNER[1]}\n",
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        start_new_session=True,
    )

    assert api.get("/tickets", headers={"authorization": f"Bearer {answer.stdout.strip()}"}).status_code == 200
    assert "Password" in answer.stderr


def test_operators_find_workflows_by_status(stack: Stack, api: httpx.Client) -> None:
    created = create(api)
    answer = api.patch(f"/tickets/{created['id']}", json={"status": "on_hold"})
    assert answer.status_code == 200, answer.text
    query = 'TicketStatus="on_hold" AND ExecutionStatus="Running"'

    def listed() -> bool:
        rows = stack.temporal("workflow", "list", "--query", query)
        return any(row["execution"]["workflowId"] == f"ticket/{created['id']}" for row in rows)

    wait_for(listed, what="the workflow in Temporal's list")


def test_a_mail_becomes_a_ticket_and_the_conversation_goes_on_by_mail(stack: Stack, api: httpx.Client) -> None:
    sender = f"{uuid4()}@example.com"
    stack.send_mail(make_mail(f"Ann Novák <{sender}>", "Kde je moje zásilka?", "Dobrý den,\nkde je?\n"))
    (created,) = found_by_mail(api, sender)
    assert (created["subject"], created["channel"]) == ("Kde je moje zásilka?", "mail")

    answer = api.post(f"/tickets/{created['id']}/messages", json={"visibility": "public", "body": "Na cestě."})
    assert answer.status_code == 201, answer.text
    assert answer.json()["author_name"], "colleagues see who wrote"
    assert ticket(api, created["id"])["status"] == "pending"
    (reply,) = wait_for(lambda: stack.sent_mails(sender), what="the reply in the customer's mailbox")
    assert reply["Subject"].startswith("Re: ")
    assert reply["From"].endswith("<support@localhost>")

    stack.send_mail(make_mail(sender, "Re: anything", "Thank you!", In_Reply_To=str(reply["Message-ID"])))
    assert len(found_by_mail(api, sender)) == 1
    assert ticket(api, created["id"])["status"] == "open"


def test_the_same_mail_delivered_three_times_is_one_ticket(stack: Stack, api: httpx.Client) -> None:
    sender = f"{uuid4()}@example.com"
    for _ in range(3):
        stack.send_mail(make_mail(sender, "Once", "Only once.", Message_ID=f"<{sender}>"))
    assert len(found_by_mail(api, sender)) == 1


def test_the_same_request_sent_twice_is_one_ticket_and_other_content_is_refused(api: httpx.Client) -> None:
    key = {"Idempotency-Key": str(uuid4())}
    body = {"subject": "Once", "body": "", "requester": {"email": f"{uuid4()}@example.com"}}
    first = api.post("/tickets", json=body, headers=key)
    second = api.post("/tickets", json=body, headers=key)
    assert first.status_code == second.status_code == 201
    assert first.json()["id"] == second.json()["id"]
    third = api.post("/tickets", json=body | {"subject": "Another"}, headers=key)
    assert third.status_code == 422
    assert third.headers["content-type"] == "application/problem+json"


def test_an_idle_ticket_is_reminded_resolved_and_closed_by_itself(stack: Stack, api: httpx.Client) -> None:
    brand = quick_brand(api, idle_remind_after="PT2S", idle_resolve_after="PT4S", auto_close_after="PT3S")
    sender = f"{uuid4()}@example.com"
    created = create(api, brand=brand["name"], requester={"email": sender, "name": "Ann"})
    answer = api.post(f"/tickets/{created['id']}/messages", json={"visibility": "public", "body": "Which size?"})
    assert answer.status_code == 201, answer.text

    upcoming = wait_for(lambda: api.get(f"/tickets/{created['id']}/upcoming").json()["items"], what="the plan")
    assert [due["kind"] for due in upcoming][-1] in ("idle_resolve", "auto_close")
    wait_for(lambda: len(stack.sent_mails(sender)) == 2, what="the reply and the reminder")
    wait_for_status(api, created["id"], "closed")

    activity = api.get(f"/tickets/{created['id']}/activity").json()["items"]
    by_itself = [event for event in activity if event["cause"].startswith("due ")]
    assert [event["cause"].partition("/")[0] for event in by_itself] == [
        "due idle_reminder",
        "due idle_resolve",
        "due auto_close",
    ]
    assert [event["seq"] for event in activity] == list(range(1, len(activity) + 1))
    decision = api.get(f"/tickets/{created['id']}/decisions/{by_itself[-1]['decision_id']}").json()
    assert "auto_close" in json.dumps(decision["decision"])

    def status() -> bool:
        described = stack.temporal("workflow", "describe", "--workflow-id", f"ticket/{created['id']}")
        return bool(described["workflowExecutionInfo"]["status"] == "WORKFLOW_EXECUTION_STATUS_COMPLETED")

    wait_for(status, what="the workflow to end")


def test_a_word_in_the_grace_reopens_and_one_after_it_opens_a_follow_up(stack: Stack, api: httpx.Client) -> None:
    brand = quick_brand(api, auto_close_after="PT1H")
    sender = f"{uuid4()}@example.com"
    created = create(api, brand=brand["name"], requester={"email": sender, "name": "Ann"})
    api.post(f"/tickets/{created['id']}/messages", json={"visibility": "public", "body": "Done."}).raise_for_status()
    (reply,) = wait_for(lambda: stack.sent_mails(sender), what="the reply")
    api.post(f"/tickets/{created['id']}/resolve").raise_for_status()

    stack.send_mail(make_mail(sender, "Re:", "Not solved!", In_Reply_To=str(reply["Message-ID"])))
    assert ticket(api, created["id"])["status"] == "open"

    api.post(f"/tickets/{created['id']}/close").raise_for_status()
    stack.send_mail(make_mail(sender, "Re: again", "Once more!", In_Reply_To=str(reply["Message-ID"])))
    follow_up = next(found for found in found_by_mail(api, sender) if found["id"] != created["id"])
    assert follow_up["follow_up_of"] == created["id"]
    assert ticket(api, created["id"])["status"] == "closed"

    api.post(f"/tickets/{created['id']}/reopen").raise_for_status()
    wait_for_status(api, created["id"], "open")


def test_a_changed_brand_setting_takes_effect_on_tickets_that_wait_already(api: httpx.Client) -> None:
    brand = quick_brand(api, auto_close_after="P30D")
    created = create(api, brand=brand["name"])
    api.post(f"/tickets/{created['id']}/resolve").raise_for_status()
    wait_for(lambda: ticket(api, created["id"])["next_due_at"], what="the plan")
    api.patch(f"/brands/{brand['id']}", json={"auto_close_after": "PT1S"}).raise_for_status()
    wait_for_status(api, created["id"], "closed")


def test_a_snoozed_ticket_comes_back_by_itself_at_its_instant(stack: Stack, api: httpx.Client) -> None:
    created = create(api)
    until = datetime.now(UTC) + timedelta(seconds=3)
    answer = api.post(f"/tickets/{created['id']}/snooze", json={"until": until.isoformat(), "reason": "the parcel"})
    assert answer.status_code == 200, answer.text
    assert answer.json()["status"] == "new"
    wait_for(lambda: ticket(api, created["id"])["snoozed_until"] is None, what="the wake")
    assert ticket(api, created["id"])["status"] == "new"
    activity = api.get(f"/tickets/{created['id']}/activity").json()["items"]
    (event,) = (item for item in activity if item["kind"] == "ticket_woken")
    assert datetime.fromisoformat(event["effective_at"]) == until <= datetime.fromisoformat(event["occurred_at"])


def test_a_light_agent_sees_and_resolves_only_tickets_assigned_to_them(stack: Stack, api: httpx.Client) -> None:
    user = (f"{uuid4()}@example.com", "a-light-password")
    made = api.post("/users", json={"email": user[0], "name": "Leo", "role": "light_agent", "password": user[1]})
    assert made.status_code == 201, made.text
    mine, other = create(api), create(api)
    api.post(f"/tickets/{mine['id']}/assign", json={"assignee_id": made.json()["id"]}).raise_for_status()
    with stack.api(user) as light:
        assert light.post(f"/tickets/{mine['id']}/resolve").status_code == 200
        assert light.get(f"/tickets/{other['id']}").status_code == 404
        assert light.post(f"/tickets/{other['id']}/resolve").status_code == 404


def test_an_internal_note_reaches_no_customer(stack: Stack, api: httpx.Client) -> None:
    sender, password = f"{uuid4()}@example.com", "a-customer-password"
    created = create(api, requester={"email": sender, "name": "Ann"})
    note = {"visibility": "internal", "body": "Canary-Note-1187"}
    api.post(f"/tickets/{created['id']}/messages", json=note).raise_for_status()
    reply = {"visibility": "public", "body": "We look into it."}
    api.post(f"/tickets/{created['id']}/messages", json=reply).raise_for_status()
    made = api.post("/users", json={"email": sender, "name": "Ann", "role": "customer", "password": password})
    assert made.status_code == 201, made.text
    with stack.api((sender, password)) as customer:
        pages = [
            customer.get(path)
            for path in ("/tickets", *(f"/tickets/{created['id']}{end}" for end in ("", "/messages", "/activity")))
        ]
    assert [page.status_code for page in pages] == [200, 200, 200, 403]
    assert "We look into it." in pages[2].text
    assert all("Canary-Note" not in page.text for page in pages)
    (mail,) = wait_for(lambda: stack.sent_mails(sender), what="the reply")
    assert "Canary-Note" not in mail.as_string()
    assert "Canary-Note-1187" in api.get(f"/tickets/{created['id']}/messages").text


def test_no_history_holds_a_customers_text_name_or_address(stack: Stack, api: httpx.Client) -> None:
    subject, body, name, address = CANARIES
    created = create(api, subject=subject, body=body, requester={"email": address, "name": name})
    api.post(f"/tickets/{created['id']}/messages", json={"visibility": "public", "body": body}).raise_for_status()
    wait_for(lambda: stack.sent_mails(address), what="the reply")
    text = decoded_histories(stack)
    assert created["id"] in text
    for canary in (*CANARIES, *OWNER, *stack.secrets.values()):
        assert canary not in text


def decoded_histories(stack: Stack) -> str:
    """All that Temporal keeps of all workflows, with every base64 payload decoded."""
    workflow_ids = [row["execution"]["workflowId"] for row in stack.temporal("workflow", "list", "--limit", "200")]
    parts = [
        json.dumps(stack.temporal("workflow", command, "--workflow-id", workflow_id))
        for workflow_id in workflow_ids
        for command in ("show", "describe")
    ]
    text = "\n".join(parts)
    decoded = (
        base64.b64decode(match) for match in re.findall(r'"([A-Za-z0-9+/]{8,}={0,2})"', text) if len(match) % 4 == 0
    )
    return text + "\n".join(piece.decode(errors="replace") for piece in decoded)
