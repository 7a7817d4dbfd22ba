"""Service levels on the real parts: limits and steps at their instants, an answer that keeps them, the ledger."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.e2e.test_story import create, ticket
from tests.stack import OWNER, Stack, text_of, wait_for

ALL_WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@pytest.fixture
def kind(api: httpx.Client) -> Iterator[str]:
    """A type of ticket that is to be answered in 2 seconds, at any hour."""
    name = f"clocked-{uuid4().hex[:8]}"
    hours = [{"weekday": day, "opens": "00:00", "closes": "24:00"} for day in ALL_WEEK]
    calendar = made(api, "calendars", {"name": name, "time_zone": "Europe/Prague", "hours": hours})
    (owner,) = [user for user in api.get("/users").json()["items"] if user["email"] == OWNER[0]]
    told = [{"kind": "notify", "user_id": owner["id"]}, {"kind": "note", "note": f"Nobody answered {name}."}]
    steps = [
        {"name": "half", "when": "share", "share": 50, "actions": [{"kind": "add_tag", "tag": "warned"}]},
        {"name": "late", "when": "after", "offset": "PT1S", "actions": [{"kind": "raise_priority"}, *told]},
    ]
    ladder = made(api, "escalation-ladders", {"name": name, "steps": steps})
    policy = {
        "name": name,
        "conditions": f"type:{name}",
        "calendar_id": calendar["id"],
        "targets": [
            {"clock": "first_response", "duration": "PT2S"},
            {"clock": "resolution", "duration": "PT1H"},
        ],
        "ladders": [{"clock": "first_response", "ladder_id": ladder["id"]}],
    }
    policy_id = made(api, "sla-policies", policy)["id"]
    yield name
    api.delete(f"/sla-policies/{policy_id}").raise_for_status()


def made(api: httpx.Client, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = api.post(f"/{path}", json=body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def items(api: httpx.Client, ticket_id: str, what: str) -> list[dict[str, Any]]:
    answer = api.get(f"/tickets/{ticket_id}/{what}")
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


def test_a_ticket_that_nobody_answers_is_escalated_step_by_step_each_at_its_instant(
    api: httpx.Client, kind: str
) -> None:
    made_ticket = create(api, type=kind)
    wait_for(lambda: ticket(api, made_ticket["id"])["priority"] == "high", what="the last step")
    assert ticket(api, made_ticket["id"])["tags"] == ["warned"]
    began = datetime.fromisoformat(made_ticket["created_at"])
    steps = [event for event in items(api, made_ticket["id"], "activity") if event["cause"].startswith("due ")]
    assert [(step["kind"], datetime.fromisoformat(step["effective_at"]) - began) for step in steps] == [
        ("ladder_step_taken", timedelta(seconds=1)),
        ("clock_missed", timedelta(seconds=2)),
        ("ladder_step_taken", timedelta(seconds=3)),
        ("message_added", timedelta(seconds=3)),
    ]
    assert all(
        datetime.fromisoformat(step["occurred_at"]) >= datetime.fromisoformat(step["effective_at"]) for step in steps
    )


def test_a_step_leaves_a_note_for_the_staff_and_tells_whom_it_names_by_mail(
    stack: Stack, api: httpx.Client, kind: str
) -> None:
    made_ticket = create(api, type=kind)
    subject = f"[{made_ticket['number']}] escalated: {made_ticket['subject']}"
    (mail,) = wait_for(
        lambda: [mail for mail in stack.sent_mails(OWNER[0]) if mail["Subject"] == subject], what="the mail"
    )
    assert "was escalated: step late of first response." in text_of(mail)
    (note,) = [word for word in items(api, made_ticket["id"], "messages") if word["visibility"] == "internal"]
    assert (note["body"], note["author_name"]) == (f"Nobody answered {kind}.", "Duradesk")


def test_an_answer_in_time_ends_the_clock_and_all_its_steps(api: httpx.Client, kind: str) -> None:
    made_ticket = create(api, type=kind)
    api.post(
        f"/tickets/{made_ticket['id']}/messages", json={"visibility": "public", "body": "Here."}
    ).raise_for_status()
    clocks = wait_for(
        lambda: [clock for clock in items(api, made_ticket["id"], "clocks") if clock["outcome"]],
        what="the clock to end",
    )
    assert [(clock["kind"], clock["outcome"], clock["target"]) for clock in clocks] == [
        ("first_response", "met", "PT2S")
    ]
    kinds = {due["kind"] for due in items(api, made_ticket["id"], "upcoming")}
    assert not kinds & {"clock_limit", "ladder_step"}, "pending pauses the resolution"


def test_what_happens_next_is_moved_run_and_skipped_and_the_ledger_is_evidence(api: httpx.Client, kind: str) -> None:
    made_ticket = create(api, type=kind)
    path = f"/tickets/{made_ticket['id']}"
    limit = "clock_limit/resolution/1"

    def due() -> dict[str, Any] | None:
        return next((due for due in items(api, made_ticket["id"], "upcoming") if due["key"] == limit), None)

    wait_for(due, what="the limit")
    later = (datetime.now(UTC) + timedelta(days=2)).replace(microsecond=0)
    assert api.post(f"{path}/upcoming/{limit}/move", json={"due_at": later.isoformat()}).status_code == 204
    wait_for(lambda: datetime.fromisoformat((due() or {})["due_at"]) == later, what="the limit to be moved")
    assert api.post(f"{path}/upcoming/{limit}/run").status_code == 204
    wait_for(lambda: due() is None, what="the limit to pass")
    assert api.post(f"{path}/upcoming/{limit}/skip").status_code == 404
    (ledger,) = [clock for clock in items(api, made_ticket["id"], "clocks") if clock["kind"] == "resolution"]
    exported = api.get(f"{path}/clocks.csv")
    assert exported.headers["content-type"] == "text/csv; charset=utf-8"
    rows = [row for row in csv.DictReader(io.StringIO(exported.text)) if row["clock"] == "resolution"]
    assert [(row["state"], row["target_seconds"]) for row in rows] == [("running", "3600.000000")]
    assert (len(ledger["segments"]), ledger["elapsed"], ledger["outcome"]) == (1, "PT0S", None)
