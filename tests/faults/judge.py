"""The judge's way of looking: waits until all is quiet, and counts what is missing and what there is too often."""

import time
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from email.message import EmailMessage

import psycopg

from tests.faults.database import database_url, rows
from tests.faults.sizes import sized
from tests.faults.watching import queues
from tests.stack import OWNER, Stack, wait_for

# At full size what somebody who died or stands still has claimed or leased is taken anew by then, after half a minute.
_SECOND_TIME_SECONDS = sized(everyday=1.1, short=1.1, full=35)


def wait_until_quiet(stack: Stack, *, within: float = 180) -> None:
    """Wait until nothing is left to read, to decide or to send."""
    url = database_url(stack)

    def nothing() -> bool:
        # Before the database is asked: what a mail becomes is there when the mail is told no more. What does not answer
        # just now is not known to be quiet: the mail door, or the gateway with the tickets service behind it.
        now = queues(stack)
        if any(now.get(name, 1) for name in ("mail_connections", "mails_reading")) or "outbox_tickets" not in now:
            return False
        try:
            return rows(url, _LEFT) == [(0,)]
        except psycopg.OperationalError:
            return False

    wait_for(nothing, within=within, every=0.3, what="the queues to be empty")


def wait_until_settled(stack: Stack, *, within: float = 180) -> None:
    """Wait until all is quiet and what could still come twice has come."""
    wait_until_quiet(stack, within=within)
    time.sleep(_SECOND_TIME_SECONDS)
    wait_until_quiet(stack, within=within)


_LEFT = """
SELECT (SELECT count(*) FROM outbox) + (SELECT count(*) FROM tickets WHERE version > decided_seq)
       + (SELECT count(*) FROM effects WHERE state IN ('ready', 'claimed', 'sending'))
"""


def subjects(stack: Stack, beginning: str) -> Counter[str]:
    """How many tickets there are of each subject that begins so."""
    found: Counter[str] = Counter()
    with stack.api(OWNER) as api:
        cursor = ""
        while True:
            page = api.get("/tickets", params={"limit": 100} | ({"cursor": cursor} if cursor else {})).json()
            found.update(item["subject"] for item in page["items"] if item["subject"].startswith(beginning))
            if not (cursor := page["next_cursor"]):
                return found


def compare(found: Counter[str], wanted: Iterable[str]) -> tuple[int, int]:
    """How many are missing, and how many there are too many."""
    names = set(wanted)
    return len(names - found.keys()), sum(found.values()) - len(found) + len(found.keys() - names)


def count_doubled_mails(mails: Sequence[EmailMessage], doubtful: Collection[str]) -> int:
    """How many of the mails that say one thing to one person are too many.

    `doubtful` are the Message-IDs of those that are marked as in doubt: each of them may come twice.
    """
    often = Counter(str(mail["Message-ID"]) for mail in mails)
    return max(len(often) - 1, 0) + sum(max(count - 1 - (name in doubtful), 0) for name, count in often.items())
