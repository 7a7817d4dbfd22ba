"""Tickets are merged, and merges taken back, while everything is killed: each whole or not there, nobody told twice."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.e2e.test_story import create, ticket
from tests.faults.gate import CommitGate, break_off, cut_short
from tests.faults.judge import wait_until_quiet
from tests.faults.merging import ANSWER, FIRST, HELLO, LATER, NEWS, Merges, Pair, make_pairs, merge_many
from tests.faults.sizes import FULL, sized
from tests.faults.verdict import Verdict, pronounce
from tests.faults.watching import most, watching
from tests.faults.wired import Wired
from tests.stack import OWNER, Stack, text_of, wait_for

PAIRS = sized(everyday=6, short=9, full=200)
MANY = sized(everyday=10, short=15, full=100)
WITHIN = 1_800 if FULL else 300

pytestmark = pytest.mark.faults_only


@pytest.fixture(scope="module")
def api(wired: Wired) -> Iterator[httpx.Client]:
    wired.be_quiet()
    with wired.api(OWNER) as api:
        yield api


def test_merges_and_merges_taken_back_survive_whatever_is_killed(wired: Wired, api: httpx.Client) -> None:
    pairs = make_pairs(wired, api, PAIRS, run=uuid4().hex[:8])
    into, *many = [create(api, subject="One of many")["id"] for _ in range(MANY + 1)]
    wait_until_quiet(wired, within=WITHIN)
    merges = Merges(wired)
    cuts: list[Callable[[], object]] = [partial(wired.kill, name) for name in ("tickets", "worker", "relay", "tickets")]
    cuts.insert(2, wired.restart_postgres)
    with watching(wired) as seen, ThreadPoolExecutor(4) as pool:
        merged = pool.submit(merge_many, wired, many, into)
        told = [pool.submit(merges.tell, pair) for pair in pairs]
        for number, cut in enumerate(cuts, 1):
            reached = number * len(pairs) * 3 // (len(cuts) + 1)
            wait_for(lambda: _steps(pairs) >= reached, within=WITHIN, what="merges")  # noqa: B023
            cut()
        for each in told:
            each.result()
        asked = merged.result()
    wait_until_quiet(wired, within=WITHIN)
    lost, doubled = 0, 0
    for pair in pairs:
        found = judge(wired, api, pair)
        lost, doubled = lost + found[0], doubled + found[1]
    lost += sum(ticket(api, one)["merged_into"] != into for one in many)
    kinds = _kinds(api, into)
    doubled += kinds["merge_received"] - len(many)
    metric = "duradesk_undecided_oldest_seconds"
    pronounce(
        Verdict(
            "merges, killed midway",
            len(pairs) + len(many),
            len(pairs) + len(many),
            lost,
            doubled,
            in_doubt=sum(_doubtful(api, pair.survivor_id) for pair in pairs),
            shown_by=metric,
            showed=most(seen, metric),
            note=f"{sum(pair.goes_back for pair in pairs)} taken back; {len(many)} at once asked for {asked} times",
        )
    )


def _steps(pairs: Sequence[Pair]) -> int:
    return sum(len(pair.acknowledged) for pair in pairs)


def judge(stack: Stack, api: httpx.Client, pair: Pair) -> tuple[int, int]:
    """How much of a pair is missing, and how much there is too often; AssertionError where a ticket is not right."""
    source, survivor, child = (ticket(api, one) for one in (pair.ticket_id, pair.survivor_id, pair.child_id))
    kept = {ANSWER, FIRST, HELLO}
    words = _words(api, pair.ticket_id), _words(api, pair.survivor_id)
    if pair.goes_back:
        assert (source["merged_into"], child["parent_id"]) == (None, pair.ticket_id)
        expected = Counter([*kept, LATER]), Counter([FIRST, NEWS])
    else:
        assert (source["merged_into"], source["status"]) == (pair.survivor_id, "closed")
        assert child["parent_id"] == pair.survivor_id
        expected = Counter[str](), Counter([*kept, FIRST, NEWS])
    lost = sum((want - have).total() for want, have in zip(expected, words, strict=True))
    doubled = sum((have - want).total() for want, have in zip(expected, words, strict=True))
    source_kinds, survivor_kinds = _kinds(api, pair.ticket_id), _kinds(api, pair.survivor_id)
    wanted = (1, 1, int(pair.goes_back), int(pair.goes_back))
    assert wanted == (
        source_kinds["ticket_merged"],
        survivor_kinds["merge_received"],
        source_kinds["ticket_unmerged"],
        survivor_kinds["merge_returned"],
    )
    assert survivor["children"]["total"] == (0 if pair.goes_back else 1)
    return lost + _untold(stack, pair), doubled + _told_twice(stack, api, pair)


def _untold(stack: Stack, pair: Pair) -> int:
    """Whoever had left the survivor before the desk read the news need not have got it."""
    people = [pair.survivor] if pair.goes_back else [pair.survivor, pair.sender]
    return sum(not _mails(stack, person)[NEWS] for person in people)


def _told_twice(stack: Stack, api: httpx.Client, pair: Pair) -> int:
    """A mail that was in doubt may come twice; merges themselves tell no customer anything."""
    told = _mails(stack, pair.sender) + _mails(stack, pair.survivor)
    everything = len(stack.sent_mails(pair.sender)) + len(stack.sent_mails(pair.survivor))
    assert told.total() == everything, "a mail that nobody wrote"
    often = told[HELLO] - 1 + max(told[NEWS] - 2, 0)
    return max(often - _doubtful(api, pair.survivor_id) - _doubtful(api, pair.ticket_id), 0)


@pytest.mark.parametrize("fault", ["tickets killed before", "tickets killed after", "connection cut before"])
def test_a_merge_is_whole_whoever_dies_around_its_commit(wired: Wired, api: httpx.Client, fault: str) -> None:
    (pair,) = make_pairs(wired, api, 1, run=uuid4().hex[:8])
    wait_until_quiet(wired, within=WITHIN)
    merges, gate = Merges(wired), CommitGate(wired.postgres.url(), table="tickets.merges", on="INSERT OR DELETE")
    before, found = _state(api, pair), []

    def is_merged() -> bool:
        return bool(wired.rows("SELECT 1 FROM merges WHERE source_id = %(id)s", {"id": pair.ticket_id}))

    with gate.built(), ThreadPoolExecutor(1) as pool:
        for change, committed in ((merges.merge, is_merged), (merges.take_back, lambda: not is_merged())):
            with gate.closed():
                changed = pool.submit(change, pair)
                if fault.startswith("tickets"):
                    cut_short(wired, "tickets", fault.rpartition(" ")[2], gate=gate, committed=committed)
                else:
                    wait_for(gate.somebody_waits, what="the transaction to be inside its COMMIT")
                    break_off(gate, committed=committed)
            changed.result()
            found.append(_state(api, pair))
    merged = (Counter[str](), before[0] + before[1], pair.survivor_id, pair.survivor_id)
    wanted, names = [merged, before], ("ticket_merged", "ticket_unmerged")
    wrong = sum(state != right for state, right in zip(found, wanted, strict=True))
    often = sum(_kinds(api, pair.ticket_id)[name] - 1 for name in names)
    metric = "duradesk_undecided_oldest_seconds"
    pronounce(Verdict(f"{fault} the commit of a merge", 2, 2, wrong, often, shown_by=metric))


def _state(api: httpx.Client, pair: Pair) -> tuple[Counter[str], Counter[str], str | None, str | None]:
    """The words on both, where the one is merged into, and whose child its child is."""
    words = _words(api, pair.ticket_id), _words(api, pair.survivor_id)
    return (*words, ticket(api, pair.ticket_id)["merged_into"], ticket(api, pair.child_id)["parent_id"])


def _words(api: httpx.Client, ticket_id: str) -> Counter[str]:
    found = api.get(f"/tickets/{ticket_id}/messages", params={"limit": 100}).json()["items"]
    return Counter(message["body"].strip() for message in found)


def _kinds(api: httpx.Client, ticket_id: str) -> Counter[str]:
    """How often each kind of event happened to it; AssertionError for a gap."""
    events: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = api.get(f"/tickets/{ticket_id}/activity", params={"limit": 100} | ({"cursor": cursor} if cursor else {}))
        events += page.json()["items"]
        if not (cursor := page.json()["next_cursor"]):
            break
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1)), "a gap in the events"
    return Counter(event["kind"] for event in events)


def _doubtful(api: httpx.Client, ticket_id: str) -> int:
    return _kinds(api, ticket_id)["delivery_in_doubt"]


def _mails(stack: Stack, address: str) -> Counter[str]:
    """How many mails of each text somebody got from a person."""
    told = (word for mail in stack.replies(address) for word in (HELLO, NEWS) if word in text_of(mail))
    return Counter(told)
