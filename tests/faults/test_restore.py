"""PostgreSQL is restored from a backup, Temporal is not: what was taken since is lost, told, and in nobody's way."""

import re
import subprocess
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from shutil import rmtree
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.e2e.test_story import create, found_by_mail, quick_brand, ticket
from tests.faults.judge import wait_until_quiet
from tests.faults.sizes import sized
from tests.faults.verdict import Verdict, pronounce
from tests.faults.watching import most, watching
from tests.faults.wired import Wired
from tests.stack import OWNER, make_mail, wait_for

BEFORE, SINCE = sized(everyday=(3, 3), short=(10, 10), full=(200, 200))
OLDER_SECONDS = sized(everyday=2, short=5, full=300)
METRIC = "duradesk_lost_tickets"
# As docs/operating.md says.
SKIP_NUMBERS = "SELECT setval('tickets.tickets_number_seq', nextval('tickets.tickets_number_seq') + 1000)"
ENDED_SINCE = "WorkflowType = 'TicketWorkflow' AND ExecutionStatus = 'Completed' AND CloseTime > '{}'"

pytestmark = pytest.mark.faults_only


def test_a_restored_database_lacks_what_came_after_the_backup_and_names_its_tickets(wired: Wired) -> None:
    backup = wired.postgres.data.with_name("backup")
    customers = [f"{uuid4()}@example.com" for _ in range(SINCE)]
    with wired.api(OWNER) as api:
        brand = quick_brand(api, auto_close_after="PT20S")["name"]
        before = [create(api, brand=brand) for _ in range(BEFORE)]
        _write(api, before, visibility="internal")
        wait_until_quiet(wired)
        backup_at = datetime.now(UTC)
        wired.restart_postgres(prepare=lambda: _copy(wired.postgres.data, backup))
        time.sleep(OLDER_SECONDS)
        since = [create(api, brand=brand, requester={"email": each, "name": "Ann"}) for each in customers]
        _write(api, since, visibility="public")
        _resolve(api, before)
        api.post(f"/tickets/{since[0]['id']}/close").raise_for_status()
        wait_for(lambda: since[0]["id"] in _ended_since(wired, backup_at), what="a closed ticket's workflow to end")
        wait_until_quiet(wired)
    said_before = len(wired.output)
    wired.stop()
    wired.restart_postgres(prepare=lambda: _restore(wired, backup))
    wired.rows(SKIP_NUMBERS)
    ended = _ended_since(wired, backup_at)
    wired.start()
    with wired.api(OWNER) as api, watching(wired, processes=("gateway", "reconcile")) as seen:
        wanted = _ids(since)
        with suppress(AssertionError):  # what is not named is counted
            wait_for(lambda: _named(wired.output[said_before:]) | ended >= wanted, within=300)
        named = _named(wired.output[said_before:]) | (ended & wanted)
        # Told when the comparison is through that names them.
        wait_for(lambda: any(look.get("lost_tickets") for look in seen), what="an operator to be told")
        lost = len(named ^ wanted) + sum(not _has_note(api, each) for each in before)
        undone = sum(ticket(api, each["id"])["status"] == "new" for each in before)
        assert not any(_is_there(api, each) for each in since)
        for each in since:
            wait_for(lambda: not _runs(wired, each["id"]), what="its workflow to end")  # noqa: B023
        again = [create(api, brand=brand) for _ in range(SINCE)]
        doubled = len({each["number"] for each in since} & {each["number"] for each in again})
        # Who answers a mail of a lost one begins anew and reads nobody else's.
        for customer in customers:
            (mail,) = wired.replies(customer)
            answer = make_mail(customer, str(mail["Subject"]), "And now?", In_Reply_To=str(mail["Message-ID"]))
            answer.replace_header("To", str(mail["Reply-To"] or mail["From"]))
            wired.send_mail(answer)
            (anew,) = found_by_mail(api, customer)
            assert anew["id"] not in _ids(before + since + again)
        # And all others go on.
        _resolve(api, before + again)
        with suppress(AssertionError):
            wait_for(lambda: all(_is_closed(api, each) for each in before + again), within=300)
        lost += sum(not _is_closed(api, each) for each in before + again)
    note = f"of what came after the backup {SINCE} tickets are gone, {len(named & wanted)} named, and {undone} changes"
    asked = 3 * BEFORE + 2 * SINCE + 1
    pronounce(
        Verdict(
            "PostgreSQL restored from a backup",
            asked,
            asked,
            lost,
            doubled,
            shown_by=METRIC,
            showed=most(seen, METRIC),
            note=f"{note} of older ones, not named",
        )
    )


def _ids(tickets: list[dict[str, Any]]) -> set[str]:
    return {each["id"] for each in tickets}


def _write(api: httpx.Client, tickets: list[dict[str, Any]], *, visibility: str) -> None:
    for each in tickets:
        message = {"visibility": visibility, "body": "An answer."}
        api.post(f"/tickets/{each['id']}/messages", json=message).raise_for_status()


def _resolve(api: httpx.Client, tickets: list[dict[str, Any]]) -> None:
    for each in tickets:
        api.post(f"/tickets/{each['id']}/resolve").raise_for_status()


def _is_there(api: httpx.Client, each: dict[str, Any]) -> bool:
    return api.get(f"/tickets/{each['id']}").status_code == 200


def _is_closed(api: httpx.Client, each: dict[str, Any]) -> bool:
    return bool(ticket(api, each["id"])["status"] == "closed")


def _has_note(api: httpx.Client, each: dict[str, Any]) -> bool:
    """Whether the ticket is there with what was written on it before the backup."""
    answer = api.get(f"/tickets/{each['id']}/messages")
    return answer.status_code == 200 and "An answer." in [message["body"] for message in answer.json()["items"]]


def _restore(wired: Wired, backup: Path) -> None:
    rmtree(wired.postgres.data)
    _copy(backup, wired.postgres.data)


def _copy(source: Path, target: Path) -> None:
    """With its owner, who is not the one that runs tests."""
    subprocess.run(["cp", "--archive", source, target], check=True)


def _named(output: str) -> set[str]:
    """The tickets that an operator reads are lost, in the logs of those who found it out."""
    return set(re.findall(r"(?:reconcile|advance)\.lost.*?ticket_id=(\S+)", re.sub(r"\x1b\[[0-9;]*m", "", output)))


def _ended_since(wired: Wired, moment: datetime) -> set[str]:
    """The tickets that were closed since, by what Temporal knows."""
    listed = wired.temporal("workflow", "list", "--query", ENDED_SINCE.format(moment.isoformat()))
    return {each["execution"]["workflowId"].removeprefix("ticket/") for each in listed}


def _runs(wired: Wired, ticket_id: str) -> bool:
    described = wired.temporal("workflow", "describe", "--workflow-id", f"ticket/{ticket_id}")
    return bool(described["workflowExecutionInfo"]["status"] == "WORKFLOW_EXECUTION_STATUS_RUNNING")
