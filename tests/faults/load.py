"""A light load of stories, with the client's own append-only log: invoke, then ok, fail or unknown.

A story: a customer writes, an agent answers and leaves a note, the agent resolves, and the desk closes by itself. Every
step is sent with an Idempotency-Key and sent again until it is acknowledged, as a careful integrator does.
"""

import json
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from tests.e2e.test_story import quick_brand
from tests.faults.watching import Look, watching
from tests.stack import OWNER, PLAIN, Stack

GIVE_UP_AFTER = 180.0
CLOSES_AFTER_SECONDS = 5


@dataclass
class Told:
    """What one story's client knows for certain, by its log."""

    sender: str
    ticket_id: str = ""
    asked: list[str] = field(default_factory=list)
    acknowledged: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Client:
    """Repeats each request under one key until it is acknowledged; `repeated` are the tries that were not."""

    stack: Stack
    token: str
    repeated: list[str] = field(default_factory=list)

    def post(self, path: str, body: object, *, unknown: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
        """What the desk answered at last; AssertionError when it refused, or answered nothing for minutes.

        `unknown` is told of each try of which nobody knows whether it did anything.
        """
        headers = {"authorization": f"Bearer {self.token}", "idempotency-key": str(uuid4())}
        deadline = time.monotonic() + GIVE_UP_AFTER
        while time.monotonic() < deadline:
            try:
                url = f"{self.stack.url}/api/v1{path}"
                answer = httpx.post(url, json=body, headers=headers, timeout=15, verify=PLAIN)
            except httpx.HTTPError as error:
                why = type(error).__name__
            else:
                if answer.status_code < 300:
                    return dict(answer.json())
                assert answer.status_code >= 500 or answer.status_code == 429, f"{path}: {answer.text}"
                why = str(answer.status_code)
            self.repeated.append(why)
            unknown(why)
            time.sleep(0.5)
        raise AssertionError(f"{path} was not acknowledged within {GIVE_UP_AFTER} s")


class Load:
    """Stories, begun at a steady pace until stopped; what operators see meanwhile is kept in `seen`."""

    def __init__(self, stack: Stack, log: Path, *, every: float = 0.5) -> None:
        self.stack = stack
        self.told: list[Told] = []
        self.failures: list[str] = []
        self.seen: list[Look] = []
        self.client = Client(stack, stack.token())
        with stack.api(OWNER) as api:
            self._brand = quick_brand(api, auto_close_after=f"PT{CLOSES_AFTER_SECONDS}S")["name"]
        self.log, self._every = log, every
        self._stop, self._writing = threading.Event(), threading.Lock()
        self._clients: list[threading.Thread] = []
        self._watching = ExitStack()

    @property
    def acknowledged(self) -> int:
        """How many steps are acknowledged so far."""
        return sum(len(story.acknowledged) for story in self.told)

    def start(self) -> None:
        """Begin a story every so many seconds, each told by a thread of its own."""
        self.seen = self._watching.enter_context(watching(self.stack))
        self._pacer = threading.Thread(target=self._pace, daemon=True)
        self._pacer.start()

    def finish(self) -> None:
        """Begin no more stories and wait for those under way."""
        self._stop.set()
        self._pacer.join()
        for client in self._clients:
            client.join(GIVE_UP_AFTER)
        self._watching.close()
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
            requester = {"email": told.sender, "name": "Ann"}
            body = {"subject": "A story", "body": "It begins.", "requester": requester, "brand": self._brand}
            told.ticket_id = self._send(told, "create", "/tickets", body)["id"]
            path = f"/tickets/{told.ticket_id}"
            self._send(told, "reply", f"{path}/messages", {"visibility": "public", "body": "An answer."})
            self._send(told, "note", f"{path}/messages", {"visibility": "internal", "body": "A note."})
            self._send(told, "resolve", f"{path}/resolve", None)
        except AssertionError as failure:
            self.failures.append(str(failure))

    def _send(self, told: Told, step: str, path: str, body: object) -> dict[str, Any]:
        """Send until acknowledged; the log says `invoke` before the first try, then of each what came of it."""
        self._write(told, step, "invoke")
        try:
            answer = self.client.post(path, body, unknown=lambda why: self._write(told, step, "unknown", why=why))
        except AssertionError as failure:
            self._write(told, step, "fail", why=str(failure))
            raise
        told.acknowledged.append(step)
        self._write(told, step, "ok", **({"ticket_id": answer["id"]} if step == "create" else {}))
        return answer

    def _write(self, told: Told, step: str, outcome: str, **more: str) -> None:
        line = {"at": time.time(), "story": told.sender, "step": step, "outcome": outcome, **more}
        with self._writing, self.log.open("a") as log:
            log.write(json.dumps(line) + "\n")


def read_log(log: Path) -> list[Told]:
    """The stories as the client's log tells them."""
    stories: dict[str, Told] = {}
    for line in map(json.loads, log.read_text().splitlines()):
        told = stories.setdefault(line["story"], Told(line["story"]))
        match line["outcome"]:
            case "invoke":
                told.asked.append(line["step"])
            case "ok":
                told.acknowledged.append(line["step"])
                told.ticket_id = line.get("ticket_id", told.ticket_id)
    return list(stories.values())
