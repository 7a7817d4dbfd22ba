"""A large family is settled while everything is killed: each child once, and each customer told once."""

import time
from collections import Counter, defaultdict
from collections.abc import Callable
from functools import partial
from uuid import uuid4

from tests.families.seed import SEED, seeded
from tests.faults.judge import count_doubled_mails, wait_until_settled
from tests.faults.sizes import FULL
from tests.faults.verdict import Verdict, pronounce
from tests.faults.wired import Wired
from tests.stack import OWNER, wait_for

CHILDREN = 10_000 if FULL else 130
WITHIN = 3_000 if FULL else 240
MOST_HISTORY = 10_000


def test_a_family_is_closed_while_everything_is_killed(wired: Wired) -> None:
    run = uuid4().hex[:8]
    emails = [f"child-{run}-{number}@example.com" for number in range(CHILDREN)]
    family = seeded(emails, parent_email=f"parent-{run}@example.com")
    everybody = {"ids": [*family["ids"], family["parent_id"]]}
    wired.be_quiet()
    # The one mail of which each customer gets one.
    wired.rows("UPDATE brands SET resolved_notice = true WHERE address = 'support@localhost'")
    wired.rows(SEED, family)

    def handled() -> int:
        return int(wired.rows(HANDLED, family)[0][0])

    with wired.api(OWNER) as api:
        began = time.monotonic()
        api.post(f"/tickets/{family['parent_id']}/close").raise_for_status()
        cuts: list[Callable[[], object]] = [partial(wired.kill, name) for name in ("worker", "relay", "tickets")]
        cuts += [wired.restart_postgres, wired.restart_temporal]
        for number, cut in enumerate(cuts):
            # The first while the first page is under way, the others as it goes on.
            reached = min(number * CHILDREN // 6, CHILDREN)
            wait_for(lambda: handled() >= reached, within=WITHIN, every=0.05, what="the cascade")  # noqa: B023
            cut()

        def ended() -> bool:
            return wired.rows("SELECT state FROM cascades WHERE parent_id = %(parent_id)s", family) == [("done",)]

        wait_for(ended, within=WITHIN, every=0.5, what="the cascade to end")
        closed_after = time.monotonic() - began
        cascade = api.get(f"/tickets/{family['parent_id']}/family").json()["cascade"]
    wait_until_settled(wired, within=WITHIN)
    closed = Counter(row[0] for row in wired.rows(CLOSED, everybody))
    mails = defaultdict(list)
    for taken in wired.smarthost.taken:
        mails[taken.recipient].append(taken.mail)
    told = [mails[email] for email in emails]
    doubtful = {row[0] for row in wired.rows(DOUBTFUL, everybody)}
    lost = len(set(everybody["ids"]) - closed.keys()) + told.count([])
    doubled = closed.total() - len(closed) + sum(count_doubled_mails(mails, doubtful) for mails in told)
    history = wired.temporal("workflow", "show", "--workflow-id", f"ticket/{family['parent_id']}")
    note = f"{CHILDREN} children in {closed_after:.0f} s, the parent's last run has {len(history['events'])} events"
    pronounce(
        Verdict(
            "a large family, killed midway",
            CHILDREN,
            cascade["done"],
            lost,
            doubled,
            in_doubt=len(doubtful),
            shown_by="duradesk_cascades",
            note=note,
        )
    )
    assert (cascade["total"], cascade["done"], cascade["failed"]) == (CHILDREN, CHILDREN, 0), cascade
    assert len(history["events"]) < MOST_HISTORY


HANDLED = """
SELECT count(*) FROM cascade_items i JOIN cascades c ON c.id = i.cascade_id
WHERE c.parent_id = %(parent_id)s AND i.outcome IS NOT NULL
"""
CLOSED = "SELECT ticket_id FROM events WHERE kind = 'ticket_closed' AND ticket_id = ANY (%(ids)s)"
DOUBTFUL = "SELECT rfc_message_id FROM effects WHERE doubtful AND ticket_id = ANY (%(ids)s)"
