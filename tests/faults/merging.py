"""A light load of merges: two customers' tickets become one, both are told something, and some merges are taken back.

Every step is asked for again until it is acknowledged, as in the other load.
"""

import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.e2e.test_story import create
from tests.faults.load import GIVE_UP_AFTER, Load, Told
from tests.faults.mails import Door
from tests.stack import Stack, make_mail, wait_for

FIRST, HELLO, ANSWER, NEWS, LATER = "first words", "hello", "an answer", "news for both", "words of later"


@dataclass
class Pair(Told):
    """A ticket of `sender` with a child, and the one of somebody else into which it is merged."""

    survivor: str = ""
    survivor_id: str = ""
    child_id: str = ""
    reply_to: str = ""
    goes_back: bool = False


class Merges(Load):
    """Merges of these pairs, begun at a steady pace."""

    def __init__(self, stack: Stack, log: Path, pairs: list[Pair], *, every: float = 0.3) -> None:
        super().__init__(stack, log, every=every)
        self._pairs, self._door = pairs, Door(stack)

    @property
    def steps(self) -> int:
        """How many have been acknowledged so far."""
        return sum(len(pair.acknowledged) for pair in self._pairs)

    def wait_until_all_began(self) -> None:
        """Wait for the last pair's turn."""
        self._pacer.join(GIVE_UP_AFTER)

    def merge(self, pair: Pair) -> None:
        """Ask for it until it is acknowledged."""
        into = {"into": pair.survivor_id, "include_customers": True}
        self._send(pair, "merge", f"/tickets/{pair.ticket_id}/merge", into)

    def take_back(self, pair: Pair) -> None:
        """Ask for that until it is acknowledged."""
        self._send(pair, "unmerge", f"/tickets/{pair.ticket_id}/unmerge", None)

    def _pace(self) -> None:
        for pair in self._pairs:
            self.told.append(pair)
            client = threading.Thread(target=self._tell, args=(pair,), daemon=True)
            self._clients.append(client)
            client.start()
            self._stop.wait(self._every)

    def _tell(self, told: Told) -> None:
        assert isinstance(told, Pair)
        try:
            self.merge(told)
            self._write_mail(told, ANSWER)
            reply = {"visibility": "public", "body": NEWS}
            self._send(told, "news", f"/tickets/{told.survivor_id}/messages", reply)
            if told.goes_back:
                self.take_back(told)
                self._write_mail(told, LATER)
        except AssertionError as failure:
            self.failures.append(str(failure))

    def _write_mail(self, told: Pair, body: str) -> None:
        """The merged ticket's customer answers what they got on it."""
        mail = make_mail(told.sender, "Re: A story", body, Message_ID=f"<{body.replace(' ', '-')}-{told.sender}>")
        mail.replace_header("To", told.reply_to)
        self._write(told, body, "invoke")
        self._door.deliver(mail)
        told.acknowledged.append(body)
        self._write(told, body, "ok")


def make_pairs(stack: Stack, api: httpx.Client, count: int, *, run: str) -> list[Pair]:
    """Pairs of tickets; every third merge is to be taken back. The customer of the one to be merged has had a mail."""
    pairs = []
    for number in range(count):
        pair = Pair(f"merged-{run}-{number}@example.com", survivor=f"kept-{run}-{number}@example.com")
        pair.ticket_id, pair.survivor_id = (_made(api, sender)["id"] for sender in (pair.sender, pair.survivor))
        pair.child_id = create(api, parent_id=pair.ticket_id, body=FIRST)["id"]
        hello = {"visibility": "public", "body": HELLO}
        api.post(f"/tickets/{pair.ticket_id}/messages", json=hello).raise_for_status()
        pair.goes_back = number % 3 == 0
        pairs.append(pair)
    for pair in pairs:
        (mail,) = wait_for(lambda: stack.replies(pair.sender), within=120, every=0.5, what="the first mail")  # noqa: B023
        pair.reply_to = str(mail["Reply-To"])
    return pairs


def merge_many(stack: Stack, ids: list[str], into: str) -> int:
    """Ask for all of them until all are merged, and answer how often that was; each answer names each ticket."""
    token, deadline = stack.token(), time.monotonic() + GIVE_UP_AFTER
    for asked in range(1, 1_000):
        assert time.monotonic() < deadline, "not all are merged"
        try:
            answer = httpx.post(
                f"{stack.url}/api/v1/merges",
                json={"ticket_ids": ids, "into": into},
                headers={"authorization": f"Bearer {token}"},
                timeout=30,
            )
        except httpx.HTTPError:
            time.sleep(0.3)
            continue
        if answer.status_code < 300:
            outcomes: list[dict[str, Any]] = answer.json()["items"]
            assert [one["ticket_id"] for one in outcomes] == ids
            if not any(one["refusal"] for one in outcomes):
                return asked
        else:
            assert answer.status_code >= 500, answer.text
        time.sleep(0.3)
    raise AssertionError("asked for ever")


def _made(api: httpx.Client, sender: str) -> dict[str, Any]:
    return create(api, body=FIRST, requester={"email": sender, "name": "Cleo"})
