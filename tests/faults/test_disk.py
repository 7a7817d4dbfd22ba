"""The disk is full: a clear refusal, nothing half stored, and all is well as soon as there is room again.

A limit on the size of files stands for the full disk: what would be written beyond it fails in the same place.
"""

import os
import random
import smtplib
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

import httpx
import psutil
import pytest

from tests.e2e.test_story import create, ticket
from tests.faults.judge import compare, subjects, wait_until_settled
from tests.faults.sizes import sized
from tests.faults.verdict import Verdict, pronounce
from tests.faults.wired import Wired
from tests.stack import OWNER, make_mail, wait_for

MEBIBYTE = 1024 * 1024
# PostgreSQL's log is written in files of 16 MiB, which are there before: only its tables stop to grow.
TABLES = 17 * MEBIBYTE
TICKETS = sized(everyday=30, short=40, full=200)

pytestmark = pytest.mark.faults_only


@contextmanager
def full_disk(pid: int, *, room: int) -> Iterator[None]:
    """Inside the block this process, and those that it starts, can write no file beyond so many bytes."""
    _limit(pid, str(room))
    try:
        yield
    finally:
        _limit(pid, "unlimited")


def _limit(pid: int, most: str) -> None:
    for process in (psutil.Process(pid), *psutil.Process(pid).children(recursive=True)):
        # As whom it runs: root in a container may not change the limits of others.
        with suppress(psutil.NoSuchProcess):
            user, group = process.uids().real, process.gids().real
            become = () if user == os.getuid() else ("setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups")
            limit = ("prlimit", f"--pid={process.pid}", f"--fsize={most}:unlimited")
            # One that has ended meanwhile has no limit.
            subprocess.run([*become, *limit], check=False, capture_output=True)


@pytest.mark.parametrize("size", [MEBIBYTE // 2, 4 * MEBIBYTE], ids=["a small file", "a large file"])
def test_an_upload_for_which_there_is_no_room_is_refused_whole(wired: Wired, size: int) -> None:
    content = random.Random(size).randbytes(size)
    with wired.api(OWNER) as api:
        before = _stored(wired)
        with full_disk(wired.pid("gateway"), room=MEBIBYTE // 10):
            refused = _upload(api, content)
            assert create(api)["id"], "the rest goes on"
        left = _stored(wired) - before
        taken = _upload(api, content)
        reply = {"visibility": "public", "body": "With a file.", "uploads": [taken.json()["upload"]]}
        answer = api.post(f"/tickets/{create(api)['id']}/messages", json=reply)
    assert (refused.status_code, taken.status_code, answer.status_code) == (503, 201, 201), (refused.text, taken.text)
    lost = int(not any(name.stat().st_size == size for name in _stored(wired)))
    kept = " that is kept in memory" if size < MEBIBYTE else ""
    shown = 'duradesk_http_request_seconds{status="503"}'
    pronounce(
        Verdict(f"no room for an upload{kept}", 2, 1, lost, len(left), shown_by=shown, note="the second try is taken")
    )


def _upload(api: httpx.Client, content: bytes) -> httpx.Response:
    return api.post("/attachments", files={"file": ("file.bin", content, "application/octet-stream")})


def _stored(wired: Wired) -> set[Path]:
    """The files of the object store, half ones too."""
    return {path for path in (wired.home / "attachments").rglob("*") if path.is_file()}


def test_a_mail_whose_file_has_no_room_stays_with_its_sender(wired: Wired) -> None:
    subject = f"A file {uuid4()}"
    mail = make_mail(f"{uuid4()}@example.com", subject, "Look.", Message_ID=f"<{uuid4()}@x>")
    mail.add_attachment(random.Random(1).randbytes(MEBIBYTE), "application", "octet-stream", filename="file.bin")
    before = _stored(wired)
    with full_disk(wired.pid("mail"), room=MEBIBYTE // 10), pytest.raises(smtplib.SMTPDataError) as refused:
        wired.send_mail(mail)
    assert refused.value.smtp_code == 451
    left = _stored(wired) - before
    half = subjects(wired, subject)
    wired.send_mail(mail)
    lost, doubled = compare(subjects(wired, subject), [subject])
    shown = 'duradesk_mail_answers_total{code="451"}'
    pronounce(Verdict("no room for a file of a mail", 2, 1, lost, doubled + len(left) + len(half), shown_by=shown))


def test_postgresql_without_room_refuses_and_goes_on_when_there_is_some(wired: Wired) -> None:
    run = uuid4().hex[:8]
    names = [f"Full {run} {number}" for number in range(TICKETS)]
    with wired.api(OWNER) as api:
        with full_disk(_postmaster(wired), room=TABLES):
            answers = {name: _ask(api, name) for name in names}
            assert api.get("/tickets").status_code == 200, "what is there can be read"
        assert set(answers.values()) <= {201, 503}, answers
        refused = [name for name, status in answers.items() if status == 503]
        assert refused, "the disk was not full"
        for name in refused:
            wait_for(lambda: _ask(api, name) == 201, every=1, what="a ticket to be taken")  # noqa: B023
        wait_until_settled(wired, within=120)
        found = subjects(wired, f"Full {run}")
        sample = create(api)
        wait_for(lambda: ticket(api, sample["id"])["assignee_id"], what="an owner")
    lost, doubled = compare(found, names)
    note = f"{len(refused)} refused with 503 and taken later"
    shown = 'duradesk_grpc_call_seconds{code="UNAVAILABLE"}'
    pronounce(Verdict("no room for PostgreSQL", TICKETS, len(names), lost, doubled, shown_by=shown, note=note))


def _ask(api: httpx.Client, name: str) -> int:
    """Ask for a ticket; for the same one by the same request under the same key, as a careful client does."""
    # What does not become smaller when it is packed.
    body = random.Random(name).randbytes(MEBIBYTE * 3 // 8).hex()
    asked = {"subject": name, "body": body, "requester": {"email": "ann@example.com"}}
    return api.post("/tickets", json=asked, headers={"idempotency-key": name.replace(" ", "-")}).status_code


def _postmaster(wired: Wired) -> int:
    return int((wired.postgres.data / "postmaster.pid").read_text().split()[0])
