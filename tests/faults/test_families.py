"""A large family is settled while everything is killed: each child once, and each customer told once."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from email import message_from_bytes
from functools import partial

import pytest

from tests.families.seed import SEED, seeded
from tests.faults.database import rows
from tests.faults.servers import TemporalServer
from tests.faults.sizes import FULL
from tests.faults.verdict import Verdict, pronounce
from tests.postgres import Postgres
from tests.stack import OWNER, Stack, running_stack, wait_for

CHILDREN = 10_000 if FULL else 130
WITHIN = 3_000 if FULL else 240
MOST_HISTORY = 10_000

pytestmark = pytest.mark.timeout(4_000 if FULL else 480)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, postgres: Postgres, temporal: TemporalServer) -> Iterator[Stack]:
    addresses = {"DURADESK_TEMPORAL_ADDRESS": temporal.address, "DURADESK_DATABASE_URL": postgres.url()}
    with running_stack(tmp_path_factory.mktemp("families") / "home", addresses) as stack:
        yield stack


def handled(postgres: Postgres) -> int:
    return int(rows(postgres.url(), "SELECT count(*) FROM cascade_items WHERE outcome IS NOT NULL")[0][0])


def test_a_family_is_closed_while_everything_is_killed(
    stack: Stack, postgres: Postgres, temporal: TemporalServer
) -> None:
    emails = [f"child-{number}@example.com" for number in range(CHILDREN)]
    family = seeded(emails, parent_email="parent@example.com")
    rows(postgres.url(), "UPDATE brands SET acknowledge = false, staff_notices = false, undo_seconds = 0")
    rows(postgres.url(), SEED, family)
    with stack.api(OWNER) as api:
        began = time.monotonic()
        api.post(f"/tickets/{family['parent_id']}/close").raise_for_status()
        cuts: list[Callable[[], object]] = [partial(stack.kill, name) for name in ("worker", "relay", "tickets")]
        cuts += [partial(_restart, postgres), partial(_restart, temporal)]
        for number, cut in enumerate(cuts):
            # The first while the first page is under way, the others as it goes on.
            reached = min(number * CHILDREN // 6, CHILDREN)
            wait_for(lambda: handled(postgres) >= reached, within=WITHIN, every=0.05, what="the cascade")  # noqa: B023
            cut()

        def ended() -> bool:
            return rows(postgres.url(), "SELECT state FROM cascades") == [("done",)]

        wait_for(ended, within=WITHIN, every=0.5, what="the cascade to end")
        closed_after = time.monotonic() - began
        cascade = api.get(f"/tickets/{family['parent_id']}/family").json()["cascade"]
    assert (cascade["total"], cascade["done"], cascade["failed"]) == (CHILDREN, CHILDREN, 0), cascade
    changed = Counter(
        row[0] for row in rows(postgres.url(), "SELECT ticket_id FROM events WHERE kind = 'ticket_closed'")
    )
    assert len(changed) == CHILDREN + 1
    lost, doubled = CHILDREN + 1 - len(changed), sum(changed.values()) - len(changed)

    def all_told() -> bool:
        open_states = "('ready', 'claimed', 'sending')"
        waiting = f"SELECT count(*) FROM effects WHERE state IN {open_states}"
        undecided = "SELECT count(*) FROM tickets WHERE version > decided_seq"
        return not rows(postgres.url(), waiting)[0][0] and not rows(postgres.url(), undecided)[0][0]

    wait_for(all_told, within=WITHIN, every=1, what="every customer to be told")
    told = mails_by_address(stack)
    doubtful = rows(postgres.url(), "SELECT count(*) FROM effects WHERE doubtful")[0][0]
    lost += len(set(emails) - told.keys())
    doubled += max(sum(told[email] - 1 for email in emails) - doubtful, 0)
    history = stack.temporal("workflow", "show", "--workflow-id", f"ticket/{family['parent_id']}")
    assert len(history["events"]) < MOST_HISTORY
    note = f"{CHILDREN} children in {closed_after:.0f} s, the parent's last run has {len(history['events'])} events"
    pronounce(
        Verdict(
            "a large family, killed midway",
            CHILDREN,
            cascade["done"],
            lost,
            doubled,
            in_doubt=doubtful,
            shown_by="duradesk_cascades",
            note=note,
        )
    )


def _restart(server: Postgres | TemporalServer) -> None:
    server.stop()
    server.start()


def mails_by_address(stack: Stack) -> Counter[str]:
    """How many mails each address got."""
    files = (stack.home / "sink" / "new").glob("*")
    addresses = (str(message_from_bytes(file.read_bytes())["To"]) for file in files)
    return Counter(address.rpartition("<")[2].rstrip(">") for address in addresses)
