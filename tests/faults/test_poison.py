"""Poison: a mail, an event and a rule that this release cannot understand are set aside and told; the rest passes."""

import json
import smtplib
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.contract.mail.test_parsers import BOMBS
from tests.e2e.test_story import create, ticket
from tests.faults.judge import compare, subjects
from tests.faults.mails import Door
from tests.faults.sizes import sized
from tests.faults.verdict import Verdict, pronounce
from tests.faults.watching import Look, most, queues
from tests.faults.wired import Wired
from tests.stack import OWNER, make_mail, wait_for

NEXT = sized(everyday=3, short=20, full=100)
WITHIN = 30.0

pytestmark = pytest.mark.faults_only


def test_poisoned_mails_are_quarantined_and_the_next_ones_pass(wired: Wired) -> None:
    bombs = {name: raw for name, (raw, code) in BOMBS.items() if code}
    metric = 'duradesk_quarantined_items{state="kept"}'
    before, run = most([queues(wired)], metric), uuid4().hex[:8]
    for raw in bombs.values():
        with smtplib.SMTP("127.0.0.1", wired.ports["SMTP_PORT"], timeout=120) as smtp:
            assert smtp.sendmail("cleo@c.example", ["support@localhost"], raw) == {}
    names = [f"After the bombs {run} {number}" for number in range(NEXT)]
    for name in names:
        Door(wired).deliver(make_mail(f"{uuid4()}@example.com", name, "Please."))
    lost, doubled = compare(subjects(wired, f"After the bombs {run}"), names)
    kept = _seen(wired, metric, lambda value: value >= before + len(bombs))
    lost += len(bombs) - round(kept - before)
    all_of_them = len(bombs) + NEXT
    note = f"{len(bombs)} kinds of bombs kept with their source"
    pronounce(
        Verdict(
            "poisoned mails", all_of_them, all_of_them, lost, doubled, shown_by=metric, showed=kept - before, note=note
        )
    )


def test_a_ticket_that_cannot_be_decided_is_parked_and_the_others_are_decided(wired: Wired) -> None:
    metric = "duradesk_outbox_parked"
    with wired.api(OWNER) as api:
        poisoned = create(api)
        wait_for(lambda: ticket(api, poisoned["id"])["assignee_id"], what="an owner")
        wired.rows(POISON, {"ticket_id": poisoned["id"]})
        waits = _waits_of(api, [create(api)["id"] for _ in range(NEXT)])
        showed = _seen(wired, metric, lambda value: value == 1)
        wired.rows(ANTIDOTE, {"ticket_id": poisoned["id"]})
        _seen(wired, metric, lambda value: value == 0)
        api.post(f"/tickets/{poisoned['id']}/resolve").raise_for_status()
        wait_for(lambda: ticket(api, poisoned["id"])["next_due_at"], what="the next plan")
    note = "the workflow tries the step again and again, and goes on by itself when it is understood"
    pronounce(
        Verdict(
            "a poisoned ticket",
            NEXT + 1,
            NEXT + 1,
            sum(not found for found in waits),
            sum(len(found) - 1 for found in waits if found),
            lateness=[found[0] for found in waits if found],
            promised=WITHIN,
            shown_by=metric,
            showed=showed,
            note=note,
        )
    )


# An event of a kind that only another release knows, told seven times in vain already: that would take ten minutes.
POISON = """
WITH poisoned AS (
    UPDATE tickets SET version = version + 1 WHERE id = %(ticket_id)s RETURNING id, version, decided_seq
), told AS (
    INSERT INTO outbox (ticket_id, seq, rank, attempts, enqueued_at)
    SELECT id, version, 2, 7, clock_timestamp() FROM poisoned
)
INSERT INTO events (ticket_id, seq, kind, actor, changes, occurred_at, effective_at)
SELECT id, version, 'from_the_future', 'duradesk', '[]', instant(), instant() FROM poisoned
"""
ANTIDOTE = "UPDATE events SET kind = 'ticket_updated' WHERE ticket_id = %(ticket_id)s AND kind = 'from_the_future'"


def test_a_rule_that_cannot_be_read_rests_and_the_others_run(wired: Wired) -> None:
    metric, name = "duradesk_unreadable_rules", f"rule-{uuid4().hex[:8]}"
    with wired.api(OWNER) as api:
        adds = {"kind": "add_tag", "tag": name}
        made = api.post("/rules", json={"name": name, "trigger": "ticket_created", "actions": [adds]})
        assert made.status_code == 201, made.text
        wired.rows(UNREADABLE_RULE, {"id": uuid4(), "name": f"{name} of another release"})
        tickets = [create(api)["id"] for _ in range(NEXT)]
        with suppress(AssertionError):  # what never happens is counted
            wait_for(lambda: all(_tagged(api, each, name) for each in tickets))
        tagged = [_tagged(api, each, name) for each in tickets]
        showed = _seen(wired, metric, lambda value: value == 1, process="routing")
        (unread,) = (rule for rule in api.get("/rules").json()["items"] if rule["name"].endswith("another release"))
        assert unread["paused_reason"]
        for rule in (unread["id"], made.json()["id"]):
            api.delete(f"/rules/{rule}").raise_for_status()
        create(api)
        _seen(wired, metric, lambda value: value == 0, process="routing")
    lost, doubled = tagged.count(0), sum(times - 1 for times in tagged if times)
    pronounce(Verdict("a poisoned rule", NEXT + 1, NEXT + 1, lost, doubled, shown_by=metric, showed=showed))


UNREADABLE_RULE = """
WITH revision AS (
    UPDATE routing.rules_revision SET revision = revision + 1
)
INSERT INTO routing.rules (id, name, position, definition, version, changed_by)
SELECT %(id)s, %(name)s, 1,
       jsonb_build_object('name', %(name)s::text, 'trigger', 'TRIGGER_TICKET_CREATED', 'enabled', true,
                          'actions', '[{"kind": "ACTION_KIND_OF_THE_FUTURE"}]'::jsonb), 1, 'duradesk'
"""


def _waits_of(api: httpx.Client, ticket_ids: list[str]) -> list[list[float]]:
    """After how many seconds each of the tickets had an owner, each time that it was given one."""
    with suppress(AssertionError):  # what never happens is counted
        wait_for(lambda: all(_assigned(api, each) for each in ticket_ids))
    return [_assigned(api, each) for each in ticket_ids]


def _assigned(api: httpx.Client, ticket_id: str) -> list[float]:
    (created,) = _events(api, ticket_id, "ticket_created")
    assigned = _events(api, ticket_id, "ticket_assigned")
    return [(_at(event) - _at(created)).total_seconds() for event in assigned]


def _tagged(api: httpx.Client, ticket_id: str, tag: str) -> int:
    """How often the ticket has got the tag."""
    return sum(tag in json.dumps(event["changes"]) for event in _events(api, ticket_id))


def _events(api: httpx.Client, ticket_id: str, *kinds: str) -> list[dict[str, Any]]:
    events = api.get(f"/tickets/{ticket_id}/activity").json()["items"]
    return [event for event in events if not kinds or event["kind"] in kinds]


def _at(event: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(event["occurred_at"])


def _seen(wired: Wired, metric: str, wanted: Callable[[float], bool], *, process: str = "gateway") -> float:
    """What the metric says as soon as it is what is wanted."""

    def look() -> Look | None:
        told = queues(wired, processes=(process,))
        return told if told and wanted(most([told], metric)) else None

    return most([wait_for(look, within=90, every=0.5, what=metric)], metric)
