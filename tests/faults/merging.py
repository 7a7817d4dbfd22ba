"""A light load of merges: two customers' tickets become one, both are told something, and some merges are taken back.

Every step is asked for again until it is acknowledged, as in the other load.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.e2e.test_story import create
from tests.faults.load import GIVE_UP_AFTER, Client
from tests.faults.mails import Door
from tests.stack import PLAIN, Stack, make_mail, wait_for

FIRST, HELLO, ANSWER, NEWS, LATER = "first words", "hello", "an answer", "news for both", "words of later"


@dataclass
class Pair:
    """A ticket of `sender` with a child, and the one of somebody else into which it is merged."""

    sender: str
    survivor: str
    ticket_id: str
    survivor_id: str
    child_id: str
    goes_back: bool
    reply_to: str = ""
    acknowledged: list[str] = field(default_factory=list)


class Merges:
    """What clients and customers do with pairs."""

    def __init__(self, stack: Stack) -> None:
        self._client, self._door = Client(stack, stack.token()), Door(stack)

    def tell(self, pair: Pair) -> None:
        """The whole story of a pair."""
        self.merge(pair)
        self._write_mail(pair, ANSWER)
        self._client.post(f"/tickets/{pair.survivor_id}/messages", {"visibility": "public", "body": NEWS})
        pair.acknowledged.append(NEWS)
        if pair.goes_back:
            self.take_back(pair)
            self._write_mail(pair, LATER)

    def merge(self, pair: Pair) -> None:
        """Ask for it until it is acknowledged."""
        into = {"into": pair.survivor_id, "include_customers": True}
        self._client.post(f"/tickets/{pair.ticket_id}/merge", into)
        pair.acknowledged.append("merge")

    def take_back(self, pair: Pair) -> None:
        """Ask for that until it is acknowledged."""
        self._client.post(f"/tickets/{pair.ticket_id}/unmerge", None)
        pair.acknowledged.append("unmerge")

    def _write_mail(self, pair: Pair, body: str) -> None:
        """The merged ticket's customer answers what they got on it."""
        mail = make_mail(pair.sender, "Re: A story", body, Message_ID=f"<{body.replace(' ', '-')}-{pair.sender}>")
        mail.replace_header("To", pair.reply_to)
        self._door.deliver(mail)
        pair.acknowledged.append(body)


def make_pairs(stack: Stack, api: httpx.Client, count: int, *, run: str) -> list[Pair]:
    """Pairs of tickets; every third merge is to be taken back. The customer of the one to be merged has had a mail."""
    pairs = [_pair(api, number, run=run) for number in range(count)]
    for pair in pairs:
        (mail,) = wait_for(lambda: stack.replies(pair.sender), within=120, every=0.5, what="the first mail")  # noqa: B023
        pair.reply_to = str(mail["Reply-To"])
    return pairs


def _pair(api: httpx.Client, number: int, *, run: str) -> Pair:
    people = f"merged-{run}-{number}@example.com", f"kept-{run}-{number}@example.com"
    source, survivor = (create(api, body=FIRST, requester={"email": each, "name": "Cleo"})["id"] for each in people)
    child = create(api, parent_id=source, body=FIRST)["id"]
    hello = {"visibility": "public", "body": HELLO}
    api.post(f"/tickets/{source}/messages", json=hello).raise_for_status()
    return Pair(*people, source, survivor, child, goes_back=number % 3 == 0)


def merge_many(stack: Stack, ids: Sequence[str], into: str) -> int:
    """Ask for all of them until all are merged, and answer how often that was; each answer names each ticket."""
    token, deadline, asked = stack.token(), time.monotonic() + GIVE_UP_AFTER, 0
    while True:
        asked += 1
        assert time.monotonic() < deadline, "not all are merged"
        try:
            answer = httpx.post(
                f"{stack.url}/api/v1/merges",
                json={"ticket_ids": ids, "into": into},
                headers={"authorization": f"Bearer {token}"},
                timeout=30,
                verify=PLAIN,
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
