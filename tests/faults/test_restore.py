"""PostgreSQL is restored from a backup, Temporal is not: what was taken since is lost, told, and in nobody's way."""

import re
import subprocess
import time
from pathlib import Path
from shutil import rmtree
from uuid import uuid4

import pytest

from tests.e2e.test_story import create, found_by_mail, quick_brand, ticket, wait_for_status
from tests.faults.judge import wait_until_quiet
from tests.faults.sizes import sized
from tests.faults.verdict import Verdict, pronounce
from tests.faults.watching import most, watching
from tests.faults.wired import Wired
from tests.stack import OWNER, make_mail, wait_for

BEFORE, SINCE = sized(everyday=(3, 3), short=(10, 10), full=(200, 200))
OLDER_SECONDS = sized(everyday=2, short=5, full=300)

pytestmark = pytest.mark.faults_only


def test_a_restored_database_lacks_what_came_after_the_backup_and_tells_it(wired: Wired) -> None:
    backup = wired.postgres.data.with_name("backup")
    with wired.api(OWNER) as api:
        brand = quick_brand(api, auto_close_after="PT20S")
        before = [create(api, brand=brand["name"]) for _ in range(BEFORE)]
        wait_until_quiet(wired)
        wired.restart_postgres(prepare=lambda: _copy(wired.postgres.data, backup))
        time.sleep(OLDER_SECONDS)
        customers = [f"{uuid4()}@example.com" for _ in range(SINCE)]
        since = [create(api, brand=brand["name"], requester={"email": each, "name": "Ann"}) for each in customers]
        reply = {"visibility": "public", "body": "An answer."}
        for each in since:
            api.post(f"/tickets/{each['id']}/messages", json=reply).raise_for_status()
        for each in before:
            api.post(f"/tickets/{each['id']}/resolve").raise_for_status()
        wait_until_quiet(wired)
        with watching(wired, processes=("gateway", "reconcile")) as seen:
            wired.restart_postgres(prepare=lambda: _restore(wired, backup))
            wired.rows(SKIP_NUMBERS)
            wired.kill("reconcile")
            wait_for(lambda: set(_told(wired)) >= {each["id"] for each in since}, within=90, what="the lost tickets")
        told = set(_told(wired))
        wanted = {each["id"] for each in since}
        present = {each["id"] for each in before + since if api.get(f"/tickets/{each['id']}").status_code == 200}
        assert present == {each["id"] for each in before}
        for each in since:
            wait_for(lambda: not _runs(wired, each["id"]), what="its workflow to end")  # noqa: B023
        # Who answers a mail of a lost one begins anew and reads nobody else's.
        again = [create(api, brand=brand["name"]) for _ in range(SINCE)]
        for customer in customers:
            (mail,) = wired.replies(customer)
            answer = make_mail(customer, str(mail["Subject"]), "And now?", In_Reply_To=str(mail["Message-ID"]))
            answer.replace_header("To", str(mail["Reply-To"] or mail["From"]))
            wired.send_mail(answer)
            (anew,) = found_by_mail(api, customer)
            assert anew["id"] not in {each["id"] for each in before + since + again}
        for each in before + again:
            assert ticket(api, each["id"])["status"] == "new"
            api.post(f"/tickets/{each['id']}/resolve").raise_for_status()
        for each in before + again:
            wait_for_status(api, each["id"], "closed", within=90)
    assert not {each["number"] for each in since} & {each["number"] for each in again}
    note = f"all {SINCE} that came after the backup are lost and {len(told & wanted)} named; no number comes again"
    pronounce(
        Verdict(
            "PostgreSQL restored from a backup",
            BEFORE + SINCE,
            BEFORE + SINCE,
            len(told ^ wanted),
            0,
            shown_by="duradesk_lost_tickets",
            showed=most(seen, "duradesk_lost_tickets"),
            note=note,
        )
    )


# As docs/operating.md says.
SKIP_NUMBERS = "SELECT setval('tickets.tickets_number_seq', nextval('tickets.tickets_number_seq') + 1000)"


def _restore(wired: Wired, backup: Path) -> None:
    rmtree(wired.postgres.data)
    _copy(backup, wired.postgres.data)


def _copy(source: Path, target: Path) -> None:
    """With its owner, who is not the one that runs tests."""
    subprocess.run(["cp", "--archive", source, target], check=True)


def _told(wired: Wired) -> list[str]:
    """The tickets that an operator reads are lost, in the logs of those who found it out."""
    return re.findall(r"(?:reconcile|advance)\.lost.*?ticket_id=(\S+)", re.sub(r"\x1b\[[0-9;]*m", "", wired.output))


def _runs(wired: Wired, ticket_id: str) -> bool:
    described = wired.temporal("workflow", "describe", "--workflow-id", f"ticket/{ticket_id}")
    return bool(described["workflowExecutionInfo"]["status"] == "WORKFLOW_EXECUTION_STATUS_RUNNING")
