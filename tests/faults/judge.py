"""The judge's way of looking: waits until all is quiet, and counts what is missing and what there is too often."""

import time
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from email.message import EmailMessage

from tests.faults.sizes import FULL
from tests.faults.watching import queues
from tests.stack import OWNER, Stack, wait_for

# What somebody who died or stands still has claimed or leased is taken anew within half a minute.
_LONGEST_LEASE_SECONDS = 35


def wait_until_quiet(stack: Stack, *, within: float = 180) -> None:
    """Wait until nothing is left to read, to decide or to send."""
    # What is told may be a second old.
    time.sleep(1.1)
    open_states = ("waiting", "ready", "claimed", "sending")

    def nothing() -> bool:
        now = queues(stack)
        names = ["mail_connections", "mails_reading", "outbox_tickets", "undecided_tickets"]
        names += [f"deliveries {state}" for state in open_states]
        # What does not answer just now is not known to be quiet.
        return not any(now.get(name, 1) for name in names)

    wait_for(nothing, within=within, every=0.3, what="the queues to be empty")


def wait_until_settled(stack: Stack, *, within: float = 180) -> None:
    """Wait until all is quiet and, at full size, what could still come twice has come."""
    wait_until_quiet(stack, within=within)
    if FULL:
        time.sleep(_LONGEST_LEASE_SECONDS)
        wait_until_quiet(stack, within=within)


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
