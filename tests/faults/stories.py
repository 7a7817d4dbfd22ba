"""The judge of stories, who trusts only their client's log and the ends: the desk when all is quiet, and the mails."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx

from tests.faults.judge import count_doubled_mails, wait_until_settled
from tests.faults.load import CLOSES_AFTER_SECONDS, Load, Told, read_log
from tests.faults.verdict import Verdict, pronounce
from tests.faults.watching import most
from tests.stack import OWNER, Stack, wait_for

_WAIT = timedelta(seconds=CLOSES_AFTER_SECONDS)
# All happens once; a ticket that is resolved before anybody was found for it needs no owner.
_ONCE = ("ticket_created", "ticket_resolved", "ticket_closed")


@dataclass(frozen=True)
class Outage:
    """From when until when something was away: nothing can be punctual in between."""

    began_at: datetime
    over_at: datetime

    def holds_up(self, due_at: datetime) -> bool:
        """Whether what was due then had to wait for the end."""
        return self.began_at <= due_at < self.over_at


@dataclass(frozen=True)
class Fate:
    """What became of one story; `late` is how long after its time, or after the outage, it was closed, in seconds."""

    lost: int
    doubled: int
    early: bool
    late: float
    in_doubt: int


def judge(
    load: Load,
    *,
    scenario: str,
    shown_by: str,
    outages: Sequence[Outage] = (),
    promised: float | None = None,
    within: float = 150,
    note: str = "",
) -> None:
    """Every acknowledged step is there once, each story closed by itself in time, and its answer went out once."""
    stack, told = load.stack, read_log(load.log)
    assert told, "nobody told a story"
    with stack.api(OWNER) as api:
        for story in told:
            wait_for(lambda: _closed(api, story), within=within, every=0.5, what=f"the story of {story.sender}")  # noqa: B023
        wait_until_settled(stack, within=within)
        fates = [_fate(stack, api, story, outages) for story in told]
    noticed = ", ".join(f"{count} x {what}" for what, count in sorted(Counter(load.client.repeated).items()))
    notes = [note, f"{len(fates)} stories", f"tries to repeat: {noticed or 'none'}"]
    pronounce(
        Verdict(
            scenario,
            sum(len(story.asked) for story in told),
            sum(len(story.acknowledged) for story in told),
            sum(fate.lost for fate in fates),
            sum(fate.doubled for fate in fates),
            early=sum(fate.early for fate in fates),
            lateness=[fate.late for fate in fates],
            promised=promised,
            in_doubt=sum(fate.in_doubt for fate in fates),
            shown_by=shown_by,
            showed=most(load.seen, shown_by),
            note=", ".join(filter(None, notes)),
        ),
        log=load.log,
    )


def late(event: dict[str, Any]) -> float:
    """By how many seconds what was due happened late."""
    occurred_at, due_at = (datetime.fromisoformat(event[name]) for name in ("occurred_at", "effective_at"))
    return (occurred_at - due_at).total_seconds()


def _closed(api: httpx.Client, story: Told) -> bool:
    return bool(api.get(f"/tickets/{story.ticket_id}").json()["status"] == "closed")


def _fate(stack: Stack, api: httpx.Client, story: Told, outages: Sequence[Outage]) -> Fate:
    tickets = api.get("/tickets", params={"filter": f"requester:{story.sender}"}).json()["items"]
    messages = api.get(f"/tickets/{story.ticket_id}/messages").json()["items"]
    events = api.get(f"/tickets/{story.ticket_id}/activity").json()["items"]
    found = Counter(str(ticket["id"]) for ticket in tickets) + Counter(str(message["body"]) for message in messages)
    kinds = Counter(str(event["kind"]) for event in events)
    found += Counter({kind: kinds[kind] for kind in _ONCE})
    wanted = Counter([story.ticket_id, "It begins.", "An answer.", "A note.", *_ONCE])
    sent = stack.replies(story.sender)
    # Killed between the text's last line and the server's answer, it may come twice; the ticket says so then.
    in_doubt = kinds["delivery_in_doubt"]
    doubtful = {str(mail["Message-ID"]) for mail in sent} if in_doubt else set[str]()
    lost = (wanted - found).total() + (not sent)
    doubled = (found - wanted).total() + max(kinds["ticket_assigned"] - 1, 0) + count_doubled_mails(sent, doubtful)
    early, late = _punctuality(events, outages)
    return Fate(lost, doubled, early, late, in_doubt)


def _punctuality(events: list[dict[str, Any]], outages: Sequence[Outage]) -> tuple[bool, float]:
    """Whether it was closed before its time, and how late."""
    at = {event["kind"]: datetime.fromisoformat(event["occurred_at"]) for event in events}
    due_at, closed_at = at["ticket_resolved"] + _WAIT, at["ticket_closed"]
    possible_at = max([due_at, *(outage.over_at for outage in outages if outage.holds_up(due_at))])
    return closed_at < due_at, max((closed_at - possible_at).total_seconds(), 0)
