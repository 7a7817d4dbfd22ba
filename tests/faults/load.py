"""A light load of stories, with the client's own append-only log; and the judge, who trusts only that log and the ends.

A story: a customer writes, an agent answers, the customer writes again, the agent resolves. Every step is sent with an
Idempotency-Key and sent again until it is acknowledged, as a careful integrator does.
"""

import json
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from tests.stack import OWNER, Stack, wait_for

GIVE_UP_AFTER = 180.0


@dataclass
class Told:
    """What one story's client knows for certain."""

    sender: str
    ticket_id: str = ""
    acknowledged: list[str] = field(default_factory=list)


class Load:
    """Stories, begun at a steady pace by a few clients until stopped."""

    def __init__(self, stack: Stack, log: Path, *, every: float = 0.5) -> None:
        self.told: list[Told] = []
        self._stack, self._log, self._every = stack, log, every
        self._stop, self._writing = threading.Event(), threading.Lock()
        self._clients: list[threading.Thread] = []
        self.failures: list[str] = []
        self._token = stack.token()

    def start(self) -> None:
        """Begin a story every so many seconds, each told by a thread of its own."""
        self._pacer = threading.Thread(target=self._pace, daemon=True)
        self._pacer.start()

    def finish(self) -> None:
        """Begin no more stories and wait for those under way."""
        self._stop.set()
        self._pacer.join()
        for client in self._clients:
            client.join(GIVE_UP_AFTER)
        assert not self.failures, self.failures

    def _pace(self) -> None:
        while not self._stop.wait(self._every):
            told = Told(f"{uuid4()}@example.com")
            self.told.append(told)
            client = threading.Thread(target=self._tell, args=(told,), daemon=True)
            self._clients.append(client)
            client.start()

    def _tell(self, told: Told) -> None:
        try:
            body = {"subject": "A story", "body": "It begins.", "requester": {"email": told.sender, "name": "Ann"}}
            told.ticket_id = self._send(told, "create", "/tickets", body)["id"]
            path = f"/tickets/{told.ticket_id}"
            self._send(told, "reply", f"{path}/messages", {"visibility": "public", "body": "An answer."})
            self._send(told, "note", f"{path}/messages", {"visibility": "internal", "body": "A note."})
            self._send(told, "resolve", f"{path}/resolve", None)
        except AssertionError as failure:
            self.failures.append(str(failure))

    def _send(self, told: Told, step: str, path: str, body: object) -> dict[str, Any]:
        """Send until acknowledged; what the client does not know it does not log as done."""
        key, deadline = str(uuid4()), time.monotonic() + GIVE_UP_AFTER
        self._write(told, step, "invoke")
        while time.monotonic() < deadline:
            try:
                headers = {"authorization": f"Bearer {self._token}", "idempotency-key": key}
                answer = httpx.post(f"{self._stack.url}/api/v1{path}", json=body, headers=headers, timeout=15)
            except httpx.HTTPError:
                time.sleep(0.5)
                continue
            if answer.status_code < 300:
                told.acknowledged.append(step)
                self._write(told, step, "ok")
                return dict(answer.json())
            assert answer.status_code >= 500 or answer.status_code == 429, f"{step}: {answer.status_code} {answer.text}"
            time.sleep(0.5)
        raise AssertionError(f"{step} was not acknowledged within {GIVE_UP_AFTER} s")

    def _write(self, told: Told, step: str, outcome: str) -> None:
        line = {"at": time.time(), "story": told.sender, "step": step, "outcome": outcome}
        with self._writing, self._log.open("a") as log:
            log.write(json.dumps(line) + "\n")


def judge(stack: Stack, told: list[Told], *, within: float = 90) -> None:
    """Every acknowledged story exists once, was decided, and its answer went out once; nothing else exists."""
    with stack.api(OWNER) as api:
        for story in told:
            wait_for(lambda: _ended(api, story), within=within, what=f"the story of {story.sender}")  # noqa: B023
            tickets = api.get("/tickets", params={"filter": f"requester:{story.sender}"}).json()["items"]
            assert [ticket["id"] for ticket in tickets] == [story.ticket_id], "a ticket was lost or made twice"
            messages = api.get(f"/tickets/{story.ticket_id}/messages").json()["items"]
            assert [message["body"] for message in messages] == ["It begins.", "An answer.", "A note."]
            activity = api.get(f"/tickets/{story.ticket_id}/activity").json()["items"]
            assert [event["seq"] for event in activity] == list(range(1, len(activity) + 1)), "a gap in the events"
            kinds = Counter(event["kind"] for event in activity)
            # Resolved before anybody was found for it, a ticket needs no owner.
            assert kinds["ticket_resolved"] == 1 >= kinds["ticket_assigned"], kinds
    for story in told:
        sent = wait_for(lambda: stack.replies(story.sender), within=within, what="the answer's mail")  # noqa: B023
        assert len({mail["Message-ID"] for mail in sent}) == 1
        # Killed between the text's last line and the server's answer, it may come twice; the ticket says so then.
        assert len(sent) <= 1 + _doubtful(stack, story), f"{len(sent)} mails of one answer"


def _ended(api: httpx.Client, story: Told) -> bool:
    ticket = api.get(f"/tickets/{story.ticket_id}").json()
    return bool(ticket["status"] == "resolved" and ticket["next_due_at"])


def _doubtful(stack: Stack, story: Told) -> int:
    with stack.api(OWNER) as api:
        activity = api.get(f"/tickets/{story.ticket_id}/activity").json()["items"]
    return sum(event["kind"] == "delivery_in_doubt" for event in activity)
